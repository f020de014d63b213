import ArgumentParser
import Files
import Foundation

// Everything that a command writes passes through here, where each write is checked.

/// Prints a result to standard output.
///
/// It takes the place of the standard library's function, which ignores failures.
///
/// - Parameters:
///   - text: The result.
///   - terminator: What follows it.
/// - Throws: `.readerGone`; `.diskFull` or `.inputOutput` with how much was written.
func print(_ text: String, terminator: String = "\n") throws(FileError) {
    try StandardStreams.write(text + terminator)
}

/// Progress and notes go here; results go to standard output.
///
/// What cannot be written is dropped.
func writeToStandardError(_ text: String) { StandardStreams.writeMessage(text) }

/// A file that a command writes, as it was typed: its name need not be UTF-8.
struct OutputPath: ExpressibleByArgument {
    /// The path itself.
    let path: RawPath

    init(argument: String) { path = TypedArguments.path(argument) }

    /// The path for a person.
    var name: String { path.shown }

    /// Writes the file: it is replaced as a whole, and what is not a regular file is written through.
    ///
    /// - Parameter text: The contents.
    /// - Throws: `FileError`.
    func write(_ text: String) throws(FileError) { try writeAtomically(Data(text.utf8), to: path) }
}

/// Refuses an `--output` that is a file which the command reads, because it would be overwritten.
///
/// A file that is there otherwise is replaced, as people expect of `--output`.
///
/// - Parameters:
///   - output: Where the command writes; nil for standard output.
///   - inputs: Flags and the paths that they were given.
/// - Throws: `ValidationError` naming both flags.
func requireApart(_ output: OutputPath?, from inputs: [(flag: String, path: String?)]) throws {
    guard let output, let place = FileIdentity(output.path) else { return }
    for (flag, path) in inputs where path.map(TypedArguments.path).flatMap(FileIdentity.init) == place {
        throw ValidationError(
            "--output \(output.name) is the file of \(flag), which would be overwritten; write elsewhere"
        )
    }
}
