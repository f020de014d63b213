import TestSupport
import Testing

@testable import Datasets

/// Stratified hold-outs, also in cases that datasets refuses.
struct HoldOutTests {
    private func dataset(_ labels: [String?]) throws -> Dataset {
        try Dataset([
            "row": labels.indices.map(CellValue.int),
            "label": labels.map { $0.map(CellValue.string) ?? .missing },
        ])
    }

    private func rows(_ data: Dataset) throws -> [Int?] { try data.rows().map { $0["row"].int } }

    private func labels(_ data: Dataset) throws -> [String?] { try data.strings("label") }

    @Test(arguments: [0.2, 0.5], [0, 1, 42] as [UInt64])
    func `the rows equal those of a stratified split whenever that is possible`(
        size: Double,
        seed: UInt64
    ) throws {
        let data = try dataset((0..<50).map { $0 % 5 == 0 ? "rare" : $0 % 2 == 0 ? "often" : "sometimes" })
        for rows in [data, try data.classEncodeColumn("label")] {
            let parts = try rows.holdOut(.fraction(size), keepingSharesOf: "label", seed: seed)
            let split = try rows.trainTestSplit(testSize: .fraction(size), stratifyBy: "label", seed: seed)
            #expect(try self.rows(parts.train) == self.rows(split.train))
            #expect(try self.rows(parts.test) == self.rows(split.test))
            #expect(parts.singleRowClasses.isEmpty && parts.absentClasses.isEmpty)
        }
    }

    @Test func `a class of one row is trained on, and the others keep their shares`() throws {
        let data = try dataset((0..<20).map { $0 % 2 == 0 ? "a" : "b" } + ["once", "only"])
        #expect(throws: DatasetError.self) {
            try data.trainTestSplit(testSize: .fraction(0.25), stratifyBy: "label", seed: 1)
        }
        let parts = try data.holdOut(.fraction(0.25), keepingSharesOf: "label", seed: 1)
        #expect(parts.singleRowClasses == ["once", "only"])
        // A quarter of all 22 rows, rounded up.
        let test = try labels(parts.test)
        #expect(test.count == 6 && test.count { $0 == "a" } == 3 && test.count { $0 == "b" } == 3)
        #expect(try Set(labels(parts.train)) == ["a", "b", "once", "only"])
        #expect(try Set(rows(parts.train) + rows(parts.test)).count == 22)
    }

    @Test func `a hold-out with fewer rows than classes lists the absent classes`() throws {
        let data = try dataset((0..<40).map { "class \($0 / 2)" })
        let parts = try data.holdOut(.count(4), keepingSharesOf: "label", seed: 1)
        #expect(parts.test.count == 4 && parts.train.count == 36)
        let held = try Set(labels(parts.test).compactMap(\.self))
        #expect(
            Set(parts.absentClasses).isDisjoint(with: held) && parts.absentClasses.count + held.count == 20
        )
    }

    @Test func `lists of one label are stratified, too`() throws {
        let data = try Dataset([
            "label": (0..<20).map { row -> CellValue in [.string(row % 4 == 0 ? "rare" : "often")] }
        ])
        let parts = try data.holdOut(.fraction(0.2), keepingSharesOf: "label", seed: 1)
        let rare = try parts.test.rows().map { "\($0["label"])" }.count { $0.contains("rare") }
        #expect(parts.test.count == 4 && rare == 1)
    }

    @Test func `rows without a value, and values with one row each, are refused with a remedy`() throws {
        #expect {
            try dataset(["a", "a", nil, "b", "b"]).holdOut(.count(2), keepingSharesOf: "label", seed: 1)
        } throws: {
            "\($0)".contains("row 3 has no value in column \"label\"")
                && "\($0)".contains("--stratify-by none")
        }
        #expect {
            try dataset((0..<10).map { "\($0)" }).holdOut(.count(2), keepingSharesOf: "label", seed: 1)
        } throws: {
            "\($0)".contains("10 of the 10 rows are the only ones with their value")
        }
    }

    @Test func `a fraction of 1 takes all rows in a sample and is refused in a split`() throws {
        let data = try dataset((0..<6).map { "\($0)" })
        #expect(try rows(data.sample(.fraction(1), seed: 3)) == rows(data))
        #expect(try data.sample(.count(1), seed: 3).count == 1)
        #expect(throws: DatasetError.self) { try data.trainTestSplit(testSize: .fraction(1), seed: 3) }
    }
}
