import Files
import Foundation

/// The page as one self-contained document: nothing is loaded from elsewhere, and it talks to its own server only.
///
/// Equal versions give equal bytes. Texts, labels and messages are inserted as text by the script, never as markup.
struct PageDocument: Sendable {
    /// The HTML document.
    let text: String
    /// The `Content-Security-Policy`, which allows exactly this script, this style sheet and requests to this server.
    let policy: String
    /// The `ETag` of the document.
    let tag: String

    /// Joins the parts of the page.
    init() {
        let (style, script) = (PageStyle.text, PageScript.text)
        text = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="Attune">
            <title>Try a classifier · Attune</title>
            <link rel="icon" href="data:,">
            <style>\(style)</style>
            </head>
            <body>
            \(PageMarkup.body)
            <script>\(script)</script>
            </body>
            </html>

            """
        policy = [
            "default-src 'none'", "script-src '\(Self.source(script))'", "style-src '\(Self.source(style))'",
            "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'",
            "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
        ].joined(separator: "; ")
        tag = "\"\(SHA256.hexadecimalDigest(of: text.utf8).prefix(32))\""
    }

    /// The hash of an inline element, as a policy names it.
    ///
    /// Source: Content Security Policy Level 3, section 2.3.1, `hash-source`.
    ///
    /// - Parameter content: The text between the tags.
    /// - Returns: `sha256-` and the digest in base64.
    static func source(_ content: String) -> String {
        let digits = Array(SHA256.hexadecimalDigest(of: content.utf8).utf8)
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        return "sha256-" + Data(bytes).base64EncodedString()
    }
}
