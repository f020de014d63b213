import ArgumentParser
import Files
import Foundation
import Hub

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

    func run() throws {
        try reportingFailure {
            let token = try hub.token.map { try Token($0) } ?? Token(readSecret(), source: .typed)
            let environment = HubOptions.environment
            let account = try waiting {
                try await HubClient.with(.init(environment: environment, token: token)) {
                    try await $0.account()
                }
            }
            try token.store(named: account.tokenName ?? account.name, in: environment)
            try print("logged in as \(account.name)\(account.role.map { ", who may \($0)" } ?? "")")
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

    func run() throws {
        try reportingFailure {
            let environment = HubOptions.environment
            try print(try Token.forget(in: environment) ? "logged out" : "was not logged in")
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

    func run() throws {
        try reportingFailure {
            let (account, source) = try hub.withClient { client in
                (try await client.account(), client.settings.token?.source.description)
            }
            try print(account.name)
            if !account.organizations.isEmpty {
                try print("organizations: \(account.organizations.joined(separator: ", "))")
            }
            let token = [account.tokenName, account.role.map { "may \($0)" }, source.map { "from \($0)" }]
            try print("token: \(token.compactMap { $0 }.joined(separator: ", "))")
        }
    }
}
