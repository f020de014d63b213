import ArgumentParser
import Attune
import Foundation
import TestSupport
import Testing

@testable import AttuneCommand

/// Help of the program and of every command.
struct HelpTests {
    private static let commands = CommandNode.root.all.map(\.spelled)

    private func node(_ spelled: String) throws -> CommandNode {
        try #require(CommandNode.root.all.first { $0.spelled == spelled })
    }

    private func page(_ spelled: String, explainsAll: Bool = true, width: Int = 80) throws -> String {
        HelpLayout(width: width, isStyled: false)
            .rendered(try HelpPage(node(spelled)).blocks(explainsAll: explainsAll))
    }

    private func words(of command: String) -> [String] {
        Array(command.split(separator: " ").dropFirst().map(String.init))
    }

    // MARK: Pages

    @Test(arguments: commands)
    func `attune help VERB and attune VERB --help are the same page`(command: String) throws {
        let first = try attune(["help"] + words(of: command))
        let second = try attune(words(of: command) + ["--help"])
        #expect(first.code == 0 && first.errors.isEmpty)
        #expect(first.output == second.output)
        let page = try page(command, explainsAll: false)
        #expect(first.output == page + "\n")
    }

    @Test(arguments: commands)
    func `a page begins with one sentence about the purpose, and has two examples`(command: String) throws {
        let node = try node(command)
        #expect(node.purpose.hasSuffix(".") && !node.purpose.isEmpty)
        #expect(node.guide.examples.count >= 2)
        let page = try page(command)
        #expect(page.hasPrefix(node.purpose.prefix(20)))
        for example in node.guide.examples { #expect(page.contains("  \(example.purpose)")) }
    }

    @Test(arguments: commands)
    func `all help explains every flag, under a heading`(command: String) throws {
        let node = try node(command)
        let page = try page(command)
        for flag in try node.catalog().flags {
            #expect(page.contains("\n  \(flag.spelled)"), "\(flag.name)")
            #expect(!flag.help.isEmpty, "\(flag.name)")
        }
        #expect(!page.contains("Other flags"))
    }

    @Test(arguments: commands)
    func `a guide names only flags that exist`(command: String) throws {
        let node = try node(command)
        let names = Set(try node.catalog().flags.map(\.name))
        let named = node.guide.common + node.guide.headings.flatMap(\.flags)
        // Headings may be shared by several commands.
        let own = named.filter { node.guide.common.contains($0) }
        #expect(own.allSatisfy(names.contains), "\(own)")
        #expect(names.isEmpty || named.contains(where: names.contains) || node.takesRecipe)
    }

    @Test func `the short help of train has the common flags and names the others by heading`() throws {
        let short = try page("attune train", explainsAll: false)
        let lines = short.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "Common flags"))
        let end = try #require(lines.firstIndex(of: "More flags"))
        // About a screen.
        #expect(end - start < 50, "\(end - start)")
        #expect(short.contains("\n  --learning-rate <rate>"))
        #expect(
            short.contains("  Optimizer  ") && short.contains("--adam-beta1")
                && !short.contains("--adam-beta1 <")
        )
        let all = try page("attune train")
        for section in Setting.Section.allCases {
            #expect(all.contains("\n\(section.rawValue)\n"), "\(section)")
        }
    }

    @Test(arguments: commands, [80, 60, 40])
    func `no line is wider than the terminal, except words that cannot be broken`(
        command: String,
        width: Int
    ) throws {
        for line in try page(command, width: width).split(separator: "\n") where line.count > width {
            let isCommand = line.hasSuffix("\\") || line.contains("attune ") || line.contains("--")
            #expect(isCommand || line.split(separator: " ").contains { $0.count > width / 2 }, "\(line)")
        }
    }

    @Test func `a flag is explained by any of its names, and so is a heading`() throws {
        for name in ["learning-rate", "--learning_rate", "lr", "--lr"] {
            let outcome = try attune(["help", "train", name])
            #expect(
                outcome.code == 0 && outcome.output.contains("--learning-rate <rate>"),
                "\(outcome.errors)"
            )
            #expect(outcome.output.contains("Also --lr."))
        }
        #expect(try attune(["predict", "--max_length", "--help"]).output.hasPrefix("attune predict\n"))
        let heading = try attune(["help", "train", "memory"]).output
        #expect(heading.contains("--gradient-checkpointing") && !heading.contains("--adam-beta1"))
        let unknown = try attune(["help", "train", "learning-rat"])
        #expect(
            unknown.code == 64 && unknown.errors.contains("did you mean --learning-rate?"),
            "\(unknown.errors)"
        )
    }

    // MARK: The overview

    @Test func `the overview has every command by group, and an example that can be copied`() throws {
        let outcome = try attune(["--help"])
        #expect(outcome.code == 0)
        #expect(try attune([]).output == outcome.output)
        #expect(try attune(["help"]).output == outcome.output)
        for group in CommandNode.root.groups {
            #expect(outcome.output.contains("\n\(group.title)\n"))
            for node in group.commands { #expect(outcome.output.contains("\n  \(node.path[1]) ")) }
        }
        #expect(!outcome.output.contains("\n  man "))
        for example in AttuneCommand.guide.examples {
            #expect(copied(from: outcome.output).contains(example.command))
        }
    }

    @Test(arguments: [80, 60, 40], commands)
    func `an example copied from a page is the whole command`(width: Int, command: String) throws {
        let page = try page(command, width: width)
        for example in try node(command).guide.examples {
            #expect(copied(from: page).contains(example.command), "\(page)")
        }
    }

    /// A page's text as a shell reads it: a backslash continues a line.
    private func copied(from page: String) -> String {
        page.replacing(/\\\n */, with: "")
    }

    // MARK: The manual

    @Test func `the manual has every command, flag, exit code and variable`() throws {
        let page = try attune(["man"])
        #expect(page.code == 0 && page.output.hasPrefix(".TH ATTUNE 1"))
        for node in CommandNode.root.all {
            #expect(page.output.contains(".SS \(node.spelled)\n"))
            for flag in try node.catalog().flags where !node.takesRecipe || node.type == TrainCommand.self {
                #expect(page.output.contains(".B \(Roff.escaped(flag.spelled))\n"), "\(flag.name)")
            }
        }
        for row in ExitCodeTable.rows { #expect(page.output.contains(".B \(row.code)\n")) }
        for name in ["HF_TOKEN", "HF_ENDPOINT", "recipe.yaml"] {
            #expect(page.output.contains(".B \(name)\n"))
        }
        let isASCII = page.output.utf8.allSatisfy { $0 < 128 }
        #expect(isASCII)
    }

    @Test func `groff formats the manual without a warning`() throws {
        try withTemporaryFolder { folder in
            let outcome = try shell(
                "command -v groff >/dev/null || exit 0; $ATTUNE man >attune.1 && groff -man -Tascii -ww attune.1 >page",
                in: folder
            )
            #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        }
    }
}
