import ArgumentParser
import Files
import Foundation
import Hub
import JSON

/// `attune hub login`.
struct HubLoginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Asks for a token, checks it with the Hub, and stores it so that only you can read it.",
        discussion: """
            Create a token at https://huggingface.co/settings/tokens. It is not shown while you type it. If standard input is \
            not a terminal, it is read from there. huggingface_hub finds it, too.
            """
    )

    @OptionGroup var hub: HubOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let token = try hub.token.map { try Token($0) } ?? Token(readSecret(), source: .typed)
            let environment = HubOptions.environment
            let account = try waiting {
                try await HubClient.with(.init(environment: environment, token: token)) {
                    try await $0.account()
                }
            }
            try token.store(named: account.tokenName ?? account.name, in: environment)
            try printResult(
                "logged in as \(account.name)\(account.role.map { ", who may \($0)" } ?? "")",
                account.json(tokenFrom: nil),
                asJSON: messages.json
            )
            for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]
            where !(environment.variables[name] ?? "").isEmpty {
                writeToStandardError(
                    "attune: note: the variable \(name) takes precedence over this login; unset it\n"
                )
            }
        }
    }

    /// Reads a line without showing it.
    private func readSecret() throws -> String {
        guard isatty(STDIN_FILENO) == 1 else { return readLine() ?? "" }
        StandardStreams.writeMessage("Token: ")
        var before = termios()
        guard tcgetattr(STDIN_FILENO, &before) == 0 else {
            throw ValidationError(
                "this terminal cannot hide the token while you type it; set HF_TOKEN, or pass the token on standard input"
            )
        }
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO)
        // Ctrl-C while typing must not leave the terminal without echo.
        signal(SIGINT, SIG_IGN)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        let text = readLine() ?? ""
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
        signal(SIGINT, SIG_DFL)
        StandardStreams.writeMessage("\n")
        return text
    }
}

/// `attune hub logout`.
struct HubLogoutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Deletes the tokens that logins stored on this machine."
    )

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let environment = HubOptions.environment
            let wasLoggedIn = try Token.forget(in: environment)
            try printResult(
                wasLoggedIn ? "logged out" : "was not logged in",
                ["was_logged_in": .bool(wasLoggedIn)],
                asJSON: messages.json
            )
            if let left = try waiting({ try await Token.find(in: environment) }) {
                writeToStandardError("attune: note: \(left) is still used; remove it there\n")
            }
        }
    }
}

/// `attune hub whoami`.
struct HubWhoamiCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami",
        abstract: "Shows the account and the permissions of the token."
    )

    @OptionGroup var hub: HubOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let (account, source) = try hub.withClient { client in
                (try await client.account(), client.settings.token?.source.description)
            }
            var lines = [account.name]
            if !account.organizations.isEmpty {
                lines.append("organizations: \(account.organizations.joined(separator: ", "))")
            }
            let token = [account.tokenName, account.role.map { "may \($0)" }, source.map { "from \($0)" }]
            lines.append("token: \(token.compactMap { $0 }.joined(separator: ", "))")
            try printResult(
                lines.joined(separator: "\n"),
                account.json(tokenFrom: source),
                asJSON: messages.json
            )
        }
    }
}

extension HubClient.Account {
    /// The account for programs; never the token itself.
    ///
    /// - Parameter source: The place of the token; nil if it is not known.
    /// - Returns: An object with `name`, `organizations`, `token_name`, `token_role` and `token_source`.
    fileprivate func json(tokenFrom source: String?) -> JSONObject {
        [
            "name": .string(name), "organizations": .array(organizations.map(JSONValue.string)),
            "token_name": tokenName.map(JSONValue.string) ?? .null,
            "token_role": role.map(JSONValue.string) ?? .null,
            "token_source": source.map(JSONValue.string) ?? .null,
        ]
    }
}
