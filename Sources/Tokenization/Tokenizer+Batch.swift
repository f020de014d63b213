import Dispatch
import Foundation
import Synchronization

extension Tokenizer {
    /// Encodes many texts into one row of ids, on all cores.
    ///
    /// - Parameters:
    ///   - texts: The texts, in order.
    ///   - addSpecialTokens: Whether the tokenizer adds what it puts around texts. Default true.
    ///   - maxLength: The most ids of a text, special ones included. Nil, the default, cuts nothing.
    ///   - threads: How many threads to use. Nil, the default, uses every core.
    /// - Returns: The ids end to end and where each text starts.
    public func encodeBatch(
        _ texts: [String],
        addSpecialTokens: Bool = true,
        maxLength: Int? = nil,
        threads: Int? = nil
    ) -> PackedEncodings {
        let frame = SpecialFrame(self, addSpecialTokens: addSpecialTokens, maxLength: maxLength)
        let workers = max(1, min(threads ?? ProcessInfo.processInfo.activeProcessorCount, texts.count / 8))
        // A few chunks a worker, so that one with long texts does not leave the others waiting.
        let chunkCount = workers == 1 ? 1 : min(texts.count, workers * 16)
        let bounds = (0...chunkCount).map { $0 * texts.count / chunkCount }
        let results = Mutex([PackedEncodings?](repeating: nil, count: chunkCount))
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            let workspace = Workspace()
            while true {
                let chunk = next.add(1, ordering: .relaxed).oldValue
                guard chunk < chunkCount else { return }
                let packed = encodeChunk(texts[bounds[chunk]..<bounds[chunk + 1]], frame, workspace)
                results.withLock { $0[chunk] = packed }
            }
        }
        return results.withLock { PackedEncodings(joining: $0.compactMap { $0 }) }
    }

    private func encodeChunk(
        _ texts: ArraySlice<String>,
        _ frame: SpecialFrame,
        _ workspace: Workspace
    ) -> PackedEncodings {
        var result = PackedEncodings()
        result.cuSeqlens.reserveCapacity(texts.count + 1)
        for var text in texts {
            result.ids.append(contentsOf: frame.before)
            let start = result.ids.count
            text.withUTF8 { pipeline.appendIDs(of: $0, to: &result.ids, workspace: workspace) }
            if let room = frame.room, result.ids.count - start > room {
                result.truncatedCount += 1
                let excess = result.ids.count - start - room
                let surplus =
                    settings.truncatesLeft ? start..<start + excess : start + room..<result.ids.count
                result.ids.removeSubrange(surplus)
            }
            result.ids.append(contentsOf: frame.after)
            result.cuSeqlens.append(Int32(truncatingIfNeeded: result.ids.count))
        }
        return result
    }
}

/// What a tokenizer puts around every single text.
private struct SpecialFrame: Sendable {
    var before: [Int32] = []
    var after: [Int32] = []
    var room: Int?

    init(_ tokenizer: Tokenizer, addSpecialTokens: Bool, maxLength: Int?) {
        // A marker text shows which tokens come before it and which behind.
        var marker = Encoding(added: -1, token: "", typeID: 0)
        marker.specialTokensMask = [false]
        let parts = tokenizer.pipeline.postProcessor?.process([marker], addSpecialTokens: addSpecialTokens)
        let ids = parts?.flatMap(\.ids) ?? [-1]
        if let middle = ids.firstIndex(of: -1) {
            before = Array(ids[..<middle])
            after = Array(ids[(middle + 1)...])
        }
        room = maxLength.map { max(0, $0 - before.count - after.count) }
    }
}

extension PackedEncodings {
    init(joining parts: [PackedEncodings]) {
        if parts.count == 1 {
            self = parts[0]
            return
        }
        self.init()
        ids.reserveCapacity(parts.reduce(0) { $0 + $1.ids.count })
        for part in parts {
            let start = Int32(truncatingIfNeeded: ids.count)
            ids.append(contentsOf: part.ids)
            truncatedCount += part.truncatedCount
            cuSeqlens.append(contentsOf: part.cuSeqlens.dropFirst().map { $0 &+ start })
        }
    }
}
