import JSON
import Torch

// How a checkpoint records the routes of its products: another route rounds otherwise, so a resumed run keeps them.
extension ProductRoutes {
    /// `{"bf16": "fp32", "fp32": "mkl"}`: how products asked for in each type are computed.
    var json: JSONValue {
        .object(["bf16": .string(bfloat16.rawValue), "fp32": .string(float32.rawValue)])
    }

    /// Reads what ``json`` wrote; nil if there is nothing of the kind.
    init?(_ json: JSONValue) {
        guard let float32 = json["fp32"].string.flatMap(Float32.init(rawValue:)),
            let bfloat16 = json["bf16"].string.flatMap(BFloat16.init(rawValue:))
        else { return nil }
        self.init(float32: float32, bfloat16: bfloat16)
    }
}
