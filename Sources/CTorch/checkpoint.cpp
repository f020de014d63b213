// Gradient checkpointing (Chen et al. 2016, "Training deep nets with sublinear memory cost"): the intermediates of a block
// are not kept for the backward pass but recomputed.
//
// Like the reentrant form of `torch.utils.checkpoint`: the backward pass runs the block again with gradients enabled, and an
// inner backward pass fills the parameters' gradients.
#include "support.h"

#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/custom_class.h>

namespace {

/// A function of the caller, released with the last node that may call it again.
struct Body : torch::CustomClassHolder {
    Body(void *context, ct_checkpoint_body run, void (*release)(void *))
        : context(context), run(run), release(release) {}
    Body(const Body &) = delete;
    Body &operator=(const Body &) = delete;
    ~Body() override { release(context); }

    at::Tensor operator()(const at::Tensor &input, bool again) const {
        ct_tensor out{nullptr};
        const auto handle = ct::handle(input);
        const int status = run(context, &out, handle, again);
        ct_tensor_free(handle);
        ct::require(status);
        at::Tensor result = ct::tensor(out);
        ct_tensor_free(out);
        return result;
    }

    void *const context;
    const ct_checkpoint_body run;
    void (*const release)(void *);
};

struct Checkpoint : torch::autograd::Function<Checkpoint> {
    // `anchor` requires gradients even if `input` does not, so that the first block's parameters get theirs.
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input, const at::Tensor &anchor,
                              const c10::intrusive_ptr<Body> &body) {
        static_cast<void>(anchor);
        context->save_for_backward({input});
        context->saved_data["body"] = c10::IValue::make_capsule(body);
        return (*body)(input, /*again=*/false);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const auto capsule = context->saved_data["body"].toCapsule();
        const auto &body = static_cast<const Body &>(*capsule);
        auto input = context->get_saved_variables()[0].detach();
        input.set_requires_grad(context->needs_input_grad(0));
        at::AutoGradMode on(true);
        const auto output = body(input, /*again=*/true);
        // A frozen block with frozen inputs has no gradients.
        if (output.requires_grad()) torch::autograd::backward({output}, {gradients[0]});
        return {input.grad(), at::Tensor(), at::Tensor()};
    }
};

} // namespace

extern "C" {

int ct_autograd_checkpoint(ct_tensor *out, ct_tensor input, void *context, ct_checkpoint_body run,
                           void (*release)(void *context)) {
    return ct::make(out, [&] {
        const auto body = c10::make_intrusive<Body>(context, run, release);
        const auto anchor = at::empty({0}, ct::tensor(input).options()).set_requires_grad(true);
        return Checkpoint::apply(ct::tensor(input), anchor, body);
    });
}

} // extern "C"
