import Attune
import Foundation
import FuzzSupport

// FuzzExports SEEDS WORK FIRST COUNT: opens the inputs FIRST ..< FIRST + COUNT, each a damaged file that was exported from a folder
// in SEEDS: a single file, or a GGUF file with the model's own files in its metadata.
//
// Inputs depend only on their number. The current input is in WORK and its number in `WORK/at`, so that both are available after
// a crash. WORK should be a memory file system. After a failure Scripts/fuzz-exports restarts this with the next input.

func bytes(_ url: URL) throws -> [UInt8] { Array(try Data(contentsOf: url)) }

/// Exported files.
struct Seeds {
    var containers: [Container] = []
    var ggufs: [[UInt8]] = []

    /// Exports every model folder, in every form that its family has.
    init(_ folder: URL, work: URL) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))
            .sorted()
        for name in names {
            let path = folder.appending(path: name).path(percentEncoded: false)
            let (classifier, _) = try TextClassifier.load(path)
            let file = work.appending(path: "seed.attune")
            for quantization in [nil, .q8_0, .q4_k] as [GGUFWeights?] {
                _ = try SingleFileExport.write(classifier, to: file, quantization: quantization)
                containers.append(try Container(bytes(file)))
            }
            let gguf = work.appending(path: "seed.gguf")
            // llama.cpp does not compute every family.
            guard (try? GGUFExport.write(classifier, to: gguf, .q8_0)) != nil else { continue }
            ggufs.append(try bytes(gguf))
        }
    }
}

/// Makes inputs.
struct Inputs {
    let seeds: Seeds
    let work: URL
    private let check = Check()

    init(seeds: Seeds, work: URL) {
        self.seeds = seeds
        self.work = work
    }

    /// Makes an input and opens it; returns its kind and whether it could be used.
    func run(_ mutator: inout Mutator) throws -> (kind: String, wasRead: Bool) {
        if !seeds.ggufs.isEmpty, mutator.int(0..<4) == 0 {
            let file = work.appending(path: "input.gguf")
            try Data(gguf(&mutator)).write(to: file)
            return ("gguf", try check.passes(file))
        }
        let (kind, contents) = single(&mutator)
        let file = work.appending(path: "input.attune")
        try Data(contents).write(to: file)
        return (kind, try check.passes(file))
    }

    private func single(_ mutator: inout Mutator) -> (kind: String, contents: [UInt8]) {
        var container = seeds.containers[mutator.int(0..<seeds.containers.count)]
        let whole = container.file(index: container.index)
        switch mutator.int(0..<8) {
        case 0:
            let other = seeds.containers[mutator.int(0..<seeds.containers.count)]
            return ("bytes", mutator.damaged(whole, other: other.file(index: other.index), isText: false))
        case 1: return ("header", Self.damagedNumbers(whole, places: 8..<64, &mutator))
        case 2, 3:
            let index = JSONDamage.damaged(container.index, &mutator)
            return ("index", container.file(index: index))
        case 4:
            // Members in another order, without one, or with another's contents.
            let (a, b) = (mutator.int(0..<container.members.count), mutator.int(0..<container.members.count))
            switch mutator.int(0..<3) {
            case 0: container.members.swapAt(a, b)
            case 1: container.members.remove(at: a)
            default: container.members[a].contents = container.members[b].contents
            }
            return ("members", container.file(index: container.index))
        default:
            let place = mutator.int(0..<container.members.count)
            let member = container.members[place]
            container.members[place].contents =
                member.name.hasPrefix("model.")
                ? Self.damagedNumbers(member.contents, places: 0..<min(member.contents.count, 4096), &mutator)
                : JSONDamage.damaged(member.contents, &mutator)
            return (member.name, container.file(index: container.index))
        }
    }

    private func gguf(_ mutator: inout Mutator) -> [UInt8] {
        let seed = seeds.ggufs[mutator.int(0..<seeds.ggufs.count)]
        guard mutator.int(0..<3) > 0 else {
            let other = seeds.ggufs[mutator.int(0..<seeds.ggufs.count)]
            return mutator.damaged(seed, other: other, isText: false)
        }
        // The metadata is in the first part.
        return Self.damagedNumbers(seed, places: 0..<seed.count / 2, &mutator)
    }

    /// Replaces some bytes by numbers that readers interpret.
    private static func damagedNumbers(
        _ file: [UInt8],
        places: Range<Int>,
        _ mutator: inout Mutator
    ) -> [UInt8] {
        var file = file
        guard !places.isEmpty else { return file }
        for _ in 0..<[1, 1, 1, 2, 4][mutator.int(0..<5)] {
            let place = mutator.int(places)
            let number = Mutator.numbers[mutator.int(0..<Mutator.numbers.count)]
            for index in 0..<min([1, 1, 4, 8][mutator.int(0..<4)], file.count - place) {
                file[place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
            }
        }
        return file
    }
}

let fuzzing = FuzzRun()
let inputs = Inputs(seeds: try Seeds(fuzzing.seeds, work: fuzzing.work), work: fuzzing.work)
try fuzzing.eachInput { _, mutator in try inputs.run(&mutator) }
