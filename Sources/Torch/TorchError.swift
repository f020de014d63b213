import CTorch

/// Why a tensor operation failed.
public struct TorchError: Error, Sendable, Equatable {
    /// The kind of failure, for code that handles one kind specially.
    public enum Code: Sendable, Equatable {
        /// libtorch refused the operation: shapes, dtypes or values do not fit.
        case failed
        /// The device has no memory left.
        case outOfMemory
        /// An index or token id lies outside its table.
        case indexOutOfRange
    }

    /// The kind of failure.
    public var code: Code
    /// The operation that failed, `matmul` say.
    public var operation: String
    /// What libtorch says, with the shapes.
    public var message: String

    package init(code: Code = .failed, operation: String, message: String) {
        self.code = code
        self.operation = operation
        self.message = message
    }
}

extension TorchError: CustomStringConvertible {
    /// `operation: message`, and what to do where memory ran out.
    public var description: String {
        let hint = code == .outOfMemory ? "; use a smaller batch or shorter texts" : ""
        return "\(operation): \(message)\(hint)"
    }
}

extension TorchError.Code {
    /// CTorch's status for it.
    var native: ct_status {
        switch self {
        case .failed: CT_ERROR
        case .outOfMemory: CT_OUT_OF_MEMORY
        case .indexOutOfRange: CT_INDEX
        }
    }
}

/// Turns a status of CTorch into an error; the text is read on the thread of the call, straight after it.
func check(_ operation: String, _ status: Int32) throws(TorchError) {
    guard status != Int32(CT_OK.rawValue) else { return }
    let code: TorchError.Code =
        switch UInt32(status) {
        case CT_OUT_OF_MEMORY.rawValue: .outOfMemory
        case CT_INDEX.rawValue: .indexOutOfRange
        default: .failed
        }
    throw TorchError(code: code, operation: operation, message: String(cString: ct_last_error()))
}

/// Calls an operation that makes one tensor from `inputs`, which stay alive until it returns.
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
