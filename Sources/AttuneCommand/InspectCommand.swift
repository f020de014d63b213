import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune inspect`.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Tells what a model is: parameters, types, tokenizer, labels, context, memory.",
        discussion: """
            Nothing is computed and no weight is read, so it takes a moment for any size; a family that Attune does not \
            know is shown all the same.

              attune inspect --model SmolLM2-135M.gguf
              attune inspect --model runs/tweets --tensors

            Memory is estimated, not measured: weights in float32 or bfloat16, twice the largest layer's values for a batch \
            to predict, and for training weights, gradients and AdamW's two moments in float32. What training keeps of a \
            batch comes on top.
            """
    )

    @Option(
        help: ArgumentHelp(
            "A model's folder in the Hub's layout, a .gguf file, or an id of the Hub: org/name[@revision].",
            valueName: "model"
        )
    )
    var model: String

    @Flag(help: "List every tensor: name, shape and how it is stored.")
    var tensors = false

    @Flag(help: "One JSON object instead of text.")
    var json = false

    func run() throws {
        try reportingFailure {
            let inspection = try ModelInspection(path: HubPath.model(model))
            if json {
                let object = InspectionJSON(inspection: inspection, listsTensors: tensors).object
                try print(JSONValue.object(object).oneLineInOrder)
            } else {
                try print(InspectionText(inspection: inspection).text, terminator: "")
                if tensors {
                    try print("\n" + InspectionText(inspection: inspection).tensors, terminator: "")
                }
            }
        }
    }
}
