import CHash
import Files
import Foundation
import Testing

@Suite struct HashTests {
    /// Digests of lengths around the block size of 64 bytes, from Python's hashlib 3.11:
    /// `hashlib.sha256(bytes(i % 251 for i in range(n))).hexdigest()`, and the same for `sha1`.
    static let digests: [(count: Int, sha256: String, sha1: String)] = [
        (
            0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709"
        ),
        (
            1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5ba93c9db0cff93f52b521d7420e43f6eda2784f"
        ),
        (
            55, "463eb28e72f82e0a96c0a4cc53690c571281131f672aa229e0d45ae59b598b59",
            "8ae2d46729cfe68ff927af5eec9c7d1b66d65ac2"
        ),
        (
            56, "da2ae4d6b36748f2a318f23e7ab1dfdf45acdc9d049bd80e59de82a60895f562",
            "636e2ec698dac903498e648bd2f3af641d3c88cb"
        ),
        (
            63, "29af2686fd53374a36b0846694cc342177e428d1647515f078784d69cdb9e488",
            "6d942da0c4392b123528f2905c713a3ce28364bd"
        ),
        (
            64, "fdeab9acf3710362bd2658cdc9a29e8f9c757fcf9811603a8c447cd1d9151108",
            "c6138d514ffa2135bfce0ed0b8fac65669917ec7"
        ),
        (
            65, "4bfd2c8b6f1eec7a2afeb48b934ee4b2694182027e6d0fc075074f2fabb31781",
            "69bd728ad6e13cd76ff19751fde427b00e395746"
        ),
        (
            119, "da18797ed7c3a777f0847f429724a2d8cd5138e6ed2895c3fa1a6d39d18f7ec6",
            "41c89d06001bab4ab78736b44efe7ce18ce6ae08"
        ),
        (
            120, "f52b23db1fbb6ded89ef42a23ce0c8922c45f25c50b568a93bf1c075420bbb7c",
            "d3dbd653bd8597b7475321b60a36891278e6a04a"
        ),
        (
            1000, "4e4c294b331f7a2099a379bec34b9f9fc03dc46ab465d998f4d683da53487e6d",
            "c9c960a0b925474fab83942cc27d504fc24ac37b"
        ),
        (
            100003, "635e9a7d2f64ce04a46b1503cbe287b8721795f215f4b8cf24b256908acaab1a",
            "6f0200be609eb1859ce568a4ba3ebe5b043d4a63"
        ),
    ]

    static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }

    @Test("digests equal hashlib's", arguments: digests.indices)
    func digest(index: Int) {
        let (count, sha256, sha1) = Self.digests[index]
        #expect(SHA256.hexadecimalDigest(of: Self.bytes(count)) == sha256)
        #expect(SHA1.hexadecimalDigest(of: Self.bytes(count)) == sha1)
    }

    @Test("pieces of any size give the digest of the whole", arguments: [1, 7, 63, 64, 65, 500])
    func pieces(size: Int) {
        let bytes = Self.bytes(1000)
        var (sha256, sha1) = (SHA256(), SHA1())
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = bytes[start..<min(start + size, bytes.count)]
            sha256.update(piece)
            sha1.update(piece)
        }
        #expect(sha256.hexadecimalDigest() == SHA256.hexadecimalDigest(of: bytes))
        #expect(sha1.hexadecimalDigest() == SHA1.hexadecimalDigest(of: bytes))
    }

    @Test("CPUs without SHA instructions give the same digests")
    func portable() {
        for (count, expected, _) in Self.digests {
            var state = ch_state()
            ch_sha256_begin(&state)
            state.isAccelerated = 0
            Self.bytes(count).withUnsafeBytes {
                if let start = $0.baseAddress { ch_sha256_update(&state, start, count) }
            }
            var digest = [UInt8](repeating: 0, count: 32)
            ch_sha256_finish(&state, &digest)
            #expect(digest.map { String(format: "%02x", $0) }.joined() == expected)
        }
    }
}
