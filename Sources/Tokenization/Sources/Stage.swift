/// Writes the stages of a `tokenizer.json` as JSON text.
enum Stage {
    /// A token that a template adds.
    struct Token: Equatable {
        var content: String
        var id: Int32
    }

    /// A part of a template, with its type id.
    enum Part {
        case sequence(String, Int)
        case token(Token, Int)
    }

    static let nfc = #"{"type": "NFC"}"#
    static let nfkd = #"{"type": "NFKD"}"#
    static let lowercase = #"{"type": "Lowercase"}"#
    static let stripAccents = #"{"type": "StripAccents"}"#
    static let stripRight = #"{"type": "Strip", "strip_left": false, "strip_right": true}"#

    static func normalizers(_ steps: [String]) -> String { sequence("normalizers", steps) }

    static func preTokenizers(_ steps: [String]) -> String { sequence("pretokenizers", steps) }

    static func decoders(_ steps: [String]) -> String { sequence("decoders", steps) }

    private static func sequence(_ name: String, _ steps: [String]) -> String {
        #"{"type": "Sequence", "\#(name)": [\#(steps.joined(separator: ", "))]}"#
    }

    static func replace(_ text: String, _ content: String) -> String {
        #"{"type": "Replace", "pattern": {"String": \#(JSONWriter.quoted(text))}, "#
            + #""content": \#(JSONWriter.quoted(content))}"#
    }

    static func replace(regex: String, _ content: String) -> String {
        #"{"type": "Replace", "pattern": {"Regex": \#(JSONWriter.quoted(regex))}, "#
            + #""content": \#(JSONWriter.quoted(content))}"#
    }

    static func split(regex: String, _ behavior: String, inverted: Bool = false) -> String {
        #"{"type": "Split", "pattern": {"Regex": \#(JSONWriter.quoted(regex))}, "#
            + #""behavior": "\#(behavior)", "invert": \#(inverted)}"#
    }

    static func byteLevel(prefixSpace: Bool, cuts: Bool = true) -> String {
        #"{"type": "ByteLevel", "add_prefix_space": \#(prefixSpace), "trim_offsets": true, "use_regex": \#(cuts)}"#
    }

    static func metaspace(_ scheme: String, split: Bool = true) -> String {
        #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "\#(scheme)", "split": \#(split)}"#
    }

    static func roberta(sep: Token, cls: Token, trims: Bool, prefixSpace: Bool) -> String {
        #"{"type": "RobertaProcessing", "sep": [\#(JSONWriter.quoted(sep.content)), \#(sep.id)], "#
            + #""cls": [\#(JSONWriter.quoted(cls.content)), \#(cls.id)], "#
            + #""trim_offsets": \#(trims), "add_prefix_space": \#(prefixSpace)}"#
    }

    static func template(_ single: [Part], _ pair: [Part]) -> String {
        func spell(_ part: Part) -> String {
            switch part {
            case .sequence(let name, let type): #"{"Sequence": {"id": "\#(name)", "type_id": \#(type)}}"#
            case .token(let token, let type):
                #"{"SpecialToken": {"id": \#(JSONWriter.quoted(token.content)), "type_id": \#(type)}}"#
            }
        }
        var tokens: [Token] = []
        for case .token(let token, _) in pair where !tokens.contains(token) { tokens.append(token) }
        let known = tokens.map { token in
            let name = JSONWriter.quoted(token.content)
            return #"\#(name): {"id": \#(name), "ids": [\#(token.id)], "tokens": [\#(name)]}"#
        }
        return #"{"type": "TemplateProcessing", "single": [\#(single.map(spell).joined(separator: ", "))], "#
            + #""pair": [\#(pair.map(spell).joined(separator: ", "))], "#
            + #""special_tokens": {\#(known.joined(separator: ", "))}}"#
    }
}
