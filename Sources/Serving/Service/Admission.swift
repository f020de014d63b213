/// The place of an admitted request among those in progress; it is free again when this object is released.
final class Admission: Sendable {
    private let release: @Sendable () -> Void

    /// Creates a place.
    ///
    /// - Parameter release: Frees it.
    init(release: @escaping @Sendable () -> Void) { self.release = release }

    deinit { release() }
}
