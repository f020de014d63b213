import Classification
import Foundation
import Models
import TestSupport

@testable import Serving

/// A tiny BERT with the labels "ham" and "spam", whose fresh head depends on a fixed seed.
enum ServingTestModel {
    /// Saves the model.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - labels: The labels.
    ///   - problemType: Whether a text has one label, several or a number.
    ///   - decisions: Decisions to save with it.
    ///   - seed: The seed of the head.
    /// - Throws: An error if the base cannot be read or the folder cannot be written.
    static func save(
        to folder: URL,
        labels: [String] = ["ham", "spam"],
        problemType: ProblemType = .singleLabel,
        decisions: Decisions? = nil,
        seed: UInt64 = 5
    ) throws {
        var options = SequenceClassifier.LoadOptions()
        (options.labels, options.problemType) = (labels, problemType)
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let classifier = try TextClassifier.load(path, options: options, seed: seed).classifier
        classifier.decisions = decisions
        try classifier.save(to: folder)
    }

    /// Runs a closure with a service that has loaded the model under the name "tiny".
    ///
    /// - Parameters:
    ///   - labels: The labels.
    ///   - problemType: Whether a text has one label, several or a number.
    ///   - decisions: Decisions of the model.
    ///   - settings: The service's settings.
    ///   - body: Receives the service and the folder of the model.
    /// - Returns: The closure's result.
    /// - Throws: An error if the model cannot be loaded; the errors of the closure.
    static func withService<Result>(
        labels: [String] = ["ham", "spam"],
        problemType: ProblemType = .singleLabel,
        decisions: Decisions? = nil,
        settings: ServiceSettings = ServiceSettings(),
        _ body: (ClassifierService, URL) async throws -> Result
    ) async throws -> Result {
        try await withTemporaryFolder { folder in
            try save(to: folder, labels: labels, problemType: problemType, decisions: decisions)
            let service = ClassifierService(settings)
            try await service.start([LoadRequest(name: "tiny", source: folder.path(percentEncoded: false))])
            return try await body(service, folder)
        }
    }
}
