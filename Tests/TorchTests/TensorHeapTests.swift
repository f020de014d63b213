import Testing
import Torch

/// The heap of large tensors.
///
/// The whole process shares it, so other tests may use it at the same time.
struct TensorHeapTests {
    init() { TensorHeap.adopt() }

    @Test func `tensors of changing sizes never share memory`() throws {
        var random = SystemRandomNumberGenerator()
        var held: [(tensor: Tensor, value: Double)] = []
        for round in 0..<400 {
            if held.count == 24 {
                let (tensor, value) = held.remove(at: Int.random(in: 0..<24, using: &random))
                #expect(try Self.holds(tensor, value))
            }
            // From below the heap's minimum, 64 KB, to 4 MB.
            let count = Int.random(in: 1_000...1_000_000, using: &random)
            held.append((try Tensor.full(Double(round), [count]), Double(round)))
        }
        for (tensor, value) in held { #expect(try Self.holds(tensor, value)) }
    }

    private static func holds(_ tensor: Tensor, _ value: Double) throws -> Bool {
        try tensor.max().item() == value && (tensor * -1).max().item() == -value
    }

    #if os(Linux)
    @Test func `freed memory is kept for the next tensor and counted, until the heap shrinks`() throws {
        let bytes = 256 << 20
        var tensor: Tensor? = try Tensor.zeros([bytes / 4])
        #expect(TensorHeap.now.live >= bytes)
        tensor = nil
        let now = TensorHeap.now
        #expect(tensor == nil && now.highestLive >= bytes)
        #expect(now.resident >= bytes)
        TensorHeap.shrink()
        // Tensors of other tests are much smaller.
        #expect(TensorHeap.now.resident < bytes)
    }
    #endif

    @Test func `a request beyond the address space is an error`() throws {
        #expect { try Tensor.empty([1 << 46]) } throws: { ($0 as? TorchError)?.code == .outOfMemory }
    }
}
