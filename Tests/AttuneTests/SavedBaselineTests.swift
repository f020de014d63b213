import Attune
import Evaluation
import Files
import Foundation
import Models
import TestSupport
import Testing

struct SavedBaselineTests {
    private let texts = ["red car", "red bus", "blue car", "blue bus", "green bus", "green car"]

    private func saved(_ truth: ScoredRows.Truth, _ labels: [String], pair: String? = nil) -> SavedBaseline {
        SavedBaseline(
            LinearBaseline(training: texts, truth, labels: labels),
            textColumn: "text",
            textPairColumn: pair
        )
    }

    @Test func `a saved baseline is read back with the same bits, for every kind of answer`() throws {
        let baselines = [
            saved(.classes([0, 0, 1, 1, 2, 2]), ["red", "blue", "green \"x\"", "none"]),
            saved(.classes([0, 0, 1, 1, 1, 1]), ["red", "other"], pair: "second"),
            saved(.labelSets([[0], [0, 1], [], [1], [1], []]), ["red", "bus"]),
            saved(.numbers([1, 2, 3, 4, 5, 6.5]), ["stars"]),
            saved(.classes([1, 1, 1, 1, 1, 1]), ["never", "always"]),
        ]
        for baseline in baselines {
            try withTemporaryFolder { folder in
                let place = folder.appending(path: "new/folder")
                try baseline.save(to: place)
                let read = try SavedBaseline(folder: place)
                #expect(read == baseline)
                #expect(read.predictions(of: texts) == baseline.predictions(of: texts))
            }
        }
        #expect(baselines[0].predictions(of: texts).map(\.label).prefix(4) == ["red", "red", "blue", "blue"])
    }

    @Test func `a missing, cut, longer or foreign file is refused by name`() throws {
        try withTemporaryFolder { folder in
            #expect(throws: ModelError.self) { try SavedBaseline(folder: folder) }
            try saved(.classes([0, 0, 1, 1, 2, 2]), ["a", "b", "c"]).save(to: folder)
            let file = folder.appending(path: SavedBaseline.fileName)
            let whole = try Data(contentsOf: file)
            for data in [
                Data(), whole.prefix(7), whole.prefix(40), whole.dropLast(), whole + [0],
                Data(repeating: 255, count: 64), Data([2, 0, 0, 0, 0, 0, 0, 0]) + Data("{}".utf8),
            ] {
                try data.write(to: file)
                let error = #expect(throws: ModelError.self) { try SavedBaseline(folder: folder) }
                #expect(error?.code == .mismatchedCheckpoint)
                #expect(error?.description.contains("baseline.bin is damaged") == true)
            }
        }
    }
}
