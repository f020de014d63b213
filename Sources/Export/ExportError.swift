/// An error in exporting a classifier to another format, or in opening an exported file.
public struct ExportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// A file is missing.
        case missing
        /// A file's content is damaged or contradicts itself.
        case corrupt
        /// The format, or this version, lacks something that the model needs.
        case unsupported
        /// An option has an invalid value, or contradicts another one.
        case badOption
    }

    /// The kind of failure.
    public var code: Code
    /// The problem, its file or setting, and the remedy.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
