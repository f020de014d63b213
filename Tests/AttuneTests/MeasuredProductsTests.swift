import Attune
import Foundation
import TestSupport
import Testing

@Suite struct MeasuredProductsTests {
    /// Writes other speeds to a measurement's file.
    private func forge(_ file: URL, _ change: (String) -> String) throws {
        try Data(change(String(contentsOf: file, encoding: .utf8)).utf8).write(to: file)
    }

    @Test func `a machine is measured once, and then the file is used`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "not/yet/there")
            // Other tests keep the machine busy.
            let first = try MeasuredProducts.measure(in: place, isBusy: false)
            let file = try #require(first.file)
            #expect(first.speeds.float32[.mkl] ?? 0 > 0)
            #expect(try MeasuredProducts.find(in: place) == first)
            // Impossible speeds can only come from the file.
            try forge(file) { $0.replacing(#/"bf16": [0-9.e+]+/#, with: "\"bf16\": 12345678") }
            let forged = try MeasuredProducts.find(in: place)
            #expect(forged.speeds.fastestBFloat16 == 12_345_678)
            #expect(forged.speeds.fastest.bfloat16.isNarrow)
            // `attune doctor` measures again.
            #expect(
                try MeasuredProducts.measure(in: place, isBusy: false).speeds.fastestBFloat16 < 12_345_678
            )
            #expect(try MeasuredProducts.find(in: place).speeds.fastestBFloat16 < 12_345_678)
        }
    }

    @Test(arguments: ["", "{", "{}", "[1]"])
    func `with a damaged file, or one from another machine, products are measured again`(text: String) throws
    {
        try withTemporaryFolder { folder in
            let file = try #require(try MeasuredProducts.measure(in: folder, isBusy: false).file)
            try forge(file) { _ in text }
            #expect(try MeasuredProducts.find(in: folder).speeds.float32[.mkl] ?? 0 > 0)
            try forge(file) {
                $0.replacing("\"threads\": ", with: "\"threads\": 9").replacing(
                    "\"bf16\": ",
                    with: "\"bf16\": 1234567"
                )
            }
            #expect(try MeasuredProducts.find(in: folder).speeds.fastestBFloat16 < 1_000_000)
        }
    }

    @Test func `a measurement on a busy machine is saved as such, so that all runs take the same routes`()
        throws
    {
        try withTemporaryFolder { folder in
            let busy = try MeasuredProducts.measure(in: folder, isBusy: true)
            #expect(busy.wasMachineBusy && busy.file != nil && busy.speeds.fastestBFloat16 > 0)
            #expect(try MeasuredProducts.find(in: folder) == busy)
            let quiet = try MeasuredProducts.measure(in: folder, isBusy: false)
            let file = try #require(quiet.file)
            #expect(!quiet.wasMachineBusy)
            #expect(try MeasuredProducts.find(in: folder) == quiet)
            // It does not replace a better one.
            let before = try Data(contentsOf: file)
            #expect(try MeasuredProducts.measure(in: folder, isBusy: true).file == nil)
            #expect(try Data(contentsOf: file) == before && MeasuredProducts.find(in: folder) == quiet)
        }
    }

    // Version 1 kept measurements of busy machines, version 2 could miss bfloat16's speed.
    @Test(arguments: [1, 2]) func `a file of an earlier version is measured again`(version: Int) throws {
        try withTemporaryFolder { folder in
            let file = try #require(try MeasuredProducts.measure(in: folder, isBusy: false).file)
            try forge(file) {
                $0.replacing("\"version\": 3", with: "\"version\": \(version)").replacing(
                    "\"bf16\": ",
                    with: "\"bf16\": 1234567"
                )
            }
            #expect(try MeasuredProducts.find(in: folder).speeds.fastestBFloat16 < 1_000_000)
        }
    }

    @Test func `with a read-only folder each call measures again, without an error`() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "file")
            try Data().write(to: file)
            let found = try MeasuredProducts.find(in: file)
            #expect(found.file == nil)
            #expect(found.speeds.fastestBFloat16 > 0)
        }
    }
}
