/// The targets of a loss, one per example.
public enum Targets: Sendable, Equatable {
    /// One class id per example.
    case classes([Int])
    /// Any number of class ids per example, including none.
    case labelSets([[Int]])
    /// One number per example.
    case numbers([Double])
    /// A teacher's logits for every example, and labels for some.
    indirect case taught(TaughtTargets)

    /// The number of examples.
    public var count: Int {
        switch self {
        case .classes(let ids): ids.count
        case .labelSets(let sets): sets.count
        case .numbers(let numbers): numbers.count
        case .taught(let taught): taught.count
        }
    }

    /// Returns the targets of some examples, in the given order.
    ///
    /// - Parameter indices: Indices of the examples.
    /// - Returns: One target per index.
    public func selecting(_ indices: some Collection<Int>) -> Targets {
        switch self {
        case .classes(let ids): .classes(indices.map { ids[$0] })
        case .labelSets(let sets): .labelSets(indices.map { sets[$0] })
        case .numbers(let numbers): .numbers(indices.map { numbers[$0] })
        case .taught(let taught): .taught(taught.selecting(indices))
        }
    }
}
