import ArgumentParser
import Files
import Foundation
import JSON

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
    Console.current.close()
    try StandardStreams.write(text + terminator)
}

/// Prints a result that is meant for people to standard output, and folds its lines to the terminal's width.
///
/// - Parameter text: Lines, each ending in a line feed.
/// - Throws: `.readerGone`; `.diskFull` or `.inputOutput` with how much was written.
func printFolded(_ text: String) throws(FileError) {
    let lines = text.folded(to: Terminal.outputColumns, keepsIndented: false)
    try print(lines.joined(separator: "\n"), terminator: "")
}

/// Prints a result as text or as a JSON object.
///
/// - Parameters:
///   - text: The result for people.
///   - object: The result for programs.
///   - asJSON: Whether to print the object.
/// - Throws: `.readerGone`; `.diskFull` or `.inputOutput` with how much was written.
func printResult(_ text: String, _ object: JSONObject, asJSON: Bool) throws(FileError) {
    if asJSON {
        try print(JSONValue.object(object).formatted, terminator: "")
    } else {
        try print(text)
    }
}

/// Writes a note to standard error; results go to standard output.
///
/// `--quiet` leaves it out, and `--json` makes it an event. Text that cannot be written is dropped.
func writeToStandardError(_ text: String) { Console.current.note(text) }

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
