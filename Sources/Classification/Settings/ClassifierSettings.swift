import JSON
public import Models
public import Tokenization

/// The training settings that determine how a classifier's texts are read and evaluated.
///
/// A model's folder stores them as `attune.json` next to `config.json`; transformers ignores that file. Evaluation and
/// prediction use them unless overridden. Nil means that nothing was set.
///
/// ```swift
/// var told = ClassifierSettings()
/// told.maxLength = 128                                    // overrides the length of training
/// let (classifier, _) = try TextClassifier.load("runs/tweets", settings: told)
/// classifier.settings.textColumn                          // the column of training
/// ```
public struct ClassifierSettings: Sendable, Equatable {
    /// The column with the texts.
    public var textColumn: String?
    /// The column with the second texts of pairs.
    ///
    /// An empty name means single texts.
    public var textPairColumn: String?
    /// The column with the labels, or one column of 0 and 1 per label.
    public var labelColumns: [String]?
    /// The names of the labels, by id.
    ///
    /// Names that a caller gives replace those of `config.json`. The names in a folder's `attune.json` are only a record:
    /// `config.json` is saved together with the weights, so its names are used if the two differ.
    public var labelNames: [String]?
    /// Whether a text has one label, several labels or a number.
    public var problemType: ProblemType?
    /// The most tokens of a text; longer texts are truncated.
    public var maxLength: Int?
    /// The part of a longer text that is read; nil cuts the side that the tokenizer cuts.
    public var longText: LongText?
    /// How empty texts are treated.
    public var emptyTexts: RowPolicy?
    /// How rows without a label are treated.
    public var missingLabels: RowPolicy?
    /// The loss of training, if it is not the plain loss of the problem type.
    ///
    /// Evaluation computes the same loss.
    package var loss: LossSettings?
    /// Fields of a later version, kept when the model is saved again.
    var laterFields = JSONObject()

    /// Creates settings in which nothing is set.
    public init() {}

    /// The names of fields in the file that this version does not know.
    ///
    /// They have no effect.
    public var unknownFields: [String] { laterFields.members.map(\.name) }

    /// Returns these settings, completed by others.
    ///
    /// - Parameter saved: The settings to use for everything that is not set here, for example those of training.
    /// - Returns: The combination. Label names are never completed: those of the model are used.
    public func completed(by saved: ClassifierSettings) -> ClassifierSettings {
        var result = self
        for field in Field.all where field.name != Field.labelNames {
            field.complete(&result, saved)
        }
        if result.laterFields.members.isEmpty { result.laterFields = saved.laterFields }
        return result
    }
}

extension ClassifierSettings {
    /// One field of the file.
    ///
    /// A new setting needs one property above and one line in ``all``.
    struct Field {
        /// Its name in the file.
        let name: String
        /// The accepted values, for messages.
        let expected: String
        /// Reads the value from the file; returns false if it is not accepted.
        let read: (inout ClassifierSettings, JSONValue) -> Bool
        /// The value for the file; null if nothing is set.
        let write: (ClassifierSettings) -> JSONValue
        /// Copies the other settings' value if nothing is set.
        let complete: (inout ClassifierSettings, ClassifierSettings) -> Void

        private init<Value>(
            _ name: String,
            _ place: WritableKeyPath<ClassifierSettings, Value?>,
            _ expected: String,
            read: @escaping (JSONValue) -> Value?,
            write: @escaping (Value) -> JSONValue
        ) {
            self.name = name
            self.expected = expected
            self.read = { settings, json in
                guard let value = read(json) else { return false }
                settings[keyPath: place] = value
                return true
            }
            self.write = { settings in settings[keyPath: place].map(write) ?? .null }
            complete = { settings, saved in
                settings[keyPath: place] = settings[keyPath: place] ?? saved[keyPath: place]
            }
        }

        static let labelNames = "label_names"
        static let loss = "loss"

        /// All fields, in the order of the file.
        static var all: [Field] {
            [
                Field(
                    "max_length",
                    \.maxLength,
                    "a whole number from 1 to 1000000000",
                    read: { $0.int.flatMap { (1...1_000_000_000).contains($0) ? $0 : nil } },
                    write: JSONValue.int
                ),
                Field(
                    "long_text",
                    \.longText,
                    LongText.words,
                    read: { $0.string.flatMap { LongText($0) } },
                    write: { .string($0.description) }
                ),
                text("text_column", \.textColumn),
                text("text_pair_column", \.textPairColumn),
                texts("label_columns", \.labelColumns),
                texts(labelNames, \.labelNames),
                choice("problem_type", \.problemType),
                choice("empty_texts", \.emptyTexts),
                choice("missing_labels", \.missingLabels, except: .keep),
                Field(
                    loss,
                    \.loss,
                    "a loss with its weights, as training writes it",
                    read: LossSettings.init(remembered:),
                    write: { $0.note == nil ? .null : $0.json }
                ),
            ]
        }

        private static func text(
            _ name: String,
            _ place: WritableKeyPath<ClassifierSettings, String?>
        ) -> Field {
            Field(
                name,
                place,
                "a non-empty string",
                read: { $0.string.flatMap { $0.isEmpty ? nil : $0 } },
                // When saved, an empty name is the same as no name, because it no longer overrides anything.
                write: { $0.isEmpty ? .null : .string($0) }
            )
        }

        private static func texts(
            _ name: String,
            _ place: WritableKeyPath<ClassifierSettings, [String]?>
        ) -> Field {
            Field(
                name,
                place,
                "a list of distinct strings",
                read: { json in
                    guard let values = json.array, !values.isEmpty else { return nil }
                    let texts = values.compactMap(\.string)
                    let isSet = Set(texts.map { Array($0.utf8) }).count == values.count
                    return isSet ? texts : nil
                },
                write: { .array($0.map(JSONValue.string)) }
            )
        }

        private static func choice<Value: RawRepresentable & CaseIterable & Equatable>(
            _ name: String,
            _ place: WritableKeyPath<ClassifierSettings, Value?>,
            except refused: Value? = nil
        ) -> Field where Value.RawValue == String {
            let values = Value.allCases.filter { $0 != refused }
            return Field(
                name,
                place,
                "one of " + values.map { "\"\($0.rawValue)\"" }.joined(separator: ", "),
                read: { json in values.first { $0.rawValue == json.string } },
                write: { .string($0.rawValue) }
            )
        }
    }
}
