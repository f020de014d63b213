import Foundation
import HTTPTypes
import Testing

@testable import Serving

/// The page at `/` as a document.
///
/// `Scripts/check-page` drives it in a browser.
struct PageTests {
    private let page = PageDocument()

    /// The parts of the page that a pattern's only group matches.
    private func matches(_ pattern: String, in text: String) throws -> [String] {
        let range = NSRange(text.startIndex..., in: text)
        return try NSRegularExpression(pattern: pattern).matches(in: text, range: range).compactMap {
            Range($0.range(at: 1), in: text).map { String(text[$0]) }
        }
    }

    @Test func `the policy allows exactly the page's script and style`() throws {
        let scripts = try matches("<script>([\\s\\S]*?)</script>", in: page.text)
        let styles = try matches("<style>([\\s\\S]*?)</style>", in: page.text)
        #expect(scripts.count == 1 && styles.count == 1)
        for content in scripts + styles {
            #expect(page.policy.contains("'\(PageDocument.source(content))'"))
        }
        #expect(page.policy.hasPrefix("default-src 'none'; "))
        #expect(!page.policy.contains("unsafe"))
    }

    // The digest of FIPS 180-4's example "abc".
    @Test func `hashes are in the form of a policy`() {
        #expect(PageDocument.source("abc") == "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")
    }

    @Test func `nothing is loaded from elsewhere or read as markup`() {
        for forbidden in [
            "http:", "https:", "//cdn", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
            "eval(", "new Function", "localStorage", "sessionStorage", "document.cookie", " style=",
            " onclick=",
        ] {
            #expect(!page.text.contains(forbidden), "\(forbidden)")
        }
    }

    @Test func `elements that the script and labels name exist once`() throws {
        let ids = try matches(" id=\"([^\"]*)\"", in: PageMarkup.body)
        #expect(Set(ids).count == ids.count)
        let named =
            try matches("find\\(\"([^\"]*)\"\\)", in: PageScript.text)
            + matches(" (?:for|aria-labelledby|aria-describedby)=\"([^\"]*)\"", in: PageMarkup.body)
            + matches(" href=\"#([^\"]*)\"", in: PageMarkup.body)
        #expect(named.count > 20)
        for name in named { #expect(ids.contains(name), "\(name)") }
        let controls = try matches("<(?:textarea|select|input)[^>]* id=\"([^\"]*)\"", in: PageMarkup.body)
        let labelled = try matches("<label for=\"([^\"]*)\"", in: PageMarkup.body)
        #expect(Set(controls) == Set(labelled))
    }

    @Test func `two documents are equal`() {
        #expect(PageDocument().tag == page.tag && PageDocument().text == page.text)
    }

    @Test(arguments: [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
        ("TEXT/HTML ; q=0.1", true),
        ("*/*", false), ("application/json", false), ("text/html;q=0, */*", false), ("text/htmlx", false),
        ("text/*", false), ("", false),
    ])
    func `only a client that names HTML gets the page`(accept: String, isPage: Bool) {
        #expect(PageRoutes.acceptsHTML([.accept: accept]) == isPage)
        #expect(!PageRoutes.acceptsHTML([:]))
    }
}
