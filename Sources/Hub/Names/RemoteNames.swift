/// Whether a text is a whole commit: 40 hexadecimal digits.
func isCommit(_ text: String) -> Bool { text.utf8.count == 40 && text.utf8.allSatisfy(isHexByte) }

/// Whether a text names a place below a folder and nowhere else.
///
/// What a server calls its files becomes paths on this machine, so nothing that could lead out of a folder passes:
/// no `..`, no root, no empty part, no backslash, no control character, no part longer than a file's name may be.
func isRelativePath(_ text: String) -> Bool {
    guard !text.isEmpty, text.utf8.count <= 4096 else { return false }
    return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
        !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
            && part.unicodeScalars.allSatisfy {
                $0.properties.generalCategory != .control && $0 != "\\"
            }
    }
}

/// Whether what a server names a file's contents can be a file's name in the cache.
func isBlobName(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: ".")
        && text.utf8.allSatisfy { byte in
            isHexByte(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || "-_.+".utf8.contains(byte)
        }
}

/// The entity tag as the cache names it: without quotes and the mark of a weak one.
///
/// Source: `_normalize_etag` in [`file_download.py`](https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/file_download.py)
func normalizedEntityTag(_ text: String) -> String {
    var rest = text[...]
    while let first = rest.first, "W/".contains(first) { rest.removeFirst() }
    while rest.first == "\"" { rest.removeFirst() }
    while rest.last == "\"" { rest.removeLast() }
    return String(rest)
}

private func isHexByte(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
}
