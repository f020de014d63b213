import ArgumentParser
import Files

/// Refuses an `--output` that is a file which the command reads, because it would be overwritten.
///
/// A file that is there otherwise is replaced, as people expect of `--output`.
///
/// - Parameters:
///   - output: Where the command writes; nil for standard output.
///   - inputs: Flags and the paths that they were given.
/// - Throws: `ValidationError` naming both flags.
func requireApart(_ output: String?, from inputs: [(flag: String, path: String?)]) throws {
    guard let output, let place = FileIdentity(output) else { return }
    for (flag, path) in inputs where path.flatMap(FileIdentity.init) == place {
        throw ValidationError(
            "--output \(output) is the file of \(flag), which would be overwritten; write elsewhere"
        )
    }
}
