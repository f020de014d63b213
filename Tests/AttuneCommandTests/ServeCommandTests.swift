import ArgumentParser
import Attune
import Foundation
import Serving
import TestSupport
import Testing
import Tokenization

@testable import AttuneCommand

/// Flags of `attune serve`, variables of the environment, and the messages.
struct ServeCommandTests {
    /// The settings of a command line.
    private func plan(
        _ words: [String],
        _ environment: [String: String] = [:],
        machine: String = "box"
    ) throws -> ServePlan {
        let request = try CommandRequest(["serve"] + words)
        let command = try #require(try AttuneCommand.parseAsRoot(request.wordsForParser) as? ServeCommand)
        return try ServePlan(command, environment: environment, machine: machine)
    }

    /// The message of a command line that is refused.
    private func refusal(_ words: [String], _ environment: [String: String] = [:]) -> String {
        do { _ = try plan(words, environment) } catch { return AttuneCommand.message(for: error) }
        return ""
    }

    // MARK: Precedence

    @Test func `defaults are those of text-embeddings-inference`() throws {
        let plan = try plan(["runs/tickets"])
        #expect(plan.server.address == .host("0.0.0.0", port: 3000))
        #expect(plan.limits.maxBatchTokens == 16_384 && plan.limits.maxConcurrentRequests == 512)
        #expect(plan.limits.maxClientBatchSize == 32 && plan.limits.payloadLimit == 2_000_000)
        #expect(plan.limits.autoTruncate && plan.limits.maxBatchItems == nil)
        #expect(plan.dtype == .float32 && !plan.routing.teiActivation && plan.routing.apiKeys.isEmpty)
        #expect(plan.routing.crossOrigin == .any && plan.routing.allowedHosts == nil)
        #expect(plan.server.drainSeconds == 5 && plan.server.tls == nil)
        #expect(plan.chosen.isEmpty)
    }

    @Test func `a flag overrides its variable, which overrides the default`() throws {
        let environment = ["PORT": "80", "MAX_BATCH_TOKENS": "4096", "MAX_CLIENT_BATCH_SIZE": ""]
        let plan = try plan(["runs/tickets", "--port", "8080"], environment)
        #expect(plan.server.address == .host("0.0.0.0", port: 8080))
        #expect(plan.limits.maxBatchTokens == 4096)
        // An empty variable counts as unset.
        #expect(plan.limits.maxClientBatchSize == 32)
        let chosen = plan.chosen.map { [$0.flag, $0.value, $0.variable ?? "flag"] }
        #expect(
            chosen == [["--max-batch-tokens", "4096", "MAX_BATCH_TOKENS"], ["--port", "8080", "flag"]]
        )
    }

    @Test func `every variable of text-embeddings-inference has its effect`() throws {
        let plan = try plan(
            [],
            [
                "MODEL_ID": "runs/tickets", "SERVED_MODEL_NAME": "tickets", "DTYPE": "bfloat16",
                "MAX_CONCURRENT_REQUESTS": "7", "MAX_BATCH_REQUESTS": "8", "MAX_CLIENT_BATCH_SIZE": "9",
                "AUTO_TRUNCATE": "false", "TOKENIZATION_WORKERS": "3", "PAYLOAD_LIMIT": "1000",
                "HOSTNAME": "127.0.0.1", "PORT": "81", "API_KEY": "a,b", "CORS_ALLOW_ORIGIN": "https://a.org",
                "HUGGINGFACE_HUB_CACHE": "/data", "HF_TOKEN": "secret", "JSON_OUTPUT": "true",
            ]
        )
        #expect(plan.models == [ServedModelChoice(name: "tickets", source: "runs/tickets")])
        #expect(plan.dtype == .bfloat16 && !plan.limits.autoTruncate && plan.isJSON)
        #expect(plan.limits.maxConcurrentRequests == 7 && plan.limits.maxBatchItems == 8)
        #expect(plan.limits.maxClientBatchSize == 9 && plan.limits.tokenizationWorkers == 3)
        #expect(plan.limits.payloadLimit == 1000)
        #expect(plan.server.address == .host("127.0.0.1", port: 81))
        #expect(plan.routing.apiKeys == [APIKey("a"), APIKey("b")])
        #expect(plan.routing.crossOrigin == .origins(["https://a.org"]))
        #expect(plan.hubVariables == ["HF_HUB_CACHE": "/data", "HF_TOKEN": "secret"])
    }

    @Test func `products in integers are chosen by a flag or a variable`() throws {
        #expect(try plan(["m"]).quantization == nil)
        #expect(try plan(["m", "--quantize", "int8"]).quantization == .int8)
        #expect(try plan(["m"], ["QUANTIZE": "int8"]).quantization == .int8)
        #expect(try plan(["m", "--quantize", "none"], ["QUANTIZE": "int8"]).quantization == nil)
        #expect(refusal(["m", "--quantize", "nf4"]).contains("--quantize must be int8 or none, not nf4"))
    }

    @Test func `the machine's own name in HOSTNAME is no wish`() throws {
        #expect(try plan(["m"], ["HOSTNAME": "box"]).server.address == .host("0.0.0.0", port: 3000))
        #expect(try plan(["m"], ["HOSTNAME": "::1"]).server.address == .host("::1", port: 3000))
    }

    @Test func `a variable that cannot be read is named, but not a key`() throws {
        #expect(refusal(["m"], ["MAX_BATCH_TOKENS": "many"]).contains("MAX_BATCH_TOKENS"))
        #expect(refusal(["m"], ["AUTO_TRUNCATE": "perhaps"]).contains("\"perhaps\""))
        let plan = try plan(["m", "--api-key", "secret"], ["ADMIN_KEY": "hidden"])
        let table = plan.table.joined().joined(separator: " ")
        #expect(table.contains("--api-key") && table.contains("ADMIN_KEY"))
        #expect(!table.contains("secret") && !table.contains("hidden"))
    }

    // MARK: Flags

    @Test(arguments: [
        ["--auto-truncate", "false"], ["--auto-truncate=false"], ["--auto_truncate", "False"],
    ])
    func `auto-truncate is spelled as for text-embeddings-inference`(words: [String]) throws {
        #expect(try !plan(["m"] + words, ["AUTO_TRUNCATE": "true"]).limits.autoTruncate)
        #expect(try plan(["m", "--auto-truncate"], ["AUTO_TRUNCATE": "false"]).limits.autoTruncate)
        // The next flag is no value of it.
        let plan = try plan(["m", "--auto-truncate", "--port", "9"])
        #expect(plan.limits.autoTruncate && plan.server.address == .host("0.0.0.0", port: 9))
    }

    @Test func `its command lines work unchanged`() throws {
        let plan = try plan([
            "--model-id", "runs/tickets", "--hostname", "127.0.0.1", "--pooling", "cls",
            "--max-batch-requests",
            "4", "--otlp-endpoint", "http://localhost:4317", "--prometheus-port", "9000",
        ])
        #expect(plan.models.map(\.source) == ["runs/tickets"])
        #expect(plan.server.address == .host("127.0.0.1", port: 3000))
        let request = try CommandRequest(["serve", "m", "--pooling", "cls", "--disable-spans"])
        let command = try #require(try AttuneCommand.parseAsRoot(request.wordsForParser) as? ServeCommand)
        #expect(command.ignored.notes.count == 2)
        #expect(command.ignored.notes[0].hasPrefix("--pooling is ignored:"))
    }

    @Test(arguments: [
        (["m", "--dtype", "float16"], "bfloat16"),
        (["m", "--port", "70000"], "65535"),
        (["m", "--max-batch-tokens", "0"], "--max-batch-tokens must be at least 1"),
        (["m", "--drain-delay", "-1"], "--drain-delay"),
        (["m", "--tls-cert", "a.pem"], "--tls-key"),
        (["m", "--tls-key", "a.pem"], "--tls-cert"),
        (["m", "--max-memory", "8"], "--max-memory 8GB"),
        (["m", "--cors-allow-origin", "example.org"], "https://example.org"),
        (["m", "--api-key", ""], "must not be empty"),
        ([], "attune serve runs/tickets"),
    ])
    func `a wrong value is refused with a remedy`(words: [String], remedy: String) {
        let message = refusal(words)
        #expect(message.contains(remedy), "\(message)")
    }

    // MARK: Models

    @Test func `models have names`() throws {
        let choices = try plan(["/runs/tickets/", "tone=runs/a", "/nets/small.gguf"]).models
        #expect(choices.map(\.name) == ["tickets", "tone", "small"])
        #expect(choices.map(\.source) == ["/runs/tickets/", "runs/a", "/nets/small.gguf"])
        #expect(refusal(["/a/x", "/b/../c/x"]).contains("named \"x\""))
        #expect(refusal(["a", "b", "--served-model-name", "c"]).contains("name=folder"))
    }

    @Test func `a model of the Hub keeps its id, and takes a revision`() throws {
        let choices = try plan(["org/name", "--revision", "v2"]).models
        #expect(choices == [ServedModelChoice(name: "org/name", source: "org/name@v2")])
        #expect(refusal(["org/name@v1", "--revision", "v2"]).contains("--revision"))
    }

    @Test func `adapters are served under their names`() throws {
        let choices = try plan(["base", "--adapter-name", "tone", "--adapter-name", "topic=runs/topic"])
            .models
        #expect(
            choices == [
                ServedModelChoice(name: "tone", source: "base", adapter: "tone"),
                ServedModelChoice(name: "topic", source: "runs/topic", base: "base"),
            ]
        )
        #expect(refusal(["a", "b", "--adapter-name", "tone"]).contains("--adapter-name"))
    }

    // MARK: Messages and exit codes

    @Test func `a server that others reach without a key gets a note`() throws {
        #expect(try ServeText(plan(["m"])).warning?.contains("--host 127.0.0.1") == true)
        #expect(try ServeText(plan(["m", "--host", "127.0.0.1"])).warning == nil)
        #expect(try ServeText(plan(["m", "--uds-path", "/tmp/s"])).warning == nil)
        #expect(try ServeText(plan(["m", "--api-key", "k"])).warning?.contains("--tls-cert") == true)
        let encrypted = ["m", "--api-key", "k", "--tls-cert", "a", "--tls-key", "b"]
        #expect(try ServeText(plan(encrypted)).warning == nil)
    }

    @Test func `an unknown model ends with the code of missing input`() throws {
        let outcome = try attune(
            ["serve", "no/such/model", "--port", "0"],
            variables: ["HF_HUB_OFFLINE": "1"]
        )
        #expect(outcome.code == 66, "\(outcome.errors)")
        #expect(outcome.errors.contains("no/such/model"))
    }

    @Test func `a missing certificate is named`() throws {
        let outcome = try attune(["serve", "m", "--port", "0", "--tls-cert", "no.pem", "--tls-key", "no.key"])
        #expect(outcome.code == 66 && outcome.errors.contains("no.pem"), "\(outcome.errors)")
    }

    // MARK: A server

    @Test
    func `a server's next command works, a second server on its port is refused, and SIGTERM ends it with 0`()
        throws
    {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcome = try shell(
                """
                $ATTUNE train --model "$BASE" --dataset d.csv --text-column text --label-column label --max-steps 2 \
                    --output-dir runs/weather >train.log 2>&1 || { cat train.log >&2; exit 1; }
                # Starts a server and waits until it is ready.
                start() {
                    $ATTUNE serve runs/weather --host 127.0.0.1 --port 0 "$@" 2>log &
                    server=$!
                    for i in $(seq 1200); do
                        if grep -q '^next: ' log || ! kill -0 $server; then break; fi
                        sleep 0.1
                    done
                }
                ask() { eval "$(sed -n 's/^next: curl/curl --silent --insecure --noproxy 127.0.0.1/p' log)"; echo; }
                start --drain-delay 0
                ask
                port=$(sed -nE 's/^listening on http:..127.0.0.1:([0-9]+),.*/\\1/p' log)
                $ATTUNE serve runs/weather --host 127.0.0.1 --port "$port" 2>second
                echo "second server $?: $(tail -n 1 second)"
                kill -TERM $server
                wait $server
                echo "SIGTERM $?"
                cat log >&2
                start --drain-delay 60 --tls-cert "$TLS/first.pem" --tls-key "$TLS/first.key"
                ask
                kill -TERM $server
                until grep -q '^stopping' log; do sleep 0.1; done
                kill -TERM $server
                wait $server
                echo "second SIGTERM $?"
                """,
                in: folder,
                variables: ["TLS": Fixture.folder.appending(path: "tls").path(percentEncoded: false)]
            )
            #expect(outcome.code == 0, "\(outcome.errors)")
            let lines = outcome.output.split(separator: "\n").map(String.init)
            try #require(lines.count == 5, "\(outcome)")
            #expect(
                lines[0].hasPrefix(#"[{"score":"#) && lines[0].contains("sun") && lines[0].contains("rain")
            )
            #expect(lines[1].hasPrefix("second server 69: ") && lines[1].contains("another program listens"))
            #expect(lines[2] == "SIGTERM 0")
            // The same answer, encrypted.
            #expect(lines[3] == lines[0])
            #expect(lines[4] == "second SIGTERM 143")
            #expect(outcome.errors.contains("loaded weather: ") && outcome.errors.contains("\nstopped\n"))
        }
    }

    @Test func `no group of commands is listed twice`() {
        let titles = CommandNode.root.groups.map(\.title)
        #expect(Set(titles).count == titles.count, "\(titles)")
        let names = CommandNode.root.commands.map(\.spelled)
        #expect(Set(names).count == names.count, "\(names)")
    }
}
