import Classification
import Models
import Tokenization

extension TextClassifier {
    /// Facts that a program needs that computes logits from the exported classifier, one sentence each.
    ///
    /// - Parameter inFloat16: Whether states are float16.
    /// - Returns: The sentences.
    func notesOnLogits(inFloat16: Bool) -> [String] {
        var notes: [String] = []
        if inFloat16, model.configuration.modelType.hasPrefix("gemma") {
            notes.append(
                "Gemma's states may exceed float16's range, which makes logits NaN; compare some texts, or export in float32"
            )
        }
        if decisions?.isEmpty == false {
            notes.append(
                "the file computes logits; temperature and thresholds are in its metadata for the program that reads them"
            )
        }
        if case .window? = settings.longText {
            notes.append(
                "the file does not divide long texts into windows; the program must, and average the logits"
            )
        }
        return notes
    }
}
