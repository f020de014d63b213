#include "support.h"

namespace ca {

namespace {
thread_local std::string last_error;

// Rows pass in batches; what is far beyond any batch is a fault or an attack.
constexpr int64_t reading_limit = int64_t(3) << 29;
} // namespace

int fail(ca_status status, const std::string &text) {
    last_error = text;
    return status;
}

int fail(const arrow::Status &status) {
    const std::string text = status.message();
    if (status.IsOutOfMemory()) return fail(CA_OUT_OF_MEMORY, text);
    if (status.IsCapacityError()) return fail(CA_OUT_OF_MEMORY, text);
    if (status.IsNotImplemented()) return fail(CA_NOT_SUPPORTED, text);
    if (status.IsIOError()) return fail(CA_IO, text);
    return fail(CA_INVALID, text);
}

arrow::MemoryPool *pool() {
    static arrow::CappedMemoryPool pool(arrow::default_memory_pool(), reading_limit);
    return &pool;
}

} // namespace ca

const char *ca_last_error(void) { return ca::last_error.c_str(); }
