import CTorch

/// An error of a tensor operation.
public struct TorchError: Error, Sendable, Equatable {
    /// The kind of failure, for code that handles one kind specially.
    public enum Code: Sendable, Equatable {
        /// libtorch rejected the operation: shapes, dtypes or values do not match.
        case failed
        /// The device is out of memory.
        case outOfMemory
        /// An index or token id is out of range.
        case indexOutOfRange
        /// Another process, or the store that all share, is gone or cannot be reached.
        case disconnected
        /// Another process did not take part in time.
        case timedOut
    }

    /// The kind of failure.
    public var code: Code
    /// The operation that failed, for example `matmul`.
    public var operation: String
    /// libtorch's message, with the shapes.
    public var message: String

    /// Creates an error, for example in a custom loss.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - operation: The operation that failed.
    ///   - message: The problem.
    public init(code: Code = .failed, operation: String, message: String) {
        self.code = code
        self.operation = operation
        self.message = message
    }
}

extension TorchError: CustomStringConvertible {
    /// `operation: message`, with a hint if the device is out of memory.
    public var description: String {
        let hint = code == .outOfMemory ? "; use a smaller batch or shorter texts" : ""
        return "\(operation): \(message)\(hint)"
    }
}

extension TorchError.Code {
    /// The corresponding status of CTorch.
    var native: ct_status {
        switch self {
        case .failed: CT_ERROR
        case .outOfMemory: CT_OUT_OF_MEMORY
        case .indexOutOfRange: CT_INDEX
        case .disconnected: CT_DISCONNECTED
        case .timedOut: CT_TIMED_OUT
        }
    }
}

/// Throws for a failed CTorch status.
///
/// Must run on the thread of the call, immediately after it, to read its message.
func check(_ operation: String, _ status: Int32) throws(TorchError) {
    guard status != Int32(CT_OK.rawValue) else { return }
    let code: TorchError.Code =
        switch UInt32(status) {
        case CT_OUT_OF_MEMORY.rawValue: .outOfMemory
        case CT_INDEX.rawValue: .indexOutOfRange
        case CT_DISCONNECTED.rawValue: .disconnected
        case CT_TIMED_OUT.rawValue: .timedOut
        default: .failed
        }
    throw TorchError(code: code, operation: operation, message: String(cString: ct_last_error()))
}

/// Calls an operation that creates one tensor from `inputs`, and keeps them alive until it returns.
func makeTensor(
    _ operation: String,
    from inputs: Tensor...,
    by body: (UnsafeMutablePointer<ct_tensor>) -> Int32
) throws(TorchError) -> Tensor {
    var handle = ct_tensor()
    let status = withExtendedLifetime(inputs) { body(&handle) }
    try check(operation, status)
    return Tensor(handle: handle)
}
