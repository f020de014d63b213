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
int fail(const arrow::Status &status);

/// The memory of everything read from a file: bounded, so that a hostile file is an error and not the machine's end.
arrow::MemoryPool *pool();

/// Runs `body`, which returns an `arrow::Status`, turning failures and exceptions into a status of ours.
template <typename Body> int guard(Body body) {
    try {
        const arrow::Status status = body();
        return status.ok() ? CA_OK : fail(status);
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
