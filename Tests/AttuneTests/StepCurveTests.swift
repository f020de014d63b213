import JSON
import Testing
import Training

@testable import Attune

@Suite struct StepCurveTests {
    private func record(_ step: Int) -> StepRecord {
        StepRecord(
            step: step,
            totalSteps: 2000,
            epoch: 1,
            loss: Double(step),
            gradientNorm: 2,
            learningRate: 1 / Double(step),
            examples: 8
        )
    }

    private func curve(_ steps: Range<Int>) -> StepCurve {
        steps.reduce(into: StepCurve()) { $0.add(record($1)) }
    }

    @Test func `few steps are kept one by one`() {
        let points = curve(1..<257).points
        #expect(points.map(\.step) == Array(1...256) && points.allSatisfy { $0.count == 1 })
        #expect(points.map(\.loss) == (1...256).map(Double.init))
    }

    @Test func `many steps become means of equally many, and none is lost`() {
        let points = curve(1..<2001).points
        #expect(points.count <= StepCurve.mostPoints && points.last?.step == 2000)
        #expect(points.reduce(0) { $0 + $1.count } == 2000)
        #expect(points.dropLast().allSatisfy { $0.count == 8 })
        // Steps 1 to 8.
        #expect(points[0].loss == 4.5 && points[0].learningRate == 1.0 / 8 && points[0].gradientNorm == 2)
    }

    @Test func `the file keeps the curve, and a resumed run replaces the steps that it repeats`() {
        var read = StepCurve(json: curve(1..<21).json)
        #expect(read == curve(1..<21))
        read.add(record(11))
        #expect(read.points.map(\.step) == Array(1...11))
        #expect(StepCurve(json: .string("damaged")) == StepCurve())
    }
}
