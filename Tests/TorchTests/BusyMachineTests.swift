import Testing

@testable import Torch

@Suite struct BusyMachineTests {
    private static let quarter: UInt64 = 250_000_000

    /// The decision at each look, for the shares of time that threads waited.
    private func decisions(_ shares: [Double]) -> [Bool?] {
        var share = WaitingShare()
        var (waited, time): (UInt64, UInt64) = (0, 0)
        _ = share.change(waited: waited, at: time)
        return shares.map {
            waited += UInt64($0 * Double(Self.quarter))
            time += Self.quarter
            return share.change(waited: waited, at: time)
        }
    }

    @Test("another busy program is detected at the first look")
    func busy() { #expect(decisions([0, 0.02, 0.6, 0.7]) == [nil, nil, true, nil]) }

    @Test("only two quiet seconds end the busy state")
    func quiet() {
        let pause = [0.6] + Array(repeating: 0, count: 7) + [0.6] + Array(repeating: 0, count: 8)
        #expect(decisions(pause) == [true] + Array(repeating: nil, count: 15) + [false])
    }

    @Test("sleeping and spinning threads compute the same bits")
    func sameBits() throws {
        let random = try RandomSource(seed: 3)
        let (a, b) = (
            try Tensor.normal([300, 200], random: random), try Tensor.normal([250, 200], random: random)
        )
        let expected = try a.linear(b).array(of: Float.self)
        for isSleeping in [true, true, false, true, false, false] {
            BusyMachine.setSleeping(isSleeping)
            #expect(try a.linear(b).array(of: Float.self) == expected)
        }
    }

    @Test("a look is ignored if a thread ended and its waiting time was lost")
    func endedThread() {
        var share = WaitingShare()
        _ = share.change(waited: 1_000_000_000, at: 0)
        #expect(share.change(waited: 10, at: Self.quarter) == nil)
        #expect(share.change(waited: 10 + Self.quarter / 2, at: 2 * Self.quarter) == true)
    }
}
