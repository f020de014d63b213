extension Graph {
    /// An operation of a node.
    ///
    /// Comments state the inputs in order; `…` stands for any number of axes, and `?` marks an input that may be missing at the
    /// end. Axes count from 0, and shapes broadcast as in NumPy.
    package enum Operation: Hashable, Sendable {
        // MARK: Sources, without inputs

        /// An input, `[B, S]`, int64.
        case input(Input)
        /// A parameter by its name in the checkpoint: its whole tensor as float.
        case weight(String)
        /// A constant.
        case floats([Float], shape: [Int])
        /// A constant.
        case integers([Int64], shape: [Int])
        /// `0 ..< S` or `0 ..< B` as int64.
        case range(Dimension)

        // MARK: Products

        /// (table `[V, H]`, ids `[…]` int64) → `[…, H]`.
        case lookup
        /// (x `[…, in]`, weight `[out, in]`, bias `[out]`?) → `[…, out]`.
        case linear
        /// (x `[…, in]`, weight `[in, out]`, bias `[out]`?) → `[…, out]`, as in GPT-2.
        case linearTransposed
        /// (a `[…, m, k]`, b `[…, k, n]`) → `[…, m, n]`; leading axes broadcast. If the second is transposed, b is `[…, n, k]`.
        case matmul(transposesSecond: Bool)
        /// (x `[B, C, S]`, weight `[out, C / groups, K]`, bias `[out]`?) → `[B, out, S]`: a convolution with stride 1 along the
        /// last axis, with (K - 1) / 2 zeros on each side; K is odd.
        case conv1d(groups: Int)

        // MARK: Elements

        /// (a, b) of one type, float or int64 → broadcast shape.
        case binary(Binary)
        /// (a, b) of one type, float or int64 → bool.
        case compare(Comparison)
        /// (a, b) bool → bool.
        case and
        /// (a) bool → bool.
        case not
        /// (condition bool, a, b) → a where the condition is true, else b.
        case choose
        /// (x) float → float.
        case map(Map)
        /// (x) → the same values in another type. From float to int64 it rounds toward zero; bool is 0 or 1.
        case cast(ElementType)

        // MARK: Normalization and attention

        /// (x `[…, H]`, weight `[H]`, bias `[H]`?): layer normalization over the last axis.
        case layerNorm(epsilon: Double)
        /// (x `[…, H]`, weight `[H]`): root-mean-square normalization over the last axis.
        case rmsNorm(epsilon: Double)
        /// (queries `[B, S, N · D]`, keys `[B, S, M · D]`, values `[B, S, M · D]`, bias `[B or 1, N or 1, S, S]` float) →
        /// `[B, S, N · D]`. N is `heads`, M is `keyHeads`, and N / M successive heads share a key head.
        ///
        /// The weights are softmax(cap(scale · q · k) + bias), where cap(s) is `softcap · tanh(s / softcap)`, or s without a
        /// soft-cap. The bias is 0 or ``Graph/maskedScore``, plus scores in DeBERTa.
        case attention(heads: Int, keyHeads: Int, scale: Double, softcap: Double?)
        /// (x `[B, S, N · D]`, cosine `[B or 1, S, R]`, sine `[B or 1, S, R]`) → `[B, S, N · D]`: rotates the first R elements
        /// of each of N heads.
        ///
        /// With h = R / 2, y[:h] = x[:h] · cosine[:h] - x[h:R] · sine[:h], and y[h:R] = x[h:R] · cosine[h:] + x[:h] · sine[h:].
        case rotary(heads: Int)

        // MARK: Shapes and indices

        /// (x) → the same elements in another shape; B and S occur as often as before, at most once each.
        case reshape([Dimension])
        /// (x) → axis i of the result is axis `order[i]` of x.
        case transpose([Int])
        /// (x) → a range of an axis whose size is fixed.
        case slice(axis: Int, Range<Int>)
        /// (x, …) → the inputs next to each other along an axis whose sizes are fixed.
        case concat(axis: Int)
        /// (x) → x broadcast to a shape.
        case expand([Dimension])
        /// (data, indices int64) → `numpy.take`: the axis is replaced by the axes of the indices.
        case gather(axis: Int)
        /// (data, indices int64 with as many axes) → `torch.gather`, in the shape of the indices; the other axes are equal.
        case gatherElements(axis: Int)

        // MARK: Reductions

        /// (x) → float or int64; `keeps` keeps the axes with size 1.
        case reduceSum(axes: [Int], keeps: Bool)
        /// (x) → the inclusive cumulative sum, float or int64.
        case cumulativeSum(axis: Int)
        /// (x) float → the index of the largest element, int64, without the axis; the first of equals.
        case argMax(axis: Int)
    }

    /// An arithmetic operation on two values.
    package enum Binary: String, Hashable, Sendable, CaseIterable {
        case add, subtract, multiply, divide, maximum, minimum
    }

    /// A comparison of two values.
    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case equal, lessOrEqual, greater
    }

    /// A function of every element.
    package enum Map: String, Hashable, Sendable, CaseIterable {
        case exp, log, tanh, sigmoid, relu, negate, sin, cos
        /// GELU with the error function: x · (1 + erf(x / √2)) / 2.
        case gelu
        /// GELU in its tanh approximation: x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) / 2.
        case geluTanh
        /// x · sigmoid(x).
        case silu
    }
}

extension Graph.Operation {
    /// The last part of a node's name, unless the description gives another one.
    var label: String {
        switch self {
        case .input(let input): input.rawValue
        case .weight(let name): name
        case .floats, .integers: "constant"
        case .range: "range"
        case .lookup: "lookup"
        case .linear, .linearTransposed: "linear"
        case .matmul: "matmul"
        case .conv1d: "convolution"
        case .binary(let operation): operation.rawValue
        case .compare(let comparison): comparison.rawValue
        case .and: "and"
        case .not: "not"
        case .choose: "choose"
        case .map(let function): function.rawValue
        case .cast: "cast"
        case .layerNorm, .rmsNorm: "norm"
        case .attention: "attention"
        case .rotary: "rotary"
        case .reshape: "reshape"
        case .transpose: "transpose"
        case .slice: "slice"
        case .concat: "concat"
        case .expand: "expand"
        case .gather, .gatherElements: "gather"
        case .reduceSum: "sum"
        case .cumulativeSum: "cumulative_sum"
        case .argMax: "arg_max"
        }
    }
}
