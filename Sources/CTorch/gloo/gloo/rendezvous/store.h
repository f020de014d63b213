// libtorch contains Gloo but not its headers: the interface from which c10d derives its GlooStore.
//
// Create no GlooStore and derive nothing from this class: then our objects contain no virtual table of Gloo's, and the layout
// of libtorch's own is the only one.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace gloo::rendezvous {

class Store {
  public:
    virtual ~Store() = default;
    virtual void set(const std::string &key, const std::vector<char> &data) = 0;
    virtual std::vector<char> get(const std::string &key) = 0;
    virtual void wait(const std::vector<std::string> &keys) = 0;
    virtual void wait(const std::vector<std::string> &keys, const std::chrono::milliseconds &timeout) = 0;
};

} // namespace gloo::rendezvous
