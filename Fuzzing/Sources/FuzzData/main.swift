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

let arguments = CommandLine.arguments
guard arguments.count == 5, let first = Int(arguments[3]), let count = Int(arguments[4]) else {
    FileHandle.standardError.write(Data("usage: FuzzData SEEDS WORK FIRST COUNT\n".utf8))
    exit(64)
}
let work = URL(filePath: arguments[2], directoryHint: .isDirectory)
let seeds = try FileManager.default.contentsOfDirectory(atPath: arguments[1]).sorted().map { name in
    let file = URL(filePath: arguments[1]).appending(path: name)
    return Seed(name: name, bytes: Array(try Data(contentsOf: file)))
}
var counts: [String: (inputs: Int, read: Int)] = [:]
let watchdog = Watchdog()
watchdog.start()
var check = Check(folder: work)
check.storage.temporaryFolder = work

for number in first..<first + count {
    watchdog.step()
    var mutator = Mutator(random: SplitMix64(state: UInt64(number)))
    let seed = seeds[mutator.int(0..<seeds.count)]
    let other = seeds[mutator.int(0..<seeds.count)]
    let bytes = mutator.damaged(seed.bytes, other: other.bytes, isText: seed.isText)
    check.storage.memoryLimit = mutator.int(0..<4) == 0 ? mutator.int(0..<2000) : 1 << 30
    var url = work.appending(path: "\(number)-\(seed.name)")
    let input = url
    try Data(bytes).write(to: input)
    try Data("\(number)\n".utf8).write(to: work.appending(path: "at"))
    // A dataset card needs files that it may name.
    if seed.name.hasSuffix(".md") {
        url = work.appending(path: "folder")
        try? FileManager.default.removeItem(at: url)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try Data(bytes).write(to: url.appending(path: "README.md"))
        for name in ["train.csv", "test.csv", "a-0.csv"] {
            try Data("text,label\nx,y\n".utf8).write(to: url.appending(path: name))
        }
    }
    do {
        let wasRead = try check.read(url, thoroughly: number % 8 == 0)
        counts[seed.kind, default: (0, 0)].inputs += 1
        if wasRead { counts[seed.kind, default: (0, 0)].read += 1 }
    } catch {
        FileHandle.standardError.write(Data("input \(number): \(error)\n".utf8))
        exit(1)
    }
    guard peakMegabytes() < 2048 else {
        FileHandle.standardError.write(Data("input \(number): takes \(peakMegabytes()) MB\n".utf8))
        exit(1)
    }
    try? FileManager.default.removeItem(at: input)
}
for (kind, count) in counts.sorted(by: { $0.key < $1.key }) {
    print("\(kind) \(count.inputs) \(count.read)")
}
print("peak \(peakMegabytes()) MB")
