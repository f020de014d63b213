import Files
import NN
import Torch

extension [Parameter] {
    /// A fingerprint of the values at the ends of each parameter, rounded to bfloat16, so that it does not depend on the type
    /// that they are kept in.
    func fingerprint() throws(TorchError) -> String {
        var hash = Fingerprint()
        for parameter in self {
            hash.add(Array<UInt8>(parameter.name.utf8))
            for part in try parameter.sampledEnds() {
                let narrow = try part.to(dtype: .bfloat16).to(dtype: .float32)
                hash.add(try narrow.array(of: Float.self).map(\.bitPattern))
            }
        }
        return hash.text
    }
}
