import Foundation
import FuzzSupport

/// The parts of a single file, to be damaged and put together again with valid checksums.
struct Container {
    /// A file of the model.
    struct Member {
        var name: String
        var contents: [UInt8]
    }

    var members: [Member]

    private static let headerSize = 64

    /// Takes a valid file apart.
    init(_ file: [UInt8]) throws {
        let size = Self.number(file, at: 24)
        let start = Self.padded(Self.headerSize + size)
        struct Index: Decodable {
            struct Entry: Decodable {
                var name: String
                var offset: Int
                var size: Int
            }
            var members: [Entry]
        }
        let text = Data(file[Self.headerSize..<Self.headerSize + size])
        members = try JSONDecoder().decode(Index.self, from: text).members.map { entry in
            let first = start + entry.offset
            return Member(name: entry.name, contents: Array(file[first..<first + entry.size]))
        }
    }

    /// The index of the members as they are.
    var index: [UInt8] {
        var offset = 0
        let entries = members.map { member -> String in
            defer { offset = Self.padded(offset + member.contents.count) }
            let digest =
                member.name.hasPrefix("model.")
                ? "" : ",\"sha256\":\"\(SHA256.hexadecimal(member.contents))\""
            return
                "{\"name\":\"\(member.name)\",\"offset\":\(offset),\"size\":\(member.contents.count)\(digest)}"
        }
        return Array("{\"members\":[\(entries.joined(separator: ","))]}".utf8)
    }

    /// The file with an index, which need not describe the members.
    func file(index: [UInt8]) -> [UInt8] {
        var data: [UInt8] = []
        for member in members {
            data += [UInt8](repeating: 0, count: Self.padded(data.count) - data.count)
            data += member.contents
        }
        let start = Self.padded(Self.headerSize + index.count)
        var file: [UInt8] = [0x89] + Array("ATTUNE\n".utf8)
        for number in [1, start + data.count, index.count] {
            file += (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        file += SHA256.digest(index)
        file += index
        return file + [UInt8](repeating: 0, count: start - file.count) + data
    }

    private static func padded(_ count: Int) -> Int { (count + 63) / 64 * 64 }

    private static func number(_ bytes: [UInt8], at place: Int) -> Int {
        bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
