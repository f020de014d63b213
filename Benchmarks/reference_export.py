"""Exports transformers' classifier to ONNX by torch.onnx, with the operators of ONNX Runtime's optimizer for BERT if that works.

    python3 reference_export.py MODEL_FOLDER OUT.onnx

Needs torch, transformers, onnx, onnxscript and onnxruntime. Prints what it wrote.
"""

import json
import pathlib
import sys

import torch
import transformers

folder, out = map(pathlib.Path, sys.argv[1:])
transformers.logging.set_verbosity_error()
model = transformers.AutoModelForSequenceClassification.from_pretrained(
    folder, dtype=torch.float32, attn_implementation="eager").eval()
config = json.loads((folder / "config.json").read_text())
names = ["input_ids", "attention_mask"]
ids = torch.full((2, 16), 5, dtype=torch.int64)
axes = {name: {0: "batch", 1: "sequence"} for name in names} | {"logits": {0: "batch"}}


class Classifier(torch.nn.Module):
    """The model with positional arguments, and logits as its only result."""

    def __init__(self):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits


for dynamo in [False, True]:  # the older exporter's graphs are those that the optimizer knows
    try:
        torch.onnx.export(Classifier(), (ids, torch.ones_like(ids)), str(out), input_names=names, output_names=["logits"],
                          dynamic_axes=axes, opset_version=17 if not dynamo else 18, dynamo=dynamo, external_data=False)
        break
    except Exception as error:
        print(f"torch.onnx with dynamo={dynamo} failed: {str(error).splitlines()[0]}", file=sys.stderr)
else:
    sys.exit("torch.onnx could not export the model")
try:
    from onnxruntime.transformers.optimizer import optimize_model
    optimized = optimize_model(str(out), model_type="bert", num_heads=config["num_attention_heads"],
                               hidden_size=config["hidden_size"])
    optimized.save_model_to_file(str(out))
    print(f"optimized: {optimized.get_fused_operator_statistics()}")
except Exception as error:
    print(f"not optimized: {error}")
