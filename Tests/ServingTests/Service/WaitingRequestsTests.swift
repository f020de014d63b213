import Testing
import Tokenization

@testable import Serving

@Suite struct WaitingRequestsTests {
    /// A model of another key is another model.
    private func model(_ key: Int) throws -> ServedModel { try .forTests(key: key) }

    private func request(_ id: Int, _ lengths: [Int], model: ServedModel) -> WaitingRequest {
        let (_, continuation) = AsyncStream.makeStream(of: IndexedResult.self)
        return WaitingRequest(
            id: id,
            model: model,
            arrival: .now,
            tokenization: .zero,
            items: lengths.enumerated().reversed().map { index, length in
                WaitingItem(
                    index: index,
                    encoded: EncodedItem(
                        encodings: PackedEncodings(
                            ids: Array(repeating: 1, count: length),
                            cuSeqlens: [0, Int32(length)]
                        )
                    )
                )
            },
            results: RequestResults(lengths.count, continuation)
        )
    }

    /// The requests and item indices of a batch: `"1:0 2:0"`.
    private func items(_ batch: Batch?) -> String {
        (batch?.items ?? []).map { "\($0.request):\($0.item.index)" }.joined(separator: " ")
    }

    @Test func `small requests are computed together, in order`() throws {
        var waiting = WaitingRequests()
        for id in 1...3 { try waiting.add(request(id, [10], model: model(0))) }
        #expect(waiting.itemCount == 3 && waiting.tokenCount == 30)
        #expect(items(waiting.nextBatch(maxTokens: 100, maxItems: nil)) == "1:0 2:0 3:0")
        #expect(waiting.itemCount == 0 && waiting.tokenCount == 0)
        #expect(waiting.nextBatch(maxTokens: 100, maxItems: nil) == nil)
    }

    @Test func `a batch keeps the limits of tokens and items, and a longer item is alone`() throws {
        var waiting = WaitingRequests()
        try waiting.add(request(1, [60, 50, 200, 10], model: model(0)))
        #expect(items(waiting.nextBatch(maxTokens: 100, maxItems: nil)) == "1:0")
        #expect(items(waiting.nextBatch(maxTokens: 100, maxItems: nil)) == "1:1")
        #expect(items(waiting.nextBatch(maxTokens: 100, maxItems: nil)) == "1:2")
        try waiting.add(request(2, [1, 1, 1], model: model(0)))
        #expect(items(waiting.nextBatch(maxTokens: 100, maxItems: 2)) == "1:3 2:0")
    }

    @Test func `a request of many items does not hold up later ones`() throws {
        var waiting = WaitingRequests()
        try waiting.add(request(1, Array(repeating: 10, count: 40), model: model(0)))
        try waiting.add(request(2, [10], model: model(0)))
        let first = waiting.nextBatch(maxTokens: 80, maxItems: nil)
        #expect(items(first) == "1:0 2:0 1:1 1:2 1:3 1:4 1:5 1:6")
        // A later request is in the very next batch.
        try waiting.add(request(3, [10], model: model(0)))
        #expect(items(waiting.nextBatch(maxTokens: 80, maxItems: nil)).contains("3:0"))
    }

    @Test func `models take turns`() throws {
        var waiting = WaitingRequests()
        try waiting.add(request(1, [50, 50, 50], model: model(0)))
        try waiting.add(request(2, [10], model: model(1)))
        #expect(items(waiting.nextBatch(maxTokens: 50, maxItems: nil)) == "1:0")
        #expect(items(waiting.nextBatch(maxTokens: 50, maxItems: nil)) == "2:0")
        #expect(items(waiting.nextBatch(maxTokens: 50, maxItems: nil)) == "1:1")
    }

    @Test func `an item that does not fit keeps its turn`() throws {
        var waiting = WaitingRequests()
        try waiting.add(request(1, [30], model: model(0)))
        try waiting.add(request(2, [90], model: model(0)))
        try waiting.add(request(3, [30], model: model(0)))
        #expect(items(waiting.nextBatch(maxTokens: 100, maxItems: nil)) == "1:0 3:0")
        try waiting.add(request(4, [30], model: model(0)))
        #expect(items(waiting.nextBatch(maxTokens: 100, maxItems: nil)) == "2:0")
    }

    @Test func `a request whose client hung up is removed with its items`() throws {
        var waiting = WaitingRequests()
        try waiting.add(request(1, [10, 10], model: model(0)))
        try waiting.add(request(2, [10], model: model(0)))
        #expect(waiting.remove(1) == 2)
        #expect(waiting.remove(1) == 0)
        #expect(waiting.itemCount == 1 && waiting.tokenCount == 10)
        #expect(items(waiting.nextBatch(maxTokens: 100, maxItems: nil)) == "2:0")
    }

    @Test func `every item of random requests is computed exactly once, within the limits`() throws {
        var random = SystemRandomNumberGenerator()
        var waiting = WaitingRequests()
        var expected = Set<String>()
        for id in 0..<60 {
            let lengths = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                Int.random(in: 1...150, using: &random)
            }
            try waiting.add(request(id, lengths, model: model(id % 3)))
            for index in lengths.indices { expected.insert("\(id):\(index)") }
        }
        var seen = Set<String>()
        while let batch = waiting.nextBatch(maxTokens: 128, maxItems: 9) {
            #expect(batch.items.count <= 9 && (batch.tokens <= 128 || batch.items.count == 1))
            #expect(Set(batch.items.map { $0.request % 3 }).count == 1)
            for item in items(batch).split(separator: " ") { #expect(seen.insert(String(item)).inserted) }
        }
        #expect(seen == expected && waiting.tokenCount == 0)
    }

    @Test func `the mean speed follows recent batches`() throws {
        var speed = ServingSpeed()
        #expect(speed.tokensPerSecond == nil)
        speed.note(tokens: 100, seconds: 1)
        #expect(speed.tokensPerSecond == 100)
        for _ in 0..<200 { speed.note(tokens: 300, seconds: 1) }
        #expect(abs(try #require(speed.tokensPerSecond) - 300) < 1)
    }
}
