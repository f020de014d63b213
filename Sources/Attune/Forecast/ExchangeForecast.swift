import Training

/// The exchange of several processes that train together: its bytes, and its time on a network.
///
/// It assumes one process per host and a network that sends and receives at its full speed.
public struct ExchangeForecast: Sendable, Equatable {
    /// The number of processes.
    public let worldSize: Int
    /// The number of trained weights.
    public let trainedWeights: Int
    /// The number of rows of the token embedding; nil if it is not trained.
    public let embeddingRows: Int?
    /// The mean number of these rows whose gradients a step exchanges: those that its texts use.
    public let usedEmbeddingRows: Double?
    /// The bytes that a process sends in a step to sum the gradients.
    public let gradientBytes: Int
    /// The bytes that a process sends in a step, on average, to distribute weights; 0 without ZeRO.
    public let weightBytes: Int
    /// The seconds in which a process computes its part of a step.
    public let secondsPerStep: Double
    /// The seconds of that in which gradients are exchanged meanwhile: the backward pass of the last micro-batch.
    public let overlappedSeconds: Double
    /// The bytes of the last buffer, and of the rows of the token embedding.
    private let bytesAfterBackward: Int

    /// The bytes per second that one process sends at most, however fast the network is.
    ///
    /// Measured with two processes that exchanged 540 MB of gradients on one host.
    public static let fastestSending = 1e9

    /// Computes the exchange of a run; nil for one process.
    ///
    /// - Parameters:
    ///   - arguments: The training arguments.
    ///   - trainedWeights: The number of trained weights.
    ///   - weightWidth: The bytes of a weight.
    ///   - secondsPerStep: The seconds in which a process computes its part of a step.
    ///   - blocks: The sizes of the blocks, whose weights may be divided.
    ///   - table: The token embedding, of which only some rows are exchanged; nil if all gradients are exchanged whole.
    init?(
        _ arguments: TrainingArguments,
        trainedWeights: Int,
        weightWidth: Int,
        secondsPerStep: Double,
        blocks: DividedBlocks = DividedBlocks(),
        table: ExchangedTable? = nil
    ) {
        guard arguments.worldSize > 1 else { return nil }
        worldSize = arguments.worldSize
        self.trainedWeights = trainedWeights
        (embeddingRows, usedEmbeddingRows) = (table?.rows, table?.usedRows)
        let others = Double(worldSize - 1) / Double(worldSize)
        // A ring sends each part of the sum twice: once to add it up, once to hand it on.
        let width = arguments.ddpCommHook == .bf16 ? 2 : 4
        // The gradient of a divided weight is only sent to its owner, in every micro-batch.
        let divided = arguments.dividesWeights ? blocks.trainedWeights : 0
        // The token embedding is exchanged alone, and only the rows that a step uses.
        let inRows = table.map { $0.weights - $0.unsentWeights } ?? 0
        let whole = trainedWeights - (table?.weights ?? 0)
        let sums = 2 * (whole + inRows - divided) + arguments.gradientAccumulationSteps * divided
        gradientBytes = Int(others * Double(width * sums))
        let updated =
            arguments.zeroStage == .off
            ? 0 : Int(others * Double(weightWidth * (trainedWeights - divided)))
        weightBytes = updated + blocks.weightBytesSent(arguments)
        self.secondsPerStep = secondsPerStep
        // A backward pass computes two products for each of the forward pass, and with checkpointing the forward pass again.
        let backward = arguments.gradientCheckpointing ? 3.0 / 4 : 2.0 / 3
        overlappedSeconds = secondsPerStep * backward / Double(arguments.gradientAccumulationSteps)
        let bucket = Double(arguments.ddpBucketCapMB) * 1_048_576
        let share = min(1, bucket / Double(max(4 * whole, 1)))
        let rowBytes = others * Double(width * 2 * inRows)
        bytesAfterBackward = Int((Double(gradientBytes) - rowBytes) * share + rowBytes)
    }

    /// The seconds of a step's exchange.
    ///
    /// - Parameter bitsPerSecond: The bandwidth between two hosts.
    /// - Returns: The seconds for gradients and weights.
    public func seconds(bitsPerSecond: Double) -> Double {
        Self.seconds(gradientBytes + weightBytes, bitsPerSecond)
    }

    /// The seconds of a step in which a process computes or waits for the exchange.
    ///
    /// - Parameters:
    ///   - bitsPerSecond: The bandwidth between two hosts.
    ///   - overlapping: Whether gradients are exchanged while the backward pass computes further ones, as a run does.
    /// - Returns: The seconds.
    public func wholeSeconds(bitsPerSecond: Double, overlapping: Bool) -> Double {
        guard overlapping else { return secondsPerStep + seconds(bitsPerSecond: bitsPerSecond) }
        // These gradients are complete only at the end of the backward pass.
        let waiting = max(
            Self.seconds(gradientBytes, bitsPerSecond) - overlappedSeconds,
            Self.seconds(bytesAfterBackward, bitsPerSecond)
        )
        return secondsPerStep + waiting + Self.seconds(weightBytes, bitsPerSecond)
    }

    /// The share of its time in which a process computes.
    ///
    /// - Parameters:
    ///   - bitsPerSecond: The bandwidth between two hosts.
    ///   - overlapping: Whether gradients are exchanged while the backward pass computes further ones, as a run does.
    /// - Returns: From 0 to 1; 1 would be as many times as fast as there are processes.
    public func efficiency(bitsPerSecond: Double, overlapping: Bool) -> Double {
        let whole = wholeSeconds(bitsPerSecond: bitsPerSecond, overlapping: overlapping)
        return whole > 0 ? secondsPerStep / whole : 1
    }

    private static func seconds(_ bytes: Int, _ bitsPerSecond: Double) -> Double {
        Double(bytes) / min(bitsPerSecond / 8, fastestSending)
    }
}
