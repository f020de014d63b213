import Checkpoints
import Classification
import Files
import Foundation
import Models
import NN
import Tokenization
import Torch

/// The metadata of a classifier's GGUF file.
struct GGUFFields {
    /// The classification head of decoders.
    static let headName = "score.weight"

    /// All values with their names, in the order of the file.
    private(set) var all: [(name: String, value: GGUFField)]

    /// Collects the metadata.
    ///
    /// - Parameters:
    ///   - classifier: The classifier.
    ///   - description: Its model in llama.cpp's terms.
    ///   - tokenizer: Its tokenizer in llama.cpp's terms.
    ///   - weights: The storage of its weights.
    ///   - file: The destination, which gives the name.
    /// - Throws: `.outOfMemory`.
    init(
        _ classifier: TextClassifier,
        _ description: GGUFDescription,
        _ tokenizer: GGUFTokenizer,
        _ weights: GGUFWeights,
        name file: URL
    ) throws(TorchError) {
        all = [
            ("general.architecture", .text(description.architecture)),
            ("general.type", .text("model")),
            ("general.name", .text(file.deletingPathExtension().lastPathComponent)),
            ("general.tags", .texts(["text-classification"])),
            ("general.file_type", .count(weights.fileType)),
        ]
        if weights.isQuantized { all.append(("general.quantization_version", .count(2))) }
        all += description.fields
        all += Self.vocabulary(tokenizer)
        try addHead(classifier.model, description)
        addFiles(classifier)
    }

    private mutating func addHead(
        _ model: SequenceClassifier,
        _ description: GGUFDescription
    ) throws(TorchError) {
        all.append((GGUFKeys.modelType, .text(model.configuration.modelType)))
        if description.positionOffset > 0 {
            all.append((GGUFKeys.positionOffset, .count(description.positionOffset)))
        }
        guard description.head == .metadata, let score = model.parameters[Self.headName] else { return }
        all.append((GGUFKeys.head, .numbers(try score.value.to(dtype: .float32).array(of: Float.self))))
    }

    /// The small files of the model's folder, which llama.cpp ignores.
    private mutating func addFiles(_ classifier: TextClassifier) {
        all.append(("attune.version", .text(attuneVersion)))
        for file in classifier.smallFiles {
            let text = String(decoding: file.contents, as: UTF8.self)
            let name = file.name == "tokenizer.json" ? GGUFKeys.tokenizer : GGUFKeys.file + file.name
            all.append((name, .text(text)))
        }
    }

    // MARK: Vocabulary

    private static func vocabulary(_ tokenizer: GGUFTokenizer) -> [(name: String, value: GGUFField)] {
        let vocabulary = tokenizer.vocabulary
        var fields: [(name: String, value: GGUFField)] = []
        func add(_ name: String, _ value: GGUFField?) {
            if let value { fields.append(("tokenizer.ggml.\(name)", value)) }
        }
        add("model", .text(vocabulary.model))
        guard vocabulary.model != "none" else { return fields }
        add("pre", .text(vocabulary.preTokenizer))
        add("tokens", .texts(vocabulary.tokens))
        add("token_type", .integers(vocabulary.tokenTypes))
        add("scores", vocabulary.scores.isEmpty ? nil : .numbers(vocabulary.scores))
        add("merges", vocabulary.merges.isEmpty ? nil : .texts(vocabulary.merges))
        let ids = [
            ("bos", vocabulary.bosTokenID), ("eos", vocabulary.eosTokenID),
            ("unknown", vocabulary.unknownTokenID),
            ("seperator", vocabulary.separatorTokenID), ("padding", vocabulary.padTokenID),
            ("cls", vocabulary.classifierTokenID), ("mask", vocabulary.maskTokenID),
        ]
        for (name, id) in ids where id.map({ vocabulary.tokens.indices.contains(Int($0)) }) ?? false {
            add("\(name)_token_id", id.map { .count(Int($0)) })
        }
        add("add_bos_token", vocabulary.addsBOS.map { .flag($0) })
        add("add_eos_token", vocabulary.addsEOS.map { .flag($0) })
        add("add_sep_token", .flag(tokenizer.addsSeparator))
        add("add_space_prefix", tokenizer.addsSpacePrefix.map { .flag($0) })
        add("remove_extra_whitespaces", tokenizer.removesExtraSpaces.map { .flag($0) })
        add("precompiled_charsmap", tokenizer.charsmap.isEmpty ? nil : .bytes(tokenizer.charsmap))
        add("normalizer.lowercase", tokenizer.lowercases.map { .flag($0) })
        add("normalizer.strip_accents", tokenizer.stripsAccents.map { .flag($0) })
        if let template = vocabulary.chatTemplate {
            fields.append(("tokenizer.chat_template", .text(template)))
        }
        return fields
    }
}

extension TextClassifier {
    /// The files of the model's folder besides weights and recorded answers, with their contents.
    var smallFiles: [(name: String, contents: [UInt8])] {
        var files =
            [(name: "config.json", contents: Array(model.configuration.formatted.utf8))] + tokenizer.files
        files.append((ClassifierSettings.fileName, Array(settings.formatted.utf8)))
        if let decisions { files.append((Decisions.fileName, Array(decisions.formatted.utf8))) }
        return files
    }
}
