import Testing

@testable import Torch

@Suite struct BusyMachineTests {
    /// The decision at each look, for shares of the time in which threads waited.
    private func decisions(_ shares: [Double]) -> [Bool?] {
        var share = WaitingShare()
        return shares.map { share.change($0) }
    }

    @Test("a neighbour is noticed at the first look")
    func busy() { #expect(decisions([0, 0.02, 0.6, 0.7]) == [nil, nil, true, nil]) }

    @Test("only a quiet second ends it")
    func quiet() {
        let pause = [0.6] + Array(repeating: 0, count: 9) + [0.6] + Array(repeating: 0, count: 14)
        #expect(decisions(pause) == [true] + Array(repeating: nil, count: 23) + [false])
    }

    // Measured on a virtual machine with two cores and no other program: a median of 0.02, 0.06 in every tenth look.
    @Test("the short waits of a quiet machine end it, too")
    func ordinaryWaits() {
        let waits = [0.6, 0.04, 0.02, 0.13, 0.02, 0.05, 0.06, 0.01, 0.12, 0.03, 0.02, 0.06, 0.06]
        #expect(decisions(waits) == [true] + Array(repeating: nil, count: 11) + [false])
    }

    @Test("a single look above a tenth, as on a quiet machine, changes nothing; three of a quarter do")
    func noise() {
        #expect(decisions([0.02, 0.13, 0.02, 0.01, 0.13, 0.01]) == Array(repeating: nil, count: 6))
        #expect(decisions([0.25, 0.25, 0.25]) == [nil, nil, true])
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

    @Test("a look compares with the one before; a thread that ended takes its account with it")
    func looks() throws {
        var share = WaitingShare()
        #expect(share.look(waited: 1_000_000_000, at: 0) == nil)
        #expect(share.look(waited: 10, at: 100_000_000) == nil)
        let look = share.look(waited: 50_000_010, at: 200_000_000)
        #expect(try #require(look) == (share: 0.5, seconds: 0.1))
    }
}
