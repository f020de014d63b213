import Evaluation
import Foundation
import JSON
import TestSupport
import Testing
import Training

@testable import Attune
@testable import AttuneCommand

/// `attune watch` shows a run from another process, and never disturbs it.
@Suite(.hangGuard)
struct WatchCommandTests {
    private let training = """
        $ATTUNE train --model $BASE --dataset d.csv --text-column text --label-column label --threads 1 \
        --test-size 0.2 --save-strategy no
        """

    @Test func `a finished run shows its rows, and its seeds are found in the common folder`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcome = try shell(
                """
                \(training) --max-steps 4 --logging-steps 2 --output-dir out >/dev/null 2>&1
                $ATTUNE watch out 2>rows; echo $?; cat rows
                \(training) --max-steps 2 --seeds 2 --output-dir seeds >/dev/null 2>&1
                $ATTUNE watch seeds --once; echo $?
                $ATTUNE watch nowhere; echo $?
                mkdir empty; $ATTUNE watch empty; echo $?
                """,
                in: folder
            )
            let text = outcome.output
            #expect(text.contains("/out has finished, after 0:"), "\(text)")
            #expect(text.contains("train step 2/4  ") && text.contains("train step 4/4  "), "\(text)")
            #expect(text.contains("eval  step 4/4  "), "\(text)")
            #expect(
                text.contains("seed 43, 2 of 2\n") && text.contains("seeds/seed-43 has finished"),
                "\(text)"
            )
            #expect(text.hasSuffix("66\n66\n"), "\(text)")
            #expect(outcome.errors.contains("empty/ holds no run; give the --output-dir of a run"))
        }
    }

    @Test func `a run is watched while it trains, and a stopped watch leaves it running`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            // Far more steps than the run takes.
            let outcome = try shell(
                """
                \(training) --max-steps 1000000 --logging-steps 1000 --output-dir out >/dev/null 2>err & p=$!
                until grep -q 'step *1/' err; do sleep 0.01; done
                $ATTUNE watch out 2>watched >/dev/null & w=$!
                until grep -q 'train step' watched; do sleep 0.01; done
                kill -TERM $w; wait $w; echo watch $?
                kill -0 $p && echo alive
                $ATTUNE watch out --once --json | grep -c '"state": "running"'
                kill -TERM $p; wait $p; echo run $?
                $ATTUNE watch out --once >state; echo once $?
                grep -c 'was stopped' state
                $ATTUNE watch out 2>/dev/null; echo follow $?
                """,
                in: folder
            )
            #expect(
                outcome.output == "watch 130\nalive\n1\nrun 130\nonce 1\n1\nfollow 1\n",
                "\(outcome.output)\(outcome.errors)"
            )
        }
    }

    @Test func `a killed run is recognised`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(40, to: folder)
            let outcome = try shell(
                """
                \(training) --max-steps 1000000 --output-dir out >/dev/null 2>err & p=$!
                until grep -q 'step *1/' err; do sleep 0.01; done
                $ATTUNE watch out >/dev/null 2>watched & w=$!
                until grep -q 'train' watched; do sleep 0.01; done
                kill -KILL $p
                wait $w; echo $?
                grep -c 'was killed' watched
                """,
                in: folder
            )
            #expect(outcome.output == "1\n1\n", "\(outcome.output)\(outcome.errors)")
        }
    }

    // MARK: News between two readings

    private func reading(_ change: (inout RunSnapshot) -> Void) -> WatchedRun.Reading {
        var snapshot = RunSnapshot(startTime: 100)
        change(&snapshot)
        return WatchedRun.Reading(folder: URL(filePath: "/runs/a"), snapshot: snapshot, life: .running)
    }

    @Test func `each row is shown once, and rows of long ago are counted`() {
        var follower = RunFollower()
        let first = reading { for number in 0..<30 { $0.add(.note("\(number)"), at: 101) } }
        let items = follower.items(of: first, at: 102)
        #expect(items.first == .note("… 10 earlier rows") && items.count == 21)
        #expect(items.last == .event(.note("29"), 101))
        #expect(follower.items(of: first, at: 103) == [])
        var second = first
        second.snapshot.add(.saved("checkpoint-1"), at: 104)
        #expect(follower.items(of: second, at: 105) == [.event(.saved("checkpoint-1"), 104)])
        // A new run in the same folder begins again.
        var third = second
        third.snapshot = RunSnapshot(startTime: 200)
        third.snapshot.add(.note("new"), at: 201)
        #expect(follower.items(of: third, at: 202) == [.event(.note("new"), 201)])
    }

    @Test func `progress is shown when it changes, and silence of an unknown process once`() {
        var follower = RunFollower()
        var state = reading {
            $0.add(.phase(.tokenize, subject: "texts"), at: 101)
            $0.add(.progress(WorkProgress(.tokenize, done: 1, of: 8)), at: 102)
        }
        let expected: [RunFollower.Item] = [
            .event(.phase(.tokenize, subject: "texts"), 101),
            .event(.progress(WorkProgress(.tokenize, done: 1, of: 8)), 102),
        ]
        #expect(follower.items(of: state, at: 103) == expected)
        #expect(follower.items(of: state, at: 103) == [])
        state.life = .unknown
        #expect(
            follower.items(of: state, at: 702) == [
                .note("warning: no sign of life for 10:00; the run may have been killed")
            ]
        )
        #expect(follower.items(of: state, at: 703) == [])
    }
}
