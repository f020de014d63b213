import Models
import Testing
import Torch

/// Inputs outside a model's tables are refused before they reach libtorch, in every family.
struct InputLimitTests {
    /// The error of computing a text; nil if there is none.
    private func refusal(
        _ model: SequenceClassifier,
        _ ids: [Int32],
        typeIDs: [Int32]? = nil
    ) throws -> TorchError? {
        // The first example is valid; the error must name the second.
        let batch = try PackedBatch(
            ids: [3] + ids,
            cuSeqlens: [0, 1, Int32(ids.count + 1)],
            typeIDs: typeIDs.map { [0] + $0 },
            padTokenID: nil
        )
        do throws(TorchError) {
            _ = try model.logits(batch)
            return nil
        } catch { return error }
    }

    @Test(arguments: FamilyTests.variants)
    func `a token id beyond the embedding's rows`(name: String) throws {
        let model = try ReferenceModel.load(name).0
        #expect(model.embeddingRows == 101)
        for id: Int32 in [101, 5000, -1, .max, .min] {
            let error = try #require(try refusal(model, [4, id]))
            #expect(error.code == .indexOutOfRange)
            #expect(
                "\(error)".contains("example 1")
                    && "\(error)".contains("token id \(id) is outside the model's 101 embedding rows")
            )
        }
        #expect(try refusal(model, [4, 100]) == nil)
    }

    @Test(arguments: FamilyTests.variants)
    func `a token type beyond the model's`(name: String) throws {
        let model = try ReferenceModel.load(name).0
        switch model.tokenTypes {
        case .ignored: #expect(try refusal(model, [4, 5], typeIDs: [0, 77]) == nil)
        case .table(let rows), .tokens(let rows):
            for type in [Int32(rows), -1, .max] {
                let error = try #require(try refusal(model, [4, 5], typeIDs: [0, type]))
                #expect(error.code == .indexOutOfRange)
                #expect("\(error)".contains("token type \(type) is outside the model's \(rows) types"))
            }
            #expect(try refusal(model, [4, 5], typeIDs: [0, Int32(rows) - 1]) == nil)
        }
    }

    @Test(arguments: FamilyTests.variants)
    func `a text longer than the positions`(name: String) throws {
        let model = try ReferenceModel.load(name).0
        guard let limit = model.maxLength, limit < 10_000 else { return }
        #expect(try refusal(model, Array(repeating: 7, count: limit)) == nil)
        let error = try refusal(model, Array(repeating: 7, count: limit + 1))
        // Only learned positions are limited; computed ones are not.
        guard let error else { return }
        #expect(error.code == .indexOutOfRange)
        #expect("\(error)".contains("it has \(limit + 1) tokens, but the model has positions for \(limit)"))
    }

    @Test func `only families with learned positions have a limit`() throws {
        let ended = try FamilyTests.variants.filter { name in
            let model = try ReferenceModel.load(name).0
            let limit = try #require(model.maxLength)
            return try refusal(model, Array(repeating: 7, count: limit + 1)) != nil
        }
        let types = try Set(ended.map { try ReferenceModel.configuration($0).modelType })
        #expect(types == ["bert", "distilbert", "electra", "gpt2", "roberta", "xlm-roberta", "deberta-v2"])
    }

    @Test func `token types that a model lacks are replaced`() {
        #expect(TokenTypes.ignored.taken([0, 1], count: 2, areGiven: true).isEmpty)
        #expect(TokenTypes.table(2).taken([0, 1, 2], count: 3, areGiven: true) == [0, 1, 0])
        #expect(TokenTypes.table(1).taken([0, 1], count: 2, areGiven: true) == [0, 0])
        #expect(TokenTypes.table(2).taken([0, 1], count: 2, areGiven: false).isEmpty)
        // GPT-2 adds the row of token 0 for type 0, and nothing without types.
        #expect(TokenTypes.tokens(9).taken([], count: 2, areGiven: true) == [0, 0])
        #expect(TokenTypes.tokens(9).taken([0, 1], count: 2, areGiven: false).isEmpty)
    }
}
