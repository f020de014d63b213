import ArgumentParser
import Files

/// The command line as bytes, as the system passed it.
///
/// Swift's strings replace bytes that are not UTF-8 by U+FFFD, which would change the name of a file.
struct TypedArguments {
    /// The arguments after the program's name.
    let words: [[UInt8]]

    /// Options whose files may have names that are not UTF-8.
    private static let filesOfAnyName: Set = ["--output", "--input", "--dataset", "--eval-dataset"]

    /// The arguments of this process.
    static var ofProcess: TypedArguments {
        let count = Int(CommandLine.argc)
        return TypedArguments(
            words: (1..<max(count, 1)).compactMap { index in
                CommandLine.unsafeArgv[index].map { Array(String.bytes(of: $0)) }
            }
        )
    }

    /// The path that an argument names.
    ///
    /// - Parameter argument: The argument as the parser passes it.
    /// - Returns: The path with the bytes that were typed.
    static func path(_ argument: String) -> RawPath { ofProcess.path(argument) }

    /// The path that an argument names.
    ///
    /// - Parameter argument: The argument as the parser passes it.
    /// - Returns: The path with the bytes that were typed, unless several differ only in bytes that are not UTF-8.
    func path(_ argument: String) -> RawPath {
        guard argument.contains("\u{FFFD}") else { return RawPath(argument) }
        let values = words.map { word in
            guard word.starts(with: Array("--".utf8)), let sign = word.firstIndex(of: UInt8(ascii: "="))
            else {
                return word
            }
            return Array(word[(sign + 1)...])
        }
        let meant = Set((words + values).filter { String(decoding: $0, as: UTF8.self) == argument })
        return meant.count == 1 ? RawPath(bytes: meant.first ?? []) : RawPath(argument)
    }

    /// Refuses an argument that is not UTF-8, unless it names a file that can be opened anyway.
    ///
    /// - Throws: ``RecipeError`` naming the argument and the byte.
    func requireText() throws {
        for (index, word) in words.enumerated() {
            guard let place = Self.firstFault(in: word) else { continue }
            let shown = String(decoding: word, as: UTF8.self)
            let before = index > 0 ? String(decoding: words[index - 1], as: UTF8.self) : ""
            let flag = shown.hasPrefix("--") ? String(shown.prefix { $0 != "=" }) : before
            guard !Self.filesOfAnyName.contains(flag) else { continue }
            let byte = String(word[place], radix: 16, uppercase: true)
            throw RecipeError(
                .validationFailure,
                "\(flag.hasPrefix("--") && flag != shown ? flag + ": " : "")\"\(shown)\" is not UTF-8: its byte \(place + 1) "
                    + "is \(byte) (hexadecimal); rename the file or folder, or convert the text with iconv"
            )
        }
    }

    /// The index of the first byte that does not belong to a character; nil if all do.
    private static func firstFault(in bytes: [UInt8]) -> Int? {
        guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
        // Skip whole characters from the start; the first byte that does not begin one is the fault.
        var start = 0
        while start < bytes.count {
            let length = (1...4).first { length in
                start + length <= bytes.count
                    && String(validating: bytes[start..<start + length], as: UTF8.self) != nil
            }
            guard let length else { return start }
            start += length
        }
        return nil
    }
}

extension String {
    /// The bytes of a zero-terminated string.
    fileprivate static func bytes(of text: UnsafePointer<CChar>) -> [UInt8] {
        var bytes: [UInt8] = []
        var next = text
        while next.pointee != 0 {
            bytes.append(UInt8(bitPattern: next.pointee))
            next += 1
        }
        return bytes
    }
}
