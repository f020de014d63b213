import Checkpoints
import Files
import Foundation
import JSON

/// The content of a single file, ready to be written: the files of a model's folder, the weights last.
///
/// The format is described at ``AttuneFile``.
struct AttuneFileContent {
    /// The members before the weights, if the folder has them.
    ///
    /// The ones needed first come first.
    private static let names = [
        "config.json", "attune.json", "decisions.json", "tokenizer_config.json", "special_tokens_map.json",
        "chat_template.jinja", "tokenizer.json", "parity.json",
    ]

    private let files: [(name: String, file: MappedFile)]
    private let header: [UInt8]

    /// Lays out a file.
    ///
    /// - Parameter folder: A model's folder, which is mapped and must not change before the file is written.
    /// - Throws: `FileError` if a file cannot be read; ``ExportError`` if the folder lacks a file.
    init(folder: URL) throws {
        let path = folder.path(percentEncoded: false)
        let present = Set(try FileManager.default.contentsOfDirectory(atPath: path))
        let names = (Self.names + AttuneFile.weightNames).filter(present.contains)
        for required in ["config.json", "tokenizer.json"] where !present.contains(required) {
            throw ExportError(.missing, "\(path) has no \(required)")
        }
        guard let weights = names.last, AttuneFile.weightNames.contains(weights) else {
            throw ExportError(
                .unsupported,
                "the weights are in more than one file, which a single file does not hold; export them with --format safetensors"
            )
        }
        files = try names.map { ($0, try MappedFile(contentsOf: folder.appending(path: $0))) }
        header = Self.header(of: files)
    }

    /// Everything before the first member.
    private static func header(of files: [(name: String, file: MappedFile)]) -> [UInt8] {
        var members: [JSONValue] = []
        var offset = 0
        for (name, file) in files {
            var member: JSONObject = [
                "name": .string(name), "offset": .int(offset), "size": .int(file.bytes.count),
            ]
            if !AttuneFile.weightNames.contains(name) { member["sha256"] = .string(digest(file.bytes)) }
            members.append(.object(member))
            offset = AttuneFile.padded(offset + file.bytes.count)
        }
        let index = Array(JSONValue.object(["members": .array(members)]).compact.utf8)
        let start = AttuneFile.padded(AttuneFile.headerSize + index.count)
        // The last member is not padded.
        let last = files.last?.file.bytes.count ?? 0
        let size = start + offset - AttuneFile.padded(last) + last
        var header = AttuneFile.magic
        for number in [UInt64(AttuneFile.version), UInt64(size), UInt64(index.count)] {
            header += bytes(number)
        }
        header += binary(SHA256.hexadecimalDigest(of: index))
        return header + index + [UInt8](repeating: 0, count: start - AttuneFile.headerSize - index.count)
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }

    private static func digest(_ bytes: UnsafeRawBufferPointer) -> String {
        var hash = SHA256()
        hash.update(bytes)
        return hash.hexadecimalDigest()
    }

    /// The bytes that hexadecimal digits spell.
    private static func binary(_ digits: String) -> [UInt8] {
        let values = digits.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        return stride(from: 0, to: values.count - 1, by: 2).map { UInt8(values[$0] * 16 + values[$0 + 1]) }
    }

    /// Size of the file in bytes.
    var byteCount: Int {
        files.reduce(header.count) { AttuneFile.padded($0) + $1.file.bytes.count }
    }

    /// Writes the file atomically.
    ///
    /// - Parameter url: The destination.
    /// - Throws: `.diskFull`, `.notAllowed` or `.inputOutput`.
    func write(to url: URL) throws(FileError) {
        var output = try AtomicFile(at: url)
        try output.write(header)
        var count = header.count
        for (_, file) in files {
            try file.checkLength()
            try output.write([UInt8](repeating: 0, count: AttuneFile.padded(count) - count))
            try output.write(file.bytes)
            count = AttuneFile.padded(count) + file.bytes.count
        }
        try output.commit()
    }
}
