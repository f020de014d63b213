import Foundation
public import Torch

/// The NaN or infinite values in a tensor.
public struct NonFinite: Sendable, Equatable {
    /// The number of such values.
    public var count: Int
    /// Index of the first one, outermost dimension first.
    public var firstIndex: [Int]

    package init(count: Int, firstIndex: [Int]) {
        self.count = count
        self.firstIndex = firstIndex
    }
}

/// Finds NaN or infinite values in a tensor.
///
/// - Parameter tensor: A tensor of any type; only floating-point types can hold such values.
/// - Returns: Their number and the index of the first; nil if all values are finite.
/// - Throws: `.outOfMemory`.
/// - Complexity: One pass over the memory on all cores; a second pass on one core if the sum is not finite.
public func nonFinite(in tensor: Tensor) throws(TorchError) -> NonFinite? {
    guard tensor.dtype.isFloatingPoint, tensor.count > 0 else { return nil }
    // A finite sum proves that every term is finite. A sum that is not finite proves nothing: float16 sums overflow
    // easily.
    if try tensor.sum().item().isFinite { return nil }
    let dtype = tensor.dtype
    let found = try tensor.withUnsafeBytes { bytes in scan(bytes, dtype) }
    guard found.count > 0 else { return nil }
    var rest = found.first
    var index: [Int] = []
    for size in tensor.shape.reversed() {
        index.insert(rest % size, at: 0)
        rest /= size
    }
    return NonFinite(count: found.count, firstIndex: index)
}

/// Throws an error that names the tensor if its weights contain NaN or infinity: such a model would only produce NaN.
///
/// - Parameters:
///   - tensor: The weights, of any type.
///   - name: The tensor's name in the checkpoint.
/// - Throws: `.corrupt` with the count and the index of the first.
public func requireFinite(_ tensor: Tensor, name: String) throws(CheckpointError) {
    let found: NonFinite?
    do throws(TorchError) {
        found = try nonFinite(in: tensor)
    } catch {
        throw CheckpointError(.inputOutput, "tensor \(quoted(name)): \(error)")
    }
    guard let found else { return }
    let values = found.count == 1 ? "1 value that is" : "\(found.count) values that are"
    throw CheckpointError(
        .corrupt,
        "tensor \(quoted(name)) holds \(values) NaN or infinite, the first at \(found.firstIndex): "
            + "the file is damaged, or the training that wrote it diverged; download it again, or use an earlier checkpoint"
    )
}

/// Counts the elements whose exponent has all bits set.
private func scan(_ bytes: UnsafeRawBufferPointer, _ dtype: DType) -> (count: Int, first: Int) {
    switch dtype {
    case .float16: scan(bytes.bindMemory(to: UInt16.self), exponent: 0x7C00)
    case .bfloat16: scan(bytes.bindMemory(to: UInt16.self), exponent: 0x7F80)
    case .float32: scan(bytes.bindMemory(to: UInt32.self), exponent: 0x7F80_0000)
    case .float64: scan(bytes.bindMemory(to: UInt64.self), exponent: 0x7FF0_0000_0000_0000)
    case .bool, .uint8, .int8, .int16, .int32, .int64: (0, 0)
    }
}

private func scan<Bits: FixedWidthInteger>(
    _ elements: UnsafeBufferPointer<Bits>,
    exponent: Bits
) -> (count: Int, first: Int) {
    var (count, first) = (0, 0)
    for index in elements.indices where elements[index] & exponent == exponent {
        if count == 0 { first = index }
        count += 1
    }
    return (count, first)
}
