import Datasets
import Foundation
import FuzzSupport

// FuzzData SEEDS WORK FIRST COUNT: reads the inputs FIRST ..< FIRST + COUNT, each a damaged file of the folder SEEDS.
//
// Inputs depend only on their number. The current input is in WORK and its number in `WORK/at`, so that both are available after
// a crash. WORK should be a memory file system. After a failure Scripts/fuzz-data restarts this with the next input.

/// A file to damage.
///
/// Its name shows the format.
struct Seed {
    var name: String
    var bytes: [UInt8]
    var isText: Bool { ["csv", "tsv", "tab", "json", "jsonl", "txt", "md"].contains { name.hasSuffix($0) } }
    /// The kind of input, for counting.
    var kind: String { name.split(separator: ".").dropFirst().suffix(2).joined(separator: ".") }
}

let fuzzing = FuzzRun()
let seeds = try FileManager.default.contentsOfDirectory(atPath: fuzzing.seeds.path(percentEncoded: false))
    .sorted().map { name in
        Seed(name: name, bytes: Array(try Data(contentsOf: fuzzing.seeds.appending(path: name))))
    }
var check = Check(folder: fuzzing.work)
check.storage.temporaryFolder = fuzzing.work

try fuzzing.eachInput { number, mutator in
    let seed = seeds[mutator.int(0..<seeds.count)]
    let other = seeds[mutator.int(0..<seeds.count)]
    let bytes = mutator.damaged(seed.bytes, other: other.bytes, isText: seed.isText)
    check.storage.memoryLimit = mutator.int(0..<4) == 0 ? mutator.int(0..<2000) : 1 << 30
    var url = fuzzing.work.appending(path: "\(number)-\(seed.name)")
    let input = url
    try Data(bytes).write(to: input)
    // A dataset card needs files that it may name.
    if seed.name.hasSuffix(".md") {
        url = fuzzing.work.appending(path: "folder")
        try? FileManager.default.removeItem(at: url)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try Data(bytes).write(to: url.appending(path: "README.md"))
        for name in ["train.csv", "test.csv", "a-0.csv"] {
            try Data("text,label\nx,y\n".utf8).write(to: url.appending(path: name))
        }
    }
    let wasRead = try check.read(url, thoroughly: number % 8 == 0)
    // If it fails, the input remains.
    try? FileManager.default.removeItem(at: input)
    return (seed.kind, wasRead)
}
