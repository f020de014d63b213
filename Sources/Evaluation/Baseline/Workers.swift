import Dispatch
import Foundation
import Synchronization

/// The threads that share a piece of work.
///
/// Work is divided into pieces that do not depend on the number of threads, so neither does any result.
struct Workers: Sendable {
    /// The number of threads.
    let count: Int

    /// All cores of the machine.
    static var all: Workers { Workers(count: ProcessInfo.processInfo.activeProcessorCount) }

    /// Runs independent pieces of work.
    ///
    /// - Parameters:
    ///   - pieces: The number of pieces.
    ///   - body: Does the piece with this index.
    func perform(_ pieces: Int, _ body: @Sendable (Int) -> Void) {
        guard count > 1, pieces > 1 else {
            for piece in 0..<pieces { body(piece) }
            return
        }
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(count, pieces)) { _ in
            while true {
                let piece = next.add(1, ordering: .relaxed).oldValue
                guard piece < pieces else { return }
                body(piece)
            }
        }
    }

    /// Computes independent values.
    ///
    /// - Parameters:
    ///   - pieces: The number of values.
    ///   - body: Computes the value with this index.
    /// - Returns: The values in order.
    func map<Value: Sendable>(_ pieces: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
        let values = Mutex([Value?](repeating: nil, count: pieces))
        perform(pieces) { piece in
            let value = body(piece)
            values.withLock { $0[piece] = value }
        }
        return values.withLock { $0.compactMap(\.self) }
    }
}

/// Numbers that several threads write at once.
///
/// `@unchecked Sendable`: the address never changes until `deinit`, and each piece of work writes its own elements.
final class SharedNumbers<Element: BitwiseCopyable & Numeric & Sendable>: @unchecked Sendable {
    /// The memory.
    let elements: UnsafeMutableBufferPointer<Element>

    /// Creates zeros.
    ///
    /// - Parameter count: The number of elements.
    init(count: Int) {
        elements = .allocate(capacity: count)
        elements.initialize(repeating: 0)
    }

    deinit { elements.deallocate() }

    /// The number of elements.
    var count: Int { elements.count }

    /// An element.
    subscript(_ index: Int) -> Element {
        get { elements[index] }
        set { elements[index] = newValue }
    }
}
