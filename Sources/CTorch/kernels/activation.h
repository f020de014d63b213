// Activation functions and their derivatives, sixteen numbers at a time.
#ifndef CT_ACTIVATION_H
#define CT_ACTIVATION_H

#include "../include/ct_nn.h"
#include "vector.h"

namespace ct {

/// The function of x, and its derivative if `with_slope`.
template <ct_activation A, bool with_slope> CT_INLINE void activate(const vec &x, vec &y, vec &slope) {
    if constexpr (A == CT_ACTIVATION_SILU) {
        vec e = -x;
        exp(e);
        const vec sigmoid = 1.0f / (e + 1.0f);
        y = x * sigmoid;
        if constexpr (with_slope) slope = sigmoid * (1.0f + x * (1.0f - sigmoid));
    } else if constexpr (A == CT_ACTIVATION_GELU) {
        vec share = x * 0.70710678f;
        erf(share);
        share = 0.5f + 0.5f * share;
        y = x * share;
        if constexpr (with_slope) {
            vec density = x * x * -0.5f;
            exp(density);
            slope = share + x * density * 0.39894228f;
        }
    } else if constexpr (A == CT_ACTIVATION_GELU_TANH) {
        constexpr float cubic = 0.044715f, factor = 0.79788456f;
        vec t = (x + x * x * x * cubic) * factor;
        tanh(t);
        const vec share = 0.5f + 0.5f * t;
        y = x * share;
        if constexpr (with_slope) slope = share + 0.5f * x * (1.0f - t * t) * factor * (1.0f + 3.0f * cubic * x * x);
    } else {
        static_assert(A == CT_ACTIVATION_RELU);
        // NaN stays NaN.
        y = x <= 0.0f ? vec{} : x;
        if constexpr (with_slope) slope = x <= 0.0f ? vec{} : vec{} + 1.0f;
    }
}

} // namespace ct

#endif
