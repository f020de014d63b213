import JSON
import Testing

/// Scanning rows in place.
struct ScannerTests {
    private func scalar(_ text: String) -> JSONScalar? {
        Array(text.utf8).withUnsafeBufferPointer {
            var scanner = JSONScanner($0)
            let value = scanner.scalar()
            return scanner.isAtEnd() ? value : nil
        }
    }

    private func string(_ text: String) -> String? {
        Array(text.utf8).withUnsafeBufferPointer {
            var scanner = JSONScanner($0)
            var string = Array("from before".utf8)
            return scanner.string(into: &string) ? String(decoding: string, as: UTF8.self) : nil
        }
    }

    @Test func `integers are exact up to 64 bits`() {
        #expect(scalar("9223372036854775807") == .int(.max))
        #expect(scalar("-9223372036854775808") == .int(.min))
        #expect(scalar("9223372036854775808") == .double(9_223_372_036_854_775_808))
        #expect(scalar("-9223372036854775809") == .double(-9_223_372_036_854_775_808))
        #expect(scalar("-0") == .int(0) && scalar("1.0") == .double(1) && scalar("1e2") == .double(100))
        #expect(scalar("1e999") == .double(.infinity) && scalar("0.1") == .double(0.1))
    }

    @Test func `words are read as Python writes them`() {
        #expect(scalar("null") == .null && scalar(" true ") == .bool(true) && scalar("false") == .bool(false))
        #expect(scalar("NaN") == .notANumber && scalar("Infinity") == .double(.infinity))
        #expect(scalar("-Infinity") == .double(-.infinity))
        for text in ["01", "1.", ".5", "+1", "1e", "-", "-NaN", "TRUE", "\"a\""] {
            #expect(scalar(text) == nil, "\(text)")
        }
    }

    @Test func `escapes are decoded, and halves of surrogate pairs are replaced`() {
        #expect(string(#" "\"\\\/\b\f\n\r\t\u00E9\ud83d\ude00" "#) == "\"\\/\u{8}\u{C}\n\r\té😀")
        #expect(string(#""\ud83d""#) == "\u{FFFD}" && string(#""\ud83d\u0041""#) == "\u{FFFD}A")
        #expect(string(#""\ud83d\ud83d\ude00""#) == "\u{FFFD}😀" && string(#""\ude00x""#) == "\u{FFFD}x")
        #expect(string("\"a") == nil && string("\"\u{1F}\"") == nil && string("a") == nil)
    }

    @Test func `a value is skipped up to its end`() {
        let text = #"  {"a": [1, NaN, "]\""], "b": {}} , 2"#
        Array(text.utf8).withUnsafeBufferPointer {
            var scanner = JSONScanner($0)
            #expect(scanner.skipValue() && scanner.position == 33)
            #expect(scanner.take(",") && scanner.scalar() == .int(2) && scanner.isAtEnd())
        }
    }
}
