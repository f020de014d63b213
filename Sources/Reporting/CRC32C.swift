/// The checksum of TensorBoard's records: CRC-32 with Castagnoli's polynomial.
///
/// Source: RFC 3720, appendix B.4.
struct CRC32C {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
    }

    /// The checksum.
    let value: UInt32

    /// Computes the checksum of bytes.
    ///
    /// - Parameter bytes: The bytes.
    init(_ bytes: some Sequence<UInt8>) {
        value = ~bytes.reduce(~UInt32(0)) { crc, byte in
            crc >> 8 ^ Self.table[Int((crc ^ UInt32(byte)) & 0xff)]
        }
    }

    /// The masked checksum that records store, for which a checksum over stored checksums is still useful.
    ///
    /// Source: TensorFlow's `lib/hash/crc32c.h`, `Mask`.
    var masked: UInt32 { (value >> 15 | value << 17) &+ 0xa282_ead8 }
}
