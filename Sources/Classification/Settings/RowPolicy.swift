/// How rows without a label or without a text are treated.
public enum RowPolicy: String, Sendable, CaseIterable {
    /// Stop, naming the first.
    case refuse
    /// Leave them out and say how many.
    case drop
    /// Use them like any other row; not possible for missing labels.
    case keep
}
