import Testing

@testable import Tokenization

struct TokenViewTests {
    /// A view of whole words, split as in BERT.
    private func words(_ style: TokenView.Style = .bars) throws -> TokenView {
        let json =
            #"{"model": {"type": "WordPiece", "unk_token": "?", "vocab": {"?": 0, "the": 1, "quick": 2, "dog": 3, "s": 4}}, "#
            + #""pre_tokenizer": {"type": "BertPreTokenizer"}}"#
        return try TokenView(Tokenizer(files: TokenizerFiles(tokenizer: Array(json.utf8))), style: style)
    }

    private func view(_ fixture: String, _ style: TokenView.Style = .bars) throws -> TokenView {
        try TokenView(TokenizerFixture(name: fixture).tokenizer(), style: style)
    }

    @Test func `bars separate tokens, and brackets enclose those that cover no text`() throws {
        #expect(try words().render(" the quick dog's  ") == " the │quick │dog│'│s  ")
        #expect(try view("bert-uncased").render("The dog") == "⟨[CLS]⟩│The │dog│⟨[SEP]⟩")
        #expect(try view("bert-uncased").render("", addSpecialTokens: false) == "")
    }

    @Test func `a character of several tokens shows their number`() throws {
        #expect(try view("gpt2").render("a👍b") == "a│👍⟨×4⟩│b")
        #expect(try view("llama2").render("x👍").hasSuffix("│👍⟨×4⟩"))
    }

    @Test func `text that was cut off comes after scissors`() throws {
        #expect(try words().render("the quick dog", maxLength: 2) == "the │quick✂ dog")
    }

    @Test func `nothing in a text can steer the terminal`() throws {
        let rendered = try view("gpt2").render("a\u{1B}[31m\tb\r\n\u{202E}c\u{85}")
        #expect(!rendered.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0 == "\u{202E}" })
        #expect(rendered.contains("⟨U+001B⟩") && rendered.contains("⇥") && rendered.contains("↵\n"))
        #expect(rendered.contains("⟨U+202E⟩") && rendered.contains("⟨U+0085⟩"))
    }

    @Test func `colours alternate and end with each token and line`() throws {
        let rendered = try words(.colors).render("the quick")
        #expect(rendered == "\u{1B}[30;48;5;153mthe\u{1B}[0m \u{1B}[30;48;5;157mquick\u{1B}[0m")
        let special = try view("bert-uncased", .colors).render("the")
        #expect(special.hasPrefix("\u{1B}[2m⟨[CLS]⟩\u{1B}[0m"))
        let lines = try view("gpt2", .colors).render("a\n\nb").split(separator: "\n")
        for line in lines { #expect(line.hasSuffix("\u{1B}[0m")) }
    }

    @Test(arguments: TokenizerFixture.all)
    func `every text can be shown without losing any of it`(fixture: TokenizerFixture) throws {
        let view = try TokenView(fixture.tokenizer())
        for text in try fixture.cases().map(\.text) {
            _ = view.render(text, maxLength: 9)
            let shown = view.render(text, addSpecialTokens: false)
            for scalar in text.unicodeScalars where scalar.properties.isAlphabetic {
                #expect(shown.unicodeScalars.contains(scalar), "\(fixture.name): \(text.debugDescription)")
            }
        }
    }
}
