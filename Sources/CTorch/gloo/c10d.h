// c10d's headers, included as system headers to suppress their warnings.
//
// They include all operations, so only one file includes them. It must define USE_C10D_GLOO before, or two of them are empty.
#pragma GCC system_header

#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupWrapper.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/exception.h>
