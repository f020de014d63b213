import Files
public import Torch

/// A tensor of a checkpoint before it is read.
public struct TensorInfo: Sendable, Equatable {
    /// Sizes in PyTorch's order, outermost first.
    public var shape: [Int]
    /// How it is stored: `F32`, `BF16`, `Q4_1`.
    public var storage: String

    package init(shape: [Int], storage: String) {
        self.shape = shape
        self.storage = storage
    }

    /// Bytes that it takes as it is stored.
    public var byteCount: Int {
        let count = shape.reduce(1, *)
        if let dtype = SafetensorsFile.dtypes[storage] { return count * dtype.byteWidth }
        guard let type = GGUFTensorType(name: storage) else { return 0 }
        return count / type.blockSize * type.blockBytes
    }
}

/// A file of a checkpoint.
public struct CheckpointFile: Sendable, Equatable {
    /// Where it lies.
    public var path: String
    /// Its size, header and all.
    public var byteCount: Int

    package init(path: String, byteCount: Int) {
        self.path = path
        self.byteCount = byteCount
    }
}

/// Named tensors in a file or several.
public protocol Checkpoint {
    /// The tensors there are, sorted.
    var tensorNames: [String] { get }

    /// What is known of a tensor without reading it; nil where there is none.
    ///
    /// - Parameter name: As in ``tensorNames``.
    /// - Returns: Shape and storage, or nil.
    func info(_ name: String) -> TensorInfo?

    /// Reads a tensor, mapped where its storage allows; such a tensor must not be written.
    ///
    /// - Parameter name: As in ``tensorNames``.
    /// - Returns: The tensor, on the CPU.
    /// - Throws: `.missing` where there is none.
    func tensor(_ name: String) throws(CheckpointError) -> Tensor

    /// The files it lies in, sorted by name; none where it lies in memory.
    var files: [CheckpointFile] { get }

    /// Names of tied weights that were left out when it was saved, and the names under which the values were kept.
    var aliases: [String: String] { get }

    /// What a person should know of it although it can be read, a sentence each.
    var notes: [String] { get }
}

extension Checkpoint {
    /// The files it lies in, sorted by name; none where it lies in memory.
    public var files: [CheckpointFile] { [] }

    /// Names of tied weights that were left out when it was saved, and the names under which the values were kept.
    public var aliases: [String: String] { [:] }

    /// What a person should know of it although it can be read, a sentence each.
    public var notes: [String] { [] }

    /// Bytes that all tensors take as they are stored.
    public var byteCount: Int { tensorNames.reduce(0) { $0 + (info($1)?.byteCount ?? 0) } }
}

/// What became of every tensor when a model was filled from a checkpoint.
public struct LoadReport: Sendable, Equatable {
    /// A tensor whose shape is not the model's.
    public struct Mismatch: Sendable, Equatable {
        /// The checkpoint's name for it.
        public var name: String
        /// The shape that the configuration asks for.
        public var expected: [Int]
        /// The shape that the checkpoint holds.
        public var found: [Int]

        package init(name: String, expected: [Int], found: [Int]) {
            self.name = name
            self.expected = expected
            self.found = found
        }
    }

    /// A tensor that was left on purpose.
    public struct Dropped: Sendable, Equatable {
        /// The checkpoint's name for it.
        public var name: String
        /// Why a classifier has no use for it.
        public var reason: String

        package init(name: String, reason: String) {
            self.name = name
            self.reason = reason
        }
    }

    /// Taken from the checkpoint.
    public var loaded: [String] = []
    /// Made new on purpose: the head.
    public var fresh: [String] = []
    /// Asked for, and not in the checkpoint.
    public var missing: [String] = []
    /// In the checkpoint, and not asked for.
    public var unexpected: [String] = []
    /// Of another shape than asked for.
    public var mismatched: [Mismatch] = []
    /// In the checkpoint, and left on purpose: another head's.
    public var dropped: [Dropped] = []
    /// In the checkpoint, and ignored as transformers ignores them: computed from the configuration.
    public var computed: [String] = []
    /// Fields of `config.json` that nothing reads and of which nothing is known; they are kept when the model is saved.
    public var unreadFields: [String] = []
    /// What a person should know although the model was loaded, a sentence each: how contradictions were resolved, which
    /// files are not what they say, what was cut.
    public var notes: [String] = []

    package init() {}

    /// One line for a person: counts, and the first few names of what is amiss.
    ///
    /// The notes are sentences of their own.
    public var summary: String {
        func named(_ names: [String], _ what: String) -> String? {
            guard !names.isEmpty else { return nil }
            let shown = names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "")
            return "\(names.count) \(what) (\(shown))"
        }
        let mismatches = mismatched.map { "\($0.name) is \($0.found) instead of \($0.expected)" }
        return [
            "\(counted(loaded.count, "tensor")) loaded", named(fresh, "made new"), named(missing, "missing"),
            named(mismatches, "of another shape"), named(unexpected, "not used"),
            named(dropped.map(\.name), "not needed by a classifier"),
            unreadFields.isEmpty
                ? nil : "fields of config.json not known here: \(unreadFields.joined(separator: ", "))",
        ].compactMap { $0 }.joined(separator: ", ")
    }
}
