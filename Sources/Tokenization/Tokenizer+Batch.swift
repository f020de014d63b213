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
    ///   - longText: The part of a longer text to keep. Nil, the default, cuts the side that the tokenizer cuts.
    ///   - withOffsets: Whether to return the bytes that each id covers. Default false.
    ///   - threads: How many threads to use. Nil, the default, uses every core.
    /// - Returns: The ids end to end and the start of each text or window; also type ids, if the tokenizer gives any token a type
    ///   other than 0.
    public func encodeBatch(
        _ texts: [String],
        addSpecialTokens: Bool = true,
        maxLength: Int? = nil,
        longText: LongText? = nil,
        withOffsets: Bool = false,
        threads: Int? = nil
    ) -> PackedEncodings {
        let layout = layout(isPair: false, addSpecialTokens)
        let frame = layout.frame ?? ([], [])
        let room = maxLength.map { max(0, $0 - layout.specialCount) }
        var packed = inParallel(texts, threads) { texts, workspace in
            encode(texts, frame, room, longText, withOffsets ? .trimmed : .none, workspace)
        }
        if layout.hasTypes { packed.typeIDs = layout.typeIDs(ofSingle: packed) }
        return packed
    }

    /// Encodes one text with offsets that include the spaces that byte-level post-processors trim.
    func encodeWithSpaces(_ text: String, addSpecialTokens: Bool, maxLength: Int?) -> PackedEncodings {
        let layout = layout(isPair: false, addSpecialTokens)
        let room = maxLength.map { max(0, $0 - layout.specialCount) }
        return workspaces.withWorkspace { workspace in
            encode([text], layout.frame ?? ([], []), room, nil, .whole, workspace)
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
        _ longText: LongText?,
        _ offsets: Offsets,
        _ workspace: Workspace
    ) -> PackedEncodings {
        var result = PackedEncodings()
        result.cuSeqlens.reserveCapacity(texts.count + 1)
        var sink = TokenSink()
        sink.wantsSpans = offsets != .none
        sink.margins = offsets == .trimmed && !margins.steps.isEmpty ? margins : nil
        let longText = longText ?? (settings.truncatesLeft ? .tail : .head)
        for (index, var text) in texts.enumerated() {
            sink.appendSpecial(frame.before)
            sink.start = sink.ids.count
            text.withUTF8 { pipeline.append($0, to: &sink, workspace: workspace) }
            let count = sink.ids.count - sink.start
            if let room, count > room {
                if case .window(let stride) = longText {
                    let windows = LongText.windows(of: count, room: room, stride: stride)
                    sink.repeatWindows(windows, between: frame) { result.cuSeqlens.append($0) }
                } else {
                    result.markTruncated(index)
                    sink.cut(to: room, keepingLast: longText.tailCount(of: room))
                }
            }
            sink.appendSpecial(frame.after)
            result.cuSeqlens.append(Int32(truncatingIfNeeded: sink.ids.count))
            if case .window = longText { result.endWindow() }
        }
        if !result.isTruncated.isEmpty { result.fillTruncated(texts.count) }
        if result.count == texts.count { result.windowStarts = [] }
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
        for (index, (text, pair)) in pairs.enumerated() {
            read(text, into: &first, withOffsets, workspace)
            read(pair, into: &second, withOffsets, workspace)
            if let room, first.ids.count + second.ids.count > room {
                result.markTruncated(index)
                let counts = Self.lengths(first.ids.count, second.ids.count, room: room, truncation)
                first.cut(to: counts.0, keepingLast: settings.truncatesLeft ? counts.0 : 0)
                second.cut(to: counts.1, keepingLast: settings.truncatesLeft ? counts.1 : 0)
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
        if !result.isTruncated.isEmpty { result.fillTruncated(pairs.count) }
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

    /// Truncates the sequence to `room` tokens, of which the last `tail` are those of its end.
    fileprivate mutating func cut(to room: Int, keepingLast tail: Int) {
        let excess = ids.count - start - room
        guard excess > 0 else { return }
        let surplus = start + room - tail..<ids.count - tail
        ids.removeSubrange(surplus)
        if wantsSpans { spans.removeSubrange(surplus) }
    }

    /// Replaces the sequence by its windows, with special tokens between them.
    ///
    /// Special tokens before the first and after the last window are left to the caller, who adds those of every text.
    fileprivate mutating func repeatWindows(
        _ windows: [Range<Int>],
        between frame: (before: [Int32], after: [Int32]),
        _ end: (Int32) -> Void
    ) {
        let (content, contentSpans) = (Array(ids[start...]), wantsSpans ? Array(spans[start...]) : [])
        ids.removeSubrange(start...)
        if wantsSpans { spans.removeSubrange(start...) }
        for (index, window) in windows.enumerated() {
            if index > 0 {
                appendSpecial(frame.after)
                end(Int32(truncatingIfNeeded: ids.count))
                appendSpecial(frame.before)
            }
            ids += content[window]
            if wantsSpans { spans += contentSpans[window] }
        }
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

    /// Notes that a text was truncated; texts before it were not, unless noted.
    fileprivate mutating func markTruncated(_ text: Int) {
        fillTruncated(text)
        isTruncated.append(true)
    }

    /// Notes that the remaining of `count` texts were not truncated.
    fileprivate mutating func fillTruncated(_ count: Int) {
        isTruncated += repeatElement(false, count: count - isTruncated.count)
    }

    /// Ends a text of one or several windows.
    fileprivate mutating func endWindow() {
        if windowStarts.isEmpty { windowStarts = [0] }
        windowStarts.append(Int32(truncatingIfNeeded: count))
    }
}
