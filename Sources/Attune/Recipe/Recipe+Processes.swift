public import Training

extension Recipe {
    /// The exchange of gradients if several processes train together; a run of one process ignores it.
    ///
    /// The number of processes is not part of a recipe: the launcher decides it.
    public struct Processes: Sendable, Equatable {
        /// The seconds that a process waits for another one in a step before it gives up.
        public var timeout = 300
        /// The size in megabytes of the buffers in which gradients are exchanged.
        public var bucketMegabytes = 25
        /// The type in which gradients are exchanged.
        public var compression = GradientCompression.no
        /// The state that is divided among the processes: none, the optimizer's, or also weights and gradients.
        public var zeroStage = ZeroStage.off

        /// Creates an exchange in float32, with the whole optimizer state in each process.
        public init() {}
    }

    /// The settings of several processes.
    static let processSettings: [Setting] = [
        Setting(
            "ddp_timeout",
            .processes,
            \.processes.timeout,
            """
            The seconds that a process waits for the others in a step before it stops and names those that are missing. \
            Saving and other long work of one process may take 30 minutes.
            """,
            placeholder: "seconds",
            allowed: ("a whole number of seconds above 0", { $0 > 0 })
        ),
        Setting(
            "ddp_bucket_cap_mb",
            .processes,
            \.processes.bucketMegabytes,
            "The size of the buffers in which gradients are exchanged while the backward pass computes further ones.",
            placeholder: "megabytes",
            allowed: ("a whole number above 0", { $0 > 0 })
        ),
        Setting(
            "ddp_comm_hook",
            .processes,
            \.processes.compression,
            "bf16 exchanges gradients in bfloat16: half of the traffic, and less exact. They are summed in float32.",
            placeholder: "type"
        ),
        Setting(
            "zero_stage",
            .processes,
            \.processes.zeroStage,
            """
            0, 1 or 3: with 1 each process keeps only its part of the optimizer state (ZeRO-1), with 3 also of the weights and \
            gradients (ZeRO-3), and receives the others block by block. Less memory, more traffic; checkpoints stay the same.
            """,
            placeholder: "stage"
        ),
    ]
}

extension GradientCompression: SettingConvertible {
    static var expectation: String { "no or bf16" }
    static var choices: [String] { ["no", "bf16"] }

    init?(_ value: SettingValue) {
        switch value {
        // YAML reads an unquoted `no` as false.
        case .bool(false), .text("no"), .text("false"): self = .no
        case .text("bf16"): self = .bf16
        default: return nil
        }
    }

    var settingValue: SettingValue? {
        switch self {
        case .no: .text("no")
        case .bf16: .text("bf16")
        }
    }
}

extension ZeroStage: SettingConvertible {
    static var expectation: String { "0, 1 or 3" }
    static var choices: [String] { ["0", "1", "3"] }

    init?(_ value: SettingValue) {
        switch Int(value) {
        case 0: self = .off
        case 1: self = .one
        case 3: self = .three
        default: return nil
        }
    }

    var settingValue: SettingValue? {
        switch self {
        case .off: .int(0)
        case .one: .int(1)
        case .three: .int(3)
        }
    }
}
