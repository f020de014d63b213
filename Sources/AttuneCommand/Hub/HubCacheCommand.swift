import ArgumentParser
import Files
import Foundation
import Hub
import JSON

/// `attune hub cache`.
struct HubCacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Lists the repositories downloaded from the Hub, or deletes them.",
        discussion: "huggingface_hub uses the same cache: a repository deleted here is gone there, too."
    )

    @Option(
        help: ArgumentHelp(
            "Delete a repository, named as listed: org/name or datasets/org/name.",
            valueName: "name"
        )
    )
    var delete: [String] = []

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let cache = HubCache(folder: HubOptions.environment.cacheFolder)
            try delete.isEmpty ? list(cache) : delete(from: cache)
        }
    }

    private func delete(from cache: HubCache) throws {
        var deleted: [(name: String, bytes: Int)] = []
        // Each is reported at once: a later one may fail.
        for name in delete {
            let isData = name.hasPrefix("datasets/")
            let id = try RepositoryID(
                isData ? String(name.dropFirst(9)) : name,
                kind: isData ? .dataset : .model
            )
            let bytes = try cache.delete(id)
            deleted.append((name, bytes))
            if !messages.json { try print("deleted \(name), \(formattedSize(bytes))") }
        }
        guard messages.json else { return }
        let facts = deleted.map { JSONValue.object(["name": .string($0.name), "bytes": .int($0.bytes)]) }
        try print(JSONValue.object(["deleted": .array(facts)]).formatted, terminator: "")
    }

    private func list(_ cache: HubCache) throws {
        let repositories = cache.repositories()
        let total = repositories.reduce(0) { $0 + $1.byteCount }
        let folder = HubPath.path(cache.folder)
        var lines = repositories.map { repository in
            let day = repository.lastUsed.formatted(.iso8601.year().month().day())
            let revisions =
                repository.revisions.isEmpty ? "" : "  (\(repository.revisions.joined(separator: ", ")))"
            return "\(day)  \(formattedSize(repository.byteCount))  \(repository.name)\(revisions)"
        }
        let count = repositories.count == 1 ? "1 repository" : "\(repositories.count) repositories"
        lines.append("\(count), \(formattedSize(total)), in \(folder)")
        let facts = repositories.map { repository in
            JSONValue.object([
                "name": .string(repository.name), "bytes": .int(repository.byteCount),
                "last_used": .string(repository.lastUsed.formatted(.iso8601)),
                "revisions": .array(repository.revisions.map(JSONValue.string)),
            ])
        }
        try printResult(
            lines.joined(separator: "\n"),
            ["folder": .string(folder), "bytes": .int(total), "repositories": .array(facts)],
            asJSON: messages.json
        )
    }
}
