import Files
import JSON

/// The OpenAPI document as a page for people: one file without scripts and without requests.
struct DocumentPage: Sendable {
    /// The content security policy: nothing but the page's own style.
    static let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

    private let document: OpenAPIDocument

    /// Creates a page.
    ///
    /// - Parameter document: The document.
    init(_ document: OpenAPIDocument) { self.document = document }

    /// The page.
    var html: String {
        let sections = document.tags.map { tag in
            let operations = document.operations.filter { $0.tag == tag }
            return "<section id=\"\(Self.anchor(tag))\"><h2>\(HTMLText.escaped(tag))</h2>\n"
                + operations.map(Self.article).joined() + "</section>\n"
        }
        let links = document.tags.map {
            "<li><a href=\"#\(Self.anchor($0))\">\(HTMLText.escaped($0))</a></li>\n"
        }
        let schemas = document.json["components"]["schemas"].object?.members ?? []
        let shared = schemas.map { Self.details($0.name, $0.value, id: "schema-\($0.name)") }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>Attune: API</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <a class="skip" href="#main">Skip to the routes</a>
            <header><h1>Attune \(HTMLText.escaped(attuneVersion)): API</h1>
            <p><a href="/api-doc/openapi.json">The OpenAPI document</a> has the same contents for programs. <a href="/">Try a text</a>.</p></header>
            <nav aria-label="Sections"><ul>
            \(links.joined())</ul></nav>
            <main id="main">
            \(sections.joined())<section id="schemas"><h2>Shared schemas</h2>
            \(shared.joined())</section>
            </main>
            </body>
            </html>

            """
    }

    private static func article(_ operation: APIOperation) -> String {
        let json = operation.json
        let id = json["operationId"].string ?? ""
        var html =
            "<article id=\"\(HTMLText.escaped(id))\"><h3><span class=\"method\">\(operation.method.uppercased())</span> "
        html +=
            "<code>\(HTMLText.escaped(operation.path))</code></h3>\n<p>\(HTMLText.escaped(operation.summary)).</p>\n"
        if !operation.details.isEmpty { html += "<p>\(HTMLText.escaped(operation.details))</p>\n" }
        if let example = operation.example {
            let command =
                "curl localhost:3000\(operation.path) -H 'Content-Type: application/json' -d '\(example)'"
            html += "<pre tabindex=\"0\">\(HTMLText.escaped(command))</pre>\n"
        }
        for (type, schema) in operation.body { html += details("Body, \(type)", schema) }
        for answer in operation.answers {
            for (type, schema) in answer.content { html += details("\(answer.status), \(type)", schema) }
        }
        html += "<details><summary>Statuses</summary><table><thead><tr><th scope=\"col\">Status</th>"
        html += "<th scope=\"col\">Meaning</th></tr></thead><tbody>\n"
        for response in json["responses"].object?.members ?? [] {
            let meaning = response.value["description"].string ?? ""
            html += "<tr><th scope=\"row\">\(response.name)</th><td>\(HTMLText.escaped(meaning))</td></tr>\n"
        }
        return html + "</tbody></table></details></article>\n"
    }

    /// A schema that can be opened.
    private static func details(_ name: String, _ schema: JSONValue, id: String = "") -> String {
        let anchor = id.isEmpty ? "" : " id=\"\(HTMLText.escaped(id))\""
        return "<details\(anchor)><summary>\(HTMLText.escaped(name))</summary><pre tabindex=\"0\">"
            + HTMLText.escaped(indented(schema, "")) + "</pre></details>\n"
    }

    /// JSON with members in their order, a line each.
    private static func indented(_ json: JSONValue, _ indent: String) -> String {
        let inner = indent + "  "
        switch json {
        case .object(let object) where !object.members.isEmpty:
            let lines = object.members.map { member in
                inner + JSONValue.string(member.name).compact + ": " + indented(member.value, inner)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        case .array(let values) where values.contains { $0.object != nil || $0.array != nil }:
            return "[\n" + values.map { inner + indented($0, inner) }.joined(separator: ",\n")
                + "\n\(indent)]"
        default: return json.compact
        }
    }

    private static func anchor(_ tag: String) -> String {
        String(tag.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "-" })
    }

    private static let style = """
        :root { --text: #1b1b1f; --muted: #55555e; --back: #ffffff; --panel: #f3f3f6; --line: #c9c9d2; --link: #1a4fb4; }
        @media (prefers-color-scheme: dark) {
          :root { --text: #e8e8ee; --muted: #b3b3bf; --back: #16161a; --panel: #222229; --line: #44444f; --link: #8ab4ff; }
        }
        body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
        a { color: var(--link); } :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
        .skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; }
        nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; list-style: none; }
        article { border-top: 1px solid var(--line); padding: .5rem 0 1rem; }
        h3 { overflow-wrap: anywhere; } .method { color: var(--muted); font-weight: 400; }
        pre { overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--panel); padding: .75rem; }
        summary { cursor: pointer; padding: .25rem 0; }
        table { border-collapse: collapse; margin-top: .5rem; }
        th, td { text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        """
}
