import Foundation
import JSON

/// The form of the numbers that vLLM's `/pooling` returns.
struct VLLMEncoding: Sendable, Equatable {
    /// Whether numbers are base64 of float32, and not JSON numbers.
    var isBase64: Bool
    /// Whether the bytes of float32 are in big-endian order.
    var isBigEndian: Bool

    /// Reads the members.
    ///
    /// - Parameter fields: The body.
    /// - Throws: `.wrongShape` for another task than classification and for encodings that are not supported.
    init(_ fields: BodyFields) throws(ServingFault) {
        if let task = try fields.text("task"), task != "classify" {
            throw fields.fault("task", #""classify", the only task of a classifier"#)
        }
        guard !fields.has("dimensions") else {
            throw fields.fault("dimensions", "absent, because a classifier has one number per label")
        }
        isBase64 = try fields.word("encoding_format", of: ["float", "base64"]) == "base64"
        _ = try fields.word("embed_dtype", of: ["float32"])
        isBigEndian = try fields.word("endianness", of: ["native", "little", "big"]) == "big"
    }

    /// Numbers in this form.
    ///
    /// - Parameter numbers: The numbers.
    /// - Returns: A list, or a string in base64.
    func json(_ numbers: [Float]) -> JSONValue {
        guard isBase64 else { return WireNumber.floats(numbers) }
        var bytes = Data(capacity: numbers.count * 4)
        for number in numbers {
            let bits = isBigEndian ? number.bitPattern.bigEndian : number.bitPattern.littleEndian
            withUnsafeBytes(of: bits) { bytes.append(contentsOf: $0) }
        }
        return .string(bytes.base64EncodedString())
    }
}
