// silu(gate) · up (Shazeer 2020), float32 on the CPU, without intermediates.
#include "kernels.h"
#include "parallel.h"
#include "vector.h"

namespace ct {
namespace {

constexpr int64_t grain = 8192; // elements

CT_INLINE void silu_times(const vec &g, const vec &u, vec &y) {
    vec e = -g;
    exp(e);
    y = g / (e + 1.0f) * u;
}

CT_MULTIVERSION void forward_range(int64_t begin, int64_t end, const float *gate, const float *up, float *y) {
    int64_t i = begin;
    vec value;
    for (; i + lanes <= end; i += lanes) {
        silu_times(load(gate + i), load(up + i), value);
        store(y + i, value);
    }
    for (; i < end; i++) {
        silu_times(vec{} + gate[i], vec{} + up[i], value);
        y[i] = value[0];
    }
}

CT_INLINE void gradients_of(const vec &g, const vec &u, const vec &dy, vec &dgate, vec &dup) {
    vec e = -g;
    exp(e);
    const vec sigmoid = 1.0f / (e + 1.0f);
    dup = dy * g * sigmoid;
    dgate = dy * u * sigmoid * (1.0f + g * (1.0f - sigmoid));
}

CT_MULTIVERSION void backward_range(int64_t begin, int64_t end, const float *dy, const float *gate, const float *up,
                                    float *dgate, float *dup) {
    int64_t i = begin;
    vec dg, du;
    for (; i + lanes <= end; i += lanes) {
        gradients_of(load(gate + i), load(up + i), load(dy + i), dg, du);
        store(dgate + i, dg);
        store(dup + i, du);
    }
    for (; i < end; i++) {
        gradients_of(vec{} + gate[i], vec{} + up[i], vec{} + dy[i], dg, du);
        dgate[i] = dg[0];
        dup[i] = du[0];
    }
}

struct SwiGLU : torch::autograd::Function<SwiGLU> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &gate,
                              const at::Tensor &up) {
        const Direct direct;
        const auto g = gate.contiguous(), u = up.contiguous();
        auto y = at::empty_like(g);
        parallel(g.numel(), grain, [&](int64_t begin, int64_t end) {
            forward_range(begin, end, g.const_data_ptr<float>(), u.const_data_ptr<float>(), y.mutable_data_ptr<float>());
        });
        context->save_for_backward({g, u});
        return y;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const Direct direct;
        const auto saved = context->get_saved_variables();
        const auto &g = saved[0], &u = saved[1];
        const auto dy = gradients[0].contiguous();
        auto dg = at::empty_like(g), du = at::empty_like(u);
        parallel(g.numel(), grain, [&](int64_t begin, int64_t end) {
            backward_range(begin, end, dy.const_data_ptr<float>(), g.const_data_ptr<float>(),
                           u.const_data_ptr<float>(), dg.mutable_data_ptr<float>(), du.mutable_data_ptr<float>());
        });
        return {dg, du};
    }
};

} // namespace

at::Tensor swiglu(const at::Tensor &gate, const at::Tensor &up) { return SwiGLU::apply(gate, up); }

} // namespace ct
