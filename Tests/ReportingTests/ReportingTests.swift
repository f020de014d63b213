import Foundation
import JSON
import SwiftProtobuf
import TestSupport
import Testing

@testable import Reporting

struct ReportingTests {
    @Test func `the checksum is the standard's, and records store it masked`() {
        // RFC 3720, appendix B.4: 32 zeros, 32 ones, 0 to 31.
        #expect(CRC32C([UInt8](repeating: 0, count: 32)).value == 0x8a91_36aa)
        #expect(CRC32C([UInt8](repeating: 0xff, count: 32)).value == 0x62a8_ab43)
        #expect(CRC32C(0..<32).value == 0x46dd_794e)
        // TensorBoard 2.21: masked_crc32c(b"123456789").
        #expect(CRC32C("123456789".utf8).masked == 0xc78a_b0e5)
    }

    @Test func `an event file equals TensorBoard's, byte for byte`() throws {
        try withTemporaryFolder { folder in
            let file = try TensorBoardFile(in: folder, time: Date(timeIntervalSince1970: 1000))
            try file.add(
                [("train/loss", 0.5), ("train/learning_rate", 0)],
                step: 7,
                time: Date(timeIntervalSince1970: 1001.5)
            )
            #expect(file.url.lastPathComponent.hasPrefix("events.out.tfevents.1000."))
            // Scripts/fixtures/make_tensorboard_fixture.py wrote the same two records with TensorBoard 2.21.
            let wanted = try Data(
                contentsOf: Fixture.folder.appending(path: "tensorboard-2.21.0/two-records.tfevents")
            )
            #expect(try Data(contentsOf: file.url) == wanted)

            // Another file of the same second and process gets another name.
            let other = try TensorBoardFile(in: folder, time: Date(timeIntervalSince1970: 1000))
            #expect(other.url != file.url)
        }
    }

    @Test func `a resumed run's file makes TensorBoard show repeated steps once`()
        throws
    {
        try withTemporaryFolder { folder in
            #expect(!TensorBoardFile.isThere(in: folder))
            let file = try TensorBoardFile(
                in: folder,
                time: Date(timeIntervalSince1970: 1000),
                supersedingFrom: 8
            )
            #expect(TensorBoardFile.isThere(in: folder))
            let wanted = try Data(
                contentsOf: Fixture.folder.appending(path: "tensorboard-2.21.0/resumed.tfevents")
            )
            #expect(try Data(contentsOf: file.url) == wanted)
            // The header of 12 bytes, the record, and its checksum of 4 bytes.
            let length = Int(wanted[0])
            let second = wanted.dropFirst(length + 16 + 12).prefix(Int(wanted[length + 16]))
            let event = try TensorBoardEvent(serializedBytes: Data(second))
            #expect(event.step == 8 && event.sessionLog == TensorBoardSessionLog(status: .start))
        }
    }

    @Test func `a record is read back with its unknown fields`() throws {
        var event = TensorBoardEvent()
        event.step = -3
        event.summary = TensorBoardSummary()
        let bytes: [UInt8] = try event.serializedBytes()
        // Field 6, two bytes: tagged run metadata, which Attune never writes.
        let read = try TensorBoardEvent(serializedBytes: bytes + [0x32, 0x02, 0x01, 0x02])
        #expect(read.step == -3 && read.summary == TensorBoardSummary())
        let again: [UInt8] = try read.serializedBytes()
        #expect(again == bytes + [0x32, 0x02, 0x01, 0x02])
    }

    @Test func `lines are appended to those of an earlier run`() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "deep/events.jsonl")
            try JSONLinesFile(url).add(["event": .string("log"), "loss": .double(.nan)])
            try JSONLinesFile(url).add(["event": .string("saved")])
            #expect(
                try String(contentsOf: url, encoding: .utf8) == """
                    {"event": "log", "loss": null}
                    {"event": "saved"}

                    """
            )
            // A process that was killed while writing leaves an incomplete line.
            let half = try FileHandle(forWritingTo: url)
            try half.seekToEnd()
            try half.write(contentsOf: Data("{\"event\": \"lo".utf8))
            try half.close()
            try JSONLinesFile(url).add(["event": .string("eval")])
            let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
            #expect(lines.map(String.init).last == "{\"event\": \"eval\"}" && lines.count == 3)
        }
    }
}
