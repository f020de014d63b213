// Groups of processes and their collectives, by c10d.
#include "c10d_support.h"
#include "nccl_group.h"

#include <atomic>
#include <condition_variable>
#include <thread>

using namespace ct::c10d_support;

namespace {

/// Shared by a group and its work, which may outlive the group's handle.
struct GroupState {
    std::atomic<int> unfinished{0};
    std::atomic<bool> is_broken{false};
};

struct Group {
    const c10::intrusive_ptr<c10d::Backend> backend;
    const bool is_on_cpu;
    const std::shared_ptr<GroupState> state;
};

Group &group(ct_group handle) { return *static_cast<Group *>(handle.ctx); }

/// A send or receive of Gloo. A thread waits for it, because Gloo closes all connections if a timed wait elapses.
struct Transfer {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_done = false;
    std::exception_ptr error;

    static std::shared_ptr<Transfer> watch(c10::intrusive_ptr<c10d::Work> work) {
        auto transfer = std::make_shared<Transfer>();
        std::thread([transfer, work = std::move(work)]() mutable {
            std::exception_ptr error;
            try {
                work->wait();
            } catch (...) {
                error = std::current_exception();
            }
            work.reset();
            const std::lock_guard<std::mutex> lock(transfer->mutex);
            transfer->is_done = true;
            transfer->error = error;
            transfer->changed.notify_all();
        }).detach();
        return transfer;
    }

    bool wait(milliseconds timeout) {
        std::unique_lock<std::mutex> lock(mutex);
        if (!changed.wait_for(lock, timeout, [&] { return is_done; })) return false;
        if (error) std::rethrow_exception(error);
        return true;
    }
};

/// The time of a collective, which c10d's thread stops.
struct Stopwatch {
    const std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
    /// -1 while it runs.
    std::atomic<int64_t> nanoseconds{-1};

    void stop() {
        const auto time = std::chrono::steady_clock::now() - start;
        nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
    }
};

struct Work {
    /// Null for a transfer.
    const c10::intrusive_ptr<c10d::Work> work;
    /// Null for a collective.
    const std::shared_ptr<Transfer> transfer;
    const bool is_on_cpu;
    /// Whether this process's first tensor changes.
    const bool writes;
    const std::vector<at::Tensor> tensors;
    const std::shared_ptr<GroupState> state;
    bool is_finished = false;
    /// Null if the time is not measured.
    std::shared_ptr<Stopwatch> stopwatch = nullptr;

    /// Measures the time until Gloo's thread completes the operation.
    void measure() {
        // NCCL's future is complete once the operation is queued, and transfers have none.
        if (!is_on_cpu || !work || stopwatch) return;
        const auto begun = std::make_shared<Stopwatch>();
        try {
            work->getFuture()->addCallback([begun](c10::ivalue::Future &) { begun->stop(); }, false);
        } catch (const c10::Error &) {
            return; // An operation without a future.
        }
        stopwatch = begun;
    }

    bool wait(milliseconds timeout) {
        if (transfer) return transfer->wait(timeout);
        if (!is_on_cpu) return wait_for_device(timeout);
        if (work->isCompleted()) return work->wait();
        if (timeout.count() <= 0) return false;
        try {
            return work->wait(timeout);
        } catch (const c10::Error &error) {
            if (std::strstr(error.what_without_backtrace(), "Operation timed out!") == nullptr) throw;
            return false;
        }
    }

    /// NCCL's wait returns at once, so this one asks until the device is done.
    bool wait_for_device(milliseconds timeout) {
        const auto end = std::chrono::steady_clock::now() + timeout;
        while (!work->isCompleted()) {
            if (std::chrono::steady_clock::now() >= end) return false;
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
        if (const auto error = work->exception()) std::rethrow_exception(error);
        return work->wait();
    }

    /// Counts the first tensor as changed, because c10d writes to its memory without libtorch's knowledge.
    void finish() {
        if (is_finished) return;
        is_finished = true;
        state->unfinished--;
        const auto &target = tensors[0];
        if (writes && !target.is_inference()) target.unsafeGetTensorImpl()->bump_version();
    }
};

void require_plain(const Group &group, const at::Tensor &tensor) {
    TORCH_CHECK(tensor.layout() == at::kStrided && tensor.is_contiguous(), "a tensor of shape ", tensor.sizes(),
                " is not contiguous");
    TORCH_CHECK(group.is_on_cpu ? tensor.is_cpu() : tensor.is_cuda(), "a group for tensors on ",
                group.is_on_cpu ? "the CPU" : "CUDA devices", " got one on ", tensor.device());
}

struct Kind {
    bool is_transfer = false;
    bool writes = true;
};

/// Starts a collective by `body`, which gets the first of `tensors`; all of them stay in memory until it is finished.
template <typename Body>
int start(ct_work *out, ct_group handle, std::vector<at::Tensor> tensors, Kind kind, Body body) {
    auto &group = ::group(handle);
    const int status = guard([&] {
        for (const auto &tensor : tensors) require_plain(group, tensor);
        std::vector<at::Tensor> first{tensors[0]};
        c10::intrusive_ptr<c10d::Work> work = body(*group.backend, first);
        group.state->unfinished++;
        std::shared_ptr<Transfer> transfer;
        if (kind.is_transfer && group.is_on_cpu) transfer = Transfer::watch(std::move(work));
        out->ctx = new Work{std::move(work), std::move(transfer), group.is_on_cpu, kind.writes, std::move(tensors),
                            group.state};
    });
    if (status == CT_DISCONNECTED || status == CT_TIMED_OUT) group.state->is_broken = true;
    return status;
}

c10d::ReduceOp operation(ct_collective_reduction reduction) {
    switch (reduction) {
    case CT_REDUCE_SUM: return c10d::ReduceOp::SUM;
    case CT_REDUCE_MAX: return c10d::ReduceOp::MAX;
    case CT_REDUCE_MIN: return c10d::ReduceOp::MIN;
    }
    TORCH_CHECK(false, "unknown reduction: ", static_cast<int>(reduction));
}

} // namespace

extern "C" {

int ct_group_new_gloo(ct_group *out, ct_store handle, int rank, int size, const char *address, int64_t connect_ms,
                      int64_t timeout_ms) {
    return guard([&] {
        prepare_logging();
        using Gloo = c10d::ProcessGroupGloo;
        const bool is_named = std::getenv("GLOO_SOCKET_IFNAME") != nullptr || address == nullptr;
        auto options = is_named ? Gloo::Options::create_default(milliseconds(connect_ms))
                                : Gloo::Options::create(milliseconds(connect_ms));
        if (!is_named) options->devices = {Gloo::createDeviceForHostname(address)};
        c10::intrusive_ptr<c10d::Backend> backend =
            c10::make_intrusive<Gloo>(store(handle), rank, size, std::move(options));
        backend->setTimeout(milliseconds(timeout_ms));
        out->ctx = new Group{std::move(backend), true, std::make_shared<GroupState>()};
    });
}

int ct_group_new_nccl(ct_group *out, ct_store handle, int rank, int size, int device, int64_t timeout_ms) {
    return guard([&] {
        prepare_logging();
        auto backend = ct::nccl_group(store(handle), rank, size, milliseconds(timeout_ms));
        const at::Device place(at::kCUDA, static_cast<at::DeviceIndex>(device));
        backend->setBoundDeviceId(place);
        // Connects now, so that an error is reported here.
        backend->eagerConnectSingleDevice(place);
        out->ctx = new Group{std::move(backend), false, std::make_shared<GroupState>()};
    });
}

int ct_group_new_checked(ct_group *out, ct_group handle, ct_group second) {
    return guard([&] {
        const auto &checked = group(handle);
        auto wrapper = c10::make_intrusive<c10d::ProcessGroupWrapper>(checked.backend, group(second).backend);
        out->ctx = new Group{std::move(wrapper), checked.is_on_cpu, checked.state};
    });
}

void ct_group_free(ct_group handle) {
    auto *group = static_cast<Group *>(handle.ctx);
    // c10d's destructor would wait for unfinished work until its timeout.
    if (group->state->unfinished == 0 && !group->state->is_broken) delete group;
}

int ct_group_all_reduce(ct_work *out, ct_group handle, ct_tensor tensor, ct_collective_reduction reduction) {
    return start(out, handle, {ct::tensor(tensor)}, {}, [&](c10d::Backend &backend, auto &tensors) {
        c10d::AllreduceOptions options;
        options.reduceOp = operation(reduction);
        return backend.allreduce(tensors, options);
    });
}

int ct_group_broadcast(ct_work *out, ct_group handle, ct_tensor tensor, int root) {
    const Kind kind{.writes = group(handle).backend->getRank() != root};
    return start(out, handle, {ct::tensor(tensor)}, kind, [&](c10d::Backend &backend, auto &tensors) {
        c10d::BroadcastOptions options;
        options.rootRank = root;
        return backend.broadcast(tensors, options);
    });
}

int ct_group_reduce(ct_work *out, ct_group handle, ct_tensor tensor, int root) {
    return start(out, handle, {ct::tensor(tensor)}, {}, [&](c10d::Backend &backend, auto &tensors) {
        c10d::ReduceOptions options;
        options.reduceOp = c10d::ReduceOp::SUM;
        options.rootRank = root;
        return backend.reduce(tensors, options);
    });
}

int ct_group_gather(ct_work *out, ct_group handle, ct_tensor input, ct_tensor output, int root) {
    std::vector<at::Tensor> tensors;
    if (output.ctx != nullptr) tensors.push_back(ct::tensor(output));
    tensors.push_back(ct::tensor(input));
    const Kind kind{.writes = output.ctx != nullptr};
    return start(out, handle, std::move(tensors), kind, [&](c10d::Backend &backend, auto &) {
        std::vector<at::Tensor> inputs{ct::tensor(input)};
        std::vector<std::vector<at::Tensor>> outputs;
        if (output.ctx != nullptr) {
            const auto &target = ct::tensor(output);
            TORCH_CHECK(target.dim() > 0 && target.size(0) == backend.getSize(), "a tensor of shape ", target.sizes(),
                        " has no part for each of ", backend.getSize(), " processes");
            outputs.push_back(target.unbind(0));
        }
        c10d::GatherOptions options;
        options.rootRank = root;
        return backend.gather(outputs, inputs, options);
    });
}

int ct_group_all_to_all(ct_work *out, ct_group handle, ct_tensor input, ct_tensor output) {
    return start(out, handle, {ct::tensor(output), ct::tensor(input)}, {}, [&](c10d::Backend &backend, auto &outputs) {
        at::Tensor source = ct::tensor(input);
        const auto &target = outputs[0];
        TORCH_CHECK(source.sizes() == target.sizes() && source.scalar_type() == target.scalar_type(),
                    "input and output of an exchange differ in shape or dtype");
        TORCH_CHECK(source.dim() > 0 && source.size(0) % backend.getSize() == 0, "a tensor of shape ", source.sizes(),
                    " cannot be divided among ", backend.getSize(), " processes");
        // No counts: equal parts.
        std::vector<int64_t> received, sent;
        return backend.alltoall_base(outputs[0], source, received, sent);
    });
}

int ct_group_send(ct_work *out, ct_group handle, ct_tensor tensor, int rank, int tag) {
    const Kind kind{.is_transfer = true, .writes = false};
    return start(out, handle, {ct::tensor(tensor)}, kind,
                 [&](c10d::Backend &backend, auto &tensors) { return backend.send(tensors, rank, tag); });
}

int ct_group_receive(ct_work *out, ct_group handle, ct_tensor tensor, int rank, int tag) {
    const Kind kind{.is_transfer = true};
    return start(out, handle, {ct::tensor(tensor)}, kind,
                 [&](c10d::Backend &backend, auto &tensors) { return backend.recv(tensors, rank, tag); });
}

int ct_work_wait(bool *done, ct_work handle, int64_t timeout_ms) {
    auto &work = *static_cast<Work *>(handle.ctx);
    const int status = guard([&] {
        const bool is_done = work.wait(milliseconds(timeout_ms));
        if (is_done) work.finish();
        *done = is_done;
    });
    if (status != CT_OK) {
        work.state->is_broken = true;
        work.finish();
    }
    return status;
}

int ct_work_measure(ct_work handle) {
    return guard([&] { static_cast<Work *>(handle.ctx)->measure(); });
}

int64_t ct_work_nanoseconds(ct_work handle) {
    const auto &stopwatch = static_cast<Work *>(handle.ctx)->stopwatch;
    return stopwatch ? stopwatch->nanoseconds.load() : -1;
}

void ct_work_free(ct_work handle) { delete static_cast<Work *>(handle.ctx); }

} // extern "C"
