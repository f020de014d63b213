import ArgumentParser
import Attune
import Foundation

/// Where tokenized texts are kept from run to run.
struct CacheOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep tokenized texts in this folder.",
            discussion:
                "Default: attune/datasets in $XDG_CACHE_HOME, or in .cache of your home folder.",
            valueName: "folder"
        )
    )
    var tokenCache: String?

    @Flag(help: "Neither look for tokenized texts of an earlier run nor keep this one's.")
    var noTokenCache = false

    /// The cache; nil where none is wanted.
    var cache: TokenCache? { noTokenCache ? nil : TokenCache(datasets) }

    /// The folder's datasets.
    var datasets: DatasetCache {
        DatasetCache(
            folder: tokenCache.map { URL(filePath: $0) } ?? Self.folder.appending(path: "datasets")
        )
    }

    /// Attune's folder among the user's caches.
    static var folder: URL {
        let environment = ProcessInfo.processInfo.environment
        let home = FileManager.default.homeDirectoryForCurrentUser
        let caches = environment["XDG_CACHE_HOME"].map { URL(filePath: $0) } ?? home.appending(path: ".cache")
        return caches.appending(path: "attune")
    }
}
