import NN
import Testing

@Suite struct MixedKeyTests {
    // Computed in Python by the published definitions of FNV-1a and SplitMix64.
    @Test func `keys are FNV-1a of the name and SplitMix64's finalizer`() {
        var stream = MixedKey()
        stream.add("dropout")
        stream.add(42)
        #expect(stream.value == 12_147_533_222_817_466_829)
        var rounding = MixedKey(start: 7 &+ 3 &* MixedKey.gamma)
        rounding.add("score.weight")
        #expect(rounding.value == 14_257_354_202_363_066_181)
    }
}
