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

    func validate() throws {
        if unusedFor != nil, !clear { throw ValidationError("--unused-for needs --clear") }
    }

    func run() throws {
        try reportingFailure {
            let datasets = cache.datasets
            if clear {
                let date = unusedFor.map { Date.now.addingTimeInterval(-$0 * 86_400) }
                let gone = try datasets.clear(unusedSince: date)
                try print("deleted \(counted(gone.count, "file")), \(formattedSize(gone.byteCount))")
                return
            }
            let entries = datasets.entries()
            for entry in entries {
                let facts = try? JSONValue.parse(entry.description.utf8)
                let what =
                    facts.map {
                        "\($0["source"].string ?? ""): \(counted($0["texts"].int ?? 0, "text")), "
                            + counted($0["tokens"].int ?? 0, "token")
                    } ?? entry.description
                let day = entry.lastUsed.formatted(.iso8601.year().month().day())
                try print("\(day)  \(formattedSize(entry.byteCount))  \(what)")
            }
            let total = entries.reduce(0) { $0 + $1.byteCount }
            try print(
                "\(counted(entries.count, "file")), \(formattedSize(total)), in \(datasets.folder.path(percentEncoded: false))"
            )
        }
    }
}
