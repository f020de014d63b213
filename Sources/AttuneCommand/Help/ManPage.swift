import ArgumentParser
import Attune

/// The manual page attune(1), from the same declarations as help.
struct ManPage {
    /// The page in troff, for the macros of man.
    let text: String

    /// Writes the page.
    ///
    /// - Throws: `JSONError` if the parser's description of a command cannot be read.
    init() throws {
        let root = CommandNode.root
        let version = root.type.configuration.version
        var roff = Roff()
        roff.line(".TH ATTUNE 1 \"\" \"Attune \(version)\" \"User commands\"")
        roff.section("NAME")
        roff.text("attune - \(Self.lowered(root.purpose))")
        roff.section("SYNOPSIS")
        roff.text("attune <command> [flags]")
        roff.section("DESCRIPTION")
        roff.add(HelpBlock.blocks(of: root.type.configuration.discussion))
        roff.section("EXAMPLES")
        roff.add(Self.examples(root))
        roff.section("COMMANDS")
        for node in root.all {
            roff.subsection(node.spelled)
            roff.add(try HelpPage(node).manual)
        }
        roff.section("EXIT STATUS")
        for row in ExitCodeTable.rows { roff.add([.term("\(row.code)", row.meaning)]) }
        roff.section("ENVIRONMENT")
        for (name, text) in Self.variables { roff.add([.term(name, text)]) }
        roff.section("FILES")
        for (name, text) in Self.files { roff.add([.term(name, text)]) }
        text = roff.text
    }

    private static func lowered(_ text: String) -> String {
        (text.prefix(1).lowercased() + text.dropFirst()).trimmingSuffix(".")
    }

    static func examples(_ node: CommandNode) -> [HelpBlock] {
        node.guide.examples.flatMap { [.paragraph($0.purpose + ":"), .command($0.command)] }
    }

    private static let variables = [
        ("HF_TOKEN", "The token for the Hub. It takes precedence over a .env file and over a login."),
        ("HF_TOKEN_PATH", "The file of the token that `attune hub login` stores."),
        ("HF_ENDPOINT", "The address of the Hub. Default: https://huggingface.co."),
        ("HF_HOME", "The folder of the Hub's cache and token. Default: ~/.cache/huggingface."),
        ("HF_HUB_CACHE", "The folder of downloaded repositories. Default: hub in HF_HOME."),
        (
            "HF_HUB_OFFLINE",
            "1: never contact the Hub; use downloaded files only. TRANSFORMERS_OFFLINE has the same effect."
        ),
        ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1: send a token only if --token gives it."),
        ("HTTPS_PROXY", "The proxy for the Hub; no_proxy lists hosts without one."),
        ("XDG_CACHE_HOME", "The folder of caches. Default: ~/.cache."),
        (
            "RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT",
            "Set by torchrun for each of several processes that train together, or by yourself. srun's and mpirun's own are read, too."
        ),
        (
            "GLOO_SOCKET_IFNAME",
            "The network interface between several processes. Default: the one that leads to MASTER_ADDR."
        ),
        ("OMP_NUM_THREADS", "The most threads, except for the 1 that torchrun sets."),
        ("NO_COLOR", "Not empty: no colours and no bold text."),
    ]

    private static let files = [
        (
            "recipe.yaml",
            "In the output folder of a run: every setting with its value. `attune train recipe.yaml` repeats the run."
        ),
        (
            "attune.json",
            "In a model's folder: the settings that evaluation and prediction take from training."
        ),
        (
            "decisions.json",
            "In a model's folder: calibration, thresholds and conformal sets, which predictions apply (`attune calibrate`)."
        ),
        (".env", "In the working folder: HF_TOKEN or HF_HUB_TOKEN, the token for the Hub."),
        (
            "~/.cache/attune",
            "Tokenized texts (`attune data cache`) and the measured speed of this machine (`attune doctor`)."
        ),
    ]
}

extension String {
    /// The text without an ending; unchanged if it has another one.
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}

/// Writes troff.
struct Roff {
    /// The lines so far.
    private(set) var text = ""

    /// Adds a request or a line of text that needs no escaping.
    mutating func line(_ line: String) { text += line + "\n" }

    /// Begins a section.
    mutating func section(_ title: String) { line(".SH \(title)") }

    /// Begins a subsection.
    mutating func subsection(_ title: String) { line(".SS \(Self.escaped(title))") }

    /// Adds a paragraph's text.
    mutating func text(_ text: String) { line(Self.escaped(text)) }

    /// Adds parts of a help text.
    mutating func add(_ blocks: [HelpBlock]) {
        for block in blocks {
            switch block {
            case .heading(let title): line(".PP\n.B \(Self.escaped(title))")
            case .paragraph(let text): line(".PP\n" + Self.escaped(text))
            case .line(let text): line(".PP\n.RS 4\n" + Self.escaped(text) + "\n.RE")
            case .command(let command):
                let lines = HelpLayout.shellLines(command, width: 68).enumerated().map {
                    Self.escaped(($0 == 0 ? "" : "  ") + $1)
                }
                line(".RS 4\n.nf\n" + lines.joined(separator: "\n") + "\n.fi\n.RE")
            case .term(let name, let text):
                line(".TP\n.B \(Self.escaped(name))\n" + (text.isEmpty ? "\\&" : Self.escaped(text)))
            }
        }
    }

    /// Text without requests and escapes, in ASCII, because a terminal's characters are unknown.
    static func escaped(_ text: String) -> String {
        var made = ""
        for character in text {
            switch character {
            case "\\": made += "\\e"
            case "-": made += "\\-"
            case "\"": made += "\\(dq"
            case "'": made += "\\(aq"
            case "`": made += "\\(ga"
            case "^": made += "\\(ha"
            case "~": made += "\\(ti"
            default: made += character.isASCII ? String(character) : plain[character] ?? "?"
            }
        }
        return made.hasPrefix(".") ? "\\&" + made : made
    }

    private static let plain: [Character: String] = [
        "…": "...", "│": "|", "⟨": "<", "⟩": ">", "×": "x", "✂": "(scissors)", "³": "^3", "€": "EUR",
        "👍": ":+1:", "–": "\\-", "—": "\\-", "·": ",", "→": "\\->", "\u{FFFD}": "U+FFFD",
    ]
}
