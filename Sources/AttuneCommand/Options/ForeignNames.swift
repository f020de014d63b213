import Attune

/// The names that transformers' scripts and other programs have for flags of commands.
///
/// Those of a recipe's settings are their ``Setting/aliases``; they name the same flag of every command.
enum ForeignNames {
    /// The other names of a flag.
    ///
    /// - Parameters:
    ///   - flag: Its declared name, without dashes.
    ///   - command: The command's path, `attune predict`.
    /// - Returns: Names in kebab-case.
    static func names(of flag: String, in command: String) -> [String] {
        let ofSetting = Recipe.settings.first { $0.flag == flag }?.aliases ?? []
        return ofSetting.map { $0.replacing("_", with: "-") }
            + (ofEveryCommand[flag] ?? []) + (ofCommand[command]?[flag] ?? [])
    }

    private static let ofEveryCommand = [
        "output-dir": ["output", "out-dir"],
        "resume-from-checkpoint": ["resume"],
        "token": ["hf-token"],
    ]

    private static let ofCommand = [
        "attune distil": [
            "model": ["student"], "distillation-temperature": ["temperature"],
            "distillation-alpha": ["alpha"],
        ],
        "attune predict": [
            "input": ["input-file", "predict-file", "dataset", "test-file"], "output": ["output-file"],
            "batch-size": ["per-device-eval-batch-size", "eval-batch-size"],
        ],
        "attune evaluate": [
            "dataset": ["test-file", "validation-file", "eval-dataset", "eval-file"],
            "output": ["output-file"],
            "batch-size": ["per-device-eval-batch-size", "eval-batch-size"],
        ],
        "attune serve": [
            "host": ["hostname"], "model-id": ["model", "model-name-or-path"],
            "hf-token": ["hf-api-token", "token"], "huggingface-hub-cache": ["hf-hub-cache", "cache-dir"],
            "cors-allow-origin": ["cors-allow-origins"], "allowed-hosts": ["allowed-host"],
            "uds-path": ["unix-socket"],
        ],
        "attune tokenize": ["input": ["input-file", "dataset"], "output": ["output-file"]],
        "attune decode": ["input": ["input-file"], "output": ["output-file"]],
        "attune hub download": ["kind": ["repo-type"], "exclude": ["ignore-patterns"]],
        "attune hub upload": [
            "kind": ["repo-type"], "message": ["commit-message"], "pull-request": ["create-pr"],
            "exclude": ["ignore-patterns"], "include": ["allow-patterns"],
        ],
    ]
}
