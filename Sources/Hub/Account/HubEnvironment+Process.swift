import Foundation

extension HubEnvironment {
    /// The environment of this process: its variables, the user's folder and the working folder.
    public static var process: HubEnvironment {
        HubEnvironment(
            variables: ProcessInfo.processInfo.environment,
            home: FileManager.default.homeDirectoryForCurrentUser,
            workingFolder: URL(
                filePath: FileManager.default.currentDirectoryPath,
                directoryHint: .isDirectory
            )
        )
    }
}
