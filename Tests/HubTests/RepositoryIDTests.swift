import Foundation
import Testing

@testable import Hub

struct RepositoryIDTests {
    @Test func `an id is an organization, a name and an optional revision`() throws {
        let id = try RepositoryID("microsoft/Phi-3-mini-4k-instruct@refs/pr/3", kind: .model)
        #expect(id.name == "microsoft/Phi-3-mini-4k-instruct")
        #expect(id.revision == "refs/pr/3")
        #expect(id.folderName == "models--microsoft--Phi-3-mini-4k-instruct")
        #expect("\(id)" == "microsoft/Phi-3-mini-4k-instruct@refs/pr/3")
        let data = try RepositoryID("imdb", kind: .dataset)
        #expect(
            data.revision == "main" && data.folderName == "datasets--imdb"
                && data.apiPath == "api/datasets/imdb"
        )
    }

    // The cases of huggingface_hub's tests/test_utils_validators.py, and names that an attacker would try.
    @Test(arguments: [
        "", "/", "org/", "/name", "a/b/c", "../etc", "org/..", "org/.name", "org/name.", "-org/name",
        "org/na--me",
        "org/na..me", "org/name.git", "org\\name", "org/na me", "org/naïve", "org/name\n", "org/\u{1B}[2J",
        String(repeating: "x", count: 97), "C:/x", "http://host/x", "org/name@", "org/name@..",
        "org/name@a/../b",
        "org/name@/main", "org/name@main/", "org/name@a b", "org/name@a\0b", "org/name@a\\b",
        "org/name@" + String(repeating: "x", count: 256),
    ])
    func `hostile and malformed names are rejected with a remedy`(text: String) throws {
        let error = #expect(throws: HubError.self) { try RepositoryID(text, kind: .model) }
        #expect(error?.code == .badName)
        #expect(error?.message.contains("give ") == true)
        #expect(error?.message.contains("\u{1B}") == false)
    }

    @Test(arguments: ["gpt2", "_a/b_", "org/1.5-B_x", "a/b", String(repeating: "x", count: 96)])
    func `names that the Hub allows are valid`(text: String) throws {
        #expect(try RepositoryID(text, kind: .model).name == text)
    }

    @Test(arguments: [
        ("org/name", true), ("org/name@v1.0", true), ("name", false), ("./runs", false), ("runs/a/b", false),
        ("../x", false), ("tweets.csv", false),
    ])
    func `only an organization with a name looks like an id`(text: String, expected: Bool) {
        #expect(RepositoryID.looksLikeID(text) == expected)
    }

    @Test(arguments: [
        ("a.json", true), ("data/train.csv", true), ("a b/ü.txt", true), ("...", true), ("", false),
        ("/etc/passwd", false),
        ("../x", false), ("a/../../x", false), ("a//b", false), ("a/", false), ("./a", false),
        ("a\\..\\b", false),
        ("a\0", false), ("a\nb", false), (String(repeating: "x", count: 256), false),
    ])
    func `a server's file name must stay below its folder`(name: String, expected: Bool) {
        #expect(isRelativePath(name) == expected)
    }

    @Test(arguments: [
        ("\"abc\"", "abc"), ("W/\"abc\"", "abc"), ("abc", "abc"),
    ])
    func `an entity tag loses its quotes`(tag: String, expected: String) {
        #expect(normalizedEntityTag(tag) == expected)
    }

    @Test(arguments: [("../x", false), (".x", false), ("", false), ("a/b", false), ("0a-b_c.d+e", true)])
    func `an entity tag that becomes a file name cannot leave its folder`(tag: String, expected: Bool) {
        #expect(isBlobName(tag) == expected)
    }
}
