package import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Why a file cannot be read or written.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// There is no such file.
        case missing
        /// It may not be read or written.
        case notAllowed
        /// The disk is full.
        case diskFull
        /// Something is there that would be overwritten.
        case exists
        /// Reading or writing failed otherwise.
        case inputOutput
    }

    /// The kind of failure.
    public var code: Code
    /// What is wrong, with which file, and what to do.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// What the file manager says of a file or folder that could not be moved or removed.
    package init(changing place: URL, _ error: any Error) {
        let path = place.path(percentEncoded: false)
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        if let cause, cause.domain == NSPOSIXErrorDomain {
            self.init(writing: path, errorCode: Int32(cause.code))
        } else {
            self.init(.inputOutput, "cannot move or remove \(path): \(error.localizedDescription)")
        }
    }

    /// What the system says of a file that could not be read.
    init(reading path: String, errorCode: Int32) {
        let code: Code =
            switch errorCode {
            case ENOENT, ENOTDIR: .missing
            case EACCES, EPERM: .notAllowed
            default: .inputOutput
            }
        let advice =
            switch code {
            case .missing: "there is no such file"
            case .notAllowed: "you may not read it; check its permissions"
            default: String(cString: strerror(errorCode))
            }
        self.init(code, "cannot read \(path): \(advice)")
    }

    /// What the system says of a file that could not be written.
    init(writing path: String, errorCode: Int32) {
        let code: Code =
            switch errorCode {
            case ENOSPC, EDQUOT: .diskFull
            case EACCES, EPERM, EROFS: .notAllowed
            default: .inputOutput
            }
        let advice =
            switch code {
            case .diskFull: "the disk is full; free some room, or write elsewhere"
            case .notAllowed: "you may not write there; check its permissions, or write elsewhere"
            default:
                errorCode == EFBIG
                    ? "the file would be larger than this process may write; raise the limit (ulimit -f)"
                    : String(cString: strerror(errorCode))
            }
        self.init(code, "cannot write \(path): \(advice)")
    }
}
