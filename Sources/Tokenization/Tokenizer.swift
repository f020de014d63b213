import Dispatch
public import Foundation
import JSON

/// Text to token ids and back, as the Python library's fast tokenizers do it.
///
/// Reads byte-level BPE from a `tokenizer.json` or a GGUF's vocabulary; ids are the reference's exactly.
public struct Tokenizer: Sendable {
    private let preTokenizer: any PreTokenizer
    private let model: BytePairEncoding
    private let vocabulary: Vocabulary
    private let addedTokens: AddedTokens
    private let prefix: [Int32]
    private let suffix: [Int32]
    private let specialIDs: Set<Int32>

    /// The token that pads, if there is one.
    public let padTokenID: Int32?
    /// The token that begins a text, if there is one.
    public let bosTokenID: Int32?
    /// The token that ends a text, if there is one.
    public let eosTokenID: Int32?
    /// How many tokens the model takes, if the tokenizer's files say so.
    public let modelMaxLength: Int?
    /// The files that make up this tokenizer in the Hub's layout, to be saved beside a model: name and bytes.
    public let files: [(name: String, contents: [UInt8])]

    /// One more than the highest id.
    public var vocabularySize: Int {
        max(vocabulary.tokens.count, (specialIDs.max().map { Int($0) + 1 }) ?? 0)
    }

    /// Reads a folder in the Hub's layout: `tokenizer.json`, and `tokenizer_config.json` where it is there.
    ///
    /// - Parameter folder: The folder.
    /// - Throws: `.unreadable`, `.corrupt` or `.unsupported`, naming file and place.
    public init(folder: URL) throws(TokenizerError) {
        let url = folder.appending(path: "tokenizer.json")
        guard let main = try? Data(contentsOf: url) else {
            throw TokenizerError(
                .unreadable,
                "cannot read \(url.path(percentEncoded: false)): a model's folder needs its tokenizer.json"
            )
        }
        var files = [(name: "tokenizer.json", contents: Array(main))]
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            if let data = try? Data(contentsOf: folder.appending(path: name)) {
                files.append((name, Array(data)))
            }
        }
        try self.init(files: files, path: folder.path(percentEncoded: false))
    }

    /// A tokenizer of a GGUF's vocabulary.
    ///
    /// - Parameter gguf: The vocabulary.
    /// - Throws: `.unsupported` for a model or a split pattern that is not known.
    public init(gguf: GGUFVocabulary) throws(TokenizerError) {
        try self.init(files: gguf.files(), path: "the GGUF's vocabulary")
    }

    private init(files: [(name: String, contents: [UInt8])], path: String) throws(TokenizerError) {
        func parsed(_ name: String) throws(TokenizerError) -> JSONValue {
            guard let contents = files.first(where: { $0.name == name })?.contents else { return .null }
            do throws(JSONError) {
                return try JSONValue.parse(contents)
            } catch { throw TokenizerError(.corrupt, "\(path): \(name) is not JSON, \(error)") }
        }
        let document = TokenizerDocument(root: try parsed("tokenizer.json"), path: "\(path): tokenizer.json")
        let config = try parsed("tokenizer_config.json")
        let map = try parsed("special_tokens_map.json")
        try document.checkNormalizer()
        preTokenizer = try document.preTokenizer()
        let vocabulary = try document.vocabulary()
        model = try document.model(vocabulary)
        let added = try document.addedTokens()
        (prefix, suffix) = try document.template()
        func special(_ name: String) -> Int32? {
            // Either the text, or an object that carries it.
            let text = [config[name], map[name]].lazy.compactMap { $0.string ?? $0["content"].string }.first
            guard let text else { return nil }
            return added.tokens.first { $0.content.utf8.elementsEqual(text.utf8) }?.id
                ?? vocabulary.ids[Array(text.utf8)]
        }
        padTokenID = special("pad_token")
        bosTokenID = special("bos_token")
        eosTokenID = special("eos_token")
        // The reference writes 1e30 where there is no limit.
        modelMaxLength = config["model_max_length"].int.flatMap { $0 > 1 << 31 ? nil : $0 }
        specialIDs = Set(added.tokens.filter(\.isSpecial).map(\.id))
        self.vocabulary = vocabulary
        addedTokens = added
        self.files = files
    }

    // MARK: Encoding

    /// A text's tokens and where they stand.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - addSpecialTokens: Whether the tokens that the model expects around a text are added.
    ///   - maxLength: Tokens at the most, added ones included; the end of the text is cut.
    /// - Returns: Ids, offsets in UTF-8 bytes, and which tokens were added.
    public func encode(_ text: String, addSpecialTokens: Bool = true, maxLength: Int? = nil) -> Encoding {
        var spans: [TokenSpan] = []
        append(text, to: &spans)
        let (prefix, suffix) = addSpecialTokens ? (prefix, suffix) : ([], [])
        let room = maxLength.map { max(0, $0 - prefix.count - suffix.count) } ?? .max
        var encoding = Encoding()
        func add(_ id: Int32, _ range: Range<Int>, isSpecial: Bool) {
            encoding.ids.append(id)
            encoding.offsets.append(range)
            encoding.specialTokensMask.append(isSpecial)
        }
        for id in prefix { add(id, 0..<0, isSpecial: true) }
        var start = 0
        for span in spans.prefix(room) {
            add(span.id, start..<span.end, isSpecial: false)
            start = span.end
        }
        for id in suffix { add(id, 0..<0, isSpecial: true) }
        return encoding
    }

    /// Many texts' ids on all cores, packed.
    ///
    /// - Parameters:
    ///   - texts: Any texts; an empty one may give no ids.
    ///   - addSpecialTokens: Whether the tokens that the model expects around a text are added.
    ///   - maxLength: Tokens of a text at the most, added ones included; its end is cut.
    /// - Returns: The ids of all texts in order.
    public func encodeBatch(
        _ texts: [String],
        addSpecialTokens: Bool = true,
        maxLength: Int? = nil
    ) -> PackedEncodings {
        let chunkSize = 64
        let chunkCount = (texts.count + chunkSize - 1) / chunkSize
        let (prefix, suffix) = addSpecialTokens ? (prefix, suffix) : ([], [])
        let room = maxLength.map { max(0, $0 - prefix.count - suffix.count) } ?? .max
        var chunks = [PackedEncodings](repeating: PackedEncodings(), count: chunkCount)
        chunks.withUnsafeMutableBufferPointer { buffer in
            // Every iteration writes its own element only.
            nonisolated(unsafe) let chunks = buffer
            DispatchQueue.concurrentPerform(iterations: chunkCount) { index in
                var packed = PackedEncodings()
                var spans: [TokenSpan] = []
                for text in texts[index * chunkSize..<min(texts.count, (index + 1) * chunkSize)] {
                    spans.removeAll(keepingCapacity: true)
                    append(text, to: &spans)
                    if spans.count > room { packed.truncatedCount += 1 }
                    packed.ids += prefix
                    for span in spans.prefix(room) { packed.ids.append(span.id) }
                    packed.ids += suffix
                    packed.cuSeqlens.append(Int32(packed.ids.count))
                }
                chunks[index] = packed
            }
        }
        return chunks.reduce(into: PackedEncodings()) { all, chunk in
            let start = Int32(all.ids.count)
            all.ids += chunk.ids
            all.cuSeqlens += chunk.cuSeqlens.dropFirst().map { $0 + start }
            all.truncatedCount += chunk.truncatedCount
        }
    }

    private func append(_ text: String, to spans: inout [TokenSpan]) {
        var text = text
        text.withUTF8 { bytes in
            let view = ScalarView(bytes: bytes)
            var start = 0
            while true {
                let added = addedTokens.next(in: view, from: start)
                let end = added?.range.lowerBound ?? bytes.count
                if start < end {
                    preTokenizer.split(view, start..<end) { model.tokenize(bytes, $0, into: &spans) }
                }
                guard let added else { return }
                spans.append(TokenSpan(id: added.token.id, end: added.range.upperBound))
                start = added.range.upperBound
            }
        }
    }

    // MARK: Decoding

    /// The text that ids stand for; bytes that are not UTF-8 become U+FFFD.
    ///
    /// - Parameters:
    ///   - ids: Ids; unknown ones are skipped.
    ///   - skipSpecialTokens: Whether special tokens are left out.
    /// - Returns: The text.
    public func decode(_ ids: [Int32], skipSpecialTokens: Bool = true) -> String {
        var bytes: [UInt8] = []
        for id in ids {
            if let added = addedTokens.tokens.first(where: { $0.id == id }) {
                if !(skipSpecialTokens && added.isSpecial) { bytes += Array(added.content.utf8) }
            } else if let token = token(for: id) {
                bytes += ByteLevelAlphabet.bytes(of: token) ?? Array(token.utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A token as the vocabulary writes it.
    ///
    /// - Parameter id: Its id.
    public func token(for id: Int32) -> String? {
        if let token = vocabulary.tokens.indices.contains(Int(id)) ? vocabulary.tokens[Int(id)] : nil {
            return token
        }
        return addedTokens.tokens.first { $0.id == id }?.content
    }

    /// A token's id.
    ///
    /// - Parameter token: As the vocabulary writes it, compared byte by byte.
    public func id(for token: String) -> Int32? {
        vocabulary.ids[Array(token.utf8)]
            ?? addedTokens.tokens.first { $0.content.utf8.elementsEqual(token.utf8) }?.id
    }
}
