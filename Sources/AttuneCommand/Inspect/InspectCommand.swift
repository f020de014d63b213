import ArgumentParser
import Attune
import Foundation
import JSON

/// `attune inspect`.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Describes a model: parameters, types, tokenizer, labels, context, memory.",
        discussion: """
            Only headers are read, no weights, so any model takes just a moment. Models of families that Attune does not \
            support are shown, too.

            Memory is estimated, not measured: the weights in float32 or bfloat16; for prediction, twice the largest layer's \
            activations for a batch; for training, weights, gradients and AdamW's two moments in float32, without the batch's \
            activations.
            """
    )

    @Option(
        help: ArgumentHelp(
            "A folder in the Hub's layout, a .gguf or .attune file, or an id of the Hub: org/name[@revision].",
            valueName: "model"
        )
    )
    var model: String

    @Flag(help: "List every tensor: name, shape and stored type.")
    var tensors = false

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func run() throws {
        try reportingFailure(messages) {
            let inspection = try ModelInspection(path: HubPath.model(model))
            if messages.json {
                let object = InspectionJSON(inspection: inspection, listsTensors: tensors).object
                try print(JSONValue.object(object).oneLineInOrder)
            } else {
                try printFolded(InspectionText(inspection: inspection).text)
                if tensors {
                    try print("\n" + InspectionText(inspection: inspection).tensors, terminator: "")
                }
            }
        }
    }
}
