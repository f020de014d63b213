// libtorch contains Gloo but not its headers: the part of Context that c10d's headers call.
#pragma once

#include <chrono>

namespace gloo {

class Context {
  public:
    void setTimeout(std::chrono::milliseconds timeout);
};

} // namespace gloo
