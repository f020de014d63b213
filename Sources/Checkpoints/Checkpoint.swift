import Files
public import Torch

/// Shape and storage of a checkpoint's tensor, known without reading it.
public struct TensorInfo: Sendable, Equatable {
    /// Dimensions in PyTorch's order, outermost first.
    public var shape: [Int]
    /// The storage type: `F32`, `BF16` or `Q4_1`, for example.
    public var storage: String

    /// Size in bytes of a tensor that is stored in several parts.
    private var partBytes: Int?

    package init(shape: [Int], storage: String, partBytes: Int? = nil) {
        self.shape = shape
        self.storage = storage
        self.partBytes = partBytes
    }

    /// Size in bytes as stored.
    public var byteCount: Int {
        if let partBytes { return partBytes }
        let count = shape.reduce(1, *)
        if let dtype = SafetensorsFile.dtypes[storage] { return count * dtype.byteWidth }
        guard let type = GGUFTensorType(name: storage) else { return 0 }
        return count / type.blockSize * type.blockBytes
    }
}

/// A file of a checkpoint.
public struct CheckpointFile: Sendable, Equatable {
    /// Path of the file.
    public var path: String
    /// Size of the file, including its header.
    public var byteCount: Int

    package init(path: String, byteCount: Int) {
        self.path = path
        self.byteCount = byteCount
    }
}

/// Named tensors in one or more files.
public protocol Checkpoint {
    /// Names of all tensors, sorted.
    var tensorNames: [String] { get }

    /// Returns a tensor's shape and storage without reading it; nil if there is no such tensor.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: Shape and storage, or nil.
    func info(_ name: String) -> TensorInfo?

    /// Reads a tensor. If the storage allows it, the tensor maps the file and must not be written to.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: The tensor, on the CPU.
    /// - Throws: `.missing` if there is no such tensor.
    func tensor(_ name: String) throws(CheckpointError) -> Tensor

    /// Returns a quantized matrix as it is stored, `[out, in]`.
    ///
    /// Its parts may map the file.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: The matrix; nil if the tensor is not a quantized matrix.
    /// - Throws: `.missing` if there is no such tensor; `.corrupt` if its parts are invalid.
    func quantized(_ name: String) throws(CheckpointError) -> QuantizedMatrix?

    /// Notes that a tensor was copied, so that its pages of a mapped file need no memory any more.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    func release(_ name: String)

    /// The checkpoint's files, sorted by name; empty if it is in memory.
    var files: [CheckpointFile] { get }

    /// Maps the names of tied weights that were left out when saving to the names that hold their values.
    var aliases: [String: String] { get }

    /// Warnings about a checkpoint that can be read, one sentence each.
    var notes: [String] { get }
}

extension Checkpoint {
    /// Returns a quantized matrix as it is stored; nil, because most checkpoints have none.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    /// - Returns: Nil.
    /// - Throws: Nothing.
    public func quantized(_ name: String) throws(CheckpointError) -> QuantizedMatrix? { nil }

    /// Does nothing.
    ///
    /// - Parameter name: A name in ``tensorNames``.
    public func release(_ name: String) {}

    /// The checkpoint's files, sorted by name; empty if it is in memory.
    public var files: [CheckpointFile] { [] }

    /// Maps the names of tied weights that were left out when saving to the names that hold their values.
    public var aliases: [String: String] { [:] }

    /// Warnings about a checkpoint that can be read, one sentence each.
    public var notes: [String] { [] }

    /// Size of all tensors in bytes as stored.
    public var byteCount: Int { tensorNames.reduce(0) { $0 + (info($1)?.byteCount ?? 0) } }
}

/// Which tensors were loaded, missing or ignored when a checkpoint was loaded into a model.
public struct LoadReport: Sendable, Equatable {
    /// A tensor with another shape than the model expects.
    public struct Mismatch: Sendable, Equatable {
        /// The tensor's name in the checkpoint.
        public var name: String
        /// The shape that the configuration requires.
        public var expected: [Int]
        /// The shape in the checkpoint.
        public var found: [Int]

        package init(name: String, expected: [Int], found: [Int]) {
            self.name = name
            self.expected = expected
            self.found = found
        }
    }

    /// A tensor that was deliberately not loaded.
    public struct Dropped: Sendable, Equatable {
        /// The tensor's name in the checkpoint.
        public var name: String
        /// Why a classifier does not need it.
        public var reason: String

        package init(name: String, reason: String) {
            self.name = name
            self.reason = reason
        }
    }

    /// Tensors loaded from the checkpoint.
    public var loaded: [String] = []
    /// Tensors that were deliberately initialized: the fresh head.
    public var fresh: [String] = []
    /// Tensors that the model needs but the checkpoint lacks.
    public var missing: [String] = []
    /// Tensors in the checkpoint that the model does not use.
    public var unexpected: [String] = []
    /// Tensors with another shape than the model expects.
    public var mismatched: [Mismatch] = []
    /// Tensors in the checkpoint that were deliberately not loaded, such as those of another head.
    public var dropped: [Dropped] = []
    /// Tensors in the checkpoint that are computed from the configuration instead; transformers ignores them too.
    public var computed: [String] = []
    /// Unknown fields of `config.json`, which are ignored but kept when the model is saved.
    public var unreadFields: [String] = []
    /// Warnings about a model that was loaded, one sentence each: how contradictions were resolved, which files have
    /// unexpected content, what was truncated.
    public var notes: [String] = []

    package init() {}

    /// A one-line summary: counts, and the first few names of tensors that were not simply loaded.
    ///
    /// Does not include ``notes``.
    public var summary: String {
        func named(_ names: [String], _ what: String) -> String? {
            guard !names.isEmpty else { return nil }
            let shown = names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "")
            return "\(names.count) \(what) (\(shown))"
        }
        let mismatches = mismatched.map { "\($0.name) is \($0.found) instead of \($0.expected)" }
        return [
            "\(counted(loaded.count, "tensor")) loaded", named(fresh, "newly initialized"),
            named(missing, "missing"),
            named(mismatches, "with another shape"), named(unexpected, "not used"),
            named(dropped.map(\.name), "not needed by a classifier"),
            unreadFields.isEmpty
                ? nil : "unknown fields in config.json: \(unreadFields.joined(separator: ", "))",
        ].compactMap { $0 }.joined(separator: ", ")
    }
}
