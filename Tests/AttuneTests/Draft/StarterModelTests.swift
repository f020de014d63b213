import Testing

@testable import Attune

struct StarterModelTests {
    private func choice(
        tokens: Double,
        manyLanguages: Bool = false,
        gigaflops: Double? = 100,
        cached: [String] = []
    ) -> String {
        StarterModel.choice(
            tokens: tokens,
            manyLanguages: manyLanguages,
            gigaflops: gigaflops,
            isCached: { cached.contains($0.id) }
        ).model.id
    }

    @Test func `the best model that trains in twenty minutes is taken`() {
        // 6 · 110 million · 90,000 tokens at 50 GFLOP/s take 1,188 s.
        #expect(choice(tokens: 90_000) == "answerdotai/ModernBERT-base")
        #expect(choice(tokens: 95_000) == "distilbert/distilbert-base-uncased")
        #expect(choice(tokens: 900_000) == "sentence-transformers/all-MiniLM-L6-v2")
        #expect(choice(tokens: 1e12) == "sentence-transformers/all-MiniLM-L6-v2")
    }

    @Test func `a GPU is quick enough for every model`() {
        #expect(choice(tokens: 1e12, gigaflops: nil) == "answerdotai/ModernBERT-base")
    }

    @Test func `a model in the cache goes before one to download, if it is quick enough`() {
        let small = "sentence-transformers/all-MiniLM-L6-v2"
        #expect(choice(tokens: 1_000, cached: [small]) == small)
        #expect(choice(tokens: 1e12, cached: ["answerdotai/ModernBERT-base"]) == small)
    }

    @Test func `texts in other languages get a model that reads them`() {
        #expect(choice(tokens: 1_000, manyLanguages: true) == "FacebookAI/xlm-roberta-base")
    }
}
