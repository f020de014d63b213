import AsyncHTTPClient
import Foundation
import HubTestSupport
import TestSupport
import Testing

@testable import Hub

@Suite(.hangGuard)
struct HubFailureTests {
    private func failure(
        _ hub: FakeHub,
        token: String? = nil,
        of text: String = "org/tiny",
        file: String? = nil
    ) async throws -> HubError? {
        try await withTemporaryFolder { folder in
            let id = try RepositoryID(text, kind: .model)
            let error = try await withHub(hub, cache: folder, token: token) { client in
                await #expect(throws: HubError.self) {
                    if let file {
                        _ = try await client.file(file, of: id)
                    } else {
                        _ = try await client.snapshot(of: id)
                    }
                }
            }
            await hub.stop()
            return error
        }
    }

    @Test func `a missing file, revision and repository give different errors`() async throws {
        let file = try await failure(FakeHub(["org/tiny": tinyModel]), file: "nothing.json")
        #expect(file?.message.contains("has no file nothing.json") == true && file?.code == .notFound)
        let revision = try await failure(FakeHub(["org/tiny": tinyModel]), of: "org/tiny@v9")
        #expect(revision?.message.contains("has no revision v9") == true)
        let repository = try await failure(FakeHub(["org/tiny": tinyModel]), of: "org/tinny")
        #expect(repository?.message.contains("without a token; if it is private, log in") == true)
    }

    @Test func `a missing file is remembered as in huggingface_hub`() async throws {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel])
            let id = try RepositoryID("org/tiny", kind: .model)
            try await withHub(hub, cache: folder) { client in
                await #expect(throws: HubError.self) { try await client.file("added_tokens.json", of: id) }
                #expect(
                    client.cache.repository(id).file("added_tokens.json", at: tinyModel.commit) == .absent
                )
            }
            await hub.stop()
        }
    }

    @Test func `gated and private repositories and bad tokens have errors with a remedy`() async throws {
        var gated = tinyModel
        gated.isGated = true
        var secret = tinyModel
        secret.isPrivate = true
        let closed = try await failure(FakeHub(["org/tiny": gated]))
        #expect(closed?.code == .notAllowed && closed?.message.contains("attune hub login") == true)
        let hidden = try await failure(FakeHub(["org/tiny": secret]), token: "hf_wrong")
        #expect(
            hidden?.message.contains(
                "has no model org/tiny that is visible to a token from --token; check the name"
            )
                == true
        )
        #expect(hidden?.message.contains("hf_wrong") == false)
        try await withTemporaryFolder { folder in
            let hub = FakeHub([:])
            try await withHub(hub, cache: folder, token: "hf_wrong") { client in
                let error = await #expect(throws: HubError.self) { try await client.account() }
                #expect(
                    error?.message.contains("does not accept a token from --token; create a new one") == true
                )
            }
            await hub.stop()
        }
    }

    @Test func `the Hub names the account of a token`() async throws {
        try await withTemporaryFolder { folder in
            let hub = FakeHub([:])
            let account = try await withHub(hub, cache: folder, token: FakeHub.token) {
                try await $0.account()
            }
            #expect(
                account == .init(name: "ada", tokenName: "laptop", role: "write", organizations: ["engine"])
            )
            await hub.stop()
        }
    }

    @Test func `a captive portal's page and a redirect to its login are not taken for the Hub`() async throws
    {
        let page = try await failure(
            FakeHub([:]) { _, _, _ in FakeAnswer(200, [("Content-Type", "text/html")], Data("<html>".utf8)) }
        )
        #expect(page?.message.contains("log in to this network") == true && page?.code == .badAnswer)
        let portal = try await failure(
            FakeHub([:]) { _, _, _ in FakeAnswer(302, [("Location", "http://localhost:1/login")]) },
            token: FakeHub.token
        )
        #expect(portal?.message.contains("redirects to localhost") == true)
    }

    @Test func `temporary errors are retried up to the limit, other errors are not`() async throws {
        let hub = FakeHub(["org/tiny": tinyModel]) { _, _, _ in FakeAnswer(503) }
        let error = try await failure(hub)
        #expect(error?.code == .unreachable && error?.message.contains("answered 503") == true)
        #expect(hub.requests.count == 6)
        let refused = FakeHub(["org/tiny": tinyModel]) { _, _, _ in FakeAnswer(403) }
        _ = try await failure(refused)
        #expect(refused.requests.count == 1)
    }

    @Test func `a moved repository is followed on the same host`() async throws {
        try await withTemporaryFolder { folder in
            let hub = FakeHub(["org/tiny": tinyModel]) { _, request, answer in
                guard request.path.contains("old/name") else { return answer }
                return FakeAnswer(307, [("Location", request.target.replacing("old/name", with: "org/tiny"))])
            }
            let id = try RepositoryID("old/name", kind: .model)
            let snapshot = try await withHub(hub, cache: folder) { try await $0.snapshot(of: id, .model) }
            #expect(
                snapshot.folder.path().contains("models--old--name") && snapshot.commit == tinyModel.commit
            )
            await hub.stop()
        }
    }

    @Test func `Retry-After is honoured within bounds, in seconds and as a date`() {
        let policy = RetryPolicy(attempts: 5, firstDelay: .seconds(1), longestDelay: .seconds(60))
        #expect(policy.delay(after: 1, asked: .seconds(7), jitter: 0) == .seconds(7))
        #expect(policy.delay(after: 1, asked: .seconds(7000), jitter: 0) == .seconds(60))
        #expect(policy.delay(after: 3, asked: nil, jitter: 0) == .seconds(2))
        #expect(policy.delay(after: 3, asked: nil, jitter: 1) == .seconds(4))
        #expect(policy.delay(after: 63, asked: nil, jitter: 1) == .seconds(60))
        #expect(RetryPolicy.retryAfter("12", now: .now) == .seconds(12))
        // The example date of RFC 9110, read half a minute earlier.
        let date = Date(timeIntervalSince1970: 941_586_599 - 30)
        #expect(RetryPolicy.retryAfter("Tue, 02 Nov 1999 23:49:59 GMT", now: date) == .seconds(30))
        #expect(RetryPolicy.retryAfter("soon", now: date) == nil)
    }

    @Test(
        arguments: [
            (["HTTPS_PROXY": "http://p:3128"], "https://huggingface.co", "p:3128"),
            (["https_proxy": "p:3128"], "https://huggingface.co", "p:3128"),
            (["HTTP_PROXY": "http://p:3128"], "https://huggingface.co", nil),
            (["ALL_PROXY": "http://name:word@p"], "https://huggingface.co", "p:80"),
            (["HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.org, .co"], "https://huggingface.co", nil),
            (["HTTPS_PROXY": "http://p:1", "NO_PROXY": "gingface.co"], "https://huggingface.co", "p:1"),
            (["HTTP_PROXY": "http://p:1", "NO_PROXY": "127.0.0.1:80"], "http://127.0.0.1", nil),
        ] as [([String: String], String, String?)]
    )
    func `the proxy comes from the environment variable for the server's scheme`(
        variables: [String: String],
        server: String,
        expected: String?
    ) throws {
        let environment = HubEnvironment(
            variables: variables,
            home: URL(filePath: "/"),
            workingFolder: URL(filePath: "/")
        )
        let proxy = try ProxySettings(environment).proxy(for: try Endpoint(server).origin)
        #expect(proxy.map { "\($0.host):\($0.port)" } == expected)
    }

    @Test func `patterns match as in Python's fnmatch`() throws {
        let id = try RepositoryID("org/tiny", kind: .model)
        let names = [
            "config.json", "data/a/train.csv", "data/test.csv", "model-00001-of-00002.safetensors",
            "x[1].txt",
        ]
        func select(_ include: [String], _ exclude: [String] = []) throws -> [String] {
            try FileSelection.matching(include, except: exclude).apply(to: names, of: id)
        }
        #expect(try select(["*.csv"]) == ["data/a/train.csv", "data/test.csv"])
        #expect(try select(["data/"], ["*/test.*"]) == ["data/a/train.csv"])
        #expect(try select(["x[1].txt"]) == ["x[1].txt"])
        #expect(try select([], ["*.csv", "*.txt"]) == ["config.json", "model-00001-of-00002.safetensors"])
        let error = #expect(throws: HubError.self) { try select(["*.parquet"]) }
        #expect(error?.message.contains("has no file *.parquet; it has config.json") == true)
    }

    @Test func `a dataset selects its data files, and one that needs a script is rejected with the reason`()
        throws
    {
        let id = try RepositoryID("org/texts", kind: .dataset)
        func rows(_ names: [String]) throws -> [String] { try FileSelection.dataset.apply(to: names, of: id) }
        #expect(
            try rows(["README.md", "a/train.csv.gz", "x.png", "test.parquet", ".gitattributes"])
                == ["a/train.csv.gz", "test.parquet", "README.md"]
        )
        let error = #expect(throws: HubError.self) { try rows(["texts.py", "README.md"]) }
        #expect(error?.code == .unsupported)
        #expect(
            error?.message.contains("needs the Python script texts.py, which Attune does not run") == true
        )
    }

    @Test func `weights are selected in one format, and pickled ones are rejected with the reason`() throws {
        let id = try RepositoryID("org/tiny", kind: .model)
        func weights(_ names: [String]) throws -> [String] {
            try FileSelection.model.apply(to: names, of: id)
        }
        #expect(try weights(["model.safetensors", "pytorch_model.bin", "a.gguf"]) == ["model.safetensors"])
        let shards = [
            "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
        ]
        #expect(try weights(shards + ["onnx/model.onnx"]).sorted() == shards)
        // Those of several processes, with or without an index; not their moments.
        let written = [
            "model.safetensors.index.json", "shard-00001-model-00001-of-00001.safetensors",
            "shard-00002-model-00001-of-00001.safetensors",
        ]
        #expect(
            try weights(written + ["shard-00001-optimizer-00001-of-00001.safetensors"]).sorted() == written
        )
        #expect(try weights(Array(written.dropFirst())) == Array(written.dropFirst()))
        #expect(try weights(["a.Q4.gguf"]) == ["a.Q4.gguf"])
        #expect(throws: HubError.self) { try weights(["a.Q4.gguf", "a.Q8.gguf"]) }
        let tokenizer = try FileSelection.tokenizer.apply(to: ["config.json", "a.Q4.gguf"], of: id)
        #expect(tokenizer == ["config.json", "a.Q4.gguf"])
        #expect(try FileSelection.tokenizer.apply(to: ["vocab.txt", "a.gguf"], of: id) == ["vocab.txt"])
        // A model's settings are selected too, for prediction and for tokenizing.
        let settings = ["config.json", "attune.json", "model.safetensors"]
        #expect(try weights(settings) == settings)
        let remembered = ["config.json", "attune.json", "a.gguf"]
        #expect(try FileSelection.tokenizer.apply(to: remembered, of: id) == remembered)
        let error = #expect(throws: HubError.self) { try weights(["config.json", "pytorch_model.bin"]) }
        #expect(error?.message.contains("pytorch_model.bin, which may run code") == true)
        #expect(error?.message.contains("`attune hub download org/tiny`; `attune inspect`") == true)
    }

    @Test func `adapters, SetFit models and foreign weights are recognised or rejected with the reason`()
        throws
    {
        let id = try RepositoryID("org/tiny", kind: .model)
        func chosen(_ names: [String]) throws -> [String] { try FileSelection.model.apply(to: names, of: id) }
        let whole = ["config.json", "adapter_config.json", "config_setfit.json", "model.safetensors"]
        let both = whole + ["adapter_model.safetensors"]
        #expect(try Set(chosen(both)) == Set(both))
        let adapter = ["adapter_config.json", "adapter_model.safetensors", "tokenizer.json"]
        #expect(try Set(chosen(adapter + ["optimizer.pt"])) == Set(adapter))
        func message(_ names: [String]) -> String {
            #expect(throws: HubError.self) { try chosen(names) }?.message ?? ""
        }
        #expect(
            message(["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"]).contains("llama-gguf-split --merge")
        )
        #expect(
            message(["pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"]).contains(
                "how to convert"
            )
        )
        #expect(message(["config.json", "model.onnx"]).contains("model.onnx, which Attune does not read"))
    }
}
