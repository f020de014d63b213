/// What a loss holds a model's answers against, one entry an example.
public enum Targets: Sendable, Equatable {
    /// A class id each.
    case classes([Int])
    /// Any number of class ids each, none too.
    case labelSets([[Int]])
    /// A number each.
    case numbers([Double])

    /// The number of examples.
    public var count: Int {
        switch self {
        case .classes(let ids): ids.count
        case .labelSets(let sets): sets.count
        case .numbers(let numbers): numbers.count
        }
    }

    /// The targets of some examples, in the order given.
    ///
    /// - Parameter indices: Which examples.
    /// - Returns: As many targets.
    public func selecting(_ indices: some Collection<Int>) -> Targets {
        switch self {
        case .classes(let ids): .classes(indices.map { ids[$0] })
        case .labelSets(let sets): .labelSets(indices.map { sets[$0] })
        case .numbers(let numbers): .numbers(indices.map { numbers[$0] })
        }
    }
}
