import Foundation
import JSON

@testable import Serving

/// A decoder of request bodies, and valid bodies for it.
struct Family: Sendable {
    /// The name, for counting.
    var name: String
    /// Valid bodies.
    var seeds: [[UInt8]]
    /// Decodes a body as the route does.
    ///
    /// - Returns: The number of items.
    var decode: @Sendable (_ body: [UInt8]) throws -> Int

    /// The most items of a body.
    static let maxItems = 1000

    private init(
        _ name: String,
        _ seeds: [String],
        decode: @escaping @Sendable (_ body: [UInt8]) throws -> Int
    ) {
        self.name = name
        self.seeds = seeds.map { Array($0.utf8) }
        self.decode = decode
    }

    /// The decoders of all routes.
    static let all: [Family] = [
        Family("predict", predictSeeds) { body in
            let request = try TEIPredictRequest(BodyFields.parse(body))
            try request.requireFit(maxItems)
            return request.items(autoTruncate: true).count
        },
        Family("vertex", predictSeeds.map { #"{"instances": [\#($0), {"inputs": "a"}]}"# }) { body in
            try TEIVertexRequest(BodyFields.parse(body)).requests(limit: maxItems).count
        },
        Family("tokenize", tokenizeSeeds) { body in
            try TEITokenizeRequest(BodyFields.parse(body)).texts.count
        },
        Family("decode", decodeSeeds) { body in try TEIDecodeRequest(BodyFields.parse(body)).ids.count },
        Family("hugging-face", huggingFaceSeeds) { body in
            try HuggingFaceRequest(BodyFields.parse(body)).inputs.count
        },
        Family("vllm", vllmSeeds) { body in
            let fields = try BodyFields(BodyFields.parse(body))
            _ = try VLLMEncoding(fields)
            return try VLLMInputs(fields, maxItems: maxItems).items(3...512).count
        },
        Family("infer", inferSeeds) { body in
            try InferenceRequest(body, jsonCount: nil, maxItems: maxItems).inputs.count
        },
        // As the body of a request in the binary form: the JSON part ends with the last brace.
        Family("infer-binary", binarySeeds) { body in
            let end = body.lastIndex(of: UInt8(ascii: "}")).map { $0 + 1 } ?? body.count
            return try InferenceRequest(body, jsonCount: end, maxItems: maxItems).inputs.count
        },
        Family("moderation", moderationSeeds) { body in
            try ModerationRequest(BodyFields.parse(body), maxItems: maxItems).texts.count
        },
        Family("classify", classifySeeds) { body in
            let request = try ClassifyRequest(BodyFields.parse(body), maxItems: maxItems)
            return request.inputs.count
        },
        Family("classify-lines", lineSeeds) { body in
            // In chunks, as they arrive.
            var splitter = LineSplitter(limit: 100_000)
            var lines: [LineSplitter.Line] = []
            for start in stride(from: 0, to: body.count, by: 37) {
                lines += splitter.lines(adding: body[start..<min(body.count, start + 37)])
            }
            if let last = splitter.finish() { lines.append(last) }
            for case .whole(let line) in lines {
                _ = ClassifyInput(text: try BodyFields.parse(line), path: "lines[0]")
            }
            return min(lines.count, maxItems)
        },
        Family("explain", [#"{"text": "good news", "label": "a", "model": "plain"}"#]) { body in
            _ = try ExplainRequest(BodyFields.parse(body)).id(among: ["a", "b"])
            return 1
        },
        Family("models", [#"{"source": "org/name", "name": "other", "base": "plain"}"#]) { body in
            _ = try ModelRequest(BodyFields.parse(body))
            return 1
        },
    ]
}
