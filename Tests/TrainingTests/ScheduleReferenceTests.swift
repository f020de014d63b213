import JSON
import TestSupport
import Testing

@testable import Training

/// Compares schedules with transformers': Scripts/fixtures/training/schedules.py.
struct ScheduleReferenceTests {
    private func options(_ fixture: JSONValue, for type: SchedulerType) throws -> SchedulerOptions {
        let members = fixture["options"].object?.members ?? []
        let text = members.map { "\($0.name)=\($0.value.string ?? $0.value.oneLine)" }.joined(separator: ",")
        return try SchedulerOptions(text, for: type)
    }

    @Test func `every step of every schedule has transformers' learning rate`() throws {
        var seen: Set<SchedulerType> = []
        for fixture in try Fixture.cases("training/schedules.json") {
            let type = try #require(fixture["type"].string.flatMap(SchedulerType.init))
            seen.insert(type)
            var arguments = TrainingArguments()
            arguments.scheduler = type
            arguments.schedulerOptions = try options(fixture, for: type)
            arguments.learningRate = try #require(fixture["peak"].double)
            arguments.warmup = .steps(try #require(fixture["warmup"].int))
            let schedule = LearningRateSchedule(arguments, totalSteps: try #require(fixture["total"].int))
            for (step, rate) in (fixture["rates"].array ?? []).compactMap(\.double).enumerated() {
                let ours = schedule.learningRate(at: step)
                // Double precision with another order of operations; near the end of a cosine the difference from 1 cancels.
                #expect(
                    abs(ours - rate) <= 1e-12 * rate + 1e-18,
                    "\(type.rawValue) \(fixture["options"].oneLine) step \(step): \(ours), not \(rate)"
                )
            }
        }
        #expect(seen.union([.reduceOnPlateau]) == Set(SchedulerType.allCases))
    }

    @Test func `a plateau lowers the learning rate when torch's does`() throws {
        for fixture in try Fixture.cases("training/plateaus.json") {
            var plateau = Plateau(
                peak: try #require(fixture["peak"].double),
                options: try options(fixture, for: .reduceOnPlateau),
                greaterIsBetter: fixture["mode"].string == "max"
            )
            for (value, rate) in zip(fixture["values"].array ?? [], fixture["rates"].array ?? []) {
                plateau.record(try #require(value.double))
                let wanted = try #require(rate.double)
                #expect(abs(plateau.learningRate - wanted) <= 1e-12 * wanted, "\(fixture["options"].oneLine)")
                var resumed = Plateau(peak: 1, options: .init(), greaterIsBetter: false)
                resumed.restore(plateau.json)
                #expect(resumed.json == plateau.json)
            }
        }
    }

    @Test(arguments: [
        ("linear", "num_cycles=2", "linear"), ("cosine", "cycles=2", "num_cycles"),
        ("polynomial", "power", "name=value"), ("warmup_stable_decay", "decay_type=steep", "steep"),
    ])
    func `an option that a schedule does not have is refused by name`(
        type: String,
        text: String,
        named: String
    ) throws {
        let type = try #require(SchedulerType(rawValue: type))
        #expect { try SchedulerOptions(text, for: type) } throws: { "\($0)".contains(named) }
    }
}
