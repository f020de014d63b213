import Checkpoints
import Foundation
import JSON
import Models
import NN
import TestSupport
import Testing
import Torch

struct ConfigurationTests {
    /// The error message of loading the weights of `llama-gqa` with a changed configuration.
    private func complaint(_ change: (inout String) -> Void) throws -> String {
        let folder = Fixture.folder.appending(path: "models/llama-gqa")
        var text = try String(contentsOf: folder.appending(path: "config.json"), encoding: .utf8)
        change(&text)
        do {
            _ = try SequenceClassifier.load(
                openCheckpoint(folder: folder),
                configuration: ModelConfiguration(parsing: text.utf8, source: "config.json"),
                random: RandomSource(seed: 0)
            )
            return "nothing"
        } catch { return "\(error)" }
    }

    @Test func `the error for an unknown model type lists the supported ones`() throws {
        #expect(
            try complaint {
                $0 = $0.replacing("\"model_type\": \"llama\"", with: "\"model_type\": \"mamba\"")
            }
            .hasPrefix(
                "config.json: models of type \"mamba\" are not supported; supported are: llama, mistral, "
            )
        )
    }

    @Test func `a config.json that is not a file, or a link out of the folder, is refused`() throws {
        try withTemporaryFolder { folder in
            #expect { try ModelConfiguration(folder: folder) } throws: { "\($0)".contains("no such file") }
            let path = folder.appending(path: "config.json").path(percentEncoded: false)
            #expect(mkfifo(path, 0o600) == 0)
            #expect { try ModelConfiguration(folder: folder) } throws: { "\($0)".contains("is not a file") }
            try FileManager.default.removeItem(atPath: path)
            let elsewhere = Fixture.folder.appending(path: "models/llama-gqa/config.json")
            try FileManager.default.createSymbolicLink(
                atPath: path,
                withDestinationPath: elsewhere.path(percentEncoded: false)
            )
            #expect { try ModelConfiguration(folder: folder) } throws: {
                "\($0)".contains("outside the model's folder")
            }
        }
    }

    @Test func `an invalid field is named`() throws {
        #expect(
            try complaint { $0 = $0.replacing("\"hidden_size\": 24", with: "\"hidden_size\": -1") }
                == "config.json: `hidden_size` is the number -1; expected a positive whole number"
        )
        #expect(
            try complaint { $0 = $0.replacing("\"llama3\"", with: "\"spiral\"") }.contains(
                "supported are default, dynamic, linear, llama3, longrope and yarn"
            )
        )
        #expect(
            try complaint { $0 = $0.replacing("\"silu\"", with: "\"mish\"") }.contains(
                "`hidden_act` is \"mish\"; supported are gelu, "
            )
        )
        #expect(try complaint { $0 = "{" }.contains("is not a model's config.json"))
        let negative = try complaint {
            $0 = $0.replacing("\"rms_norm_eps\": 1e-05", with: "\"rms_norm_eps\": -1")
        }
        #expect(negative.contains("`rms_norm_eps` is the number -1; expected a number of at least 0"))
    }

    @Test func `weights of another shape are listed`() throws {
        let text = try complaint {
            $0 = $0.replacing("\"intermediate_size\": 44", with: "\"intermediate_size\": 40")
        }
        #expect(text.contains("6 with another shape"))
        #expect(text.contains("model.layers.0.mlp.gate_proj.weight is [44, 24] instead of [40, 24]"))
        #expect(
            try complaint { $0 = $0.replacing("\"num_hidden_layers\": 2", with: "\"num_hidden_layers\": 3") }
                .contains("9 missing")
        )
    }
}
