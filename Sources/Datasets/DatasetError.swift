import Files

/// An error in reading, writing or splitting data.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// The file does not exist.
        case missingFile
        /// There is no permission to read the file.
        case notAllowed
        /// The file is damaged, or its contents do not match its name.
        case badFile
        /// A text file is not in the encoding with which it was read.
        case badEncoding
        /// The file name extension belongs to no supported format.
        case unknownFormat
        /// The column does not exist.
        case missingColumn
        /// A file cannot be written.
        case cannotWrite
        /// The program that reads the pipe has ended, which is not a failure.
        case readerGone
        /// The rows do not allow the request, for example because there are too few or only one class.
        case badData
    }

    /// The kind of failure.
    public var code: Code
    /// The problem, the file and line, and how to fix it.
    public var message: String

    /// The settings that the message names, as recipes do: `learning_rate`.
    public let settings: [String]

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
        settings = settingsNamed(in: message)
    }

    /// The message.
    public var description: String { message }
}
