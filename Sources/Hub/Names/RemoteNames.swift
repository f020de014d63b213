/// Whether a string is a full commit hash: 40 hexadecimal digits.
func isCommit(_ text: String) -> Bool { text.utf8.count == 40 && text.utf8.allSatisfy(isHexByte) }

/// Whether a string is a path that stays below a folder.
///
/// A server's file names become paths on this machine, so anything that could lead out of a folder is rejected:
/// `..`, an absolute path, an empty part, a backslash, a control character, or a part longer than a file name may be.
func isRelativePath(_ text: String) -> Bool {
    guard !text.isEmpty, text.utf8.count <= 4096 else { return false }
    return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
        !part.isEmpty && part != "." && part != ".." && part.utf8.count <= 255
            && part.unicodeScalars.allSatisfy {
                $0.properties.generalCategory != .control && $0 != "\\"
            }
    }
}

/// Whether a server's name for a file's contents can be a file name in the cache.
func isBlobName(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count) && text.utf8.first != UInt8(ascii: ".")
        && text.utf8.allSatisfy { byte in
            isHexByte(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || "-_.+".utf8.contains(byte)
        }
}

/// The entity tag as the cache names it: without quotes and without the prefix of a weak tag.
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
