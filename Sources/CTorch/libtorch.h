// libtorch's headers, taken as system headers so that their warnings are not ours.
#pragma GCC system_header

#if !__has_include(<ATen/ATen.h>)
#error "libtorch is missing: run `make setup` in the package's folder, then build again"
#endif

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/version.h>
