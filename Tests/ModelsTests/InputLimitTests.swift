import Models
import Testing
import Torch

/// Inputs that a model has no row for are refused before libtorch meets them, whatever the family.
struct InputLimitTests {
    /// What computing a text is refused with; nil if it is computed.
    private func refusal(
        _ model: SequenceClassifier,
        _ ids: [Int32],
        typeIDs: [Int32]? = nil
    ) throws -> TorchError? {
        // A sound example comes first: the second one is to blame.
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
        // Positions that are computed have no end; learned ones do.
        guard let error else { return }
        #expect(error.code == .indexOutOfRange)
        #expect("\(error)".contains("it has \(limit + 1) tokens, and the model has positions for \(limit)"))
    }

    @Test func `families with learned positions are those that have an end`() throws {
        let ended = try FamilyTests.variants.filter { name in
            let model = try ReferenceModel.load(name).0
            let limit = try #require(model.maxLength)
            return try refusal(model, Array(repeating: 7, count: limit + 1)) != nil
        }
        let types = try Set(ended.map { try ReferenceModel.configuration($0).modelType })
        #expect(types == ["bert", "distilbert", "electra", "gpt2", "roberta", "xlm-roberta", "deberta-v2"])
    }

    @Test func `token types that a model lacks do not reach it`() {
        #expect(TokenTypes.ignored.taken([0, 1], count: 2, areGiven: true).isEmpty)
        #expect(TokenTypes.table(2).taken([0, 1, 2], count: 3, areGiven: true) == [0, 1, 0])
        #expect(TokenTypes.table(1).taken([0, 1], count: 2, areGiven: true) == [0, 0])
        #expect(TokenTypes.table(2).taken([0, 1], count: 2, areGiven: false).isEmpty)
        // GPT-2 adds token 0's row for type 0, and nothing without types.
        #expect(TokenTypes.tokens(9).taken([], count: 2, areGiven: true) == [0, 0])
        #expect(TokenTypes.tokens(9).taken([0, 1], count: 2, areGiven: false).isEmpty)
    }
}
