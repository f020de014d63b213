import Checkpoints
import Foundation
import TestSupport
import Testing
import Torch

struct GGUFTests {
    private let url = Fixture.folder.appending(path: "checkpoints/quantised.gguf")

    @Test func `every storage type dequantizes to the same bits as gguf-py`() throws {
        let file = try GGUFFile(contentsOf: url)
        let expected = try SafetensorsFile(
            contentsOf: Fixture.folder.appending(path: "checkpoints/dequantised.safetensors")
        )
        #expect(file.tensorNames == expected.tensorNames)
        #expect(file.tensorNames.count == 15)
        for name in file.tensorNames {
            let ours = try file.tensor(name).array(of: Float.self).map(\.bitPattern)
            let theirs = try expected.tensor(name).array(of: Float.self).map(\.bitPattern)
            #expect(ours == theirs, "\(name)")
        }
    }

    @Test func `metadata is typed`() throws {
        let metadata = try GGUFFile(contentsOf: url).metadata
        #expect(metadata["test.uint32"]?.int == 7)
        #expect(metadata["test.float32"]?.double == 0.5)
        #expect(metadata["test.bool"]?.bool == true)
        #expect(metadata["test.string"]?.string == "naïve 😀")
        #expect(metadata["test.strings"]?.strings == ["a", "", "é"])
        #expect(metadata["test.ints"]?.ints == [1, -2, 3])
    }

    @Test func `a file truncated at any byte is refused without a crash`() throws {
        let data = try Data(contentsOf: url)
        try withTemporaryFolder { folder in
            let cut = folder.appending(path: "cut.gguf")
            // The padding after the last tensor may be missing.
            for count in stride(from: 0, to: data.count - 700, by: 97) {
                try data.prefix(count).write(to: cut)
                #expect(throws: CheckpointError.self, "\(count) bytes") { try GGUFFile(contentsOf: cut) }
            }
            try data.prefix(data.count / 2).write(to: cut)
            #expect { try GGUFFile(contentsOf: cut) } throws: { "\($0)".contains("it is truncated") }
        }
    }

    @Test func `no changed byte causes a crash`() throws {
        let data = try Data(contentsOf: url)
        var random = SystemRandomNumberGenerator()
        try withTemporaryFolder { folder in
            let mutated = folder.appending(path: "mutated.gguf")
            for _ in 0..<300 {
                var bytes = data
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    bytes[Int.random(in: 0..<1400, using: &random)] = UInt8.random(
                        in: 0...255,
                        using: &random
                    )
                }
                try bytes.write(to: mutated)
                // The result does not matter, only that reading returns.
                if let file = try? GGUFFile(contentsOf: mutated) {
                    for name in file.tensorNames { _ = try? file.tensor(name) }
                }
            }
        }
    }

    @Test(arguments: [1, 2])
    func `a part of a split file opens, and its error says how to merge the parts`(number: Int) throws {
        let name = "tiny-split-0000\(number)-of-00002.gguf"
        let file = try GGUFFile(contentsOf: Fixture.folder.appending(path: "gguf-vocabularies/\(name)"))
        let error = #expect(throws: CheckpointError.self) { try file.requireWhole() }
        let message = error?.message ?? ""
        #expect(message.contains("\(name) is part \(number) of 2 of a split model"), "\(message)")
        #expect(message.contains("llama-gguf-split --merge"))
        #expect(message.contains("tiny-split-00001-of-00002.gguf ") && message.hasSuffix("tiny-split.gguf"))
        try GGUFFile(contentsOf: Fixture.folder.appending(path: "gguf-vocabularies/tiny.gguf")).requireWhole()
    }

    @Test func `a file that is not GGUF is reported`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "x.gguf")
            try Data("not a model".utf8).write(to: url)
            #expect { try GGUFFile(contentsOf: url) } throws: {
                "\($0)".contains("does not begin with \"GGUF\"")
            }
        }
        #expect { try GGUFFile(contentsOf: URL(filePath: "nowhere.gguf")) } throws: {
            ($0 as? CheckpointError)?.code == .missing
        }
    }
}
