// Internal to CArrow: Arrow's headers, the guard around every function body, and the memory limit for reading.
#ifndef CA_SUPPORT_H
#define CA_SUPPORT_H

#include <arrow/api.h>

#include <memory>
#include <string>
#include <vector>

#include "carrow.h"

namespace ca {

/// Records the error of the current thread's call.
int fail(ca_status status, const std::string &text);

/// The memory pool for everything read from files. It is limited, so that a hostile file cannot exhaust the machine.
arrow::MemoryPool *pool();

/// Runs `body`, which returns an `arrow::Status`, and converts failures and exceptions to a `ca_status`.
template <typename Body> int guard(Body body) {
    try {
        const arrow::Status status = body();
        if (status.ok()) return CA_OK;
        // Arrow reports a batch that exceeds 32-bit offsets as a capacity error.
        const bool memory = status.IsOutOfMemory() || status.IsCapacityError();
        return fail(memory ? CA_OUT_OF_MEMORY : CA_INVALID, status.message());
    } catch (const std::bad_alloc &) {
        return fail(CA_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception &error) {
        return fail(CA_INVALID, error.what());
    } catch (...) {
        return fail(CA_INVALID, "an unknown C++ exception");
    }
}

} // namespace ca

#endif
