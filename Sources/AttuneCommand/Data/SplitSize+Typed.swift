import ArgumentParser
import Attune

extension SplitSize {
    /// Reads a share such as `0.2` or a number of rows such as `500`: a number with a decimal point is a share.
    ///
    /// - Parameter text: As typed, or as a recipe has it.
    /// - Returns: The size.
    /// - Throws: `ValidationError` for a share that is not between 0 and 1, or a number below 1.
    static func typed(_ text: String) throws -> SplitSize { try typed(text, mayBeEverything: false) }

    /// Reads the size of a sample, where `1.0` means all rows.
    static func typedSample(_ text: String) throws -> SplitSize { try typed(text, mayBeEverything: true) }

    private static func typed(_ text: String, mayBeEverything: Bool) throws -> SplitSize {
        if let count = Int(text) {
            if count > 0 { return .count(count) }
        } else if let share = Double(text), share > 0, share < 1 || mayBeEverything && share == 1 {
            return .fraction(share)
        } else if Double(text).map({ $0 >= 1 }) == true {
            throw ValidationError(
                "a share of the rows must be \(mayBeEverything ? "above 0 and at most 1.0" : "between 0 and 1"); "
                    + "write a number of rows without a decimal point"
            )
        }
        throw ValidationError(
            "give a share of the rows between 0 and 1, or a whole number of rows above 0"
        )
    }
}
