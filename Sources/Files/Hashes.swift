import CHash

/// A hash computed over bytes in pieces.
package protocol PieceHash: Sendable {
    /// Starts with no bytes.
    init()

    /// Adds bytes.
    ///
    /// - Parameter bytes: Any number.
    mutating func update(_ bytes: UnsafeRawBufferPointer)

    /// The digest of everything added so far, in hexadecimal.
    func hexadecimalDigest() -> String
}

extension PieceHash {
    /// Adds the bytes of a collection, for example a string's UTF-8.
    ///
    /// - Parameter bytes: Any number.
    package mutating func update(_ bytes: some Sequence<UInt8>) {
        Array(bytes).withUnsafeBytes { update($0) }
    }

    /// The digest of some bytes, in hexadecimal.
    ///
    /// - Parameter bytes: Any number.
    /// - Returns: Two digits a byte, lower case.
    package static func hexadecimalDigest(of bytes: some Sequence<UInt8>) -> String {
        var hash = Self()
        hash.update(bytes)
        return hash.hexadecimalDigest()
    }
}

/// SHA-256, by which the Hub and our caches name contents.
///
/// Uses the CPU's SHA instructions on x86-64. It protects no secret, and a TLS library would be a third of the build time.
///
/// Source: [FIPS 180-4](https://doi.org/10.6028/NIST.FIPS.180-4)
package struct SHA256: PieceHash {
    private var state = ch_state()

    package init() { ch_sha256_begin(&state) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        ch_sha256_update(&state, start, bytes.count)
    }

    package func hexadecimalDigest() -> String { hexadecimal(of: state, count: 32, ch_sha256_finish) }
}

/// SHA-1, by which Git names small files.
///
/// Not secure against forgery.
///
/// Source: [FIPS 180-4](https://doi.org/10.6028/NIST.FIPS.180-4)
package struct SHA1: PieceHash {
    private var state = ch_state()

    package init() { ch_sha1_begin(&state) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        ch_sha1_update(&state, start, bytes.count)
    }

    package func hexadecimalDigest() -> String { hexadecimal(of: state, count: 20, ch_sha1_finish) }
}

private func hexadecimal(
    of state: ch_state,
    count: Int,
    _ finish: (UnsafeMutablePointer<ch_state>, UnsafeMutablePointer<UInt8>) -> Void
) -> String {
    // A copy, because finishing changes the state.
    var state = state
    let digest = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        if let start = buffer.baseAddress { finish(&state, start) }
        initialized = count
    }
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
