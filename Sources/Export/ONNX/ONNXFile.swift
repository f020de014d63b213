import Files
import Foundation
import SwiftProtobuf

/// An ONNX model that is written tensor by tensor, so that its weights are never in memory as a whole a second time.
///
/// A protobuf message is the sequence of its fields, in any order. So the messages without tensors are encoded as usual, and the
/// tensors follow as further fields of the graph.
struct ONNXFile {
    /// The numbers of the fields that are written here.
    ///
    /// Source: onnx.proto.
    private enum Field {
        static let graphOfModel = 7
        static let tensorOfGraph = 5
        static let bytesOfTensor = 9
    }

    /// The most bytes of tensors in the model's file: protobuf allows 2³¹ - 1 bytes for all of it.
    static let mostInlineBytes = 2_000_000_000
    /// Smaller tensors stay in the model's file, because runtimes need the values of shapes before they open another file.
    private static let smallestExternal = 1024
    /// Runtimes map tensors that begin at a page.
    private static let alignment = 4096

    let model: Onnx_ModelProto
    let graph: Onnx_GraphProto
    let tensors: [ONNXTensor]

    /// The bytes of all tensors.
    var tensorBytes: Int { tensors.reduce(0) { $0 + $1.byteCount } }

    /// Writes the model with all tensors into one file.
    ///
    /// - Parameter url: The file.
    /// - Returns: Its size.
    /// - Throws: `FileError`; the error of computing a tensor.
    func write(to url: URL) throws -> Int {
        try write(to: url, tensors.map { (bytes: try $0.header.bytes(), isInline: true) })
    }

    /// Writes the model and, in a second file, its large tensors.
    ///
    /// - Parameters:
    ///   - url: The model's file.
    ///   - data: The file with tensors, in the same folder.
    /// - Returns: The sizes of both.
    /// - Throws: `FileError`; the error of computing a tensor.
    func write(to url: URL, data: URL) throws -> (model: Int, data: Int) {
        var output = try AtomicFile(at: data)
        var position = 0
        var headers: [(bytes: [UInt8], isInline: Bool)] = []
        for tensor in tensors {
            guard tensor.byteCount >= Self.smallestExternal else {
                headers.append((try tensor.header.bytes(), true))
                continue
            }
            let gap = (Self.alignment - position % Self.alignment) % Self.alignment
            try output.write([UInt8](repeating: 0, count: gap))
            position += gap
            let header = tensor.header(at: position, in: data.lastPathComponent)
            headers.append((try header.bytes(), false))
            try Self.write(tensor, to: &output)
            position += tensor.byteCount
        }
        try output.commit()
        return (try write(to: url, headers), position)
    }

    private func write(to url: URL, _ headers: [(bytes: [UInt8], isInline: Bool)]) throws -> Int {
        let modelBytes = try model.bytes()
        let graphBytes = try graph.bytes()
        let starts = zip(tensors, headers).map { tensor, header -> [UInt8] in
            let values = header.isInline ? Self.start(of: Field.bytesOfTensor, tensor.byteCount) : []
            let size = header.bytes.count + values.count + (header.isInline ? tensor.byteCount : 0)
            return Self.start(of: Field.tensorOfGraph, size) + header.bytes + values
        }
        let inline = zip(tensors, headers).reduce(0) { $0 + ($1.1.isInline ? $1.0.byteCount : 0) }
        let graphSize = graphBytes.count + starts.reduce(0) { $0 + $1.count } + inline
        let graphStart = Self.start(of: Field.graphOfModel, graphSize)
        var output = try AtomicFile(at: url)
        try output.write(modelBytes + graphStart)
        try output.write(graphBytes)
        for (tensor, (start, header)) in zip(tensors, zip(starts, headers)) {
            try output.write(start)
            if header.isInline { try Self.write(tensor, to: &output) }
        }
        try output.commit()
        return modelBytes.count + graphStart.count + graphSize
    }

    private static func write(_ tensor: ONNXTensor, to output: inout AtomicFile) throws {
        try tensor.withBytes { try output.write($0) }
    }

    /// The bytes before a field's content: its number, and the size of the content.
    private static func start(of field: Int, _ size: Int) -> [UInt8] {
        let contentWithSize = 2
        return variableLength(field << 3 | contentWithSize) + variableLength(size)
    }

    /// A number in groups of seven bits, the lowest first; all groups except the last have the highest bit set.
    private static func variableLength(_ number: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = number
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

extension Message {
    /// The message in protobuf's binary form.
    fileprivate func bytes() throws -> [UInt8] { try serializedBytes() }
}
