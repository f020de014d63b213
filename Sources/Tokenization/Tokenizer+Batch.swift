import Dispatch
import Foundation
import Synchronization

extension Tokenizer {
    /// Encodes many texts into one array of ids, on all cores.
    ///
    /// ```swift
    /// let packed = tokenizer.encodeBatch(["Thank you, Ohio!", "Good night."], maxLength: 512)
    /// packed.ids          // [T], end to end
    /// packed.cuSeqlens    // [B + 1]: the first text's ids are packed.ids[0..<cuSeqlens[1]]
    /// ```
    ///
    /// - Parameters:
    ///   - texts: The texts, in order.
    ///   - addSpecialTokens: Whether to add special tokens around texts. Default true.
    ///   - maxLength: The most ids of a text, special ones included. Nil, the default, does not truncate.
    ///   - withOffsets: Whether to return the bytes that each id covers. Default false.
    ///   - threads: How many threads to use. Nil, the default, uses every core.
    /// - Returns: The ids end to end and the start of each text; also type ids, if the tokenizer gives any token a type
    ///   other than 0.
    public func encodeBatch(
        _ texts: [String],
        addSpecialTokens: Bool = true,
        maxLength: Int? = nil,
        withOffsets: Bool = false,
        threads: Int? = nil
    ) -> PackedEncodings {
        let layout = layout(isPair: false, addSpecialTokens)
        let frame = layout.frame ?? ([], [])
        let room = maxLength.map { max(0, $0 - layout.specialCount) }
        var packed = inParallel(texts, threads) { texts, workspace in
            encode(texts, frame, room, withOffsets ? .trimmed : .none, workspace)
        }
        if layout.hasTypes { packed.typeIDs = layout.typeIDs(ofSingle: packed) }
        return packed
    }

    /// Encodes one text with offsets that include the spaces that byte-level post-processors trim.
    func encodeWithSpaces(_ text: String, addSpecialTokens: Bool, maxLength: Int?) -> PackedEncodings {
        let layout = layout(isPair: false, addSpecialTokens)
        let room = maxLength.map { max(0, $0 - layout.specialCount) }
        return workspaces.withWorkspace { workspace in
            encode([text], layout.frame ?? ([], []), room, .whole, workspace)
        }
    }

    /// The kind of offsets wanted.
    private enum Offsets {
        case none, trimmed, whole
    }

    private func layout(isPair: Bool, _ addSpecialTokens: Bool) -> BatchLayout {
        BatchLayout(pipeline.postProcessor, isPair: isPair, addSpecialTokens: addSpecialTokens)
    }

    /// Encodes many pairs of texts into one array of ids with their type ids, on all cores.
    ///
    /// - Parameters:
    ///   - pairs: The pairs, in order: a question and a passage, two sentences to compare.
    ///   - addSpecialTokens: Whether to add special tokens around and between texts. Default true.
    ///   - maxLength: The most ids of a pair, special ones included. Nil, the default, does not truncate.
    ///   - truncation: The text that is truncated. Default: the longer one.
    ///   - withOffsets: Whether to return the bytes that each id covers in its text. Default false.
    ///   - threads: How many threads to use. Nil, the default, uses every core.
    /// - Returns: The ids and type ids end to end and the start of each pair.
    public func encodeBatch(
        pairs: [(String, String)],
        addSpecialTokens: Bool = true,
        maxLength: Int? = nil,
        truncation: PairTruncation = .longestFirst,
        withOffsets: Bool = false,
        threads: Int? = nil
    ) -> PackedEncodings {
        let layout = layout(isPair: true, addSpecialTokens)
        let room = maxLength.map { max(0, $0 - layout.specialCount) }
        return inParallel(pairs, threads) { pairs, workspace in
            encode(pairs, layout, room, truncation, withOffsets, workspace)
        }
    }

    /// Splits texts into chunks, encodes them on several threads and joins the results in order.
    private func inParallel<Text: Sendable>(
        _ texts: [Text],
        _ threads: Int?,
        _ encode: @Sendable (ArraySlice<Text>, Workspace) -> PackedEncodings
    ) -> PackedEncodings {
        let workers = max(1, min(threads ?? ProcessInfo.processInfo.activeProcessorCount, texts.count))
        guard workers > 1 else { return workspaces.withWorkspace { encode(texts[...], $0) } }
        // Many chunks per worker, so that a chunk of long texts does not keep the others waiting.
        let chunkCount = min(texts.count, workers * 32)
        let bounds = (0...chunkCount).map { $0 * texts.count / chunkCount }
        let results = Mutex([PackedEncodings?](repeating: nil, count: chunkCount))
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            workspaces.withWorkspace { workspace in
                while true {
                    let chunk = next.add(1, ordering: .relaxed).oldValue
                    guard chunk < chunkCount else { return }
                    let packed = encode(texts[bounds[chunk]..<bounds[chunk + 1]], workspace)
                    results.withLock { $0[chunk] = packed }
                }
            }
        }
        return results.withLock { PackedEncodings(joining: $0.compactMap { $0 }) }
    }

    private func encode(
        _ texts: ArraySlice<String>,
        _ frame: (before: [Int32], after: [Int32]),
        _ room: Int?,
        _ offsets: Offsets,
        _ workspace: Workspace
    ) -> PackedEncodings {
        var result = PackedEncodings()
        result.cuSeqlens.reserveCapacity(texts.count + 1)
        var sink = TokenSink()
        sink.wantsSpans = offsets != .none
        sink.margins = offsets == .trimmed && !margins.steps.isEmpty ? margins : nil
        for var text in texts {
            sink.appendSpecial(frame.before)
            sink.start = sink.ids.count
            text.withUTF8 { pipeline.append($0, to: &sink, workspace: workspace) }
            if let room, sink.ids.count - sink.start > room {
                result.truncatedCount += 1
                sink.cut(to: room, fromLeft: settings.truncatesLeft)
            }
            sink.appendSpecial(frame.after)
            result.cuSeqlens.append(Int32(truncatingIfNeeded: sink.ids.count))
        }
        result.ids = sink.ids
        result.spans = sink.spans
        return result
    }

    private func encode(
        _ pairs: ArraySlice<(String, String)>,
        _ layout: BatchLayout,
        _ room: Int?,
        _ truncation: PairTruncation,
        _ withOffsets: Bool,
        _ workspace: Workspace
    ) -> PackedEncodings {
        var result = PackedEncodings()
        result.cuSeqlens.reserveCapacity(pairs.count + 1)
        var (first, second) = workspace.sequences
        workspace.sequences = (TokenSink(), TokenSink())
        for (text, pair) in pairs {
            read(text, into: &first, withOffsets, workspace)
            read(pair, into: &second, withOffsets, workspace)
            if let room, first.ids.count + second.ids.count > room {
                result.truncatedCount += 1
                let counts = Self.lengths(first.ids.count, second.ids.count, room: room, truncation)
                first.cut(to: counts.0, fromLeft: settings.truncatesLeft)
                second.cut(to: counts.1, fromLeft: settings.truncatesLeft)
            }
            for (part, typeID) in layout.parts {
                switch part {
                case .sequence(0): result.append(first, typeID: typeID)
                case .sequence: result.append(second, typeID: typeID)
                case .special(let id): result.append(special: id, typeID: typeID, withOffsets)
                }
            }
            result.cuSeqlens.append(Int32(truncatingIfNeeded: result.ids.count))
        }
        workspace.sequences = (first, second)
        return result
    }

    private func read(
        _ text: String,
        into sink: inout TokenSink,
        _ withOffsets: Bool,
        _ workspace: Workspace
    ) {
        sink.reset(wantsSpans: withOffsets, margins: margins.steps.isEmpty ? nil : margins)
        var text = text
        text.withUTF8 { pipeline.append($0, to: &sink, workspace: workspace) }
    }
}

extension TokenSink {
    /// Appends tokens that cover no text.
    fileprivate mutating func appendSpecial(_ special: [Int32]) {
        ids.append(contentsOf: special)
        if wantsSpans {
            spans.append(contentsOf: repeatElement(TokenSpan(start: 0, end: 0), count: special.count))
        }
    }

    /// Truncates the sequence to a number of tokens.
    fileprivate mutating func cut(to room: Int, fromLeft: Bool) {
        let excess = ids.count - start - room
        guard excess > 0 else { return }
        let surplus = fromLeft ? start..<start + excess : start + room..<ids.count
        ids.removeSubrange(surplus)
        if wantsSpans { spans.removeSubrange(surplus) }
    }
}

extension PackedEncodings {
    fileprivate mutating func append(_ sink: borrowing TokenSink, typeID: Int32) {
        ids.append(contentsOf: sink.ids)
        spans.append(contentsOf: sink.spans)
        typeIDs.append(contentsOf: repeatElement(typeID, count: sink.ids.count))
    }

    fileprivate mutating func append(special id: Int32, typeID: Int32, _ withOffsets: Bool) {
        ids.append(id)
        if withOffsets { spans.append(TokenSpan(start: 0, end: 0)) }
        typeIDs.append(typeID)
    }
}
