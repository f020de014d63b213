import Files
import Foundation
import TestSupport
import Testing

@testable import Hub

struct TokenTests {
    private let secret = "hf_abcdefghijklmnop"

    private func environment(_ folder: URL, _ variables: [String: String] = [:]) -> HubEnvironment {
        HubEnvironment(variables: variables, home: folder.appending(path: "home"), workingFolder: folder)
    }

    @Test func `printing a token never shows the secret`() throws {
        let token = try Token(secret)
        var dumped = ""
        dump(token, to: &dumped)
        let error = #expect(throws: HubError.self) { try Token("hf_secret secret") }
        for text in [
            "\(token)", String(reflecting: token), String(describing: [token]), dumped,
            "\(Optional(token) as Any)",
        ] {
            #expect(!text.contains(secret))
        }
        #expect(error?.message.contains("hf_secret") == false)
    }

    @Test func `a token that could break a header line is rejected`() {
        #expect(throws: HubError.self) { try Token("hf_a\r\nX-Other: b") }
        #expect(throws: HubError.self) { try Token("  \n") }
        #expect(throws: HubError.self) { try Token("hf_ä") }
    }

    @Test func `the flag comes before the variable, then the .env file, then the login's file`() async throws
    {
        try await withTemporaryFolder { folder in
            var environment = environment(folder, ["HF_TOKEN": "hf_variable\n"])
            try Data("# HF_TOKEN=hf_old\nHF_TOKEN = \"hf_file\"\n".utf8).write(
                to: folder.appending(path: ".env")
            )
            try Token("hf_login").store(named: "laptop", in: environment)
            #expect(try await Token.find(given: "hf_flag", in: environment)?.secret == "hf_flag")
            #expect(try await Token.find(in: environment)?.secret == "hf_variable")
            environment.variables = ["HF_TOKEN": ""]
            #expect(try await Token.find(in: environment)?.secret == "hf_file")
            #expect(try await Token.find(in: environment)?.description == "a token from HF_TOKEN in .env")
            try Data("OTHER=1\nHF_HUB_TOKEN=hf_hub\n".utf8).write(to: folder.appending(path: ".env"))
            #expect(try await Token.find(in: environment)?.secret == "hf_hub")
            try FileManager.default.removeItem(at: folder.appending(path: ".env"))
            #expect(try await Token.find(in: environment)?.secret == "hf_login")
            environment.variables = ["HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]
            #expect(try await Token.find(in: environment) == nil)
        }
    }

    @Test(arguments: ["export HF_TOKEN=hf_x\n", "A=1\r\nHF_TOKEN=hf_x\r\n"])
    func `an unsupported .env file is an error, not a missing login`(text: String) async throws {
        try await withTemporaryFolder { folder in
            try Data(text.utf8).write(to: folder.appending(path: ".env"))
            do {
                let token = try await Token.find(in: environment(folder))
                #expect(token?.secret == "hf_x")
            } catch {
                #expect("\(error)".contains("write the line HF_TOKEN=hf_"))
            }
        }
    }

    @Test func `a login stores huggingface_hub's files, readable only by their owner`() async throws {
        try await withTemporaryFolder { folder in
            let environment = environment(folder)
            try FileManager.default.createDirectory(
                at: environment.hubHome,
                withIntermediateDirectories: true
            )
            try Data("[server]\nhf_token = hf_other\nrefresh_token = r\n\n".utf8).write(
                to: environment.storedTokensFile
            )
            try Token(secret).store(named: "laptop", in: environment)
            try Token(secret).store(named: "laptop", in: environment)
            #expect(
                try String(contentsOf: environment.storedTokensFile, encoding: .utf8)
                    == "[laptop]\nhf_token = \(secret)\n\n[server]\nhf_token = hf_other\nrefresh_token = r\n\n"
            )
            #expect(try String(contentsOf: environment.tokenFile, encoding: .utf8) == secret)
            for file in [environment.tokenFile, environment.storedTokensFile] {
                let facts = try FileManager.default.attributesOfItem(atPath: file.path(percentEncoded: false))
                #expect((facts[.posixPermissions] as? Int) == 0o600)
            }
            #expect(try Token.forget(in: environment))
            #expect(try !Token.forget(in: environment))
            #expect(try await Token.find(in: environment) == nil)
        }
    }
}

struct HubEnvironmentTests {
    private func environment(_ variables: [String: String]) -> HubEnvironment {
        HubEnvironment(
            variables: variables,
            home: URL(filePath: "/h/ada"),
            workingFolder: URL(filePath: "/w", directoryHint: .isDirectory)
        )
    }

    // Values of huggingface_hub 2.4.0's constants with the same variables.
    @Test(arguments: [
        ([:], "/h/ada/.cache/huggingface/hub"),
        (["XDG_CACHE_HOME": "/x"], "/x/huggingface/hub"),
        (["HF_HOME": "~/hf"], "/h/ada/hf/hub"),
        (["HF_HOME": "/a", "HF_HUB_CACHE": "$D/c", "D": "/d"], "/d/c"),
        (["HF_HUB_CACHE": "${D}/c", "D": "/d", "HUGGINGFACE_HUB_CACHE": "/e"], "/d/c"),
        (["HUGGINGFACE_HUB_CACHE": "/e"], "/e"),
        (["HF_HUB_CACHE": "sub"], "/w/sub"),
    ])
    func `the cache folder equals huggingface_hub's`(variables: [String: String], expected: String) {
        var path = environment(variables).cacheFolder.path(percentEncoded: false)
        if path.hasSuffix("/") { path.removeLast() }
        #expect(path == expected)
    }

    @Test func `the endpoint must be a plain address`() throws {
        #expect(try environment([:]).endpoint().description == "https://huggingface.co")
        #expect(
            try environment(["HF_ENDPOINT": "http://127.0.0.1:8080/"]).endpoint().description
                == "http://127.0.0.1:8080"
        )
        for text in [
            "huggingface.co", "ftp://x", "https://name:word@x", "https://x?y", "https://", "file:///x",
        ] {
            #expect(throws: HubError.self) { try environment(["HF_ENDPOINT": text]).endpoint() }
        }
    }

    @Test(arguments: [("1", true), ("true", true), ("ON", true), ("0", false), ("no", false)])
    func `offline values are those of huggingface_hub`(text: String, expected: Bool) {
        #expect(environment(["HF_HUB_OFFLINE": text]).isOffline == expected)
    }
}
