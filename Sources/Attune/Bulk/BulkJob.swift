import Classification
public import Datasets
import Files
public import Foundation
import JSON

/// The prediction of a source into a file or stream.
///
/// ```swift
/// let job = BulkJob(BulkPrediction(classifier), source, format: .csv, layout: PredictionLayout())
/// let counts = try job.run(to: FileSink(RawPath("labels.csv")))
/// ```
public struct BulkJob {
    /// The classifier and its options.
    public let prediction: BulkPrediction
    /// The rows.
    public let source: any RowSource
    /// The format of the output.
    public let format: PredictionFormat
    /// The columns of the output.
    public let layout: PredictionLayout
    /// The columns of the input, if they are the same in all windows.
    public var features: [(name: String, feature: Feature)]?
    /// The shard to predict; nil for all rows.
    public var shard: PredictionShard?
    /// Called after each batch with the number of rows that are done, about.
    public var progress: (Int) throws -> Void = { _ in }

    /// Creates a job.
    ///
    /// - Parameters:
    ///   - prediction: The classifier and its options.
    ///   - source: The rows.
    ///   - format: The format of the output.
    ///   - layout: The columns of the output.
    public init(
        _ prediction: BulkPrediction,
        _ source: any RowSource,
        format: PredictionFormat,
        layout: PredictionLayout
    ) {
        (self.prediction, self.source, self.format, self.layout) = (prediction, source, format, layout)
    }

    /// The rows of this job.
    public var range: Range<Int> {
        let total = source.count ?? .max
        guard let shard else { return 0..<total }
        return prediction.windows.shard(shard.index, of: shard.count, total: total)
    }

    /// The files of the rows; nil if they are not known.
    public var inputFiles: [String]? { (source as? DatasetSource)?.files }

    private func writer(to sink: any ByteSink, writesHeader: Bool = true) -> PredictionWriter {
        PredictionWriter(
            format,
            layout,
            of: prediction.classifier,
            features: features,
            writesHeader: writesHeader,
            to: sink
        )
    }

    /// Predicts all rows.
    ///
    /// - Parameter sink: Receives the output.
    /// - Returns: The number of rows of each kind.
    /// - Throws: As ``BulkPrediction/run(_:range:betweenBatches:write:)``; `FileError`.
    public func run(to sink: any ByteSink) throws -> BulkPrediction.Counts {
        let writer = writer(to: sink)
        let counts = try prediction.run(source, range: range, betweenBatches: progress, write: writer.write)
        try writer.close()
        return counts
    }

    /// Predicts all rows in parts, except for those that an earlier, killed run has finished.
    ///
    /// - Parameters:
    ///   - output: The output file.
    ///   - manifest: Everything that determines the output.
    ///   - sink: Receives the output when all parts are complete.
    /// - Returns: The number of rows of each kind in this run, and the number of rows that were finished before.
    /// - Throws: As ``run(to:)``; `DatasetError` naming the field, if the parts belong to another prediction.
    public func resume(
        _ output: URL,
        _ manifest: PredictionManifest,
        to sink: any ByteSink
    ) throws -> (counts: BulkPrediction.Counts, finishedRows: Int) {
        let parts = try PredictionParts(
            of: output,
            manifest,
            range: range,
            rowsPerPart: prediction.windows.rows,
            format: format
        )
        var all = BulkPrediction.Counts()
        let missing = parts.missing
        var done = range.count - missing.reduce(0) { $0 + $1.count }
        let finished = done
        for part in missing {
            let place = RawPath(parts.place(of: part).path(percentEncoded: false))
            let writer = writer(to: FileSink(place), writesHeader: part.lowerBound == range.lowerBound)
            let start = done
            let counts = try prediction.run(
                source,
                range: part,
                betweenBatches: { try progress(start + $0) },
                write: writer.write
            )
            try writer.close()
            all.add(counts)
            done += part.count
        }
        if parts.ranges.isEmpty {
            try writer(to: sink).close()
        } else {
            try parts.join(into: sink)
        }
        try describeShard(output, manifest)
        parts.remove()
        return (all, finished)
    }

    /// Describes the output of a shard in a file next to it, which merging needs.
    ///
    /// - Parameters:
    ///   - output: The complete output.
    ///   - manifest: Everything that determines the output.
    /// - Throws: `FileError`.
    public func describeShard(_ output: URL, _ manifest: PredictionManifest) throws {
        guard let shard else { return }
        let file = try MappedFile(contentsOf: output)
        var fields = manifest.fields
        fields["shard"] = .int(shard.index)
        fields["shards"] = .int(shard.count)
        fields["output_bytes"] = .int(file.bytes.count)
        fields["output_sha256"] = .string(file.sha256)
        try PredictionManifest(fields: fields).write(to: PredictionShard.manifest(of: output))
    }
}

extension BulkPrediction.Counts {
    /// Adds the rows of another part.
    mutating func add(_ other: BulkPrediction.Counts) {
        rows += other.rows
        failed += other.failed
        firstFailure = firstFailure ?? other.firstFailure
        empty += other.empty
        firstEmpty = firstEmpty ?? other.firstEmpty
        truncated += other.truncated
        computed += other.computed
    }
}
