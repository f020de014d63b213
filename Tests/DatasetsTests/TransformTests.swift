import Datasets
import Foundation
import JSON
import TestSupport
import Testing

/// What the reference makes of one table, step by step (Scripts/fixtures/make_dataset_fixtures.py).
struct TransformTests {
    private static func table() throws -> Dataset {
        try Dataset([
            "text": ["d", "b", nil, "a", "b", "é", "e\u{301}", ""],
            "n": [3, 1, 2, nil, 1, 0, -5, 3],
            "x": [0.5, 1.0, nil, -2.0, 1.0, 3.0, 1e20, 0.25],
            "ok": [true, false, nil, true, true, false, nil, false],
            "tags": [["b", "a"], [], nil, ["a"], ["c", "b"], [], ["a", "a"], nil],
        ])
    }

    /// The reverse of the table, as the reference has it.
    private static func other() throws -> Dataset { try table().select(Array((0..<8).reversed())) }

    private func step(_ step: [JSONValue], on data: Dataset) throws -> Dataset {
        let text = step.count > 1 ? step[1].string ?? "" : ""
        let numbers = (step.count > 1 ? step[1].array ?? [] : []).compactMap(\.int)
        let texts = (step.count > 1 ? step[1].array ?? [] : []).compactMap(\.string)
        switch step[0].string {
        case "select": return data.select(numbers)
        case "filter": return try data.filter { $0["n"].int ?? 0 > 0 }
        case "map":
            return try data.map { row in
                [
                    "twice": row["n"].int.map { .int(2 * $0) } ?? .missing,
                    "text": .string((row["text"].string ?? "") + "!"),
                ]
            }
        case "mapBatches":
            return try data.mapBatches(of: step[1].int ?? 0) { rows in
                ["length": try rows.strings("text").map { .int(($0 ?? "").unicodeScalars.count) }]
            }
        case "rename": return try data.renameColumn(text, to: step[2].string ?? "")
        case "remove": return try data.removeColumns(texts)
        case "keep": return try data.selectColumns(texts)
        case "shuffle": return data.shuffle(seed: UInt64(step[1].int ?? 0))
        case "cast":
            return try data.castColumn(text, to: .value(#require(ValueType(rawValue: step[2].string ?? ""))))
        case "encode": return try data.classEncodeColumn(text)
        case "concatenate": return try Dataset.concatenate([data, Self.other().select(numbers)])
        default: throw DatasetsTestsError(step: step[0].oneLine)
        }
    }

    private struct DatasetsTestsError: Error { var step: String }

    @Test func `every step gives the reference's rows and classes`() throws {
        for fixture in try Fixture.cases("datasets-5.2.0/transforms.json") {
            var data = try Self.table()
            for step in try fixture["steps"].elements() { data = try self.step(step.elements(), on: data) }
            let expected = try #require(fixture["result"]["columns"].object)
            let context = fixture["steps"].oneLine
            #expect(Set(data.columnNames) == Set(expected.members.map(\.name)), "\(context)")
            let contents = try data.contents()
            for column in expected.members {
                // In the file a number such as 1e+20 or 1.0 may look whole.
                let isDouble = try data.feature(of: column.name) == .value(.float64)
                let values = try column.value.elements().map { value in
                    isDouble ? value.double.map(CellValue.double) ?? .missing : CellValue(value)
                }
                #expect(contents[column.name] == values, "\(context) \(column.name)")
            }
            for (name, feature) in data.features {
                let names = fixture["result"]["names"][name].array?.compactMap(\.string).map {
                    Array($0.utf8)
                }
                #expect(feature.classLabel?.names.map { Array($0.utf8) } == names, "\(context) \(name)")
            }
        }
    }

    @Test func `distinct values come in the reference's order`() throws {
        for fixture in try Fixture.cases("datasets-5.2.0/uniques.json") {
            var data = try Self.table()
            if let seed = fixture["seed"].int { data = data.shuffle(seed: UInt64(seed)).select(0..<7) }
            let name = fixture["column"].string ?? ""
            let expected = try fixture["unique"].elements().map { value in
                name == "x" ? value.double.map(CellValue.double) ?? .missing : CellValue(value)
            }
            let found = try data.unique(name)
            #expect(
                found.map { "\($0)".utf8.map { $0 } } == expected.map { "\($0)".utf8.map { $0 } },
                "\(name)"
            )
        }
    }

    @Test func `a stratified split goes by ids, whatever the order of names, and past classes without rows`()
        throws
    {
        for fixture in try Fixture.cases("datasets-5.2.0/unsorted-splits.json") {
            let names = try fixture["names"].strings()
            let labels = try fixture["labels"].elements().map(CellValue.init)
            let data = try Dataset(["row": (0..<40).map(CellValue.int)])
                .addColumn("label", labels, feature: .classLabel(ClassLabel(names: names)))
            let size = try #require(fixture["size"].double)
            let halves = try data.trainTestSplit(
                testSize: size < 1 ? .fraction(size) : .count(Int(size)),
                stratifyBy: "label",
                seed: UInt64(fixture["seed"].int ?? 0)
            )
            for (name, half) in [("train", halves.train), ("test", halves.test)] {
                #expect(try half.rows().map { $0["row"].int } == fixture[name]["all"].integers())
            }
        }
    }

    @Test func `classes of any values are the reference's`() throws {
        for fixture in try Fixture.cases("datasets-5.2.0/class-encodings.json") {
            var values = try fixture["values"].elements().map(CellValue.init)
            if values.contains(where: { if case .double = $0 { true } else { false } }) {
                values = values.map { $0.double.map(CellValue.double) ?? $0 }
            }
            let data = try Dataset(["label": values]).classEncodeColumn("label")
            let names = try fixture["names"].strings()
            #expect(
                try data.feature(of: "label") == .classLabel(ClassLabel(names: names)),
                "\(fixture.oneLine)"
            )
            #expect(try data.contents()["label"]?.map(\.int) == fixture["ids"].elements().map(\.int))
        }
    }

    @Test func `a column holds one type, lists told by their first element that is there`() throws {
        #expect(try Dataset(["a": [[], [nil], [1], nil]]).contents()["a"] == [[], [nil], [1], nil])
        #expect(try Dataset(["a": [[1, 0.5], [2]]]).contents()["a"] == [[1.0, 0.5], [2.0]])
        #expect(throws: DatasetError.self) { try Dataset(["a": [[1, "x"]]]) }
        #expect(throws: DatasetError.self) { try Dataset(["a": [[], 1]]) }
        #expect(throws: DatasetError.self) { try Dataset(["a": [1, []]]) }
        #expect(throws: DatasetError.self) { try Dataset(["a": ["x", 1]]) }
        #expect(throws: DatasetError.self) {
            try Dataset(["a": [1]] as KeyValuePairs).addColumn("b", [.int(1 << 40)], feature: .value(.int32))
        }
    }

    @Test func `mapped columns keep one type over many rows`() throws {
        let rows = 70_000
        let data = try Dataset(["n": (0..<rows).map(CellValue.int)])
        let mapped = try data.mapBatches(of: 10_000) { part in
            let numbers = try part.rows().map { $0["n"].int ?? 0 }
            return [
                "late": numbers.map { $0 < 40_000 ? .missing : .int($0) },
                "list": numbers.map { $0 < 40_000 ? [] : [.int($0)] },
                "wide": numbers.map { $0 < 40_000 ? .int($0) : .double(Double($0) + 0.5) },
            ]
        }
        let found = try mapped.rows()
        #expect(found[5]["late"] == nil && found[5]["list"] == [] && found[5]["wide"] == 5.0)
        #expect(
            found[69_999]["late"] == 69_999 && found[69_999]["list"] == [69_999]
                && found[69_999]["wide"] == 69_999.5
        )
        #expect(throws: DatasetError.self) {
            try data.mapBatches(of: 10_000) { part in
                ["mixed": try part.rows().map { ($0["n"].int ?? 0) < 40_000 ? [] : 1 }]
            }
        }
    }

    @Test func `ids in 32 bits and in 64 are joined`() throws {
        let narrow = try Dataset(["n": [1, nil]]).castColumn("n", to: .value(.int32))
        let wide = try narrow.castColumn("n", to: .value(.int64))
        #expect(throws: DatasetError.self) { try Dataset.concatenate([narrow, wide]) }
        let large = try Dataset(["n": [.int(1 << 40)]])
        #expect(try Dataset.concatenate([wide, large]).contents()["n"] == [1, nil, .int(1 << 40)])
    }

    @Test func `casts that lose something name the row`() throws {
        #expect { try Dataset(["x": ["1", "2", "x"]]).castColumn("x", to: .value(.int64)) } throws: {
            "\($0)".hasPrefix("row 3: column \"x\" holds \"x\", which cannot become int64")
        }
        #expect(throws: DatasetError.self) { try Dataset(["x": [0.5]]).castColumn("x", to: .value(.int64)) }
        #expect(throws: DatasetError.self) {
            try Dataset(["x": [.int(1 << 40)]]).castColumn("x", to: .value(.int32))
        }
    }
}
