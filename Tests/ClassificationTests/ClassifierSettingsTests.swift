import Classification
import Foundation
import Models
import TestSupport
import Testing

/// `attune.json`: the settings of training that a model stores.
struct ClassifierSettingsTests {
    private let whole = """
        {
          "version": 1,
          "max_length": 24,
          "text_column": "body",
          "text_pair_column": "answer",
          "label_columns": ["J-P"],
          "label_names": ["J, or so","Ω"],
          "problem_type": "single_label_classification",
          "empty_texts": "drop",
          "missing_labels": "refuse"
        }

        """

    private func read(_ text: String) throws(ModelError) -> ClassifierSettings {
        try ClassifierSettings(parsing: text.utf8, source: "run/attune.json")
    }

    private func complaint(_ text: String) -> String {
        do throws(ModelError) {
            _ = try read(text)
            return "nothing"
        } catch { return error.message }
    }

    @Test func `every setting is written and read, one field per line`() throws {
        let settings = try read(whole)
        #expect(
            settings.maxLength == 24 && settings.textColumn == "body" && settings.textPairColumn == "answer"
        )
        #expect(settings.labelColumns == ["J-P"] && settings.labelNames == ["J, or so", "Ω"])
        #expect(settings.problemType == .singleLabel)
        #expect(settings.emptyTexts == .drop && settings.missingLabels == .refuse)
        #expect(settings.formatted == whole && settings.unknownFields.isEmpty)
        #expect(try read(ClassifierSettings().formatted) == ClassifierSettings())
    }

    @Test func `the loss of training is stored, unless it is the plain one`() throws {
        let loss =
            "{\"kind\":\"cross_entropy\",\"class_weights\":[0.5,2.0],\"label_smoothing\":0.1,\"focal_gamma\":0.0}"
        let text = whole.replacing("\n}", with: ",\n  \"loss\": \(loss)\n}")
        #expect(try read(text).formatted == text)
        let plain = loss.replacing("[0.5,2.0]", with: "null").replacing("0.1", with: "0.0")
        #expect(try read(whole.replacing("\n}", with: ",\n  \"loss\": \(plain)\n}")).formatted == whole)
    }

    @Test func `a field of a later version is kept and named, without effect`() throws {
        let text = whole.replacing("\n}", with: ",\n  \"temperature\": 1.25\n}")
        let settings = try read(text)
        #expect(settings.unknownFields == ["temperature"])
        #expect(settings.formatted == text)
        var told = ClassifierSettings()
        told.maxLength = 8
        #expect(told.completed(by: settings).unknownFields == ["temperature"])
    }

    @Test(
        arguments: [
            ("{\"version\": 1, \"loss\": \"cross_entropy\"}", "loss must be a loss with its weights"),
            ("{\"version\": 1, \"loss\": {\"kind\": \"hinge\"}}", "loss must be a loss with its weights"),
            (
                "{\"version\": 1, \"loss\": {\"kind\": \"cross_entropy\", \"label_smoothing\": 1.5}}",
                "loss must be a loss with its weights"
            ),
            (
                "{\"version\": 1, \"loss\": {\"kind\": \"cross_entropy\", \"class_weights\": [1, -1]}}",
                "loss must be a loss with its weights"
            ),
            (
                "{\"version\": 1, \"loss\": {\"kind\": \"binary_cross_entropy\", \"label_count\": 9e15}}",
                "loss must be a loss with its weights"
            ),
            ("", "run/attune.json is damaged: expected a value at byte 0"),
            ("{\"version\": 1", "is damaged: expected , or } at byte 13"),
            ("[1]", "it holds a list, not an object"),
            ("{}", "version must be a whole number from 1, but is missing"),
            ("{\"version\": \"1\"}", "version must be a whole number from 1, but is the string \"1\""),
            (
                "{\"version\": 2}",
                "run/attune.json has version 2, but this Attune reads version 1: update Attune"
            ),
            (
                "{\"version\": 1, \"max_length\": \"long\"}",
                "max_length must be a whole number from 1 to 1000000000, but is the string \"long\""
            ),
            ("{\"version\": 1, \"max_length\": 0}", "max_length must be a whole number from 1"),
            ("{\"version\": 1, \"max_length\": 12.5}", "but is the number 12.5"),
            ("{\"version\": 1, \"max_length\": 99999999999999999999}", "max_length must be"),
            (
                "{\"version\": 1, \"text_column\": 3}",
                "text_column must be a non-empty string, but is the number 3"
            ),
            (
                "{\"version\": 1, \"label_columns\": \"a\"}",
                "label_columns must be a list of distinct strings"
            ),
            (
                "{\"version\": 1, \"label_names\": [\"a\", 1]}",
                "label_names must be a list of distinct strings"
            ),
            (
                "{\"version\": 1, \"label_names\": [\"a\", \"a\"]}",
                "label_names must be a list of distinct strings"
            ),
            (
                "{\"version\": 1, \"problem_type\": \"both\"}",
                "problem_type must be one of \"single_label_classification\""
            ),
            (
                "{\"version\": 1, \"missing_labels\": \"keep\"}",
                "missing_labels must be one of \"refuse\", \"drop\", but is the string \"keep\""
            ),
            (
                "{\"version\": 1, \"max_length\": 8, \"max_length\": 9}",
                "the field \"max_length\" is given twice"
            ),
        ]
    )
    func `a damaged file is an error with the field and the remedy`(text: String, reason: String) {
        let complaint = complaint(text)
        #expect(complaint.contains(reason), "\(complaint)")
        #expect(complaint.contains("remove"), "\(complaint)")
    }

    @Test func `random damage never does more than throw`() {
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let pieces = [
            "null", "-1", "1e999", "[]", "{}", "\"\\ud800\"", "[[[[", "\u{0}", "9223372036854775808",
        ]
        var accepted = 0
        for _ in 0..<3000 {
            var bytes = Array(whole.utf8)
            for _ in 0...random(3) {
                let place = random(bytes.count)
                switch random(3) {
                case 0: bytes[place] = UInt8(random(256))
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random(12)))
                default: bytes.insert(contentsOf: Array(pieces[random(pieces.count)].utf8), at: place)
                }
                if bytes.isEmpty { bytes = [0x7B] }
            }
            let settings = try? ClassifierSettings(parsing: bytes, source: "x")
            guard let settings else { continue }
            accepted += 1
            // Accepted settings can be written and read again.
            #expect(throws: Never.self) {
                let again = try ClassifierSettings(parsing: settings.formatted.utf8, source: "x")
                #expect(again.formatted == settings.formatted)
            }
        }
        #expect(accepted > 20 && accepted < 2900)
    }

    @Test func `a folder without the file has no settings, and a link out of it is rejected`() throws {
        try withTemporaryFolder { folder in
            #expect(try ClassifierSettings(folder: folder) == ClassifierSettings())
            let inner = folder.appending(path: "model", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
            let file = inner.appending(path: "attune.json")
            try Data(whole.utf8).write(to: folder.appending(path: "other.json"))
            try FileManager.default.createSymbolicLink(
                at: file,
                withDestinationURL: folder.appending(path: "other.json")
            )
            #expect { try ClassifierSettings(folder: inner) } throws: {
                "\($0)".contains("outside the model's folder")
            }
            try FileManager.default.removeItem(at: folder.appending(path: "other.json"))
            #expect { try ClassifierSettings(folder: inner) } throws: {
                "\($0)".contains("which does not exist")
            }
        }
    }
}

/// A saved classifier's folder and its settings.
struct RememberedSettingsTests {
    private func saved(in folder: URL, _ labels: [String] = ["no", "yes"]) throws -> String {
        var options = SequenceClassifier.LoadOptions()
        options.labels = labels
        let path = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
        let (classifier, _) = try TextClassifier.load(path, options: options, maxLength: 8, seed: 5)
        var settings = ClassifierSettings()
        settings.textColumn = "body"
        classifier.remember(settings)
        try classifier.save(to: folder)
        return folder.path(percentEncoded: false)
    }

    private func told(_ change: (inout ClassifierSettings) -> Void) -> ClassifierSettings {
        var settings = ClassifierSettings()
        change(&settings)
        return settings
    }

    @Test func `a saved classifier is loaded with the length of its training, unless overridden`() throws {
        try withTemporaryFolder { folder in
            let path = try saved(in: folder)
            let text = try String(contentsOf: folder.appending(path: "attune.json"), encoding: .utf8)
            #expect(
                text == """
                    {
                      "version": 1,
                      "max_length": 8,
                      "text_column": "body",
                      "label_names": ["no","yes"],
                      "problem_type": "single_label_classification"
                    }

                    """
            )
            let (classifier, _) = try TextClassifier.load(path)
            #expect(
                classifier.maxLength == 8 && classifier.settings.textColumn == "body"
                    && classifier.notes.isEmpty
            )
            #expect(classifier.encode([String(repeating: "word ", count: 30)]).length(of: 0) == 8)
            #expect(try TextClassifier.tokenizerAndLimit(of: path).lengthLimit == 8)
            #expect(try TextClassifier.load(path, maxLength: 12).classifier.maxLength == 12)
            #expect(
                try TextClassifier.load(path, settings: told { $0.maxLength = 20 }).classifier.maxLength == 20
            )
            #expect(try TextClassifier.tokenizerAndLimit(of: path, maxLength: 20).lengthLimit == 20)
            // Limited by the model's positions.
            #expect(try TextClassifier.load(path, maxLength: 9999).classifier.maxLength == 64)
        }
    }

    @Test func `given names replace those of config.json, each exactly once`() throws {
        try withTemporaryFolder { folder in
            let path = try saved(in: folder)
            let (classifier, _) = try TextClassifier.load(
                path,
                settings: told { $0.labelNames = ["x", "y"] }
            )
            #expect(classifier.labels == ["x", "y"] && classifier.settings.labelNames == ["x", "y"])
            try classifier.save(to: folder)
            #expect(try TextClassifier.load(path).classifier.labels == ["x", "y"])
            for (names, reason) in [
                (["x"], "--label-names gives 1 name (\"x\"), but the model has 2 labels: \"x\", \"y\""),
                (["x", "x"], "gives the name \"x\" twice"),
            ] {
                #expect { try TextClassifier.load(path, settings: told { $0.labelNames = names }) } throws: {
                    "\($0)".contains(reason)
                }
            }
            let base = Fixture.folder.appending(path: "models/tiny-base").path(percentEncoded: false)
            #expect {
                try TextClassifier.load(base, settings: told { $0.labelNames = ["x", "y"] })
            } throws: {
                "\($0)".contains("is of a base model")
            }
        }
    }

    @Test func `names in config.json are used, and settings of an earlier model are noted`() throws {
        try withTemporaryFolder { folder in
            let path = try saved(in: folder)
            let config = folder.appending(path: "config.json")
            let text = try String(contentsOf: config, encoding: .utf8)
            try Data(text.replacing("\"yes\"", with: "\"maybe\"").utf8).write(to: config)
            let (classifier, _) = try TextClassifier.load(path)
            #expect(classifier.labels == ["no", "maybe"])
            #expect(
                classifier.notes.contains {
                    $0.contains("was written for the labels \"no\", \"yes\", but config.json has")
                }
            )
        }
    }

    @Test func `a damaged file is an error on loading, and inspection shows it`() throws {
        try withTemporaryFolder { folder in
            let path = try saved(in: folder)
            try Data("{\"version\": 1, \"max_length\": true}".utf8).write(
                to: folder.appending(path: "attune.json")
            )
            #expect { try TextClassifier.load(path) } throws: {
                "\($0)".contains("attune.json is damaged: max_length must be a whole number")
            }
            let inspection = try ModelInspection(path: path)
            #expect(inspection.settings == nil && inspection.settingsFault?.contains("max_length") == true)
        }
    }

    @Test func `batches have at most the given number of tokens`() throws {
        try withTemporaryFolder { folder in
            let (classifier, _) = try TextClassifier.load(saved(in: folder))
            let examples = classifier.encode((0..<5).map { "text number \($0)" })
            let length = examples.length(of: 0)
            #expect(examples.batches(of: nil, maxTokens: 2 * length) == [0..<2, 2..<4, 4..<5])
            #expect(examples.batches(of: nil, maxTokens: 1) == (0..<5).map { $0..<$0 + 1 })
            let whole = try classifier.logits(examples)
            let parts = try classifier.logits(examples, maxTokensPerBatch: 2 * length)
            for (a, b) in zip(whole.joined(), parts.joined()) { #expect(abs(a - b) < 1e-5) }
        }
    }
}
