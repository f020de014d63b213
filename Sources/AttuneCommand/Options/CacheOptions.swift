import ArgumentParser
import Attune
import Foundation

/// The folder that caches tokenized texts between runs.
struct CacheOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep tokenized texts in this folder.",
            discussion:
                "Default: attune/datasets in $XDG_CACHE_HOME, or in ~/.cache.",
            valueName: "folder"
        )
    )
    var tokenCache: String?

    @Flag(help: "Do not read or write the cache of tokenized texts.")
    var noTokenCache = false

    /// The cache; nil with `--no-token-cache`.
    var cache: TokenCache? { noTokenCache ? nil : TokenCache(datasets) }

    /// The datasets in the cache folder.
    var datasets: DatasetCache {
        DatasetCache(
            folder: tokenCache.map { URL(filePath: $0) } ?? Self.folder.appending(path: "datasets")
        )
    }

    /// Attune's folder in the user's cache folder.
    static var folder: URL {
        let environment = ProcessInfo.processInfo.environment
        let home = FileManager.default.homeDirectoryForCurrentUser
        let caches = environment["XDG_CACHE_HOME"].map { URL(filePath: $0) } ?? home.appending(path: ".cache")
        return caches.appending(path: "attune")
    }
}
