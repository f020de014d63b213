public import Foundation

/// The result of an export.
public struct ExportReport: Sendable {
    /// The format.
    public var format: ExportFormat
    /// The written files with their sizes, the weights first.
    public var files: [(url: URL, bytes: Int)]
    /// The bytes of the classifier's weights before the export.
    public var weightBytesBefore: Int
    /// Facts and warnings for the user, one sentence each.
    public var notes: [String]

    /// Creates a report.
    ///
    /// - Parameters:
    ///   - format: The format.
    ///   - files: The written files with their sizes, the weights first.
    ///   - weightBytesBefore: The bytes of the classifier's weights before the export.
    ///   - notes: Facts and warnings for the user, one sentence each.
    public init(
        format: ExportFormat,
        files: [(url: URL, bytes: Int)] = [],
        weightBytesBefore: Int,
        notes: [String] = []
    ) {
        self.format = format
        self.files = files
        self.weightBytesBefore = weightBytesBefore
        self.notes = notes
    }
}
