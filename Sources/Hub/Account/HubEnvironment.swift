public import Foundation

/// The Hub's address and the local folders, from environment variables that are passed in.
///
/// Source: [`constants.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/constants.py)
public struct HubEnvironment: Sendable, Equatable {
    /// The variables, named as in huggingface_hub.
    public var variables: [String: String]
    /// The user's home folder, which `~` stands for.
    public var home: URL
    /// The folder that may contain a `.env` file.
    public var workingFolder: URL

    /// Creates an environment.
    ///
    /// - Parameters:
    ///   - variables: The process's variables, or others in a test.
    ///   - home: The user's home folder.
    ///   - workingFolder: The folder that may contain a `.env` file.
    public init(variables: [String: String], home: URL, workingFolder: URL) {
        self.variables = variables
        self.home = home
        self.workingFolder = workingFolder
    }

    /// `HF_ENDPOINT`, or the public Hub.
    ///
    /// - Returns: The address, without a trailing slash.
    /// - Throws: `.badName` if it is not an http or https address.
    public func endpoint() throws(HubError) -> Endpoint {
        try Endpoint(value("HF_ENDPOINT") ?? "https://huggingface.co")
    }

    /// `HF_HOME`, or `huggingface` in the user's cache folder.
    public var hubHome: URL {
        if let path = value("HF_HOME") { return expanded(path) }
        let cache = value("XDG_CACHE_HOME").map(expanded) ?? home.appending(path: ".cache")
        return cache.appending(path: "huggingface", directoryHint: .isDirectory)
    }

    /// `HF_HUB_CACHE`, or `hub` in ``hubHome``.
    public var cacheFolder: URL {
        let path = value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE")
        return path.map(expanded) ?? hubHome.appending(path: "hub", directoryHint: .isDirectory)
    }

    /// `HF_TOKEN_PATH`, or `token` in ``hubHome``: the file with the token of the last login.
    public var tokenFile: URL { value("HF_TOKEN_PATH").map(expanded) ?? hubHome.appending(path: "token") }

    /// The file with the tokens of all logins by name, next to ``tokenFile``.
    public var storedTokensFile: URL {
        tokenFile.deletingLastPathComponent().appending(path: "stored_tokens")
    }

    /// Whether `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE` forbids using the network.
    public var isOffline: Bool { isSet("HF_HUB_OFFLINE") || isSet("TRANSFORMERS_OFFLINE") }

    /// Whether only an explicitly given token is sent: `HF_HUB_DISABLE_IMPLICIT_TOKEN`.
    var sendsOnlyGivenToken: Bool { isSet("HF_HUB_DISABLE_IMPLICIT_TOKEN") }

    /// The value of a variable; nil if it is unset or empty.
    func value(_ name: String) -> String? {
        guard let value = variables[name], !value.isEmpty else { return nil }
        return value
    }

    /// Whether a variable is set to true, by the rules of huggingface_hub.
    func isSet(_ name: String) -> Bool {
        ["1", "ON", "YES", "TRUE"].contains(value(name)?.uppercased())
    }

    /// A path with `~`, `$NAME` and `${NAME}` expanded.
    ///
    /// Relative paths start at ``workingFolder``.
    private func expanded(_ path: String) -> URL {
        var text = path
        if text == "~" || text.hasPrefix("~/") { text = home.path(percentEncoded: false) + text.dropFirst() }
        text.replace(/\$(?:\{([^}]+)\}|([A-Za-z0-9_]+))/) { match in
            let name = match.1 ?? match.2 ?? ""
            return variables[String(name)] ?? String(match.0)
        }
        return URL(filePath: text, directoryHint: .inferFromPath, relativeTo: workingFolder).absoluteURL
    }
}
