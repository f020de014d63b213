import Testing

@testable import Attune

struct ColumnChoiceTests {
    /// A column of values, repeated until there are 60.
    private func column(_ name: String, _ values: [String?], isMarked: Bool = false) -> ColumnProfile {
        ColumnProfile(
            name: name,
            texts: (0..<60).map { values[$0 % values.count] },
            isMarkedAsClass: isMarked
        )
    }

    /// A column of sixty different texts.
    private func texts(_ name: String, words: Int = 8) -> ColumnProfile {
        ColumnProfile(
            name: name,
            texts: (0..<60).map { row in "row \(row)" + String(repeating: " word", count: words - 2) },
            isMarkedAsClass: false
        )
    }

    private func numbers(_ name: String) -> ColumnProfile {
        ColumnProfile(name: name, texts: (0..<60).map { "\($0)" }, isMarkedAsClass: false)
    }

    private func choice(_ columns: ColumnProfile...) throws -> ColumnChoice {
        try ColumnChoice(columns, text: nil, label: nil)
    }

    @Test func `the usual names are taken`() throws {
        let found = try choice(numbers("id"), texts("text"), column("label", ["a", "b"]))
        #expect(found.text.columns == ["text"] && found.label.columns == ["label"] && !found.isRegression)
        #expect(found.hasOneLabel)
    }

    @Test func `lists, several columns and numbers are not one label of a text`() throws {
        let lists = ColumnProfile(listsNamed: "labels", rows: 60)
        #expect(try !choice(texts("text"), lists).hasOneLabel)
        #expect(try !choice(texts("text"), column("a", ["0", "1"]), column("b", ["1", "0"])).hasOneLabel)
        #expect(try !choice(texts("text"), column("score", ["0.5", "1.25"])).hasOneLabel)
    }

    @Test func `a text column may have another name if it alone has texts`() throws {
        let found = try choice(texts("what_they_said"), column("mood", ["good", "bad"]))
        #expect(found.text.columns == ["what_they_said"] && found.label.columns == ["mood"])
    }

    @Test func `content is the text, and not title or abstract`() throws {
        let found = try choice(
            texts("Title", words: 4),
            texts("Abstract", words: 20),
            texts("Content", words: 90),
            column("Topic", ["a", "b"])
        )
        #expect(found.text.columns == ["Content"])
    }

    @Test func `web addresses and dates are no texts and no labels`() throws {
        let found = try choice(
            column("url", ["https://a.org/1", "https://a.org/2"]),
            column("time", ["2016-09-28 00:22:34", "2016-09-29 00:22:34"]),
            texts("said"),
            column("who", ["ann", "bob"])
        )
        #expect(found.text.columns == ["said"] && found.label.columns == ["who"])
    }

    @Test func `two columns that could be the text are listed`() {
        let error = #expect(throws: DraftError.self) {
            try choice(texts("first", words: 8), texts("second", words: 9), column("label", ["a", "b"]))
        }
        #expect(error?.role == .text && error?.candidates.map(\.column) == ["second", "first"])
    }

    @Test func `a well-known pair of texts is read as a pair`() throws {
        let found = try choice(texts("premise"), texts("hypothesis"), column("label", ["0", "1", "2"]))
        #expect(found.text.columns == ["premise"] && found.textPair == "hypothesis")
        #expect(!found.isRegression)
    }

    @Test func `the column that the file marks is the label, whatever its name`() throws {
        let found = try choice(
            texts("text"),
            column("label", ["x", "y"]),
            column("ATU Topic", ["a", "b"], isMarked: true)
        )
        #expect(found.label.columns == ["ATU Topic"])
    }

    @Test func `a name goes before a column of a few values`() throws {
        let found = try choice(
            texts("text"),
            column("language", ["en", "de"]),
            column("sentiment", ["+", "-"])
        )
        #expect(found.label.columns == ["sentiment"])
    }

    @Test func `several columns of a few values are listed with their values`() {
        let error = #expect(throws: DraftError.self) {
            try choice(texts("text"), column("who", ["ann", "bob"]), column("where", ["here", "there"]))
        }
        #expect(error?.role == .label)
        #expect(
            error?.message { "--" + $0.replacing("_", with: "-") } == """
                no column is obviously the labels; choose one with --label-column:
                  who    2 values: ann, bob
                  where  2 values: here, there
                """
        )
    }

    @Test func `names of labels go before their ids`() throws {
        let found = try choice(
            texts("text"),
            column("label", ["0", "0", "1"]),
            column("label_text", ["ham", "ham", "spam"])
        )
        #expect(found.label.columns == ["label_text"])
    }

    @Test func `columns of 0 and 1 are one label each`() throws {
        let found = try choice(
            numbers("id"),
            texts("comment_text"),
            column("insult", ["0", "1", "0"]),
            column("threat", ["0", "0", "1"])
        )
        #expect(found.text.columns == ["comment_text"] && found.label.columns == ["insult", "threat"])
    }

    @Test func `numbers with decimals are learned as numbers`() throws {
        let found = try choice(texts("text"), column("score", ["0.5", "1.25", "3.0", "2.75"]))
        #expect(found.label.columns == ["score"] && found.isRegression)
    }

    @Test func `whole numbers written with a decimal point are classes`() throws {
        let found = try choice(texts("text"), column("stars", ["1.0", "2.0", "5.0"]))
        #expect(found.label.columns == ["stars"] && !found.isRegression)
    }

    @Test func `ids and mostly empty columns are never labels`() {
        let error = #expect(throws: DraftError.self) {
            try choice(numbers("id"), texts("text"), column("place", [nil, nil, nil, "here", "there", nil]))
        }
        #expect(error?.candidates == [])
        #expect(error?.description == "no column looks like labels; name one with label_column")
    }

    @Test func `given columns are kept`() throws {
        let found = try ColumnChoice(
            [texts("text"), texts("title"), column("a", ["x", "y"]), column("b", ["x", "y"])],
            text: "title",
            label: ["b"]
        )
        #expect(found.text.columns == ["title"] && found.label.columns == ["b"])
    }
}
