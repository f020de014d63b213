import Attune
import Foundation
import HubTestSupport
import JSON
import TestSupport
import Testing

@testable import AttuneCommand

/// `attune doctor`: the Hub, the token, the disk and the advice.
@Suite(.hangGuard)
struct DoctorTests {
    private func doctor(_ variables: [String: String], in folder: URL) throws -> CommandOutcome {
        var all = [
            "HF_HOME": folder.appending(path: "home").path(percentEncoded: false), "HF_TOKEN": "",
            "HUGGING_FACE_HUB_TOKEN": "", "HF_HUB_OFFLINE": "", "TRANSFORMERS_OFFLINE": "",
        ]
        all.merge(variables) { $1 }
        return try attune(["doctor"], variables: all)
    }

    @Test func `it shows whether the Hub answers and the token's account, but never the token`() async throws
    {
        let hub = FakeHub([:])
        let endpoint = try await hub.start()
        try withTemporaryFolder { folder in
            let known = try doctor(["HF_ENDPOINT": endpoint, "HF_TOKEN": FakeHub.token], in: folder)
            #expect(known.code == 0, "\(known.errors)")
            #expect(known.output.contains("Hub           \(endpoint) answers\n"), "\(known.output)")
            #expect(known.output.contains("token         from the variable HF_TOKEN, of "), "\(known.output)")
            for part in [
                "products      fp32 by MKL ", " chosen for --precision fp32\n", "disk          ",
                "memory        ", "threads       ", "\nadvice\n  ",
            ] {
                #expect(known.output.contains(part), "\(known.output)")
            }
            let unknown = try doctor(
                ["HF_ENDPOINT": endpoint, "HF_TOKEN": "hf_nobodyKnowsThisOne"],
                in: folder
            )
            #expect(unknown.code == 0 && unknown.output.contains("refused"), "\(unknown.output)")
            for outcome in [known, unknown] {
                #expect(!(outcome.output + outcome.errors).contains("hf_"))
            }
            let none = try doctor(["HF_ENDPOINT": endpoint], in: folder)
            #expect(none.output.contains("token         none: public repositories only"), "\(none.output)")
        }
        await hub.stop()
    }

    @Test func `it reports a missing network, and with HF_HUB_OFFLINE it contacts nobody`()
        async throws
    {
        let hub = FakeHub([:])
        let endpoint = try await hub.start()
        try withTemporaryFolder { folder in
            let away = try doctor(["HF_ENDPOINT": "http://127.0.0.1:1"], in: folder)
            #expect(
                away.code == 0 && away.output.contains("Hub           cannot be reached: "),
                "\(away.output)"
            )
            let offline = try doctor(["HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "1"], in: folder)
            #expect(
                offline.code == 0
                    && offline.output.contains("Hub           not contacted, because HF_HUB_OFFLINE is set")
            )
        }
        #expect(hub.requests.isEmpty)
        await hub.stop()
    }

    @Test func `it shows the speed of each product route, and the chosen one`() throws {
        let speeds = ProductSpeeds(float32: [.mkl: 205, .oneDNN: 309], bfloat16: [.bfloat16: 168])
        let table = ProductTable(
            MeasuredProducts(
                speeds: speeds,
                equalThreadCounts: [1, 2],
                file: URL(filePath: "/cache/cpu.json")
            )
        )
        #expect(
            table.lines == [
                "products      fp32 by MKL        205 GFLOP/s",
                "              fp32 by oneDNN     309 GFLOP/s  chosen for --precision fp32",
                "              bf16 by libtorch   168 GFLOP/s  --precision bf16 computes in fp32, which is at least as fast "
                    + "here",
                "              saved in /cache/cpu.json",
            ]
        )
    }

    @Test func `the speed in 8-bit integers is shown, and recommended if it is higher`() {
        let speeds = ProductSpeeds(float32: [.mkl: 200], bfloat16: [.bfloat16: 100], int8: 1500)
        let table = ProductTable(MeasuredProducts(speeds: speeds, equalThreadCounts: [1], file: nil))
        #expect(
            table.lines.contains("              int8              1500 GFLOP/s  for predict --quantize int8")
        )
        #expect(table.json["gigaflops"]["int8"] == .double(1500))
        #expect(advice { $0.speeds = speeds }.contains("--quantize int8 multiply 7.5 times as fast"))
        #expect(!advice { $0.speeds.int8 = 210 }.contains("--quantize int8"))
    }

    @Test func `speeds of a busy machine are called too low`() {
        func last(_ file: URL?, busy: Bool) -> String? {
            let speeds = ProductSpeeds(float32: [.mkl: 20], bfloat16: [.bfloat16: 2])
            return ProductTable(
                MeasuredProducts(speeds: speeds, equalThreadCounts: [1], file: file, wasMachineBusy: busy)
            ).lines.last
        }
        #expect(last(nil, busy: true)?.contains("not saved; other programs used the cores") == true)
        #expect(
            last(URL(filePath: "/a.json"), busy: true)?.contains("saved in /a.json; other programs") == true
        )
        #expect(last(nil, busy: false)?.contains("could not be saved") == true)
    }

    @Test func `with --json it prints one object, and no message`() throws {
        try withTemporaryFolder { folder in
            let variables = ["HF_HUB_OFFLINE": "1", "HF_HOME": folder.path(percentEncoded: false)]
            let outcome = try attune(["doctor", "--json", "--quiet"], variables: variables)
            #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
            let report = try JSONValue.parse(outcome.output.utf8)
            #expect(report["threads"].int ?? 0 > 0 && report["memory"].int ?? 0 > 0, "\(outcome.output)")
            #expect(report["products"]["gigaflops"]["fp32 mkl"].double ?? 0 > 0)
            #expect(report["products"]["was_machine_busy"].bool != nil)
            #expect(report["hub"].string?.hasPrefix("not contacted") == true && report["token"].string != nil)
            #expect(report["advice"].array?.isEmpty == false && report["devices"].array?.isEmpty == false)
        }
    }

    private func advice(_ change: (inout DoctorAdvice) -> Void) -> String {
        var advice = DoctorAdvice(
            speeds: ProductSpeeds(float32: [.mkl: 200, .oneDNN: 100], bfloat16: [.bfloat16: 150]),
            freeMemory: 16_000_000_000,
            freeDisk: 100_000_000_000,
            threads: 2,
            cores: 2,
            hasAccelerator: true
        )
        change(&advice)
        return advice.sentences.joined(separator: "\n")
    }

    @Test func `advice follows from the measurements`() {
        let plain = advice { _ in }
        #expect(plain.contains("--precision bf16 would also compute in fp32"))
        #expect(plain.contains("keep --precision fp32") && !plain.contains("--threads"))
        #expect(plain.contains("16.0 GB of free memory can train models of up to about 1.0 billion weights"))
        #expect(
            advice { $0.speeds.bfloat16 = [.bfloat16: 400] }.contains(
                "--precision bf16 multiplies 2.0 times as fast"
            )
        )
        #expect(advice { $0.freeDisk = 1_500_000_000 }.contains("only 1.5 GB of disk space is free"))
        #expect(advice { $0.threads = 1 }.contains("1 of 2 cores are used: --threads 2 uses all"))
        #expect(advice { $0.hasAccelerator = false }.contains("no GPU is used"))
    }
}
