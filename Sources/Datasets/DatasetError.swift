/// Why data cannot be read or split.
public struct DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// There is no such file.
        case missingFile
        /// The file may not be read.
        case notAllowed
        /// The file's contents are not what its name says.
        case badFile
        /// A text file is not in the encoding that it was read in.
        case badEncoding
        /// The name's ending is not of a known format.
        case unknownFormat
        /// There is no such column.
        case missingColumn
        /// A file cannot be written.
        case cannotWrite
        /// The program that reads the pipe has ended, which is no fault.
        case readerGone
        /// The rows do not allow what was asked: too few, one class only.
        case badData
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, in which file and line, and what to do.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
