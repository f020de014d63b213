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

    @Test("only two quiet seconds end it")
    func quiet() {
        let pause = [0.6] + Array(repeating: 0, count: 18) + [0.6] + Array(repeating: 0, count: 23)
        #expect(decisions(pause) == [true] + Array(repeating: nil, count: 41) + [false])
    }

    @Test("a single look above a tenth, as on a quiet machine, changes nothing; three in a row do")
    func noise() {
        #expect(decisions([0.02, 0.13, 0.02, 0.01, 0.13, 0.01]) == Array(repeating: nil, count: 6))
        #expect(decisions([0.13, 0.13, 0.13]) == [nil, nil, true])
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
