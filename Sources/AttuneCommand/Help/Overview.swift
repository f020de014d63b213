import ArgumentParser

/// The help of the program.
enum Overview {
    /// Its parts: purpose, an example that can be copied, the commands by group, and where to read on.
    static var blocks: [HelpBlock] {
        let root = CommandNode.root
        var blocks: [HelpBlock] = [
            .paragraph(root.purpose), .heading("From a table of labelled texts to a classifier"),
        ]
        blocks += AttuneCommand.guide.examples.map { .command($0.command) }
        for group in root.groups {
            blocks.append(.heading(group.title.isEmpty ? "Commands" : group.title))
            for node in group.commands { blocks.append(.term(node.path.last ?? "", node.purpose)) }
        }
        blocks += [
            .heading("Read on"),
            .term("attune help <command>", "Examples, and the flags that most users need."),
            .term("attune help train --all", "Every flag of a command."),
            .term("attune help train lr", "One flag, by any of its names."),
            .heading("Exit codes"),
            .paragraph(ExitCodeTable.rows.map { "\($0.code) \($0.short)" }.joined(separator: ", ") + "."),
            .paragraph("Results go to standard output, progress and notes to standard error."),
        ]
        return blocks
    }
}

/// The exit codes of all commands, with the numbers of sysexits.
enum ExitCodeTable {
    /// Each code, in a few words and in a sentence.
    static let rows: [(code: Int, short: String, meaning: String)] = [
        (0, "done", "The command has done its work."),
        (64, "usage", "A flag, a word or a setting is wrong."),
        (65, "bad data", "The data, a model or a checkpoint is damaged, unsuitable or not supported."),
        (66, "missing input", "A file, a folder or a repository does not exist."),
        (
            69, "unavailable",
            "The Hub or another process does not answer, or another program uses the address to serve on."
        ),
        (
            70, "internal error",
            "An error in Attune or libtorch, out of memory, or another process of the run failed."
        ),
        (73, "would overwrite", "There is a file or a finished model in the way."),
        (74, "write failed", "The disk is full, or standard output is closed."),
        (77, "not allowed", "A file or a repository may not be read or written."),
        (130, "interrupted", "Stopped by Ctrl-C or a signal, after a checkpoint."),
    ]
}
