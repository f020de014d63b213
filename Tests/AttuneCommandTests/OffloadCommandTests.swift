import Foundation
import TestSupport
import Testing

/// `--offload-to`.
struct OffloadCommandTests {
    @Test func `a run with weights and moments in a file saves the same bytes, and leaves no file`() throws {
        try withTemporaryFolder { folder in
            try writeWeather(24, to: folder)
            let train =
                "$ATTUNE train --model $BASE --dataset d.csv --text-column text --label-column label --test-size 0.25 "
                + "--max-steps 6 --per-device-train-batch-size 2 --optimizer-in-backward --quiet "
            for flags in ["--output-dir memory", "--offload-to scratch/here --output-dir file"] {
                let run = try shell(train + flags, in: folder)
                #expect(run.code == 0, "\(run.errors)")
            }
            let models = try ["memory", "file"].map {
                try Data(contentsOf: folder.appending(path: "\($0)/model.safetensors"))
            }
            #expect(models[0] == models[1])
            let scratch = folder.appending(path: "scratch/here").path(percentEncoded: false)
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch).isEmpty)
            let recipe = try String(contentsOf: folder.appending(path: "file/recipe.yaml"), encoding: .utf8)
            #expect(recipe.contains("offload_to: scratch/here"))
        }
    }
}
