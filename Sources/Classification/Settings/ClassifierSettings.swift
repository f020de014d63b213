import JSON
public import Models

/// The choices of a training run that decide how a classifier's texts are read and measured afterwards.
///
/// A model's folder keeps them as `attune.json` beside `config.json`, and transformers ignores that file. Evaluation and
/// prediction use them unless told otherwise. Nil means that nothing was chosen.
///
/// ```swift
/// var told = ClassifierSettings()
/// told.maxLength = 128                                    // overrides the length of training
/// let (classifier, _) = try TextClassifier.load("runs/tweets", settings: told)
/// classifier.settings.textColumn                          // the column of training
/// ```
public struct ClassifierSettings: Sendable, Equatable {
    /// The column of the texts.
    public var textColumn: String?
    /// The column of the second texts of pairs; an empty name stands for single texts.
    public var textPairColumn: String?
    /// The column of labels, or one column of 0 and 1 per label.
    public var labelColumns: [String]?
    /// The names of the labels, by id.
    ///
    /// Names that a caller gives replace those of `config.json`. The names in a folder's `attune.json` are a record:
    /// `config.json` is saved together with the weights, so its names hold if the two differ.
    public var labelNames: [String]?
    /// Whether a text has one label, several, or a number.
    public var problemType: ProblemType?
    /// The most tokens of a text; longer texts are cut.
    public var maxLength: Int?
    /// How empty texts are treated.
    public var emptyTexts: RowPolicy?
    /// How rows without a label are treated.
    public var missingLabels: RowPolicy?
    /// The loss of training, if it is not the plain one of the problem type; evaluation computes the same.
    package var loss: LossSettings?
    /// Fields of a later version, kept for when the model is saved again.
    var laterFields = JSONObject()

    /// Nothing is chosen.
    public init() {}

    /// The names of fields in the file that this version does not know; they have no effect.
    public var unknownFields: [String] { laterFields.members.map(\.name) }

    /// These choices, completed by others.
    ///
    /// - Parameter saved: The choices that hold for everything that is not chosen here, such as those of training.
    /// - Returns: The combination. Label names are never completed: those of the model hold.
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
    /// A new choice is one property above and one line in ``all``.
    struct Field {
        /// Its name in the file.
        let name: String
        /// The values that it accepts, for messages.
        let expected: String
        /// Takes the value from the file; false if it is not one of those expected.
        let read: (inout ClassifierSettings, JSONValue) -> Bool
        /// The value for the file; null if nothing is chosen.
        let write: (ClassifierSettings) -> JSONValue
        /// Takes another value if nothing is chosen.
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
                    "a loss with its weights, as a run writes it",
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
                "a text that is not empty",
                read: { $0.string.flatMap { $0.isEmpty ? nil : $0 } },
                // An empty name says the same as no name, once nothing can be overridden any more.
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
                "a list of different texts",
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
