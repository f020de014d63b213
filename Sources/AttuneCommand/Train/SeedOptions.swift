import ArgumentParser

/// `--seeds`.
struct SeedOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Repeat the run with this many seeds, from --seed on, each in seed-<n>, and report mean and spread.",
            valueName: "count"
        )
    )
    var seeds: Int?

    /// The number of seeds, if it is more than one.
    var count: Int? { seeds.flatMap { $0 == 1 ? nil : $0 } }

    func validate() throws {
        if let seeds, seeds < 1 { throw ValidationError("--seeds must be at least 1") }
    }
}
