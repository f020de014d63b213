import TestSupport
import Testing

@testable import Torch

struct QuantizedMatrixTests {
    private let random: RandomSource

    init() throws { random = try RandomSource(seed: 23) }

    private func bytes(_ tensor: Tensor) throws -> [UInt8] { try tensor.withUnsafeBytes { Array($0) } }

    @Test(arguments: Quantization.allCases)
    func `quantizing dequantized values again changes nothing`(kind: Quantization) throws {
        for shape in [[1, 1], [5, 13], [64, 64], [33, 100]] {
            let matrix = try QuantizedMatrix.quantizing(.normal(shape, random: random), to: kind)
            let values = try matrix.dequantized()
            let again = try QuantizedMatrix.quantizing(values, to: kind).dequantized()
            // The scales of int8 are float16.
            guard kind != .int8 else { continue }
            #expect(try bytes(values) == bytes(again), "\(shape)")
        }
    }

    @Test(arguments: Quantization.allCases)
    func `the error is at most half the widest step between two codes`(kind: Quantization) throws {
        let values = try Tensor.normal([40, 96], random: random)
        let matrix = try QuantizedMatrix.quantizing(values, to: kind)
        let (given, found) = (
            try values.array(of: Float.self), try matrix.dequantized().array(of: Float.self)
        )
        let size = kind == .int8 ? 96 : 64
        for start in stride(from: 0, to: given.count, by: size) {
            let scale = given[start..<start + size].map(abs).max() ?? 0
            let step: Float = kind == .nf4 ? 0.152 : kind == .fp4 ? 0.167 : 0.5 / 127 + 0.001
            let errors = zip(given[start..<start + size], found[start..<start + size]).map { abs($0 - $1) }
            #expect((errors.max() ?? 1) <= step * scale)
        }
    }

    @Test(arguments: Quantization.allCases, [DType.float32, .bfloat16, .float16])
    func `a range of rows equals these rows of the whole matrix`(
        kind: Quantization,
        dtype: DType
    ) throws {
        let values = try Tensor.normal([301, 77], random: random).to(dtype: dtype)
        let matrix = try QuantizedMatrix.quantizing(values, to: kind, isDoubleQuantized: kind == .nf4)
        #expect(matrix.originalDType == dtype)
        #expect(matrix.shape == [301, 77])
        for output in [DType.float32, .bfloat16] {
            let whole = try matrix.dequantized(to: output)
            #expect(try bytes(whole) == bytes(matrix.dequantized().to(dtype: output)))
            for rows in [0..<301, 0..<1, 7..<8, 150..<300, 300..<301, 301..<301] {
                let part = try matrix.dequantized(rows: rows, to: output)
                #expect(try bytes(part) == bytes(whole.narrowed(0, to: rows)), "\(rows)")
            }
        }
    }

    @Test func `rows are dequantized into an existing tensor`() throws {
        let matrix = try QuantizedMatrix.quantizing(.normal([6, 64], random: random), to: .nf4)
        let tile = try Tensor.zeros([2, 64])
        let version = try tile.version()
        try matrix.dequantize(from: 3, into: tile)
        #expect(try bytes(tile) == bytes(matrix.dequantized(rows: 3..<5)))
        #expect(try tile.version() != version)
    }

    @Test func `sizes in bytes are those of the parts`() throws {
        let values = try Tensor.normal([128, 64], random: random)
        #expect(try QuantizedMatrix.quantizing(values, to: .nf4).byteCount == 4096 + 128 * 4)
        let double = try QuantizedMatrix.quantizing(values, to: .fp4, isDoubleQuantized: true)
        #expect(double.byteCount == 4096 + 128 + 1024 + 4)
        #expect(double.storage == "FP4")
        #expect(try QuantizedMatrix.quantizing(values, to: .int8).byteCount == 8192 + 128 * 4)
    }

    @Test(arguments: Quantization.allCases, [false, true])
    func `the tensors of a matrix are known before it is quantized, and may be others of the same sizes`(
        kind: Quantization,
        isDouble: Bool
    ) throws {
        for shape in [[1, 1], [5, 13], [64, 64], [301, 77]] {
            let matrix = try QuantizedMatrix.quantizing(
                .normal(shape, random: random),
                to: kind,
                isDoubleQuantized: isDouble
            )
            let specs = matrix.tensors.map(\.spec)
            #expect(specs == QuantizedMatrix.specs(of: shape, as: kind, isDoubleQuantized: isDouble))
            #expect(specs.reduce(0) { $0 + $1.byteCount } == matrix.byteCount)
            let places = try specs.map { try Tensor.zeros($0.shape, dtype: $0.dtype) }
            let moved = try matrix.held(by: places)
            #expect(moved.storage == matrix.storage && moved.originalDType == matrix.originalDType)
            for (place, tensor) in try paired(places, matrix.tensors) { try place.assign(tensor) }
            #expect(try bytes(moved.dequantized()) == bytes(matrix.dequantized()), "\(shape)")
            #expect(complaint { _ = try matrix.held(by: Array(places.dropLast())) }.contains(matrix.storage))
        }
    }

    @Test func `an empty matrix has no codes`() throws {
        for kind in Quantization.allCases {
            let matrix = try QuantizedMatrix.quantizing(.zeros([0, 64]), to: kind, isDoubleQuantized: true)
            #expect(try matrix.dequantized().shape == [0, 64])
        }
    }

    private func complaint(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing"
        } catch { return "\(error)" }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func `NaN and infinity are refused`(value: Float) throws {
        for kind in Quantization.allCases {
            var numbers = [Float](repeating: 1, count: 192)
            numbers[100] = value
            let values = try Tensor(numbers, shape: [2, 96])
            let message = complaint { _ = try QuantizedMatrix.quantizing(values, to: kind) }
            #expect(message.contains("cannot quantize NaN"), "\(message)")
        }
    }

    @Test func `values beyond float16 are refused in 8 bits only`() throws {
        let values = try Tensor([Float(70000), 1], shape: [1, 2])
        #expect(complaint { _ = try QuantizedMatrix.quantizing(values, to: .int8) }.contains("65504"))
        #expect(
            try QuantizedMatrix.quantizing(values, to: .nf4).dequantized().array(of: Float.self)[0] == 70000
        )
    }

    @Test func `wrong arguments are refused`() throws {
        let values = try Tensor.normal([4, 64], random: random)
        for size in [0, -64, 16, 48, 8192, Int.max] {
            let message = complaint { _ = try QuantizedMatrix.quantizing(values, to: .nf4, blockSize: size) }
            #expect(message.contains("blocks of \(size) elements"), "\(message)")
        }
        #expect(complaint { _ = try QuantizedMatrix.quantizing(.zeros([64]), to: .nf4) }.contains("[64]"))
        #expect(
            complaint { _ = try QuantizedMatrix.quantizing(.zeros([4, 64], dtype: .int64), to: .int8) }
                .contains("cannot quantize")
        )
        let matrix = try QuantizedMatrix.quantizing(values, to: .nf4)
        for rows in [-1..<1, 3..<5, 5..<6] {
            let error = #expect(throws: TorchError.self) { try matrix.dequantized(rows: rows) }
            #expect(error?.code == .indexOutOfRange)
        }
        #expect(complaint { _ = try matrix.dequantized(to: .float16) }.contains("float16"))
        #expect(complaint { try matrix.dequantize(from: 0, into: .zeros([1, 63])) }.contains("[1, 63]"))
        let transposed = try Tensor.zeros([64, 4]).transposed(0, 1)
        #expect(complaint { try matrix.dequantize(from: 0, into: transposed) }.contains("contiguous"))
    }

    @Test func `parts that do not fit are refused`() throws {
        let matrix = try QuantizedMatrix.quantizing(
            .normal([40, 64], random: random),
            to: .nf4,
            isDoubleQuantized: true
        )
        guard case .fourBits(let codes) = matrix.contents, case .nested(let nested) = codes.scales else {
            Issue.record("not nested")
            return
        }
        func refuse(_ change: (inout FourBitCodes) throws -> Void) throws {
            var changed = codes
            try change(&changed)
            let wrong = QuantizedMatrix(changed, originalDType: nil)
            #expect(throws: TorchError.self) {
                try wrong.dequantize(from: 0, into: .zeros([1, changed.columns]))
            }
        }
        try refuse { $0.codes = try .zeros([1279], dtype: .uint8) }
        try refuse { $0.codes = try .zeros([1280]) }
        try refuse { $0.blockSize = 0 }
        try refuse { $0.blockSize = 32 }
        try refuse { $0.rows = 41 }
        try refuse { $0.scales = .plain(try .zeros([40], dtype: .uint8)) }
        try refuse { $0.scales = .plain(try .zeros([39])) }
        func refuseNested(_ change: (inout FourBitCodes.NestedScales) throws -> Void) throws {
            try refuse {
                var changed = nested
                try change(&changed)
                $0.scales = .nested(changed)
            }
        }
        try refuseNested { $0.codes = try .zeros([39], dtype: .uint8) }
        try refuseNested { $0.map = try .zeros([255]) }
        try refuseNested { $0.scales = try .zeros([2]) }
        try refuseNested { $0.blockSize = 0 }
        let eight = QuantizedMatrix(
            EightBitCodes(codes: try .zeros([3, 4], dtype: .int8), scales: try .zeros([2])),
            originalDType: nil
        )
        #expect(throws: TorchError.self) { try eight.dequantized() }
    }
}
