import Foundation
import JSON

/// SentencePiece's compiled table of replacements.
///
/// Source: [`normalizers/precompiled`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/normalizers/precompiled.rs)
/// and [`spm_precompiled`](https://github.com/huggingface/spm_precompiled/blob/master/src/lib.rs)
struct PrecompiledNormalizer: Normalizer {
    /// The double array: a trie of the texts to replace.
    private let units: [UInt32]
    /// The replacements, each ended by a zero byte.
    private let replacements: [UInt8]
    /// The replacements of single ASCII characters; nil for those that stay.
    private let ascii: [[UInt8]?]

    /// Graphemes of at least this many bytes are looked up only character by character.
    private static let longGrapheme = 6

    /// Reads a stage of type `Precompiled`.
    ///
    /// - Parameter json: The object.
    /// - Throws: `.corrupt` with the JSON path.
    init(json: JSONDocument.Value) throws(TokenizerError) {
        let charsmap = try json.required("precompiled_charsmap")
        guard let data = Data(base64Encoded: try charsmap.asString()), data.count >= 4 else {
            throw charsmap.fault("expected SentencePiece's charsmap in base64.")
        }
        let bytes = Array(data)
        func unit(_ index: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
        }
        let size = Int(unit(0))
        guard size % 4 == 0, size <= bytes.count - 4 else {
            throw charsmap.fault(
                "its trie has \(size) bytes; expected a multiple of 4, at most \(bytes.count - 4)."
            )
        }
        let units = stride(from: 4, to: 4 + size, by: 4).map(unit)
        let replacements = Array(bytes[(4 + size)...])
        guard replacements.withUnsafeBufferPointer(UTF8Scanner.isValid) else {
            throw charsmap.fault("its replacements are not UTF-8.")
        }
        self.units = units
        self.replacements = replacements
        ascii = (0..<128).map { Self.replacement(for: [UInt8($0)], units, replacements) }
    }

    func normalize(_ text: inout TrackedText) {
        if text.bytes.allSatisfy({ $0 < 0x80 && ascii[Int($0)] == nil && $0 != 0x0D }) { return }
        var changes: [TextChange] = []
        changes.reserveCapacity(text.bytes.count)
        var isModified = false
        for grapheme in String(decoding: text.bytes, as: UTF8.self) {
            let bytes = Array(grapheme.utf8)
            if bytes.count < Self.longGrapheme, let new = replacement(for: bytes) {
                isModified = true
                Self.replace(grapheme.unicodeScalars.count, by: new, in: &changes)
                continue
            }
            for scalar in grapheme.unicodeScalars {
                if let new = replacement(for: Array(UTF8.encode(scalar) ?? .init())) {
                    isModified = true
                    Self.replace(1, by: new, in: &changes)
                } else {
                    changes.append(TextChange(scalar: scalar.value, change: 0))
                }
            }
        }
        if isModified { text.apply(changes) }
    }

    private func replacement(for part: [UInt8]) -> [UInt8]? {
        part.count == 1 && part[0] < 0x80
            ? ascii[Int(part[0])] : Self.replacement(for: part, units, replacements)
    }

    /// The replacement of the shortest known prefix of a text; as in tokenizers, it replaces the whole text.
    private static func replacement(for part: [UInt8], _ units: [UInt32], _ replacements: [UInt8]) -> [UInt8]?
    {
        func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
        guard let first = units.first else { return nil }
        var node = offset(first)
        for byte in part {
            guard byte != 0 else { return nil }
            node ^= Int(byte)
            guard node < units.count, units[node] & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
            let unit = units[node]
            node ^= offset(unit)
            guard unit >> 8 & 1 == 1 else { continue }
            guard node < units.count else { return nil }
            let start = Int(units[node] & (1 << 31 - 1))
            guard start < replacements.count else { return nil }
            return Array(replacements[start...].prefix { $0 != 0 })
        }
        return nil
    }

    private static func replace(_ oldCount: Int, by new: [UInt8], in changes: inout [TextChange]) {
        let scalars = new.withUnsafeBufferPointer(UTF8Scanner.scalars)
        for (index, scalar) in scalars.enumerated() {
            changes.append(TextChange(scalar: scalar, change: index < oldCount ? 0 : 1))
        }
        if scalars.count < oldCount, !changes.isEmpty {
            changes[changes.count - 1].change -= oldCount - scalars.count
        }
    }
}

/// A character of a rewritten text, and how it relates to the old text's characters.
struct TextChange {
    /// The character.
    var scalar: UInt32
    /// 0 if it replaces the next old character, 1 if it is inserted, -n if it also replaces n more old characters.
    var change: Int
}

extension TrackedText {
    /// Rewrites the text by a list of changes in tokenizers' format; the origins equal its alignments.
    ///
    /// Source: [`NormalizedString::transform`](https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/tokenizer/normalizer.rs)
    ///
    /// - Parameter changes: The new text, character by character.
    mutating func apply(_ changes: [TextChange]) {
        rewrite { bytes, builder in
            let places = bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 }
            var next = 0
            for change in changes {
                if change.change > 0 {
                    builder.put(change.scalar, for: next > 0 && next <= places.count ? places[next - 1] : -1)
                } else {
                    builder.put(change.scalar, for: next < places.count ? places[next] : -1)
                    next += 1 - change.change
                }
            }
        }
    }
}
