public import Foundation
import Reporting
import Training

/// A report written during a run, as transformers' `report_to`.
public enum RunReport: String, Sendable, CaseIterable {
    /// Event files in the folder `runs`, for `tensorboard --logdir OUT`.
    case tensorBoard = "tensorboard"
    /// One JSON line per event, in `events.jsonl`.
    case jsonLines = "jsonl"

    /// Creates the observer that writes the report.
    ///
    /// - Parameter folder: The run's output folder.
    /// - Returns: The observer. It creates its files at the run's first event.
    public func observer(in folder: URL) -> any RunObserver {
        switch self {
        case .tensorBoard: TensorBoardReport(folder: folder.appending(path: "runs"))
        case .jsonLines: JSONLinesReport(url: folder.appending(path: "events.jsonl"))
        }
    }
}

/// Writes log rows under `train/` and evaluations under `eval/`.
///
/// Source: `TensorBoardCallback` and `rewrite_logs` of transformers 5.23 (integrations/integration_utils.py).
private final class TensorBoardReport: RunObserver {
    private let folder: URL
    private var file: TensorBoardFile?
    private var firstStep = 0

    init(folder: URL) { self.folder = folder }

    func receive(_ event: RunEvent) throws {
        switch event {
        case .logged(let row):
            try opened().add(row.values.map { ("train/\($0.name)", $0.value) }, step: row.step)
        case .evaluated(let record):
            let values = record.values().map { name, value in
                (tag: name.replacing("eval_", with: "eval/", maxReplacements: 1), value: value)
            }
            try opened().add(values + [("train/epoch", record.epoch)], step: record.step)
        case .started(let plan): firstStep = plan.firstStep
        case .step, .evaluating, .saved, .loadedBest: break
        }
    }

    private func opened() throws -> TensorBoardFile {
        if let file { return file }
        // The resumed run may have gone beyond the checkpoint; its later steps are repeated.
        let isResumed = TensorBoardFile.isThere(in: folder)
        let opened = try TensorBoardFile(in: folder, supersedingFrom: isResumed ? firstStep + 1 : nil)
        file = opened
        return opened
    }
}

private final class JSONLinesReport: RunObserver {
    private let url: URL
    private var file: JSONLinesFile?
    private var translator = ProgressTranslator()

    init(url: URL) { self.url = url }

    func receive(_ event: RunEvent) throws {
        let time = Date.now.timeIntervalSince1970
        for event in translator.events(of: .run(event), at: time) {
            switch event {
            case .started, .log, .evaluation, .saved, .loadedBest:
                let file = try self.file ?? JSONLinesFile(url)
                self.file = file
                try file.add(event.json(at: time))
            case .phase, .progress, .step, .note, .error, .verdict, .result: break
            }
        }
    }
}

extension LogRecord {
    /// The row's values under transformers' names.
    fileprivate var values: [(name: String, value: Double)] {
        [
            ("loss", loss), ("grad_norm", gradientNorm), ("learning_rate", learningRate), ("epoch", epoch),
        ]
    }
}
