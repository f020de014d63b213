import JSON

/// Numbers in answers.
enum WireNumber {
    /// A float32 with the fewest digits that identify it; null if it is NaN or infinite.
    static func float(_ value: Float) -> JSONValue { value.isFinite ? .number("\(value)") : .null }

    /// Float32 numbers with the fewest digits that identify them.
    static func floats(_ values: [Float]) -> JSONValue { .array(values.map(float)) }

    /// Scores as float32 numbers.
    static func floats(_ values: [Double]) -> JSONValue { .array(values.map { float(Float($0)) }) }
}
