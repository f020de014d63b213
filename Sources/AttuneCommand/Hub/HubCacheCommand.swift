import ArgumentParser
import Files
import Foundation
import Hub

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

    func run() throws {
        try reportingFailure {
            let cache = HubCache(folder: HubOptions.environment.cacheFolder)
            guard delete.isEmpty else {
                for name in delete {
                    let isData = name.hasPrefix("datasets/")
                    let id = try RepositoryID(
                        isData ? String(name.dropFirst(9)) : name,
                        kind: isData ? .dataset : .model
                    )
                    try print("deleted \(name), \(formattedSize(try cache.delete(id)))")
                }
                return
            }
            let repositories = cache.repositories()
            for repository in repositories {
                let day = repository.lastUsed.formatted(.iso8601.year().month().day())
                let revisions =
                    repository.revisions.isEmpty ? "" : "  (\(repository.revisions.joined(separator: ", ")))"
                try print("\(day)  \(formattedSize(repository.byteCount))  \(repository.name)\(revisions)")
            }
            let total = repositories.reduce(0) { $0 + $1.byteCount }
            try print(
                "\(repositories.count == 1 ? "1 repository" : "\(repositories.count) repositories"), \(formattedSize(total)), in \(HubPath.path(cache.folder))"
            )
        }
    }
}
