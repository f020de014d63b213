// Internal to CTorch: c10d's headers, the handle of a store, and the guard around every body that other processes take part in.
#ifndef CT_C10D_SUPPORT_H
#define CT_C10D_SUPPORT_H

#include "support.h"

#define USE_C10D_GLOO
#include "gloo/c10d.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <typeinfo>

namespace ct::c10d_support {

using std::chrono::milliseconds;

struct Store {
    const c10::intrusive_ptr<c10d::Store> store;
    const int port;
};

inline const c10::intrusive_ptr<c10d::Store> &store(ct_store handle) { return static_cast<Store *>(handle.ctx)->store; }

/// The status of an error between processes. Gloo's exceptions, and some of c10d's, differ only in their texts.
inline ct_status status(const std::string &text, bool is_network) {
    const auto contains = [&](const char *part) { return text.find(part) != std::string::npos; };
    for (const char *part : {"closed by peer", "reset by peer", "onnection refused", "roken pipe"})
        if (contains(part)) return CT_DISCONNECTED;
    for (const char *part : {"imed out", "timeout", "failed to pass monitoredBarrier", "logs for faulty rank"})
        if (contains(part)) return CT_TIMED_OUT;
    return is_network ? CT_DISCONNECTED : CT_ERROR;
}

/// Like `ct::guard`, with separate statuses for lost connections and elapsed times.
template <typename Body> int guard(Body body) {
    try {
        body();
        return CT_OK;
    } catch (const c10::OutOfMemoryError &error) {
        return ct::fail(CT_OUT_OF_MEMORY, error.what_without_backtrace());
    } catch (const c10::Error &error) {
        const std::string text = error.what_without_backtrace();
        const bool is_network = dynamic_cast<const c10::DistNetworkError *>(&error) != nullptr;
        return ct::fail(status(text, is_network), text.c_str());
    } catch (const std::bad_alloc &) {
        return ct::fail(CT_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception &error) {
        const bool is_network = std::strstr(typeid(error).name(), "IoException") != nullptr;
        return ct::fail(status(error.what(), is_network), error.what());
    } catch (...) {
        return ct::fail(CT_ERROR, "an unknown C++ exception");
    }
}

/// Suppresses c10d's warnings with their stack traces, unless the user asks for them.
inline void prepare_logging() {
    static std::once_flag once;
    std::call_once(once, [] {
        setenv("TORCH_CPP_LOG_LEVEL", "ERROR", 0);
        c10::initLogging();
    });
}

} // namespace ct::c10d_support

#endif
