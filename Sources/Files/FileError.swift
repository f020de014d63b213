package import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An error in reading or writing a file.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Sendable, Equatable {
        /// The file does not exist.
        case missing
        /// The process lacks the permission.
        case notAllowed
        /// The disk is full.
        case diskFull
        /// Something exists that would be overwritten.
        case exists
        /// The program that reads the pipe has ended, which is not an error.
        case readerGone
        /// Another error in reading or writing.
        case inputOutput
    }

    /// The kind of failure.
    public var code: Code
    /// The problem, the file, and the remedy.
    public var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }

    /// The file manager's error for a file or folder that could not be moved or removed.
    package init(changing place: URL, _ error: any Error) {
        let path = place.path(percentEncoded: false)
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        if let cause, cause.domain == NSPOSIXErrorDomain {
            self.init(writing: path, errorCode: Int32(cause.code))
        } else {
            self.init(.inputOutput, "cannot move or remove \(path): \(error.localizedDescription)")
        }
    }

    /// The system's error for a file that could not be read.
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

    /// The system's error for a file that could not be written.
    ///
    /// - Parameters:
    ///   - path: The file's path, or another name to show.
    ///   - errorCode: The value of `errno`.
    ///   - progress: How much was written, if that remains.
    package init(writing path: String, errorCode: Int32, progress: String? = nil) {
        let refusal = Refusal(errorCode, at: path)
        let rest = progress.map { "; \($0)" } ?? ""
        self.init(refusal.code, "cannot write \(path): \(refusal.advice)\(rest)")
    }

    /// The system's error for a folder that could not be created.
    package init(makingFolder path: String, errorCode: Int32) {
        let refusal = Refusal(errorCode, at: path)
        self.init(refusal.code, "cannot create the folder \(path): \(refusal.advice)")
    }
}

/// The reason that the system gives for refusing to write, and the remedy.
private struct Refusal {
    var code: FileError.Code
    var advice: String

    init(_ errorCode: Int32, at path: String) {
        code =
            switch errorCode {
            case ENOSPC, EDQUOT: .diskFull
            case EACCES, EPERM, EROFS: .notAllowed
            case EPIPE: .readerGone
            default: .inputOutput
            }
        advice =
            switch errorCode {
            case ENOSPC: "the disk is full; free some space, or write elsewhere"
            case EDQUOT: "your quota on this disk is used up; free some space, or write elsewhere"
            case EACCES, EPERM: Self.missingRight(at: path)
            case EROFS: "the disk is read-only; write elsewhere"
            case EFBIG: "the file would be larger than this process may write; raise the limit (ulimit -f)"
            case ENAMETOOLONG: Self.lengthOfName(in: path)
            case ENOTDIR, EEXIST: Self.obstacleInTheWay(of: path)
            case EISDIR: "it is a folder; give the name of a file"
            case ENOENT: "its folder does not exist"
            case ELOOP: "a symbolic link in the path leads back to itself"
            case EPIPE: "the program that reads it has ended"
            case EBADF: "it is closed"
            case ENXIO: "no program reads from it"
            case ECONNREFUSED: "no program listens to this socket"
            case EPROTOTYPE: "this is not a stream socket"
            case EMFILE, ENFILE: "too many files are open; raise the limit (ulimit -n)"
            default: String(cString: strerror(errorCode))
            }
    }

    /// Names the nearest existing parent folder: its permissions decide.
    private static func missingRight(at path: String) -> String {
        var place = (path as NSString).deletingLastPathComponent
        while !place.isEmpty, place != "/", access(place, F_OK) != 0 {
            place = (place as NSString).deletingLastPathComponent
        }
        if place.isEmpty { place = "." }
        return "you may not write there; check the permissions of \(place), or write elsewhere"
    }

    private static func lengthOfName(in path: String) -> String {
        guard let name = overlongName(in: path) else {
            return "the path has \(path.utf8.count) bytes, more than the system allows; choose a shorter one"
        }
        return
            "the name \(name.prefix(24))… has \(name.utf8.count) bytes, but at most \(longestName) are allowed; "
            + "choose a shorter one"
    }

    private static func obstacleInTheWay(of path: String) -> String {
        guard let obstacle = obstacle(in: path) else { return "a file is in the way; write elsewhere" }
        if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: obstacle) {
            return "\(obstacle) is a link to \(target), which is not a folder; remove it, or write elsewhere"
        }
        return "\(obstacle) is a file, not a folder; rename or remove it, or write elsewhere"
    }
}
