import ArgumentParser
import Files
import Foundation

// All output of commands is written here, and every write is checked.

/// Prints a result to standard output.
///
/// Replaces the standard library's function, which ignores write failures.
///
/// - Parameters:
///   - text: The result to print.
///   - terminator: Text to print after it.
/// - Throws: `.readerGone`; `.diskFull` or `.inputOutput` with how much was written.
func print(_ text: String, terminator: String = "\n") throws(FileError) {
    try StandardStreams.write(text + terminator)
}

/// Writes progress and notes to standard error; results go to standard output.
///
/// Text that cannot be written is dropped.
func writeToStandardError(_ text: String) { StandardStreams.writeMessage(text) }

/// The path of an output file, as typed.
///
/// Its name need not be UTF-8.
struct OutputPath: ExpressibleByArgument {
    /// The path itself.
    let path: RawPath

    init(argument: String) { path = TypedArguments.path(argument) }

    /// The path to show.
    var name: String { path.shown }

    /// Writes the file.
    ///
    /// A regular file is replaced atomically; anything else, such as a pipe, is written to.
    ///
    /// - Parameter text: The contents.
    /// - Throws: `FileError`.
    func write(_ text: String) throws(FileError) { try writeAtomically(Data(text.utf8), to: path) }
}

/// Refuses an `--output` that is also an input file, because the input would be overwritten.
///
/// Any other existing file is replaced, as people expect of `--output`.
///
/// - Parameters:
///   - output: The output file; nil for standard output.
///   - inputs: Flags and the paths given for them.
/// - Throws: `ValidationError` naming both flags.
func requireApart(_ output: OutputPath?, from inputs: [(flag: String, path: String?)]) throws {
    guard let output, let place = FileIdentity(output.path) else { return }
    for (flag, path) in inputs where path.map(TypedArguments.path).flatMap(FileIdentity.init) == place {
        throw ValidationError(
            "--output \(output.name) is also the file of \(flag), which would be overwritten; give another --output"
        )
    }
}
