import Classification
import JSON

/// A tensor that an inference request asks for.
struct InferenceOutput: Sendable, Equatable {
    /// The tensors of a classifier.
    enum Name: String, Sendable, CaseIterable {
        /// `BYTES [n]`: the label, empty if the model's decisions reject the text.
        case label
        /// `FP32 [n]`: the label's score.
        case score
        /// `FP32 [n, k]`: the score of each label, by id.
        case scores
        /// `FP32 [n, k]`: the logit of each label, by id.
        case logits
    }

    /// The tensor.
    var name: Name
    /// The number of best labels in Triton's form `value:index:label`; nil for numbers.
    var classification: Int?
    /// Whether the data follow the JSON part.
    var isBinary: Bool

    /// All outputs, which a request without `outputs` gets.
    ///
    /// - Parameter isBinary: Whether the data follow the JSON part.
    /// - Returns: The outputs.
    static func all(isBinary: Bool) -> [InferenceOutput] {
        Name.allCases.map { InferenceOutput(name: $0, classification: nil, isBinary: isBinary) }
    }

    /// Creates an output.
    ///
    /// - Parameters:
    ///   - name: The tensor.
    ///   - classification: The number of best labels in Triton's form; nil for numbers.
    ///   - isBinary: Whether the data follow the JSON part.
    init(name: Name, classification: Int?, isBinary: Bool) {
        (self.name, self.classification, self.isBinary) = (name, classification, isBinary)
    }

    /// Reads an element of `outputs`.
    ///
    /// - Parameters:
    ///   - json: The element.
    ///   - path: Its path.
    ///   - isBinary: Whether data are binary unless the element says otherwise.
    /// - Throws: `.wrongShape` naming the member.
    init(_ json: JSONValue, path: String, isBinary: Bool) throws(ServingFault) {
        let fields = try BodyFields(json, path: path)
        let names = Name.allCases.map(\.rawValue)
        guard let name = try fields.word("name", of: names).flatMap({ Name(rawValue: $0) }) else {
            throw fields.fault("name", names.map { "\"\($0)\"" }.joined(separator: " or "))
        }
        self.name = name
        self.isBinary = isBinary
        guard fields.has("parameters") else { return }
        let parameters = try BodyFields(fields["parameters"], path: path + ".parameters")
        self.isBinary = try parameters.flag("binary_data") ?? isBinary
        let count = try parameters.integer("classification", 0...ClassifyOptions.largest) ?? 0
        guard count > 0 else { return }
        guard name == .scores || name == .logits else {
            throw parameters.fault(
                "classification",
                "absent for the output \(name), which has no number per label"
            )
        }
        classification = count
    }
}

/// The data of a tensor.
enum TensorData: Sendable, Equatable {
    case texts([String])
    case numbers([Float])

    /// The name of the type.
    var type: String {
        switch self {
        case .texts: "BYTES"
        case .numbers: "FP32"
        }
    }

    /// The value of `data`.
    var json: JSONValue {
        switch self {
        case .texts(let texts): .array(texts.map(JSONValue.string))
        case .numbers(let numbers): WireNumber.floats(numbers)
        }
    }

    /// The data after the JSON part, in little-endian order.
    var bytes: [UInt8] {
        switch self {
        case .texts(let texts): BinaryTexts.encode(texts)
        case .numbers(let numbers):
            numbers.flatMap { number -> [UInt8] in
                let bits = number.bitPattern
                return [
                    UInt8(bits & 255), UInt8(bits >> 8 & 255), UInt8(bits >> 16 & 255), UInt8(bits >> 24),
                ]
            }
        }
    }
}

/// A tensor of an answer.
struct InferenceTensor: Sendable, Equatable {
    /// The name.
    var name: String
    /// The shape.
    var shape: [Int]
    /// The data in row-major order.
    var data: TensorData

    /// Computes a tensor.
    ///
    /// - Parameters:
    ///   - output: The request for it.
    ///   - predictions: The predictions of all inputs.
    ///   - labels: The label names by id.
    init(_ output: InferenceOutput, _ predictions: [Prediction], labels: [String]) {
        let count = predictions.count
        name = output.name.rawValue
        let rows: [[Float]]
        switch output.name {
        case .label:
            (shape, data) = ([count], .texts(predictions.map { $0.isRejected ? "" : $0.label }))
            return
        case .score:
            (shape, data) = ([count], .numbers(predictions.map { Float($0.score) }))
            return
        case .scores: rows = predictions.map { $0.scores.map { Float($0) } }
        case .logits: rows = predictions.map(\.logits)
        }
        guard let most = output.classification else {
            (shape, data) = ([count, labels.count], .numbers(rows.flatMap { $0 }))
            return
        }
        let width = min(most, labels.count)
        shape = [count, width]
        data = .texts(
            rows.flatMap { row in
                row.indices.sorted { (row[$1], $0) < (row[$0], $1) }.prefix(width).map { place in
                    "\(row[place]):\(place):\(labels[place])"
                }
            }
        )
    }

    /// The tensor in JSON.
    ///
    /// - Parameter isBinary: Whether the data follow the JSON part.
    /// - Returns: The object.
    func json(isBinary: Bool) -> JSONValue {
        var object = JSONObject([
            ("name", .string(name)), ("shape", .array(shape.map(JSONValue.int))),
            ("datatype", .string(data.type)),
        ])
        if isBinary {
            object["parameters"] = .object(["binary_data_size": .int(data.bytes.count)])
        } else {
            object["data"] = data.json
        }
        return .object(object)
    }
}
