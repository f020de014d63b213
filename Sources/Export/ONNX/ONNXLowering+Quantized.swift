import Models
import NN

/// States that are quantized when they are used: 8 bits with one scale for all of them.
struct QuantizedStates {
    let codes: String
    let scale: String
    let zeroPoint: String
}

// Products with quantized weights.
//
// The 8-bit codes of weights are unsigned, with 128 for zero: ONNX Runtime multiplies them as fast as signed ones on CPUs with
// VNNI, and without the saturation that signed ones suffer on other x86-64 CPUs.
extension ONNXLowering {
    /// The codes, scales and zero points of a weight, stored as `[in, out]`.
    private mutating func stored(_ matrix: QuantizedWeight) -> (codes: String, scale: String, zero: String) {
        let name = matrix.parameter.name
        let (rows, columns) = (matrix.rowCount, matrix.columnCount)
        let codes = builder.shared("8 bits of \(name) \(matrix.order)") {
            $0.tensor(
                "\(name)_quantized",
                .uint8,
                [columns, rows],
                .computed { try matrix.unsignedCodes() },
                note: "[in, out]"
            )
        }
        let scale = builder.shared("scales of \(name) \(matrix.order)") {
            $0.tensor("\(name)_scale", .float32, [rows], .computed { try matrix.rowScales() })
        }
        let zero = builder.shared("zero points \(rows)") {
            $0.tensor(
                "constants/zero_point_\(rows)",
                .uint8,
                [rows],
                .bytes(Array(repeating: 128, count: rows))
            )
        }
        return (codes, scale, zero)
    }

    /// Quantizes states, once for all products with them.
    private mutating func quantized(_ x: String) -> QuantizedStates {
        if let states = quantizedStates[x] { return states }
        let states = QuantizedStates(
            codes: builder.unused("\(x)/quantized"),
            scale: builder.unused("\(x)/scale"),
            zeroPoint: builder.unused("\(x)/zero_point")
        )
        builder.add(
            "DynamicQuantizeLinear",
            [x],
            outputs: [states.codes, states.scale, states.zeroPoint],
            as: states.codes
        )
        quantizedStates[x] = states
        return states
    }

    /// A product of 8-bit codes in whole numbers, in the order that ONNX Runtime computes as one operator.
    mutating func integerProduct(_ x: String, _ matrix: QuantizedWeight, as name: String) -> String {
        let states = quantized(x)
        let weight = stored(matrix)
        let sums = builder.add(
            "MatMulInteger",
            [states.codes, weight.codes, states.zeroPoint, weight.zero],
            as: "\(name)/integers"
        )
        let floats = builder.add(
            "Cast",
            [sums],
            as: "\(name)/floats",
            ["to": .int(Int(ONNXType.float32.rawValue))]
        )
        let scale = builder.add("Mul", [states.scale, weight.scale], as: "\(name)/scale")
        return builder.add("Mul", [floats, scale], as: name)
    }

    /// A product of dequantized 8-bit codes, which runtimes turn into one of whole numbers.
    mutating func productOfDequantized(
        _ x: String,
        _ matrix: QuantizedWeight,
        as name: String
    ) -> String {
        let states = quantized(x)
        let weight = stored(matrix)
        let first = builder.shared("dequantized \(x)") {
            $0.add(
                "DequantizeLinear",
                [states.codes, states.scale, states.zeroPoint],
                as: "\(x)/dequantized"
            )
        }
        let second = builder.add(
            "DequantizeLinear",
            [weight.codes, weight.scale, weight.zero],
            as: "\(name)/weight",
            ["axis": .int(1)]
        )
        return builder.add("MatMul", [first, second], as: name)
    }

    /// A product with a matrix in 4 bits.
    ///
    /// Source: `MatMulNBits` in docs/ContribOperators.md of ONNX Runtime. Its later inputs are newer than version 1.17.
    mutating func fourBitProduct(_ x: String, _ matrix: QuantizedWeight, as name: String) -> String {
        let weight = matrix.parameter.name
        let (rows, columns) = (matrix.rowCount, matrix.columnCount)
        let codes = builder.shared("4 bits of \(weight) \(matrix.order)") {
            $0.tensor(
                "\(weight)_Q4",
                .uint8,
                [rows, matrix.blockCount, FourBitBlock.byteCount],
                .computed { try matrix.fourBitCodes() }
            )
        }
        let scales = builder.shared("scales of 4 bits of \(weight) \(matrix.order)") {
            $0.tensor(
                "\(weight)_scales",
                .float32,
                [rows * matrix.blockCount],
                .computed { try matrix.fourBitScales() }
            )
        }
        return builder.add(
            "MatMulNBits",
            [x, codes, scales],
            as: name,
            domain: ONNXBuilder.contrib,
            [
                "K": .int(columns), "N": .int(rows), "bits": .int(4), "block_size": .int(FourBitBlock.size),
                // States are rounded to 8 bits, too: far less than the rounding of the weights, and twice as fast.
                "accuracy_level": .int(4),
            ]
        )
    }

    /// The rows of a table in 8 bits with a scale per row.
    mutating func quantizedRows(_ ids: String, _ table: QuantizedWeight, as name: String) -> String {
        let weight = table.parameter.name
        let (rows, columns) = (table.rowCount, table.columnCount)
        let codes = builder.shared("8-bit rows of \(weight)") {
            $0.tensor("\(weight)_quantized", .int8, [rows, columns], .computed { try table.signedRows() })
        }
        let scales = builder.shared("scales of rows of \(weight)") {
            $0.tensor("\(weight)_scale", .float32, [rows, 1], .computed { try table.rowScales() })
        }
        let found = builder.add("Gather", [codes, ids], as: "\(name)/codes", ["axis": .int(0)])
        let floats = builder.add(
            "Cast",
            [found],
            as: "\(name)/floats",
            ["to": .int(Int(ONNXType.float32.rawValue))]
        )
        let scale = builder.add("Gather", [scales, ids], as: "\(name)/scale", ["axis": .int(0)])
        return builder.add("Mul", [floats, scale], as: name)
    }
}
