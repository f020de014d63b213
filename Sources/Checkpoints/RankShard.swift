package import Foundation
import JSON
package import Torch

/// The files that one rank of a group writes: its own tensors, with their places in the whole ones.
///
/// Source: `HuggingFaceStorageWriter` of torch 2.13 with `save_distributed` (torch/distributed/checkpoint/hf_storage.py,
/// _hf_utils.py and filesystem.py).
package enum RankShard {
    /// The content of a file.
    package enum Kind: String, Sendable {
        case model, optimizer
    }

    /// The key of a header's metadata with the offsets of the file's tensors.
    static let offsetsKey = "DCP_SHARDING_INFO"

    /// Returns a file's name, `shard-00001-model-00001-of-00001.safetensors`.
    ///
    /// - Parameters:
    ///   - kind: The content.
    ///   - rank: The rank that writes it, from 0.
    ///   - file: The index of the file among those of the rank, from 0.
    ///   - count: The number of files of the rank with the most files.
    /// - Returns: The name.
    package static func name(_ kind: Kind, rank: Int, file: Int = 0, of count: Int = 1) -> String {
        "shard-\(padded(rank + 1))-\(kind.rawValue)-\(padded(file + 1))-of-\(padded(count)).safetensors"
    }

    /// Whether a file has such a name.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - kind: The content.
    /// - Returns: True for a file of that content, of any rank.
    package static func isShard(_ name: String, _ kind: Kind) -> Bool {
        name.wholeMatch(of: /shard-\d+-(model|optimizer)-\d+-of-\d+\.safetensors/)?.1 == kind.rawValue[...]
    }

    /// Writes a file.
    ///
    /// - Parameters:
    ///   - tensors: Names and values in any order.
    ///   - file: The destination, written atomically.
    ///   - offsets: The index of a part's first element in the whole tensor, for tensors that are not whole.
    ///   - bypassesCache: Whether to bypass the system's page cache if the disk supports that.
    ///   - written: Called with the name of each tensor after it was written.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
    package static func write(
        _ tensors: [(name: String, tensor: Tensor)],
        to file: URL,
        offsets: [String: [Int]] = [:],
        bypassesCache: Bool = false,
        written: (_ name: String) -> Void = { _ in }
    ) throws(CheckpointError) {
        let places = tensors.map { name, tensor in
            let offset = offsets[name] ?? tensor.shape.map { _ in 0 }
            return (name, JSONValue.object(["saved_offsets": .array(offset.map(JSONValue.int))]))
        }
        try writeSafetensors(
            tensors,
            to: file,
            metadata: [
                "format": "pt", "DCP_VERSION": "1.0",
                offsetsKey: JSONValue.object(JSONObject(places)).compact,
            ],
            bypassesCache: bypassesCache,
            written: written
        )
    }
}

/// A file's number in names: at least five digits.
func padded(_ number: Int) -> String {
    String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)"
}
