import Files
package import Foundation
import JSON

/// The file in which torchrun expects a failed process's reason, for its report.
///
/// Source: `torch.distributed.elastic.multiprocessing.errors`. In this form torchrun prints the message as it is.
package struct LauncherErrorFile: Sendable, Equatable {
    /// The file's place, from `TORCHELASTIC_ERROR_FILE`.
    package var url: URL

    /// Creates the description of a file; it is not written yet.
    ///
    /// - Parameter url: The file's place.
    package init(url: URL) { self.url = url }

    /// Writes the reason of this process's failure.
    ///
    /// The file appears complete: half of it would end torchrun itself with an error. A file that cannot be written is
    /// ignored, because the process fails already and prints the reason, too.
    ///
    /// - Parameters:
    ///   - message: The reason.
    ///   - time: The time of the failure. torchrun takes the earliest one for the root cause.
    package func write(message: String, at time: Date = Date()) {
        let seconds = Int(time.timeIntervalSince1970)
        let text = JSONValue.object(["message": .string(message), "timestamp": .int(seconds)]).oneLine
        try? writeAtomically(Data(text.utf8), to: url)
    }
}
