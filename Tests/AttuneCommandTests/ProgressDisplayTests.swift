import Attune
import Evaluation
import JSON
import Testing
import Training

@testable import AttuneCommand

/// Events become rows that stay and a live row; times are passed in.
@Suite struct ProgressDisplayTests {
    private let schedule = RunSchedule(
        examples: 5155,
        tokens: 170_000,
        effectiveBatchSize: 8,
        stepsPerEpoch: 645,
        totalSteps: 220,
        firstStep: 0,
        trainableWeights: 134_500_000
    )

    private func step(_ step: Int, loss: Double = 0.5) -> ProgressEvent {
        .step(
            StepRecord(
                step: step,
                totalSteps: 220,
                epoch: Double(step) / 645,
                loss: loss,
                gradientNorm: 1.5,
                learningRate: 5e-5,
                examples: 8
            ),
            Pace(recentLoss: loss, examplesPerSecond: 12.34, secondsLeft: 65)
        )
    }

    private func evaluation(_ values: [(String, Double)], metric: String? = nil) throws -> ProgressEvent {
        var members = values.map { "\"\($0.0)\": \($0.1)" }
        if let metric { members.append("\"metric\": \"\(metric)\"") }
        let text = "{\"event\": \"eval\", \"step\": 100, \"epoch\": 0.5, \(members.joined(separator: ", "))}"
        return try #require(ProgressEvent(json: .parse(text.utf8)))
    }

    private func lines(_ rows: [ProgressRow], _ columns: Int? = nil) -> [String] {
        rows.flatMap { $0.folded(LineStyle(columns: columns)) }
    }

    @Test
    func `training shows step, time, training loss and the last evaluation at 20, 40, 80 and 120 columns`()
        throws
    {
        var display = ProgressDisplay()
        #expect(
            lines(display.receive(.started(schedule), at: 0)) == [
                "train 134.5 million weights  5,155 texts  220 steps of 8  645 per epoch"
            ]
        )
        _ = display.receive(.phase(.train, subject: nil), at: 0)
        _ = display.receive(step(75), at: 10)
        _ = display.receive(
            try evaluation([("eval_loss", 0.3), ("eval_accuracy", 0.953), ("eval_matthews_correlation", 0.9)]
            ),
            at: 11
        )
        func live(_ columns: Int) throws -> String {
            try #require(display.live(at: 15)).fitted(LineStyle(columns: columns - 1))
        }
        // Five seconds after the step, five seconds fewer are left.
        #expect(try live(20) == "train  step  75/220")
        #expect(try live(40) == "train  75/220  1:00 left  loss 0.5000")
        #expect(
            try live(80) == "train  ███▋░░░░░░░  75/220  1:00 left  loss 0.5000  eval accuracy 0.953  12.3/s"
        )
        #expect(
            try live(120)
                == "train  ███████▏░░░░░░░░░░░░░  step  75/220  34 %  1:00 left  loss 0.5000  eval accuracy 0.953  12.3 texts/s  epoch 0.12"
        )
    }

    @Test func `log rows and evaluations say whose loss they show, and are folded in narrow terminals`()
        throws
    {
        var display = ProgressDisplay()
        _ = display.receive(.started(schedule), at: 0)
        let log = ProgressEvent.log(
            LogRecord(step: 20, epoch: 0.031, loss: 0.69314, gradientNorm: 1.5, learningRate: 5e-5)
        )
        #expect(
            lines(display.receive(log, at: 1)) == ["train step  20/220  epoch 0.03  loss 0.6931  lr 5.00e-05"]
        )
        #expect(
            lines(display.receive(log, at: 1), 39) == [
                "train step  20/220  epoch 0.03", "      loss 0.6931  lr 5.00e-05",
            ]
        )
        let values = [
            ("eval_loss", 0.3), ("eval_accuracy", 0.953), ("eval_matthews_correlation", 0.9),
            ("eval_f1_macro", 0.8),
        ]
        #expect(
            lines(display.receive(try evaluation(values), at: 2)) == [
                "eval  step 100/220  epoch 0.50  loss 0.3000  accuracy 0.953  MCC 0.900"
            ]
        )
        // The metric that selects the best model comes first, and is the one of the live row.
        #expect(
            lines(display.receive(try evaluation(values, metric: "eval_f1_macro"), at: 2)) == [
                "eval  step 100/220  epoch 0.50  loss 0.3000  f1_macro 0.800  accuracy 0.953  MCC 0.900"
            ]
        )
        _ = display.receive(.phase(.train, subject: nil), at: 2)
        _ = display.receive(step(101), at: 3)
        #expect(try #require(display.live(at: 3)).parts.contains { $0.text == "eval f1_macro 0.800" })
    }

    @Test func `multi-label and regression show their own metrics`() throws {
        var display = ProgressDisplay()
        let several = try evaluation([
            ("eval_loss", 0.3), ("eval_f1_micro", 0.5), ("eval_accuracy", 0.25), ("eval_hamming_loss", 0.1),
        ])
        #expect(
            lines(display.receive(several, at: 0)) == [
                "eval  step 100  epoch 0.50  loss 0.3000  F1 micro 0.500  exact match 0.250"
            ]
        )
        let numbers = try evaluation([("eval_loss", 0.3), ("eval_rmse", 0.5), ("eval_pearson", 0.75)])
        #expect(
            lines(display.receive(numbers, at: 0)) == [
                "eval  step 100  epoch 0.50  loss 0.3000  RMSE 0.500  Pearson 0.750"
            ]
        )
    }

    @Test func `a phase of known size shows share, time left and rate; another one its duration`() throws {
        var display = ProgressDisplay()
        _ = display.receive(.phase(.tokenize, subject: "training texts"), at: 100)
        _ = display.receive(.progress(WorkProgress(.tokenize, done: 2000, of: 8000)), at: 102)
        #expect(
            try #require(display.live(at: 102)).fitted(LineStyle(columns: 79))
                == "tokenize  ██░░░░░░  training texts  2,000/8,000  25 %  0:06 left  1,000 texts/s"
        )
        _ = display.receive(.phase(.read, subject: "/data/推文.csv"), at: 200)
        #expect(try #require(display.live(at: 200.5)).folded(LineStyle()) == ["read /data/推文.csv"])
        #expect(try #require(display.live(at: 207)).fitted(LineStyle(columns: 20)) == "read  推文.csv  0:07")
        _ = display.receive(.phase(.download, subject: "2 files"), at: 300)
        _ = display.receive(.progress(WorkProgress(.download, done: 30_000_000, of: 90_000_000)), at: 310)
        #expect(
            try #require(display.live(at: 310)).folded(LineStyle())
                == ["download 2 files  30.0 MB of 90.0 MB  33 %  0:20 left  3.0 MB/s"]
        )
    }

    @Test func `verbose rows show every number and the time of phases`() throws {
        var display = ProgressDisplay(isVerbose: true)
        _ = display.receive(.phase(.read, subject: "d.csv"), at: 0)
        #expect(lines(display.receive(.phase(.load, subject: "m"), at: 61)) == ["read d.csv: took 1:01"])
        let row = try evaluation([("eval_loss", 0.3), ("eval_accuracy", 0.9), ("eval_ece", 0.1)])
        #expect(
            lines(display.receive(row, at: 2)) == [
                "eval  step 100  epoch 0.50  loss 0.3000  accuracy 0.900  ece 0.100"
            ]
        )
    }
}
