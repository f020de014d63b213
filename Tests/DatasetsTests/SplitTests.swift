import Datasets
import JSON
import TestSupport
import Testing

/// Compares rows with those of datasets: all of up to 64; for more, the count, both ends and an order-sensitive checksum.
private func expect(_ rows: [Int], toBe fixture: JSONValue, _ context: String) {
    #expect(rows.count == fixture["count"].int, "\(context)")
    func numbers(_ name: String) -> [Int]? { fixture[name].array?.compactMap(\.int) }
    if let all = numbers("all") {
        #expect(rows == all, "\(context)")
    } else {
        #expect(Array(rows.prefix(8)) == numbers("first"), "\(context)")
        #expect(Array(rows.suffix(8)) == numbers("last"), "\(context)")
        #expect(checksum(rows) == fixture["checksum"].string, "\(context)")
    }
}

/// FNV-1a over the little-endian 64-bit values.
private func checksum(_ rows: [Int]) -> String {
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for row in rows {
        for byte in 0..<8 {
            digest = (digest ^ UInt64(truncatingIfNeeded: row >> (8 * byte)) & 0xFF) &* 0x100_0000_01B3
        }
    }
    let text = String(digest, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
}

/// The same labels as in make_dataset_fixtures.py.
private func labels(_ balance: String, _ n: Int) -> [Int] {
    (0..<n).map { i in
        switch balance {
        case "two": (i * 7) % 2
        case "sixty-forty": (i * 37) % 100 < 40 ? 1 : 0
        case "five-even": (i * 13) % 5
        case "long-tail": min(Int.bitWidth - ((i * 29) % 64 + 1).leadingZeroBitCount - 1, 5)
        default: i == 0 || i == n - 1 ? 1 : 0
        }
    }
}

private func dataset(_ labels: [Int]) throws -> Dataset {
    try Dataset(columns: [
        ("row", labels.indices.map { "\($0)" }), ("label", labels.map { "\($0)" }),
    ])
}

private func rows(_ dataset: Dataset) throws -> [Int] {
    try dataset.strings("row").map { try #require($0.flatMap { Int($0) }) }
}

struct SplitTests {
    @Test func `splits and stratified splits equal those of datasets, row by row`() throws {
        let cases = try Fixture.cases("datasets-5.2.0/splits.json")
        #expect(cases.count >= 50)
        for fixture in cases {
            let n = try #require(fixture["n"].int)
            let size = try #require(fixture["size"].double)
            let data = try dataset(labels(fixture["balance"].string ?? "", n))
            let context = fixture["balance"].oneLine + " n \(n) size \(size) seed \(fixture["seed"].oneLine)"
            let split = Result { () throws(DatasetError) in
                try data.trainTestSplit(
                    testSize: size < 1 ? .fraction(size) : .count(Int(size)),
                    stratifyBy: fixture["stratified"].bool == true ? "label" : nil,
                    seed: UInt64(fixture["seed"].int ?? 0)
                )
            }
            switch split {
            case .success(let parts):
                #expect(fixture["error"] == .null, "\(context)")
                try expect(rows(parts.train), toBe: fixture["train"], context)
                try expect(rows(parts.test), toBe: fixture["test"], context)
            case .failure: #expect(fixture["error"].string != nil, "\(context)")
            }
        }
    }

    @Test func `class counts are rounded as in datasets, with ties broken by the same draws`() throws {
        for fixture in try Fixture.cases("datasets-5.2.0/approximate-modes.json") {
            var random = PCG64(seed: try #require(fixture["seed"].string.flatMap { UInt64($0) }))
            let drawn = StratifiedSplit.approximateMode(
                try fixture["counts"].integers(),
                draws: try #require(fixture["draws"].int),
                &random
            )
            #expect(try drawn == fixture["drawn"].integers(), "\(fixture.oneLine)")
            #expect(random.next() == fixture["after"].string.flatMap { UInt64($0) })
        }
    }

    @Test func `shuffles equal those of datasets`() throws {
        for fixture in try Fixture.cases("datasets-5.2.0/shuffles.json") {
            let data = try dataset([Int](repeating: 0, count: #require(fixture["n"].int)))
            let seed = UInt64(try #require(fixture["seed"].int))
            try expect(rows(data.shuffle(seed: seed)), toBe: fixture["rows"], fixture.oneLine)
        }
    }

    @Test func `class encodings equal those of datasets and distinguish canonically equivalent names`() throws
    {
        for fixture in try Fixture.cases("datasets-5.2.0/class-encodings.json") {
            // Our readers return numbers and Booleans as text, in Python's format, as datasets does.
            let values = try fixture["values"].elements().map { value -> String? in
                switch value {
                case .string(let text), .number(let text): text
                case .bool(let flag): flag ? "True" : "False"
                default: nil
                }
            }
            let label = ClassLabel(values: values)
            let names = try fixture["names"].strings()
            #expect(label.names.map { Array($0.utf8) } == names.map { Array($0.utf8) })
            #expect(try label.encode(values) == fixture["ids"].elements().map(\.int))
        }
    }

    @Test func `the error for a class with one row names it and gives a remedy`() throws {
        let data = try dataset([0, 0, 0, 1])
        #expect {
            try data.trainTestSplit(testSize: .count(2), stratifyBy: "label", seed: 0)
        } throws: { error in
            "\(error)".contains("only one row (\"1\")") && "\(error)".contains("without --stratify-by")
        }
    }
}

struct PCG64Tests {
    @Test func `streams and bounded integers equal those of NumPy`() throws {
        for fixture in try Fixture.cases("datasets-5.2.0/numpy-streams.json") {
            let seed = try #require(fixture["seed"].string.flatMap { UInt64($0) })
            func numbers(_ value: JSONValue) throws -> [UInt64] {
                try value.strings().map { try #require(UInt64($0)) }
            }
            #expect(try SeedSequence(seed).words(count: 5) == numbers(fixture["words"]))
            var raw = PCG64(seed: seed)
            #expect(try (0..<6).map { _ in raw.next() } == numbers(fixture["raw"]))
            for bounded in try fixture["bounded"].elements() {
                var random = PCG64(seed: seed)
                let last = try #require(bounded["last"].string.flatMap { UInt64($0) })
                #expect(try (0..<5).map { _ in random.integer(through: last) } == numbers(bounded["draws"]))
            }
        }
    }

    @Test func `permutations and choices equal those of NumPy and leave the stream in the same state`() throws
    {
        for fixture in try Fixture.cases("datasets-5.2.0/numpy-permutations.json") {
            var random = PCG64(seed: try #require(fixture["seed"].string.flatMap { UInt64($0) }))
            let count = try #require(fixture["count"].int)
            expect(random.permutation(count), toBe: fixture["permutation"], "permutation of \(count)")
            expect(random.permutation(count), toBe: fixture["again"], "second permutation of \(count)")
        }
        for fixture in try Fixture.cases("datasets-5.2.0/numpy-choices.json") {
            var random = PCG64(seed: try #require(fixture["seed"].string.flatMap { UInt64($0) }))
            let population = try #require(fixture["population"].int)
            let picked = random.choice(Array(0..<population), count: try #require(fixture["count"].int))
            expect(picked, toBe: fixture["picked"], fixture.oneLine)
            #expect(random.next() == fixture["after"].string.flatMap { UInt64($0) })
        }
    }
}
