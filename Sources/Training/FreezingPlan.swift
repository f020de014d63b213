import Files
import Foundation
import NN

/// The frozen parameters, and the learning rates of the others by the depth of their block.
///
/// Source: Howard and Ruder 2018 (discriminative learning rates); `get_parameter_groups` of ELECTRA's fine-tuning.
struct FreezingPlan {
    /// The block index of each parameter: -1 before the first block, the number of blocks after the last.
    private let depths: [String: Int]
    private let blockCount: Int

    init(_ parameters: [Parameter]) {
        let blocks = parameters.map(\.block)
        let count = (blocks.compactMap(\.self).max() ?? -1) + 1
        let first = blocks.firstIndex { $0 != nil } ?? 0
        blockCount = count
        depths = Dictionary(
            zip(parameters.map(\.name), blocks.enumerated().map { $1 ?? ($0 < first ? -1 : count) })
        ) { first, _ in first }
    }

    /// The factor of a parameter's learning rate: 1 after the last block, `decay` in it, and another factor `decay` for each
    /// block further down.
    ///
    /// The embeddings are below the first block.
    func learningRateFactor(of parameter: Parameter, decay: Double) -> Double {
        let depth = depths[parameter.name] ?? blockCount
        return pow(decay, Double(blockCount - depth))
    }

    /// Whether a parameter belongs to one of the blocks.
    func isInBlock(_ parameter: Parameter) -> Bool {
        (0..<blockCount).contains(depths[parameter.name] ?? blockCount)
    }

    /// Marks every parameter as trained or frozen.
    ///
    /// - Parameters:
    ///   - parameters: The model's parameters.
    ///   - arguments: The arguments that name the frozen parameters.
    /// - Throws: ``TrainingError`` for a pattern that matches no parameter, for too many blocks, or if nothing is left to train.
    func freeze(_ parameters: [Parameter], _ arguments: TrainingArguments) throws(TrainingError) {
        let count = arguments.frozenLayerCount ?? 0
        guard count <= blockCount else {
            throw TrainingError(
                .badArgument,
                "--freeze-layers \(count): the model has only \(counted(blockCount, "block"))"
            )
        }
        for pattern in arguments.frozenParameters
        where !parameters.contains(where: { Self.matches($0.name, pattern) }) {
            let example = parameters.first.map { ", such as \($0.name)" } ?? ""
            throw TrainingError(
                .badArgument,
                "--freeze \(pattern) matches no parameter; give the beginning of a name\(example), or a pattern with *"
            )
        }
        for parameter in parameters {
            let isBelow = arguments.frozenLayerCount != nil && (depths[parameter.name] ?? blockCount) < count
            parameter.isTrainable =
                !parameter.isFrozen && !isBelow
                && !arguments.frozenParameters.contains { Self.matches(parameter.name, $0) }
        }
        guard parameters.contains(where: \.isTrainable) else {
            throw TrainingError(.badArgument, "--freeze leaves nothing to train")
        }
    }

    /// Whether a name equals a pattern or begins with it and a dot, or matches a pattern that contains `*`.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        guard pattern.contains("*") else { return name == pattern || name.hasPrefix(pattern + ".") }
        let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
        var rest = Substring(name)
        for (index, piece) in pieces.enumerated() {
            if index == 0 {
                guard rest.hasPrefix(piece) else { return false }
                rest = rest.dropFirst(piece.count)
            } else if index == pieces.count - 1 {
                return rest.hasSuffix(piece)
            } else {
                guard let range = rest.range(of: piece) else { return false }
                rest = rest[range.upperBound...]
            }
        }
        return rest.isEmpty
    }
}
