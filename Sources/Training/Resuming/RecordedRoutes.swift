import JSON
import Torch

// The product routes in a checkpoint. Other routes round differently, so a resumed run keeps them.
extension ProductRoutes {
    /// The routes of each type as JSON, such as `{"bf16": "fp32", "fp32": "mkl"}`.
    var json: JSONValue {
        .object(["bf16": .string(bfloat16.rawValue), "fp32": .string(float32.rawValue)])
    }

    /// Reads the output of ``json``; nil if it is missing or unknown.
    init?(_ json: JSONValue) {
        guard let float32 = json["fp32"].string.flatMap(Float32.init(rawValue:)),
            let bfloat16 = json["bf16"].string.flatMap(BFloat16.init(rawValue:))
        else { return nil }
        self.init(float32: float32, bfloat16: bfloat16)
    }
}
