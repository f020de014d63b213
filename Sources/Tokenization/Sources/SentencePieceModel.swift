/// The contents of a SentencePiece `.model` file that tokenizing needs.
///
/// Source: [`sentencepiece_model.proto`](https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto)
struct SentencePieceModel {
    /// The kind of a piece.
    enum Kind: UInt64 {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    /// A token.
    struct Piece {
        var text = ""
        var score: Float = 0
        var kind = Kind.normal
    }

    /// The tokens by id.
    var pieces: [Piece] = []
    /// 1 is Unigram, 2 BPE, 3 whole words, 4 characters.
    var modelType = 1
    /// Whether unknown characters become the tokens of their bytes.
    var byteFallback = false
    /// The unknown token's id.
    var unknownID = 0
    /// The ids of the tokens around a text; -1 for a missing one.
    var bosID = 1
    var eosID = 2
    /// The texts of the special tokens.
    var unknownPiece = "<unk>"
    var bosPiece = "<s>"
    var eosPiece = "</s>"
    /// The compiled normaliser; empty if the model has none.
    var charsmap: [UInt8] = []

    /// Parses a file.
    ///
    /// - Parameter bytes: The file.
    /// - Throws: `.corrupt` with the byte offset.
    init(parsing bytes: [UInt8]) throws(TokenizerError) {
        do throws(ProtobufReader.Fault) {
            var reader = ProtobufReader(bytes)
            while let (field, value) = try reader.next() {
                guard case .bytes(let range) = value else { continue }
                switch field {
                case 1: pieces.append(try Self.piece(bytes, range))
                case 2: try readTrainer(bytes, range)
                case 3: try readNormalizer(bytes, range)
                default: break
                }
            }
        } catch {
            throw TokenizerError(
                .corrupt,
                "Not a SentencePiece model: at byte \(error.offset), \(error.reason)."
            )
        }
        guard !pieces.isEmpty else {
            throw TokenizerError(.corrupt, "Not a SentencePiece model: it contains no tokens.")
        }
        guard pieces.count <= Vocabulary.largestID else {
            throw TokenizerError(.corrupt, "\(pieces.count) tokens; the limit is \(Vocabulary.largestID).")
        }
    }

    private static func text(
        _ bytes: [UInt8],
        _ range: Range<Int>
    ) throws(ProtobufReader.Fault) -> String {
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw ProtobufReader.Fault(offset: range.lowerBound, reason: "a text that is not UTF-8")
        }
        return text
    }

    private static func piece(
        _ bytes: [UInt8],
        _ range: Range<Int>
    ) throws(ProtobufReader.Fault) -> Piece {
        var piece = Piece()
        var reader = ProtobufReader(bytes, range)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let range)): piece.text = try text(bytes, range)
            case (2, .fixed32(let bits)): piece.score = Float(bitPattern: bits)
            case (3, .number(let number)): piece.kind = Kind(rawValue: number) ?? .normal
            default: break
            }
        }
        guard piece.score.isFinite else {
            throw ProtobufReader.Fault(offset: range.lowerBound, reason: "a score that is NaN or infinite")
        }
        return piece
    }

    private mutating func readTrainer(
        _ bytes: [UInt8],
        _ range: Range<Int>
    ) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(bytes, range)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (3, .number(let number)): modelType = Int(truncatingIfNeeded: number)
            case (35, .number(let number)): byteFallback = number != 0
            case (40, .number(let number)): unknownID = Int(truncatingIfNeeded: number)
            case (41, .number(let number)): bosID = Int(truncatingIfNeeded: number)
            case (42, .number(let number)): eosID = Int(truncatingIfNeeded: number)
            case (45, .bytes(let range)): unknownPiece = try Self.text(bytes, range)
            case (46, .bytes(let range)): bosPiece = try Self.text(bytes, range)
            case (47, .bytes(let range)): eosPiece = try Self.text(bytes, range)
            default: break
            }
        }
    }

    private mutating func readNormalizer(
        _ bytes: [UInt8],
        _ range: Range<Int>
    ) throws(ProtobufReader.Fault) {
        var reader = ProtobufReader(bytes, range)
        while let (field, value) = try reader.next() {
            if case (2, .bytes(let range)) = (field, value) { charsmap = Array(bytes[range]) }
        }
    }
}
