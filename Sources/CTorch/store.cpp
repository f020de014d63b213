// Stores of keys and values that several processes share, by c10d.
#include "c10d_support.h"

using namespace ct::c10d_support;

namespace {

/// Whether a key is set, at the latest after a time.
bool arrives(c10d::Store &store, const std::string &key, int64_t timeout_ms) {
    if (store.check({key})) return true;
    if (timeout_ms <= 0) return false;
    try {
        store.wait({key}, milliseconds(timeout_ms));
        return true;
    } catch (const c10::DistStoreError &error) {
        if (std::strstr(error.what_without_backtrace(), "wait timeout") == nullptr) throw;
        return false;
    }
}

} // namespace

extern "C" {

int ct_store_new(ct_store *out, const char *host, int port, bool is_server, int64_t timeout_ms) {
    return guard([&] {
        prepare_logging();
        TORCH_CHECK(port >= 0 && port <= 65535, "port ", port, " is not between 0 and 65535");
        c10d::TCPStoreOptions options;
        options.port = static_cast<std::uint16_t>(port);
        options.isServer = is_server;
        options.waitWorkers = false;
        options.timeout = milliseconds(timeout_ms);
        auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
        // Groups wait for their keys by this time, not by the one for connecting.
        store->setTimeout(c10d::Store::kDefaultTimeout);
        const int actual = store->getPort();
        out->ctx = new Store{std::move(store), actual};
    });
}

int ct_store_prefix(ct_store *out, const char *prefix, ct_store handle) {
    return guard([&] {
        out->ctx = new Store{c10::make_intrusive<c10d::PrefixStore>(prefix, store(handle)), ct_store_port(handle)};
    });
}

void ct_store_free(ct_store handle) { delete static_cast<Store *>(handle.ctx); }

int ct_store_port(ct_store handle) { return static_cast<Store *>(handle.ctx)->port; }

int ct_store_set(ct_store handle, const char *key, const uint8_t *value, size_t count) {
    return guard([&] { store(handle)->set(key, std::vector<uint8_t>(value, value + count)); });
}

int ct_store_get(uint8_t **out, size_t *count, ct_store handle, const char *key, int64_t timeout_ms) {
    return guard([&] {
        if (!arrives(*store(handle), key, timeout_ms)) {
            *out = nullptr;
            return;
        }
        const auto value = store(handle)->get(key);
        auto *copy = static_cast<uint8_t *>(std::malloc(value.size() + 1));
        if (copy == nullptr) throw std::bad_alloc();
        if (!value.empty()) std::memcpy(copy, value.data(), value.size());
        *out = copy;
        *count = value.size();
    });
}

void ct_store_free_value(uint8_t *value) { std::free(value); }

int ct_store_contains(bool *out, ct_store handle, const char *key) {
    return guard([&] { *out = store(handle)->check({key}); });
}

int ct_store_add(int64_t *out, ct_store handle, const char *key, int64_t amount) {
    return guard([&] { *out = store(handle)->add(key, amount); });
}

} // extern "C"
