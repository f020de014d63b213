package import Foundation
package import Hub

extension Recipe {
    /// The push of a run's model to the Hub, during training and at its end.
    public struct Push: Sendable, Equatable {
        /// The repository: `name`, `org/name` or `org/name@branch`; nil takes the output folder's name, in your account.
        public var repository: String?
        /// Whether the repository is private if it is created.
        ///
        /// False uses the default of the owner's settings.
        public var isPrivate: Bool
        /// The contents and times of pushes.
        public var strategy: PushStrategy

        /// Creates a push with transformers' defaults.
        ///
        /// - Parameters:
        ///   - repository: `name`, `org/name` or `org/name@branch`; nil takes the output folder's name.
        ///   - isPrivate: Whether the repository is private if it is created.
        ///   - strategy: The contents and times of pushes.
        public init(
            to repository: String? = nil,
            isPrivate: Bool = false,
            strategy: PushStrategy = .everySave
        ) {
            (self.repository, self.isPrivate, self.strategy) = (repository, isPrivate, strategy)
        }

        /// The repository of a run.
        ///
        /// - Parameter folder: The output folder. Its name is the default for the repository's name.
        /// - Returns: The id, perhaps without an owner.
        /// - Throws: ``SettingError`` for an invalid name.
        package func repositoryID(for folder: URL) throws(SettingError) -> RepositoryID {
            let name = repository ?? folder.standardizedFileURL.lastPathComponent
            do { return try RepositoryID(name, kind: .model) } catch {
                throw SettingError("hub_model_id", .invalid("is not a repository's name: \(error)"))
            }
        }
    }

    static let hubSettings: [Setting] = [
        Setting(
            "push_to_hub",
            .hub,
            isCommon: true,
            \.pushesToHub,
            """
            Push the model to the Hub, during training and at its end. The token and the repository are checked before the \
            first step.
            """
        ),
        Setting(
            "hub_model_id",
            .hub,
            \.pushRepository,
            "The repository: name, org/name or org/name@branch. Default: the output folder's name, in your account.",
            placeholder: "name",
            unless: pushing
        ),
        Setting(
            "hub_private_repo",
            .hub,
            \.pushIsPrivate,
            "Make the repository private if it is created.",
            unless: pushing
        ),
        Setting(
            "hub_strategy",
            .hub,
            \.pushStrategy,
            "\(PushStrategy.allCases.map(\.rawValue).joined(separator: ", ")): what is pushed, and when.",
            placeholder: "strategy",
            unless: pushing
        ),
    ]

    private static let pushing: @Sendable (Recipe) -> Setting.Need? = {
        $0.push == nil ? Setting.Need("push_to_hub") : nil
    }

    private var pushesToHub: Bool {
        get { push != nil }
        set { push = newValue ? push ?? Push() : nil }
    }

    private var pushRepository: String? {
        get { push?.repository }
        set { push?.repository = newValue }
    }

    private var pushIsPrivate: Bool {
        get { push?.isPrivate ?? false }
        set { push?.isPrivate = newValue }
    }

    private var pushStrategy: PushStrategy {
        get { push?.strategy ?? .everySave }
        set { push?.strategy = newValue }
    }
}

/// The parts of a run that are sent to the Hub, with transformers' names.
///
/// Source: `HubStrategy` of transformers 5.23 (trainer_utils.py).
public enum PushStrategy: String, Sendable, CaseIterable {
    /// The model, once training is over.
    case end
    /// The model at every checkpoint, and at the end.
    case everySave = "every_save"
    /// In addition, the latest checkpoint as `last-checkpoint`, from which a run can resume.
    case checkpoint
    /// In addition, every checkpoint under its own name.
    case allCheckpoints = "all_checkpoints"
}

extension PushStrategy: NamedSetting {}
