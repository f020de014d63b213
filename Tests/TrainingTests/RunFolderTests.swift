import Files
import Foundation
import TestSupport
import Testing

@testable import Training

struct RunFolderTests {
    private func names(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)).sorted()
    }

    private func make(_ names: [String], in folder: URL) throws {
        for name in names {
            try writeAtomically(Data(name.utf8), to: folder.appending(path: name).appending(path: "content"))
        }
    }

    private func content(_ name: String, in folder: URL) throws -> String {
        try String(contentsOf: folder.appending(path: name).appending(path: "content"), encoding: .utf8)
    }

    @Test func `unfinished checkpoints of killed runs are removed, and those being replaced are restored`()
        throws
    {
        try withTemporaryFolder { folder in
            let others = ["checkpoint-7", "checkpoint-9", ".checkpoint-x", ".checkpoint-1.2.other", "runs"]
            try make(
                others + [
                    ".checkpoint-5.11.incomplete", ".checkpoint-7.11.replaced", ".checkpoint-8.11.replaced",
                    RunFolder.draftName(6, attempt: 4_000_000_000),
                ],
                in: folder
            )
            for name in [
                "model.safetensors.11-22.incomplete", ".attune-probe.1-2.incomplete",
                ".shared.1-4000000000.incomplete", "own.incomplete",
                "a-b.incomplete",
            ] {
                try Data().write(to: folder.appending(path: name))
            }
            let claim = try RunFolder(folder).claim()
            #expect(
                try names(in: folder)
                    == (others + ["checkpoint-8", "own.incomplete", "a-b.incomplete"]).sorted()
            )
            #expect(try content("checkpoint-8", in: folder) == ".checkpoint-8.11.replaced")
            #expect(try content("checkpoint-7", in: folder) == "checkpoint-7")
            withExtendedLifetime(claim) {}
        }
    }

    @Test func `a folder belongs to one run at a time`() throws {
        try withTemporaryFolder { folder in
            let place = folder.appending(path: "new")
            var claim: FolderClaim? = try RunFolder(place).claim()
            #expect {
                try RunFolder(place).claim()
            } throws: {
                "\($0)".hasSuffix(
                    "another run of attune is writing there; wait for it to end, stop it, or write elsewhere"
                )
            }
            withExtendedLifetime(claim) {}
            claim = nil
            _ = try RunFolder(place).claim()
            #expect(try names(in: place).isEmpty)
        }
    }

    @Test func `a checkpoint replaces one of the same step, and a failed one replaces none`()
        throws
    {
        struct Failure: Error {}
        try withTemporaryFolder { folder in
            try make(["checkpoint-3"], in: folder)
            let run = RunFolder(folder)
            #expect(throws: Failure.self) {
                try run.makeCheckpoint(3) { place in
                    try writeAtomically(Data("half".utf8), to: place.appending(path: "content"))
                    throw Failure()
                }
            }
            #expect(try names(in: folder) == ["checkpoint-3"])
            #expect(try content("checkpoint-3", in: folder) == "checkpoint-3")
            _ = try run.makeCheckpoint(3) {
                try writeAtomically(Data("new".utf8), to: $0.appending(path: "content"))
            }
            #expect(try names(in: folder) == ["checkpoint-3"])
            #expect(try content("checkpoint-3", in: folder) == "new")
        }
    }

    @Test func `checkpoints of an earlier, longer run are removed before those of this run`() throws {
        try withTemporaryFolder { folder in
            try make(["checkpoint-2", "checkpoint-4", "checkpoint-90", "checkpoint-100"], in: folder)
            try RunFolder(folder).prune(keeping: 3, newest: 4)
            #expect(try names(in: folder) == ["checkpoint-100", "checkpoint-2", "checkpoint-4"])
            try RunFolder(folder).prune(keeping: 1, newest: 4, best: 2)
            #expect(try names(in: folder) == ["checkpoint-2", "checkpoint-4"])
        }
    }
}
