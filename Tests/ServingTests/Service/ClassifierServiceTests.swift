import Classification
import Foundation
import TestSupport
import Testing
import Tokenization

@testable import Serving

@Suite struct ClassifierServiceTests {
    private func texts(_ count: Int) -> [String] {
        (0..<count).map { "message \($0) about " + String(repeating: "winning ", count: $0 % 7) }
    }

    @Test func `answers equal those of the classifier itself`() async throws {
        try await ServingTestModel.withService { service, folder in
            let texts = texts(40) + ["", String(repeating: "word ", count: 300)]
            let model = try service.model()
            let answers = try await service.classify(texts.map { ServedItem(.text($0)) }, with: model)
            let (classifier, _) = try TextClassifier.load(folder.path(percentEncoded: false))
            let expected = try classifier.logits(classifier.encode(texts))
            for (answer, logits) in try paired(answers, expected) {
                let answer = try answer.get()
                // 1e-5: batches of other sizes may sum products in another order.
                for (own, other) in try paired(answer.logits, logits) { #expect(abs(own - other) < 1e-5) }
            }
            #expect(try answers[41].get().isTruncated && answers[41].get().tokens == 64)
            #expect(try !answers[0].get().isTruncated)
        }
    }

    @Test func `many requests at the same time get their own answers`() async throws {
        var settings = ServiceSettings()
        settings.limits.maxBatchTokens = 256
        try await ServingTestModel.withService(settings: settings) { service, _ in
            let model = try service.model()
            var alone: [[Float]] = []
            for text in texts(60) {
                alone.append(
                    try await service.classify([ServedItem(.text(text))], with: model)[0].get().logits
                )
            }
            let together = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
                for (index, text) in texts(60).enumerated() {
                    group.addTask {
                        (
                            index,
                            try await service.classify([ServedItem(.text(text))], with: model)[0].get().logits
                        )
                    }
                }
                return try await group.reduce(into: [Int: [Float]]()) { $0[$1.0] = $1.1 }
            }
            for (index, logits) in alone.enumerated() {
                for (own, other) in try paired(logits, together[index] ?? []) {
                    #expect(abs(own - other) < 1e-5)
                }
            }
        }
    }

    @Test func `one bad item does not fail the others of its request`() async throws {
        try await ServingTestModel.withService { service, _ in
            var long = ServedItem(.text(String(repeating: "word ", count: 300)))
            long.truncates = false
            var huge = ServedItem(.text(String(repeating: "a", count: 64 * 250 + 1)))
            huge.truncates = false
            var empty = ServedItem(.text(""))
            empty.refusesEmpty = true
            let answers = try await service.classify(
                [
                    ServedItem(.text("hello")), long, huge, empty, ServedItem(.ids([1, -3])),
                    ServedItem(.ids([1, 2, 3])),
                ],
                with: service.model()
            )
            #expect((try? answers[0].get()) != nil)
            guard case .failure(.tooLong(let tokens, 64)) = answers[1] else {
                Issue.record("\(answers[1])")
                return
            }
            #expect(tokens >= 300)
            #expect(answers[2] == .failure(.tooManyCharacters(limit: 64 * 250)))
            #expect(answers[3] == .failure(.empty))
            #expect(answers[4] == .failure(.unknownToken(-3)))
            #expect(try answers[5].get().tokens == 3)
        }
    }

    @Test func `a longer text is cut at either end, or read in windows`() async throws {
        try await ServingTestModel.withService { service, _ in
            let text = (0..<200).map { "word \($0)" }.joined(separator: " ")
            var items = (0..<4).map { _ in ServedItem(.text(text)) }
            items[1].side = .left
            items[2].longText = .window(stride: 32)
            items[3].maxTokens = 16
            let answers = try await service.classify(items, with: service.model()).map { try $0.get() }
            #expect(answers[0].tokens == 64 && answers[0].isTruncated)
            #expect(
                answers[1].tokens == 64 && answers[1].isTruncated && answers[1].logits != answers[0].logits
            )
            #expect(answers[2].windows > 3 && !answers[2].isTruncated && answers[2].tokens > 200)
            #expect(answers[3].tokens == 16)
        }
    }

    @Test func `a cancelled request leaves the queue`() async throws {
        try await ServingTestModel.withService { service, _ in
            let model = try service.model()
            let items = texts(4000).map { ServedItem(.text($0)) }
            let task = Task { try await service.classify(items, with: model) }
            try await Task.sleep(for: .milliseconds(20))
            task.cancel()
            await #expect(throws: ServingFault.cancelled) { try await task.value }
            // The next request does not wait for the rest of the cancelled one.
            _ = try await service.classify([ServedItem(.text("hello"))], with: model)
            #expect(service.waitingItems == 0)
        }
    }

    @Test func `a further request is refused while as many as allowed are in progress`() async throws {
        var settings = ServiceSettings()
        settings.limits.maxConcurrentRequests = 1
        try await ServingTestModel.withService(settings: settings) { service, _ in
            let gate = AsyncStream.makeStream(of: Void.self)
            let first = Task {
                try await service.admitting { for await _ in gate.stream {} }
            }
            while service.requestsInProgress == 0 { await Task.yield() }
            await #expect(throws: ServingFault.overloaded(retryAfter: 1)) {
                try await service.admitting { 0 }
            }
            gate.continuation.finish()
            try await first.value
            #expect(try await service.admitting { 1 } == 1)
        }
    }

    @Test func `an answer that is still being written counts as in progress`() async throws {
        try await ServingTestModel.withService { service, _ in
            var written: Admission? = try await service.admitting { service.keepAdmitted() }
            #expect(service.requestsInProgress == 1)
            withExtendedLifetime(written) {}
            written = nil
            #expect(service.requestsInProgress == 0)
        }
    }

    @Test func `a model that is swapped under load answers every request`() async throws {
        try await ServingTestModel.withService { service, folder in
            let path = folder.path(percentEncoded: false)
            let asking = Task {
                var count = 0
                while !Task.isCancelled {
                    let answers = try await service.classify(
                        texts(5).map { ServedItem(.text($0)) },
                        with: service.model("tiny")
                    )
                    for answer in answers { _ = try answer.get() }
                    count += 1
                }
                return count
            }
            for _ in 0..<10 { try await service.load(LoadRequest(name: "tiny", source: path)) }
            asking.cancel()
            do {
                #expect(try await asking.value > 0)
            } catch ServingFault.cancelled {
                // The task was cancelled while its last request was computed.
            }
            #expect(service.models().map(\.name) == ["tiny"])
        }
    }

    @Test func `models have names, and an unknown one is refused with the known ones`() async throws {
        try await ServingTestModel.withService { service, folder in
            try await service.load(LoadRequest(name: "second", source: folder.path(percentEncoded: false)))
            #expect(try service.model().name == "tiny" && service.model("second").name == "second")
            #expect(throws: ServingFault.unknownModel("third", known: ["tiny", "second"])) {
                try service.model("third")
            }
            try service.unload("tiny")
            #expect(try service.model().name == "second")
            #expect(throws: ServingFault.unknownModel("tiny", known: ["second"])) {
                try service.unload("tiny")
            }
        }
    }

    @Test func `a service is loading, ready, draining; a failed start is kept`() async throws {
        let service = ClassifierService()
        #expect(service.state == .loading)
        #expect(throws: ServingFault.loading(retryAfter: 2)) { try service.model() }
        await #expect(throws: ServingFault.self) {
            try await service.start([LoadRequest(source: "/nowhere")])
        }
        guard case .failed(let message) = service.state else {
            Issue.record("\(service.state)")
            return
        }
        #expect(message.contains("/nowhere"))
        try await ServingTestModel.withService { service, _ in
            #expect(service.state == .ready)
            service.drain()
            #expect(service.state == .draining)
            _ = try await service.classify([ServedItem(.text("hello"))], with: service.model())
            service.close()
            await #expect(throws: ServingFault.draining) {
                try await service.classify([ServedItem(.text("hello"))], with: service.model())
            }
        }
    }
}
