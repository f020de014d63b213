import Files
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Only regular files are replaced: other targets are written directly, and links are followed.
@Suite(.hangGuard)
struct WriteTargetTests {
    private let text = Data("one\ntwo\n".utf8)

    private func kind(_ url: URL) throws -> mode_t {
        var status = stat()
        try #require(lstat(url.path(percentEncoded: false), &status) == 0)
        return status.st_mode & S_IFMT
    }

    private func contents(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

    private func link(_ url: URL, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: url.path(percentEncoded: false),
            withDestinationPath: target
        )
    }

    private func error(_ body: () throws -> Void) throws -> FileError {
        try #require(#expect(throws: FileError.self) { try body() })
    }

    @Test func `a FIFO stays a FIFO, and its reader gets every byte`() throws {
        try withTemporaryFolder { folder in
            let pipe = folder.appending(path: "pipe")
            try #require(mkfifo(pipe.path(percentEncoded: false), 0o600) == 0)
            // More bytes than a pipe buffers.
            let bytes = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0) })
            let received = Received()
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                let descriptor = open(pipe.path(percentEncoded: false), O_RDONLY)
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
                    received.data += buffer.prefix(count)
                }
                close(descriptor)
                done.signal()
            }
            try writeAtomically(bytes, to: pipe)
            done.wait()
            #expect(received.data == bytes)
            #expect(try kind(pipe) == S_IFIFO)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path()) == ["pipe"])
        }
    }

    /// `@unchecked Sendable`: it is written before a semaphore is signalled and read after the wait.
    private final class Received: @unchecked Sendable { var data = Data() }

    @Test func `if a FIFO's reader ends, the error says so and how much was written`() throws {
        // Otherwise the signal would end the tests.
        signal(SIGPIPE, SIG_IGN)
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "pipe").path(percentEncoded: false)
            try #require(mkfifo(path, 0o600) == 0)
            let reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            try #require(reader >= 0)
            var file = try AtomicFile(at: URL(filePath: path))
            try file.write([UInt8](repeating: 1, count: 100))
            close(reader)
            var failure: FileError?
            do throws(FileError) { try file.write([2]) } catch { failure = error }
            #expect(failure?.code == .readerGone)
            #expect(
                failure?.message
                    == "cannot write \(path): the program that reads it has ended; 100 bytes written"
            )
        }
    }

    /// Whether devices can be created here: by root, outside most containers.
    private static let makesDevices: Bool = {
        #if os(Linux)
        return
            (try? withTemporaryFolder { folder in
                let path = folder.appending(path: "node").path(percentEncoded: false)
                return mknod(path, S_IFCHR | 0o600, dev_t(0x103)) == 0
            }) ?? false
        #else
        // Other systems use other device numbers.
        return false
        #endif
    }()

    @Test(
        .enabled(
            if: WriteTargetTests.makesDevices,
            "only root may create a device, on Linux and not in every container"
        )
    )
    func `a device is written directly, and a full one is an error with the amount written`() throws {
        try withTemporaryFolder { folder in
            // The numbers of /dev/null and /dev/full.
            for (name, number) in [("nothing", dev_t(0x103)), ("full", dev_t(0x107))] {
                let node = folder.appending(path: name)
                try #require(mknod(node.path(percentEncoded: false), S_IFCHR | 0o600, number) == 0)
            }
            let (nothing, full) = (folder.appending(path: "nothing"), folder.appending(path: "full"))
            try writeAtomically(text, to: nothing)
            let failure = try error { try writeAtomically(text, to: full) }
            #expect(failure.code == .diskFull)
            #expect(
                failure.message.hasSuffix(
                    "the disk is full; free some space, or write elsewhere; 0 bytes written"
                )
            )
            #expect(try kind(nothing) == S_IFCHR && kind(full) == S_IFCHR)
        }
    }

    @Test func `a socket with a listener is written, and one without is an error`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "s")
            let path = place.path(percentEncoded: false)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            try #require(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path))
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            #if canImport(Glibc)
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            #else
            let listener = socket(AF_UNIX, SOCK_STREAM, 0)
            #endif
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(bound == 0 && listen(listener, 1) == 0)
            try writeAtomically(text, to: place)
            let connection = accept(listener, nil, nil)
            var buffer = [UInt8](repeating: 0, count: 100)
            #expect(read(connection, &buffer, 100) == text.count)
            #expect(Data(buffer.prefix(text.count)) == text)
            close(connection)
            close(listener)
            #expect(try error { try writeAtomically(text, to: place) }.message.contains("no program listens"))
            #expect(try kind(place) == S_IFSOCK)
        }
    }

    @Test func `links stay, and their final target is replaced`() throws {
        try withTemporaryFolder { folder in
            try makeFolder(folder.appending(path: "deep"))
            let target = folder.appending(path: "deep/target")
            try Data("old".utf8).write(to: target)
            try link(folder.appending(path: "deep/second"), to: "target")
            let first = folder.appending(path: "first")
            try link(first, to: "deep/second")
            try writeAtomically(text, to: first)
            #expect(try kind(first) == S_IFLNK && kind(target) == S_IFREG)
            #expect(try contents(target) == "one\ntwo\n")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted() == [
                    "deep", "first",
                ]
            )
        }
    }

    @Test func `a link without a target creates it, and a circular link is an error`() throws {
        try withTemporaryFolder { folder in
            let dangling = folder.appending(path: "dangling")
            try link(dangling, to: "new/target")
            try writeAtomically(text, to: dangling)
            #expect(try contents(folder.appending(path: "new/target")) == "one\ntwo\n")
            #expect(try kind(dangling) == S_IFLNK)
            let circle = folder.appending(path: "circle")
            try link(circle, to: "circle")
            #expect(
                try error { try writeAtomically(text, to: circle) }.message.contains("leads back to itself")
            )
        }
    }

    @Test func `the path of an open descriptor appends to its file`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "log")
            try Data("before\n".utf8).write(to: place)
            let descriptor = open(place.path(percentEncoded: false), O_WRONLY | O_APPEND | O_CLOEXEC)
            defer { close(descriptor) }
            #if canImport(Glibc)
            let name = "/proc/self/fd/\(descriptor)"
            #else
            let name = "/dev/fd/\(descriptor)"
            #endif
            let link = folder.appending(path: "link")
            try self.link(link, to: name)
            try writeAtomically(text, to: link)
            #expect(try contents(place) == "before\none\ntwo\n")
        }
    }

    @Test func `a file that is replaced keeps its permissions`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "secret")
            try writeAtomically(Data(), to: place)
            try #require(chmod(place.path(percentEncoded: false), 0o600) == 0)
            try writeAtomically(text, to: place)
            var status = stat()
            try #require(stat(place.path(percentEncoded: false), &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
    }

    @Test func `a folder or a name with a trailing slash is an error`() throws {
        try withTemporaryFolder { folder in
            for place in [folder, folder.appending(path: "new", directoryHint: .isDirectory)] {
                let failure = try error { try writeAtomically(text, to: place) }
                #expect(failure.message.hasSuffix("it is a folder; give the name of a file"), "\(failure)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path()).isEmpty)
        }
    }

    @Test func `a name that is not UTF-8 is written and read by its bytes`() throws {
        try withTemporaryFolder { folder in
            let bytes = Array(folder.path(percentEncoded: false).utf8) + Array("caf".utf8) + [0xE9]
            let path = RawPath(bytes: bytes)
            #expect(!path.isText && path.shown.hasSuffix("caf\u{FFFD}"))
            try writeAtomically(Data("old".utf8), to: path)
            try writeAtomically(text, to: path)
            let file = try MappedFile(path)
            #expect(withExtendedLifetime(file) { Array(file.bytes) } == Array(text))
            let found = RawPath(folder.path(percentEncoded: false)).names.filter {
                $0.first != UInt8(ascii: ".")
            }
            #expect(found == [Array("caf".utf8) + [0xE9]])
        }
    }
}

struct AppendingFileTests {
    @Test func `records are appended, and an incomplete one is removed`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "log")
            // Longer than the buffer that searches for the last record.
            let half = String(repeating: "x", count: 100_000)
            try Data("one\ntwo\n\(half)".utf8).write(to: place)
            let file = try AppendingFile(at: place, recordsEndingIn: UInt8(ascii: "\n"))
            try file.add(Array("three\n".utf8))
            #expect(try String(contentsOf: place, encoding: .utf8) == "one\ntwo\nthree\n")
            try Data(half.utf8).write(to: place)
            _ = try AppendingFile(at: place, recordsEndingIn: UInt8(ascii: "\n"))
            #expect(try Data(contentsOf: place).isEmpty)
        }
    }
}
