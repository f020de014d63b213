// A feed-forward layer: one or two linear layers, an activation function, and a linear layer.
#ifndef CT_FEED_FORWARD_H
#define CT_FEED_FORWARD_H

#include "../include/ct_nn.h"
#include "../libtorch.h"

namespace ct {

/// The layers of a feed-forward layer: first w [I, H], or gate and up, as one matrix [2 I, H] or two; then down [H, I].
struct FeedForwardLayers {
    std::vector<at::Tensor> weights;
    /// The weights in the type of the factors, or empty.
    std::vector<at::Tensor> copies;
    /// Biases of all layers, or empty.
    std::vector<at::Tensor> biases;
    /// Whether there are gate and up.
    bool is_gated;
    ct_activation activation;
};

/// f(x · wᵀ + b) · downᵀ + b, or (f(x · gateᵀ + b) · (x · upᵀ + b)) · downᵀ + b, in float32.
at::Tensor feed_forward(const at::Tensor &x, const FeedForwardLayers &layers, at::ScalarType type, ct_products products);

bool feed_forward_supported(const at::Tensor &x, const FeedForwardLayers &layers, at::ScalarType type, ct_products products);

} // namespace ct

#endif
