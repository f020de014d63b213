import Foundation

/// A run of a fuzzing program over numbered inputs: `PROGRAM SEEDS WORK FIRST COUNT`.
///
/// An input depends only on its number. The current number is in `WORK/at`, so that it is known after a crash.
package struct FuzzRun {
    /// The folder of valid inputs.
    package let seeds: URL
    /// The folder of the current input.
    package let work: URL
    private let numbers: Range<Int>

    /// The most memory of the process, in MB.
    private static let memoryLimit = 2048

    /// Reads the arguments of the process; ends it with exit code 64 if they are wrong.
    package init() {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let first = Int(arguments[3]), let count = Int(arguments[4]) else {
            let name = URL(filePath: arguments[0]).lastPathComponent
            Self.fail("usage: \(name) SEEDS WORK FIRST COUNT", code: 64)
        }
        seeds = URL(filePath: arguments[1], directoryHint: .isDirectory)
        work = URL(filePath: arguments[2], directoryHint: .isDirectory)
        numbers = first..<first + count
    }

    /// Runs every input, and prints how many of each kind were made and read.
    ///
    /// An error, an input of more than a minute, or too much memory ends the process with another exit code than 0.
    ///
    /// - Parameters:
    ///   - words: Words that are put into inputs.
    ///   - body: Makes and reads an input; receives its number and its source of damage.
    /// - Throws: An error if `WORK/at` cannot be written.
    package func eachInput(
        words: [[UInt8]] = Mutator.dataWords,
        _ body: (Int, inout Mutator) throws -> (kind: String, wasRead: Bool)
    ) throws {
        var counts: [String: (inputs: Int, read: Int)] = [:]
        let watchdog = Watchdog()
        watchdog.start()
        for number in numbers {
            watchdog.step()
            var mutator = Mutator(random: SplitMix64(state: UInt64(number)), words: words)
            try Data("\(number)\n".utf8).write(to: work.appending(path: "at"))
            do {
                let (kind, wasRead) = try body(number, &mutator)
                counts[kind, default: (0, 0)].inputs += 1
                if wasRead { counts[kind, default: (0, 0)].read += 1 }
            } catch {
                Self.fail("input \(number): \(error)")
            }
            guard peakMegabytes() < Self.memoryLimit else {
                Self.fail("input \(number): takes \(peakMegabytes()) MB")
            }
        }
        for (kind, count) in counts.sorted(by: { $0.key < $1.key }) {
            print("\(kind) \(count.inputs) \(count.read)")
        }
        print("peak \(peakMegabytes()) MB")
    }

    private static func fail(_ line: String, code: Int32 = 1) -> Never {
        FileHandle.standardError.write(Data((line + "\n").utf8))
        exit(code)
    }
}
