import Attune
import Foundation
import JSON

/// A Python program that compares a model in transformers with its `parity.json`.
struct VerifyingPython {
    /// The place of the model and its adapter.
    let model: ClassifierPlace
    /// The folder with the `parity.json`.
    let record: String

    /// The program.
    var text: String {
        """
        import json
        import pathlib

        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        folder = \(quoted(model.first))
        record = json.loads(pathlib.Path(\(quoted(record)), "\(ParityRecord.fileName)").read_text(encoding="utf-8"))
        tokenizer = AutoTokenizer.from_pretrained(folder)
        \(loading)
        largest = 0.0
        for row in record["texts"]:
            inputs = tokenizer(row["text"], row.get("text_pair"), return_tensors="pt", max_length=record["max_length"],
                               truncation=record["max_length"] is not None)
            with torch.no_grad():
                logits = model(**inputs).logits[0].float()
            expected = torch.tensor(row["logits"])
            difference = ((logits - expected).abs() / expected.abs().clamp(min=1)).max().item()
            if inputs["input_ids"].shape[1] != row["tokens"] or logits.argmax() != expected.argmax():
                print("differs:", row["text"][:60])
            largest = max(largest, difference)
        print("largest difference of a logit:", largest)

        """
    }

    private var loading: String {
        guard let base = model.base else {
            return
                "model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()"
        }
        return """
            from peft import PeftModel

            base = AutoModelForSequenceClassification.from_pretrained(
                \(quoted(base)), num_labels=len(record["labels"]), dtype=torch.float32)
            if base.config.pad_token_id is None:
                base.config.pad_token_id = tokenizer.pad_token_id
            model = PeftModel.from_pretrained(base, folder).eval()
            """
    }

    /// A text as a Python string.
    private func quoted(_ text: String) -> String { JSONValue.string(text).oneLine }
}
