// libtorch contains Gloo but not its headers. c10d's headers include this one and need nothing from it.
#pragma once
