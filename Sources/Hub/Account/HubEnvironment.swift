public import Foundation

/// Where the Hub is and where its files are kept on this machine, from variables that are handed in.
///
/// Source: [`constants.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/constants.py)
public struct HubEnvironment: Sendable, Equatable {
    /// The variables, as the Python library names them.
    public var variables: [String: String]
    /// The user's folder, which `~` stands for.
    public var home: URL
    /// Where a `.env` may lie.
    public var workingFolder: URL

    /// Takes the variables.
    ///
    /// - Parameters:
    ///   - variables: The process's, or others in a test.
    ///   - home: The user's folder.
    ///   - workingFolder: Where a `.env` may lie.
    public init(variables: [String: String], home: URL, workingFolder: URL) {
        self.variables = variables
        self.home = home
        self.workingFolder = workingFolder
    }

    /// `HF_ENDPOINT`, or the public Hub.
    ///
    /// - Returns: The address, without a slash at its end.
    /// - Throws: `.badName` where it is no http or https address.
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

    /// `HF_TOKEN_PATH`, or `token` in ``hubHome``: where the token of a login lies.
    public var tokenFile: URL { value("HF_TOKEN_PATH").map(expanded) ?? hubHome.appending(path: "token") }

    /// The tokens by name that logins left, beside ``tokenFile``.
    public var storedTokensFile: URL {
        tokenFile.deletingLastPathComponent().appending(path: "stored_tokens")
    }

    /// Whether the network may not be used: `HF_HUB_OFFLINE`.
    public var isOffline: Bool { isSet("HF_HUB_OFFLINE") || isSet("TRANSFORMERS_OFFLINE") }

    /// Whether only a token that was given for the purpose is sent: `HF_HUB_DISABLE_IMPLICIT_TOKEN`.
    var sendsOnlyGivenToken: Bool { isSet("HF_HUB_DISABLE_IMPLICIT_TOKEN") }

    /// A variable that is there and not empty.
    func value(_ name: String) -> String? {
        guard let value = variables[name], !value.isEmpty else { return nil }
        return value
    }

    /// A variable that says yes, as the Python library reads it.
    func isSet(_ name: String) -> Bool {
        ["1", "ON", "YES", "TRUE"].contains(value(name)?.uppercased())
    }

    /// A path with `~`, `$NAME` and `${NAME}` replaced; relative ones start at ``workingFolder``.
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
