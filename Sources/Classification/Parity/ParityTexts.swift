/// Neutral texts for comparing a model's answers in two places: many lengths, scripts and kinds of characters.
///
/// They come with the program, so that a saved model contains no text of its training data.
enum ParityTexts {
    /// The texts.
    ///
    /// Their order and content never change, because models record their answers to them.
    static let all: [String] = [
        "Yes.",
        "ok",
        "The meeting is at ten o'clock on Tuesday.",
        "I ordered two chairs, but only one of them arrived.",
        "Why does the light go off when I open the window?",
        "This was the best soup I have eaten in years!",
        "THE DELIVERY WAS LATE AND THE BOX WAS OPEN",
        "no capital letters no full stop just words one after another",
        "Invoice 2041-77: 3 × 19.90 € = 59.70 €, due on 31/12/2031 (2 % discount within 10 days).",
        "def area(radius): return 3.14159 * radius ** 2  # square metres",
        "{\"name\": \"kettle\", \"price\": 24.5, \"in_stock\": true}",
        "<p>A short <b>paragraph</b> &amp; a link: https://example.org/a?b=c#d</p>",
        "Der Zug nach Köln fährt heute von Gleis 7, nicht von Gleis 12.",
        "L'été dernier, nous avons visité une forêt près de la frontière.",
        "Mañana lloverá en el norte y hará sol en la costa.",
        "Amanhã não haverá aula, porque a escola estará fechada.",
        "Завтра утром библиотека откроется на час позже обычного.",
        "Η βιβλιοθήκη ανοίγει στις εννέα το πρωί.",
        "الطقس اليوم مشمس ودرجة الحرارة معتدلة.",
        "הספרייה נפתחת בשעה תשע בבוקר.",
        "आज मौसम साफ़ है और हवा ठंडी है।",
        "今天天气很好，我们去公园散步。",
        "明日の朝、図書館は九時に開きます。",
        "내일 아침 도서관은 아홉 시에 문을 엽니다.",
        "วันนี้อากาศดีและลมเย็น",
        "Great trip 😀🚲🌧️ — would go again 👍🏽 (5/5)",
        "naive naïve NAI\u{308}VE coo\u{308}perate, ﬁne ligatures, ½ cup, x² + y²",
        "A\ttab, a line\nbreak,  two  spaces and a no\u{A0}break space.",
        String(repeating: "very ", count: 40) + "long",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        paragraph,
        [paragraph, paragraph, paragraph].joined(separator: "\n\n"),
    ]

    /// The second texts, for models of pairs.
    static var second: [String] { all.indices.map { all[($0 + 5) % 28] } }

    private static let paragraph = """
        The town has a market on Saturdays. Farmers sell apples, bread and cheese, and a man repairs bicycles under the old \
        clock. In winter the stalls close at three, because it gets dark early; in summer some stay open until the evening. \
        Visitors usually arrive by train, walk along the river and have lunch in one of the small restaurants near the bridge. \
        The museum next to the town hall shows tools, maps and photographs of the last two centuries.
        """
}
