// The public interface of this target: plain C over Arrow C++.
#ifndef CARROW_H
#define CARROW_H

#include "ca_array.h"
#include "ca_base.h"
#include "ca_file.h"
#include "ca_source.h"

#endif
