import Files
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Folders and files that cannot be created: the error has the system's reason and the path.
struct FolderTests {
    private func error(_ body: () throws -> Void) throws -> FileError {
        try #require(#expect(throws: FileError.self) { try body() })
    }

    @Test func `parent folders are created, and an existing folder is fine`() throws {
        try withTemporaryFolder { folder in
            let deep = folder.appending(path: "a/b/c")
            try makeFolder(deep)
            try makeFolder(deep)
            try makeFolder(folder.appending(path: "a/d/", directoryHint: .isDirectory))
            var isFolder: ObjCBool = false
            for path in ["a/b/c", "a/d"] {
                #expect(
                    FileManager.default.fileExists(
                        atPath: folder.appending(path: path).path(percentEncoded: false),
                        isDirectory: &isFolder
                    )
                )
                #expect(isFolder.boolValue)
            }
            try FileManager.default.createSymbolicLink(
                at: folder.appending(path: "link"),
                withDestinationURL: deep
            )
            try makeFolder(folder.appending(path: "link"))
            try makeFolder(folder.appending(path: "link/e"))
        }
    }

    @Test func `a file in the way is named, at any depth`() throws {
        try withTemporaryFolder { folder in
            let file = folder.appending(path: "taken")
            try Data([1]).write(to: file)
            let name = file.path(percentEncoded: false)
            for path in ["taken", "taken/deeper/still"] {
                let place = folder.appending(path: path)
                let error = try error { try makeFolder(place) }
                #expect(error.code == .inputOutput)
                #expect(
                    error.message
                        == "cannot create the folder \(place.path(percentEncoded: false)): \(name) is a file, not a folder; "
                        + "rename or remove it, or write elsewhere"
                )
            }
            let withSlash = folder.appending(path: "taken", directoryHint: .isDirectory)
            let message = try error { try makeFolder(withSlash) }.message
            #expect(message.contains("\(name) is a file, not a folder"), "\(message)")
            // The same holds for files, claims and links below it.
            #expect(
                try error { try writeAtomically(Data(), to: file.appending(path: "x")) }.message.contains(
                    name
                )
            )
            #expect(
                try error { _ = try FolderClaim(file) }.message.contains("\(name) is a file, not a folder")
            )
            #expect(
                try error { try linkAtomically(to: "a", at: file.appending(path: "x")) }.message.contains(
                    name
                )
            )
        }
    }

    @Test func `a link without a target is named as a link`() throws {
        try withTemporaryFolder { folder in
            let link = folder.appending(path: "link")
            try FileManager.default.createSymbolicLink(
                atPath: link.path(percentEncoded: false),
                withDestinationPath: "nowhere"
            )
            let message = try error { try makeFolder(link.appending(path: "x")) }.message
            #expect(message.contains("is a link to nowhere, which is not a folder"), "\(message)")
        }
    }

    @Test func `a name of 300 characters is an error that states the limit`() throws {
        try withTemporaryFolder { folder in
            let name = String(repeating: "n", count: 300)
            for place in [folder.appending(path: name), folder.appending(path: "a/\(name)/b")] {
                let message = try error { try makeFolder(place) }.message
                #expect(
                    message.hasSuffix(
                        "the name nnnnnnnnnnnnnnnnnnnnnnnn… has 300 bytes, but at most 255 are allowed; choose a shorter one"
                    ),
                    "\(message)"
                )
            }
            #expect(
                try error { try writeAtomically(Data(), to: folder.appending(path: name)) }.message.contains(
                    "300 bytes"
                )
            )
            #expect(
                try error { _ = try FolderClaim(folder.appending(path: name)) }.message.contains("300 bytes")
            )
        }
    }

    @Test(arguments: ["x", "é", "😀"])
    func `a name of up to 255 bytes can be written, although its temporary name is longer`(
        letter: String
    ) throws {
        try withTemporaryFolder { folder in
            let name = String(repeating: letter, count: 255 / letter.utf8.count)
            let place = folder.appending(path: name)
            try writeAtomically(Data([1]), to: place)
            try writeAtomically(Data([2]), to: place)
            #expect(try Data(contentsOf: place) == Data([2]))
            // The shortened temporary name of a killed process is still recognised.
            let temporary: String
            do {
                let file = try AtomicFile(at: place)
                let name = file.temporary
                temporary = try #require(name)
            }
            try Data().write(to: URL(filePath: temporary))
            removeTemporaries(in: folder)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)) == [
                    name
                ]
            )
        }
    }

    @Test(arguments: [
        (ENOSPC, FileError.Code.diskFull, "the disk is full"),
        (EDQUOT, .diskFull, "your quota on this disk is used up"),
        (EROFS, .notAllowed, "the disk is read-only; write elsewhere"),
        (EACCES, .notAllowed, "check the permissions of /"), (EPERM, .notAllowed, "you may not write there"),
        (EISDIR, .inputOutput, "it is a folder; give the name of a file"),
        (EMFILE, .inputOutput, "too many files are open"), (ELOOP, .inputOutput, "leads back to itself"),
        (EIO, .inputOutput, "nput/output error"),
    ])
    func `each system error has its own message`(number: Int32, code: FileError.Code, part: String) {
        for error in [
            FileError(writing: "/nowhere/at/all", errorCode: number),
            FileError(makingFolder: "/nowhere/at/all", errorCode: number),
        ] {
            #expect(error.code == code)
            #expect(error.message.contains("/nowhere/at/all: ") && error.message.contains(part), "\(error)")
            #expect(!error.message.contains("File exists"))
        }
    }

    @Test func `a folder without write permission is named`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "deep/er/x").path(percentEncoded: false)
            let message = FileError(writing: place, errorCode: EACCES).message
            let above = folder.path(percentEncoded: false)
            #expect(
                message.contains(
                    "check the permissions of \(above.hasSuffix("/") ? String(above.dropLast()) : above),"
                ),
                "\(message)"
            )
            // Root may write anywhere.
            guard getuid() != 0 else { return }
            #expect(chmod(above, 0o555) == 0)
            defer { chmod(above, 0o755) }
            let error = try error { try makeFolder(folder.appending(path: "new")) }
            #expect(error.code == .notAllowed && error.message.contains("check the permissions"))
        }
    }
}
