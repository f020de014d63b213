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
        /// The program that reads the pipe has ended, which is no fault.
        case readerGone
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
    ///
    /// - Parameters:
    ///   - path: The file's, or another name for a person.
    ///   - errorCode: As `errno` has it.
    ///   - progress: How much was written before, if that remains.
    package init(writing path: String, errorCode: Int32, progress: String? = nil) {
        let refusal = Refusal(errorCode, at: path)
        let rest = progress.map { "; \($0)" } ?? ""
        self.init(refusal.code, "cannot write \(path): \(refusal.advice)\(rest)")
    }

    /// What the system says of a folder that could not be made.
    package init(makingFolder path: String, errorCode: Int32) {
        let refusal = Refusal(errorCode, at: path)
        self.init(refusal.code, "cannot make the folder \(path): \(refusal.advice)")
    }
}

/// Why the system refuses to write, and what to do about it.
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
            case ENOSPC: "the disk is full; free some room, or write elsewhere"
            case EDQUOT: "your quota on this disk is used up; free some room, or write elsewhere"
            case EACCES, EPERM: Self.missingRight(at: path)
            case EROFS: "the disk is read-only; write elsewhere"
            case EFBIG: "the file would be larger than this process may write; raise the limit (ulimit -f)"
            case ENAMETOOLONG: Self.lengthOfName(in: path)
            case ENOTDIR, EEXIST: Self.obstacleInTheWay(of: path)
            case EISDIR: "it is a folder; give the name of a file"
            case ENOENT: "its folder does not exist"
            case ELOOP: "a link on the way leads back to itself"
            case EPIPE: "its reader has ended"
            case EBADF: "it is closed"
            case ENXIO: "nothing is there to take the bytes"
            case ECONNREFUSED: "no program listens to this socket"
            case EPROTOTYPE: "this socket takes no stream of bytes"
            case EMFILE, ENFILE: "too many files are open; raise the limit (ulimit -n)"
            default: String(cString: strerror(errorCode))
            }
    }

    /// Names the nearest folder above that exists: its permissions decide.
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
            return "the path has \(path.utf8.count) bytes, more than the system takes; choose a shorter one"
        }
        return "the name \(name.prefix(24))… has \(name.utf8.count) bytes, and \(longestName) are allowed; "
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
