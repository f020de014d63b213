import Attune
import Foundation
import TestSupport
import Testing

@Suite struct MeasuredProductsTests {
    /// Writes other speeds into a measurement's file.
    private func forge(_ file: URL, _ change: (String) -> String) throws {
        try Data(change(String(contentsOf: file, encoding: .utf8)).utf8).write(to: file)
    }

    @Test func `a machine is measured once, and the file is taken from then on`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "not/yet/there")
            let first = try MeasuredProducts.find(in: place)
            let file = try #require(first.file)
            #expect(first.speeds.float32[.mkl] ?? 0 > 0)
            #expect(try MeasuredProducts.find(in: place) == first)
            // Speeds that no machine has can only come from the file.
            try forge(file) { $0.replacing(#/"bf16": [0-9.e+]+/#, with: "\"bf16\": 12345678") }
            let forged = try MeasuredProducts.find(in: place)
            #expect(forged.speeds.bfloat16 == 12_345_678)
            #expect(forged.speeds.fastest.bfloat16 == .bfloat16)
            // `attune doctor` measures again.
            #expect(try MeasuredProducts.measure(in: place).speeds.bfloat16 < 12_345_678)
            #expect(try MeasuredProducts.find(in: place).speeds.bfloat16 < 12_345_678)
        }
    }

    @Test(arguments: ["", "{", "{}", "[1]"])
    func `a damaged file, or one of another machine, is measured again`(text: String) throws {
        try withTemporaryFolder { folder in
            let file = try #require(try MeasuredProducts.measure(in: folder).file)
            try forge(file) { _ in text }
            #expect(try MeasuredProducts.find(in: folder).speeds.float32[.mkl] ?? 0 > 0)
            try forge(file) {
                $0.replacing("\"threads\": ", with: "\"threads\": 9").replacing(
                    "\"bf16\": ",
                    with: "\"bf16\": 1234567"
                )
            }
            #expect(try MeasuredProducts.find(in: folder).speeds.bfloat16 < 1_000_000)
        }
    }

    @Test func `a folder that cannot be written costs a measurement each time and nothing else`() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "file")
            try Data().write(to: file)
            let found = try MeasuredProducts.find(in: file)
            #expect(found.file == nil)
            #expect(found.speeds.bfloat16 > 0)
        }
    }
}
