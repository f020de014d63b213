import Classification
public import Models

/// A column of predictions.
public enum PredictionColumn: String, Sendable, CaseIterable {
    /// The identifier of the row: the value of a column of the input, else the row's zero-based number.
    case id
    /// The text.
    case text
    /// The predicted label; a list of labels for multi-label; none for regression.
    case label
    /// The score of the most likely label; the number for regression.
    case score
    /// The score of every label, by name.
    case scores
    /// The logit of every label, in the order of ids.
    case logits
    /// The labels of the conformal set, the most likely first; none without sets in `decisions.json`.
    case set
    /// The least score for the label, if `decisions.json` has thresholds.
    case threshold
    /// Whether the text was cut.
    case truncated
    /// The number of the text's tokens, after cutting.
    case tokens = "n_tokens"
    /// The reason that a row has no answer.
    case error

    /// The column's name in the output.
    ///
    /// - Parameter problemType: The model's problem type.
    /// - Returns: The name, `labels` for the labels of a multi-label classifier.
    public func name(for problemType: ProblemType) -> String {
        self == .label && problemType == .multiLabel ? "labels" : rawValue
    }

    /// The columns that are written unless others are chosen.
    ///
    /// - Parameters:
    ///   - problemType: The model's problem type.
    ///   - isTable: Whether each row is written as fields or in Parquet, not as a JSON object.
    /// - Returns: The columns, in order.
    public static func usual(for problemType: ProblemType, isTable: Bool) -> [PredictionColumn] {
        switch problemType {
        case .singleLabel: isTable ? [.label, .score] : [.label, .score, .scores]
        case .multiLabel: isTable ? [.label] : [.label, .scores]
        case .regression: [.score]
        }
    }
}

/// The choice of columns and of the labels that are named.
public struct PredictionLayout: Sendable {
    /// The columns of the input to carry through.
    public enum Kept: Sendable, Equatable {
        case all
        case none
        case named([String])
    }

    /// The columns of predictions, in order; nil for the usual ones.
    public var columns: [PredictionColumn]?
    /// Whether to add the logits to the usual columns.
    public var addsLogits = false
    /// The columns of the input to carry through; nil for all in tables and none in lines of JSON.
    public var kept: Kept?
    /// The input's column of identifiers.
    public var idColumn: String?
    /// The largest number of labels in ``PredictionColumn/scores``, the most likely first; nil for all, in the order of ids.
    public var topK: Int?
    /// The least score of a predicted label; nil takes the most likely label, and for multi-label those above 0.5.
    public var threshold: Double?
    /// The treatment of rows with an error.
    public var errors = RowErrorPolicy.fail

    /// Creates the usual layout.
    public init() {}

    /// The columns in order.
    ///
    /// - Parameters:
    ///   - problemType: The model's problem type.
    ///   - isTable: Whether each row is written as fields or in Parquet, not as a JSON object.
    /// - Returns: The chosen or the usual columns.
    public func columns(for problemType: ProblemType, isTable: Bool) -> [PredictionColumn] {
        if let columns { return columns }
        var usual = PredictionColumn.usual(for: problemType, isTable: isTable)
        if idColumn != nil { usual.insert(.id, at: 0) }
        if addsLogits { usual.append(.logits) }
        if errors == .null, isTable { usual.append(.error) }
        return usual
    }

    /// The columns of the input that are needed.
    ///
    /// - Parameters:
    ///   - names: The input's columns.
    ///   - isTable: Whether each row is written as fields or in Parquet, not as a JSON object.
    /// - Returns: The carried columns, and that of identifiers.
    public func inputColumns(among names: [String], isTable: Bool) -> [String] {
        var needed = carried(among: names, isTable: isTable)
        if let idColumn, !needed.contains(idColumn) { needed.append(idColumn) }
        return needed
    }

    /// Whether columns of the input are needed besides the texts.
    ///
    /// - Parameter isTable: Whether each row is written as fields or in Parquet, not as a JSON object.
    /// - Returns: Whether any is.
    package func needsInput(isTable: Bool) -> Bool {
        if idColumn != nil { return true }
        return switch kept ?? (isTable ? .all : .none) {
        case .all: true
        case .none: false
        case .named(let chosen): !chosen.isEmpty
        }
    }

    /// The columns of the input to carry through.
    func carried(among names: [String], isTable: Bool) -> [String] {
        switch kept ?? (isTable ? .all : .none) {
        case .all: names
        case .none: []
        case .named(let chosen): chosen
        }
    }

    /// The name in the output of a carried column, which must differ from those of predictions.
    func carriedName(_ name: String, besides columns: [String]) -> String {
        columns.contains(name) ? "input_" + name : name
    }

    /// The predicted label of a prediction; nil below the threshold, which replaces those of `decisions.json`.
    func label(of prediction: Prediction) -> String? {
        let isTaken = threshold.map { prediction.score >= $0 } ?? !prediction.isRejected
        return isTaken ? prediction.label : nil
    }

    /// The predicted labels of a multi-label prediction.
    func labels(of prediction: Prediction) -> [String] {
        guard let threshold else { return prediction.labels }
        return prediction.scores.indices.filter { prediction.scores[$0] >= threshold }
            .map { prediction.names[$0] }
    }

    /// The ids of the labels whose scores are written, in order.
    func shownIDs(of prediction: Prediction) -> [Int] {
        let ids = Array(prediction.scores.indices)
        guard let topK else { return ids }
        let sorted = ids.sorted {
            let scores = (prediction.scores[$0], prediction.scores[$1])
            return scores.0 == scores.1 ? $0 < $1 : scores.0 > scores.1
        }
        return Array(sorted.prefix(topK))
    }
}
