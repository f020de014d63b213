import Files
public import Foundation
import JSON

/// A whole classifier in one file: the files of a model's folder one after another, as they are, behind an index.
///
/// The file is mapped. Opening it checks the index, the place of every member and the contents of the small ones; weights are
/// only read when they are used.
///
/// | byte | content |
/// |---|---|
/// | 0 | `89 41 54 54 55 4E 45 0A`: a byte beyond ASCII, `ATTUNE`, a line feed |
/// | 8 | the version, 1, and 0: two 32-bit numbers, lowest byte first, like all numbers |
/// | 16 | the size of the whole file, 64 bits |
/// | 24 | the size of the index, 64 bits |
/// | 32 | the SHA-256 of the index |
/// | 64 | the index: `{"members": [{"name": …, "offset": …, "size": …, "sha256": …}]}` |
///
/// The members begin at the next multiple of 64 bytes, from which offsets count. Each begins at a multiple of 64; only zeros
/// are between them, and the last one ends with the file. Weights have no `sha256`, so that large files open at once.
public struct AttuneFile: Sendable {
    /// A file of the model.
    public struct Member: Sendable, Equatable {
        /// The name in a model's folder.
        public let name: String
        /// The size in bytes.
        public let byteCount: Int
    }

    /// The usual extension of the file's name.
    public static let fileExtension = "attune"
    /// The names of members with weights.
    package static let weightNames = ["model.safetensors", "model.gguf"]
    /// The first bytes.
    package static let magic: [UInt8] = [0x89] + Array("ATTUNE\n".utf8)
    /// The supported version.
    package static let version: UInt32 = 1
    /// The multiple of bytes at which members begin.
    package static let alignment = 64
    /// The size of everything before the index.
    package static let headerSize = 64
    private static let longestIndex = 1 << 20
    private static let mostMembers = 1000

    /// The path, for messages.
    public let path: String
    /// The members in the file's order.
    public let members: [Member]
    private let file: MappedFile
    private let ranges: [String: Range<Int>]

    /// Maps a file and checks it.
    ///
    /// - Parameter url: The file.
    /// - Throws: `.missing` or `.notAllowed`; `.corrupt` if it is damaged; `.unsupported` for another version or format.
    public init(contentsOf url: URL) throws(CheckpointError) {
        let file = try asCheckpoint { () throws(FileError) in try MappedFile(contentsOf: url) }
        if let standIn = StandIn(file.bytes) {
            throw CheckpointError(.corrupt, standIn.message(at: file.path))
        }
        let indexSize = try Self.indexSize(file)
        let index = UnsafeRawBufferPointer(
            rebasing: file.bytes[Self.headerSize..<Self.headerSize + indexSize]
        )
        guard Self.matches(index, hexadecimal(file.bytes[32..<Self.headerSize])) else {
            throw Self.corrupt(file, "its index has changed")
        }
        let start = Self.padded(Self.headerSize + indexSize)
        let found = try Self.members(file, index, start: start)
        var ranges: [String: Range<Int>] = [:]
        for member in found {
            let range = member.range
            if let digest = member.digest,
                !Self.matches(UnsafeRawBufferPointer(rebasing: file.bytes[range]), digest)
            {
                throw Self.corrupt(file, "the content of \(quoted(member.name)) has changed")
            }
            ranges[member.name] = range
        }
        self.file = file
        self.ranges = ranges
        path = file.path
        members = found.map { Member(name: $0.name, byteCount: $0.range.count) }
    }

    /// Returns whether a file begins like this format, whatever its name is.
    ///
    /// - Parameter url: The file.
    /// - Returns: False also for a file that cannot be read.
    package static func begins(_ url: URL) -> Bool { (try? readFile(url, limit: magic.count)) == magic }

    /// Returns the content of a small member.
    ///
    /// - Parameter name: The member's name.
    /// - Returns: The bytes; nil if there is no such member.
    public func contents(of name: String) -> [UInt8]? {
        ranges[name].map { range in withExtendedLifetime(file) { Array(file.bytes[range]) } }
    }

    /// Opens the weights.
    ///
    /// - Returns: The tensors by their names in the Hub's checkpoint, over the mapped file.
    /// - Throws: `.missing` if the file has no weights; the errors of ``SafetensorsFile`` and ``GGUFFile``.
    public func weights() throws(CheckpointError) -> any Checkpoint {
        if let range = ranges["model.safetensors"] {
            return try SafetensorsFile(file.part(range, named: "model.safetensors"))
        }
        if let range = ranges["model.gguf"] { return try GGUFFile(file.part(range, named: "model.gguf")) }
        throw CheckpointError(
            .missing,
            "\(path) has no weights: none of its members is \(Self.weightNames.joined(separator: " or "))"
        )
    }

    /// The next multiple of the alignment.
    package static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    // MARK: Checks

    private static func corrupt(_ file: MappedFile, _ what: String) -> CheckpointError {
        CheckpointError(.corrupt, "\(file.path) is damaged: \(what); copy or export it again")
    }

    private static func matches(_ bytes: UnsafeRawBufferPointer, _ digest: String) -> Bool {
        var hash = SHA256()
        hash.update(bytes)
        return hash.hexadecimalDigest() == digest
    }

    /// Checks the header.
    ///
    /// - Returns: The size of the index, which is in the file.
    private static func indexSize(_ file: MappedFile) throws(CheckpointError) -> Int {
        guard file.bytes.starts(with: magic) else {
            let isChanged = file.bytes.dropFirst().starts(with: "ATTUNE".utf8)
            throw CheckpointError(
                isChanged ? .corrupt : .unsupported,
                isChanged
                    ? "\(file.path) was changed when it was copied, as text; copy it again, as binary"
                    : "\(file.path) is not a file that `attune export --format attune` writes"
            )
        }
        guard file.bytes.count >= headerSize else { throw corrupt(file, "it has \(file.bytes.count) bytes") }
        let found = file.bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self).littleEndian
        guard found == version else {
            throw CheckpointError(
                .unsupported,
                "\(file.path) has version \(found), but this Attune reads version \(version): update Attune, or export it again"
            )
        }
        guard file.bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self) == 0 else {
            throw corrupt(file, "its header has changed")
        }
        let size = file.bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self).littleEndian
        guard size == UInt64(file.bytes.count) else {
            throw corrupt(file, "it has \(file.bytes.count) bytes instead of \(size)")
        }
        let indexSize = file.bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self).littleEndian
        guard indexSize <= UInt64(min(longestIndex, file.bytes.count - headerSize)) else {
            throw corrupt(file, "its index claims \(indexSize) bytes")
        }
        return Int(indexSize)
    }

    private struct Place {
        var name: String
        var range: Range<Int>
        var digest: String?
    }

    /// Reads the index and checks that the members follow one another up to the end of the file.
    private static func members(
        _ file: MappedFile,
        _ index: UnsafeRawBufferPointer,
        start: Int
    ) throws(CheckpointError) -> [Place] {
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue.parse(index)
        } catch { throw corrupt(file, "its index is not JSON: \(error)") }
        guard let list = document["members"].array, list.count <= mostMembers else {
            throw corrupt(file, "its index has no list of at most \(mostMembers) members")
        }
        var places: [Place] = []
        var names: Set<[UInt8]> = []
        var end = min(start, file.bytes.count)
        try requireZeros(file, headerSize + index.count..<end)
        for entry in list {
            let place = try Self.place(file, entry, start: start)
            guard names.insert(Array(place.name.utf8)).inserted else {
                throw corrupt(file, "two members have the name \(quoted(place.name))")
            }
            guard place.range.lowerBound == padded(end) else {
                throw corrupt(file, "the member \(quoted(place.name)) does not follow the one before it")
            }
            try requireZeros(file, end..<place.range.lowerBound)
            end = place.range.upperBound
            places.append(place)
        }
        guard end == file.bytes.count else {
            throw corrupt(file, "its members end at byte \(end), but it has \(file.bytes.count) bytes")
        }
        return places
    }

    private static func place(
        _ file: MappedFile,
        _ entry: JSONValue,
        start: Int
    ) throws(CheckpointError) -> Place {
        guard let name = entry["name"].string, isFileName(name) else {
            throw corrupt(file, "a member has no valid name")
        }
        guard let offset = entry["offset"].int, let size = entry["size"].int, offset >= 0, size >= 0,
            start <= file.bytes.count, offset <= file.bytes.count - start,
            size <= file.bytes.count - start - offset
        else {
            throw corrupt(file, "the member \(quoted(name)) is not inside the file")
        }
        let digest = entry["sha256"].string
        guard digest != nil || weightNames.contains(name) else {
            throw corrupt(file, "the member \(quoted(name)) has no sha256")
        }
        return Place(name: name, range: start + offset..<start + offset + size, digest: digest)
    }

    /// Whether a name can be that of a file in a folder on every system.
    package static func isFileName(_ name: String) -> Bool {
        let refused: Set<Unicode.Scalar> = ["/", "\\", ":"]
        return (1...255).contains(name.utf8.count) && name != "." && name != ".."
            && name.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7F && !refused.contains($0)
            }
    }

    private static func requireZeros(_ file: MappedFile, _ range: Range<Int>) throws(CheckpointError) {
        guard file.bytes[range].allSatisfy({ $0 == 0 }) else {
            throw corrupt(file, "it has bytes between its members")
        }
    }
}

/// Bytes in hexadecimal, lower case.
private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
