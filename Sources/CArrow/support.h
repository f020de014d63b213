// Inside CArrow only: Arrow's headers, the guard around every body, and the memory that reading may take.
#ifndef CA_SUPPORT_H
#define CA_SUPPORT_H

#include <arrow/api.h>

#include <memory>
#include <string>
#include <vector>

#include "carrow.h"

namespace ca {

/// Records why this thread's call failed.
int fail(ca_status status, const std::string &text);

/// The memory of everything read from a file: bounded, so that a hostile file is an error and not the machine's end.
arrow::MemoryPool *pool();

/// Runs `body`, which returns an `arrow::Status`, turning failures and exceptions into a status of ours.
template <typename Body> int guard(Body body) {
    try {
        const arrow::Status status = body();
        if (status.ok()) return CA_OK;
        // Arrow calls a batch beyond its 32-bit offsets a lack of capacity.
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
