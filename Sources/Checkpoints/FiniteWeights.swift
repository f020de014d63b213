import Foundation
public import Torch

/// Where a tensor holds values that are not numbers, or infinite ones.
public struct NonFinite: Sendable, Equatable {
    /// How many there are.
    public var count: Int
    /// The first one's place, outermost index first.
    public var firstIndex: [Int]

    package init(count: Int, firstIndex: [Int]) {
        self.count = count
        self.firstIndex = firstIndex
    }
}

/// Looks for values in a tensor that are infinite or not a number.
///
/// - Parameter tensor: Of any type; only floating-point numbers can be amiss.
/// - Returns: How many there are and where the first is; nil where all are finite.
/// - Throws: `.outOfMemory`.
/// - Complexity: One pass over the memory on all cores; a second one on one core where something is amiss.
public func nonFinite(in tensor: Tensor) throws(TorchError) -> NonFinite? {
    guard tensor.dtype.isFloatingPoint, tensor.count > 0 else { return nil }
    // Nothing finite comes of adding to an infinity or to what is no number: a finite sum vouches for all its terms.
    // The other way round it proves nothing: sums of float16 overflow soon.
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

/// Refuses weights that are infinite or not numbers, by the tensor's name: every answer of such a model would be NaN.
///
/// - Parameters:
///   - tensor: The weights, of any type.
///   - name: The checkpoint's name for them.
/// - Throws: `.corrupt` with the count and the place of the first.
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
        "tensor \(quoted(name)) holds \(values) infinite or not a number, the first at \(found.firstIndex): "
            + "the file was damaged, or the training that wrote it diverged; download it again, or take an earlier checkpoint"
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
