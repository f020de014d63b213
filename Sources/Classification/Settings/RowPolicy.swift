/// The treatment of rows without a label or without a text.
public enum RowPolicy: String, Sendable, CaseIterable {
    /// Stop with an error that names the first row.
    case refuse
    /// Drop the rows and report their number.
    case drop
    /// Keep the rows. Not possible for missing labels.
    case keep
}
