import JSON

/// The texts of an inference request: one tensor of type `BYTES`.
///
/// Texts have the shape `[n]` or `[n, 1]`, pairs of texts `[n, 2]`.
struct InferenceInput: Sendable, Equatable {
    /// The inputs, in order.
    var inputs: [ServedInput]

    /// Reads the only element of `inputs`.
    ///
    /// - Parameters:
    ///   - json: The tensor.
    ///   - binary: The bytes after the JSON part of the body.
    ///   - maxItems: The most inputs.
    /// - Throws: `.wrongShape`, `.tooManyItems` or `.notUTF8`.
    init(_ json: JSONValue, binary: ArraySlice<UInt8>, maxItems: Int) throws(ServingFault) {
        let fields = try BodyFields(json, path: "inputs[0]")
        guard try fields.text("name") != nil else { throw fields.fault("name", "a string") }
        guard try fields.text("datatype") == "BYTES" else {
            throw fields.fault("datatype", "\"BYTES\", because a classifier reads texts")
        }
        let shape = fields["shape"].array?.map(\.int) ?? []
        let sizes = shape.compactMap { $0 }
        let isValid = sizes.count == shape.count && sizes.allSatisfy { $0 > 0 }
        guard isValid, sizes.count == 1 || sizes.count == 2 && (1...2).contains(sizes[1]) else {
            throw fields.fault(
                "shape",
                "[n] or [n, 1] for n texts, or [n, 2] for n pairs of texts, with n from 1"
            )
        }
        let count = sizes[0]
        guard count <= maxItems else { throw .tooManyItems(count: count, limit: maxItems) }
        let width = sizes.count == 2 ? sizes[1] : 1
        let texts = try Self.texts(fields, binary: binary)
        guard texts.count.isMultiple(of: width), texts.count / width == count else {
            throw fields.fault("data", "as many strings as its shape says, and not \(texts.count)")
        }
        inputs =
            width == 2
            ? (0..<count).map { .pair(texts[2 * $0], texts[2 * $0 + 1]) }
            : texts.map(ServedInput.text)
    }

    /// The strings in row-major order; in JSON, rows may be nested.
    private static func texts(
        _ fields: BodyFields,
        binary: ArraySlice<UInt8>
    ) throws(ServingFault) -> [String] {
        if let size = try BodyFields(fields.has("parameters") ? fields["parameters"] : .object([:]))
            .integer("binary_data_size", 0...ClassifyOptions.largest)
        {
            guard !fields.has("data") else { throw fields.fault("data", "absent if the data are binary") }
            guard size == binary.count else {
                throw .wrongShape(
                    path: "inputs[0].parameters.binary_data_size",
                    expected: "\(binary.count), the number of bytes after the JSON part"
                )
            }
            return try BinaryTexts.decode(binary)
        }
        guard let data = fields["data"].array else { throw fields.fault("data", "a list of strings") }
        var texts: [String] = []
        texts.reserveCapacity(data.count)
        for (index, value) in data.enumerated() {
            for element in value.array ?? [value] {
                guard let text = element.string else {
                    throw .wrongShape(path: "inputs[0].data[\(index)]", expected: "a string")
                }
                texts.append(text)
            }
        }
        return texts
    }
}

/// Triton's binary form of `BYTES`: each element has its length in four bytes, the lowest first.
///
/// Source: `docs/protocol/extension_binary_data.md` of triton-inference-server/server.
enum BinaryTexts {
    /// Reads texts.
    ///
    /// - Parameter bytes: The tensor.
    /// - Returns: The texts.
    /// - Throws: `.wrongShape` if a length exceeds the rest; `.notUTF8`.
    static func decode(_ bytes: ArraySlice<UInt8>) throws(ServingFault) -> [String] {
        var texts: [String] = []
        var rest = bytes
        while !rest.isEmpty {
            let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 4, rest.count - 4 >= length else {
                throw .wrongShape(
                    path: "the binary data",
                    expected: "strings, each after its length in four bytes"
                )
            }
            rest = rest.dropFirst(4)
            guard let text = String(validating: rest.prefix(length), as: UTF8.self) else { throw .notUTF8 }
            texts.append(text)
            rest = rest.dropFirst(length)
        }
        return texts
    }

    /// Writes texts.
    ///
    /// - Parameter texts: The texts.
    /// - Returns: The tensor.
    static func encode(_ texts: [String]) -> [UInt8] {
        texts.flatMap { text -> [UInt8] in
            let bytes = Array(text.utf8)
            let count = UInt32(bytes.count)
            return [
                UInt8(count & 255), UInt8(count >> 8 & 255), UInt8(count >> 16 & 255), UInt8(count >> 24),
            ]
                + bytes
        }
    }
}
