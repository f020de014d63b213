import ArgumentParser
import Attune
import Files
import Foundation
import JSON

/// `attune data cache`.
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Lists the tokenized texts that earlier runs cached, or deletes them."
    )

    @OptionGroup var cache: CacheOptions

    @Flag(help: "Delete the cached texts.")
    var clear = false

    @Option(
        help: ArgumentHelp(
            "With --clear: only files that no run has used for this many days.",
            valueName: "days"
        )
    )
    var unusedFor: Double?

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        if unusedFor != nil, !clear { throw ValidationError("--unused-for needs --clear") }
    }

    func run() throws {
        try reportingFailure(messages) { try clear ? delete(cache.datasets) : list(cache.datasets) }
    }

    private func delete(_ datasets: DatasetCache) throws {
        let date = unusedFor.map { Date.now.addingTimeInterval(-$0 * 86_400) }
        let gone = try datasets.clear(unusedSince: date)
        try printResult(
            "deleted \(counted(gone.count, "file")), \(formattedSize(gone.byteCount))",
            ["deleted": .int(gone.count), "bytes": .int(gone.byteCount)],
            asJSON: messages.json
        )
    }

    private func list(_ datasets: DatasetCache) throws {
        let entries = datasets.entries()
        let total = entries.reduce(0) { $0 + $1.byteCount }
        let folder = datasets.folder.path(percentEncoded: false)
        let facts = entries.map { entry in
            (entry: entry, description: try? JSONValue.parse(entry.description.utf8))
        }
        var lines = facts.map { entry, description in
            let text =
                description.map {
                    "\($0["source"].string ?? ""): \(counted($0["texts"].int ?? 0, "text")), "
                        + counted($0["tokens"].int ?? 0, "token")
                } ?? entry.description
            let day = entry.lastUsed.formatted(.iso8601.year().month().day())
            return "\(day)  \(formattedSize(entry.byteCount))  \(text)"
        }
        lines.append("\(counted(entries.count, "file")), \(formattedSize(total)), in \(folder)")
        let files = facts.map { entry, description in
            JSONValue.object([
                "bytes": .int(entry.byteCount), "last_used": .string(entry.lastUsed.formatted(.iso8601)),
                "description": description ?? .string(entry.description),
            ])
        }
        try printResult(
            lines.joined(separator: "\n"),
            ["folder": .string(folder), "bytes": .int(total), "files": .array(files)],
            asJSON: messages.json
        )
    }
}
