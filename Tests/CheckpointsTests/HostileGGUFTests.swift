import Checkpoints
import Foundation
import TestSupport
import Testing

/// GGUF files built byte by byte, each with one invalid part.
struct HostileGGUFTests {
    /// Builds a file; numbers are little-endian.
    struct Writer {
        var bytes = Array("GGUF".utf8)

        mutating func number(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }

        mutating func string(_ text: String, length: UInt64? = nil) {
            number(length ?? UInt64(text.utf8.count))
            bytes.append(contentsOf: text.utf8)
        }

        init(version: UInt32 = 3, tensors: UInt64 = 0, values: UInt64 = 0) {
            number(version)
            number(tensors)
            number(values)
        }

        mutating func value(_ name: String, _ number: UInt32) {
            string(name)
            self.number(UInt32(4))
            self.number(number)
        }

        mutating func tensor(_ name: String, _ sizes: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) {
            string(name)
            number(UInt32(sizes.count))
            for size in sizes { number(size) }
            number(type)
            number(offset)
        }

        mutating func data(_ count: Int, alignment: Int = 32) {
            bytes += [UInt8](repeating: 0, count: (alignment - bytes.count % alignment) % alignment + count)
        }
    }

    /// The error message of opening a file; "nothing" if it opens.
    private func complaint(_ writer: Writer) throws -> String {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.gguf")
            try Data(writer.bytes).write(to: url)
            do {
                let file = try GGUFFile(contentsOf: url)
                for name in file.tensorNames { _ = try file.tensor(name) }
                return "nothing"
            } catch { return "\(error)" }
        }
    }

    @Test func `false counts are refused before anything is allocated`() throws {
        #expect(
            try complaint(Writer(tensors: 1 << 60)).contains("it claims 1152921504606846976 tensors")
        )
        #expect(try complaint(Writer(values: .max)).contains("metadata values, more than its"))
        var long = Writer(values: 1)
        long.string("a", length: 1 << 62)
        long.data(32)
        #expect(try complaint(long).contains("bytes of text, more than its"))
        var list = Writer(values: 1)
        list.string("a")
        list.number(UInt32(9))
        list.number(UInt32(4))
        list.number(UInt64(1) << 61)
        #expect(try complaint(list).contains("list elements, more than its"))
    }

    @Test func `nested lists and unknown types are refused`() throws {
        for (type, element, part) in [
            (9, 9, "a list of unsupported type 9"), (9, 77, "of unsupported type 77"), (99, 0, "type 99"),
        ] {
            var writer = Writer(values: 1)
            writer.string("a")
            writer.number(UInt32(type))
            writer.number(UInt32(element))
            writer.number(UInt64(1))
            writer.data(64)
            #expect(try complaint(writer).contains(part))
        }
        var writer = Writer(tensors: 1)
        writer.tensor("w", [4], type: 31)
        writer.data(64)
        #expect(
            try complaint(writer).contains("tensor \"w\" has the unknown type 31; supported are F32, F16")
        )
    }

    @Test(arguments: [
        (UInt32(0), "its alignment of 0"), (12, "of 12 bytes"), (1 << 30, "of 1073741824 bytes"),
    ])
    func `an invalid alignment is refused`(alignment: UInt32, part: String) throws {
        var writer = Writer(tensors: 1, values: 1)
        writer.value("general.alignment", alignment)
        writer.tensor("w", [4])
        writer.data(64)
        #expect(try complaint(writer).contains(part))
    }

    @Test func `tensors that overlap are refused by name`() throws {
        var writer = Writer(tensors: 2)
        writer.tensor("a", [16])
        writer.tensor("b", [16], offset: 32)
        writer.data(96)
        #expect(try complaint(writer).contains("tensor \"b\" overlaps tensor \"a\""))
    }

    @Test(arguments: [
        ([UInt64(1) << 40, 1 << 40], UInt32(0), UInt64(0), "would be larger than any memory"),
        ([0, 1 << 62, 1 << 62], 0, 0, "would be larger than any memory"),
        ([UInt64.max], 0, 0, "has an invalid dimension"),
        ([4], 0, .max, "has an invalid offset"),
        ([4], 0, UInt64(Int.max), "ends beyond the file's last byte"),
        ([1000], 0, 0, "ends beyond the file's last byte"),
        ([33], 2, 0, "has rows that are not a whole number of blocks"),
        ([], 2, 0, "has rows that are not a whole number of blocks"),
        ([1, 1, 1, 1, 1], 0, 0, "has 5 dimensions"),
    ])
    func `an invalid tensor is refused by name`(
        sizes: [UInt64],
        type: UInt32,
        offset: UInt64,
        part: String
    ) throws {
        var writer = Writer(tensors: 1)
        writer.tensor("w", sizes, type: type, offset: offset)
        writer.data(64)
        let message = try complaint(writer)
        #expect(message.contains(part) && message.contains("tensor \"w\""), "\(message)")
    }

    @Test func `duplicate names are refused`() throws {
        var values = Writer(values: 2)
        values.value("a", 1)
        values.value("a", 2)
        #expect(try complaint(values).contains("two values for \"a\""))
        var tensors = Writer(tensors: 2)
        tensors.tensor("w", [4])
        tensors.tensor("w", [4], offset: 32)
        tensors.data(64)
        #expect(try complaint(tensors).contains("two tensors have the name \"w\""))
    }

    @Test func `other versions and byte orders have their own errors`() throws {
        #expect(try complaint(Writer(version: 1)).contains("GGUF version 1; supported are 2 and 3"))
        #expect(try complaint(Writer(version: UInt32(3).byteSwapped)).contains("big-endian"))
    }

    @Test func `an empty tensor and a scalar are valid`() throws {
        var writer = Writer(tensors: 2)
        writer.tensor("empty", [4, 0])
        writer.tensor("scalar", [])
        writer.data(32)
        #expect(try complaint(writer) == "nothing")
    }

    @Test func `a pipe is refused without hanging, and a file that shrinks is an error`() throws {
        try withTemporaryFolder { folder in
            let pipe = folder.appending(path: "pipe.gguf")
            mkfifo(pipe.path(percentEncoded: false), 0o600)
            #expect { try GGUFFile(contentsOf: pipe) } throws: { "\($0)".contains("is not a file") }
            let url = folder.appending(path: "x.gguf")
            var writer = Writer(tensors: 1)
            writer.tensor("w", [10_000])
            writer.data(40_000)
            try Data(writer.bytes).write(to: url)
            let file = try GGUFFile(contentsOf: url)
            truncate(url.path(percentEncoded: false), 64)
            #expect { try file.tensor("w") } throws: { "\($0)".contains("when it was opened and has 64 now") }
        }
    }
}
