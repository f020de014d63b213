// libtorch contains Gloo but not its headers: the types that c10d's headers only point to.
#pragma once

#include <memory>

namespace gloo::transport {

class Device;
class UnboundBuffer;

} // namespace gloo::transport
