"""Quantizes an ONNX file to int8: dynamically by ONNX Runtime, or by NNCF for OpenVINO with texts for calibration.

    python3 reference_quantize.py onnxruntime IN.onnx OUT.onnx
    python3 reference_quantize.py openvino IN.onnx OUT.xml --model MODEL_FOLDER --rows ROWS.jsonl [--max-length 256] [--texts 300]

Needs onnxruntime and onnx, or openvino, nncf, tokenizers and numpy. Both take their own defaults for transformers.
"""

import argparse
import json
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("runtime", choices=["onnxruntime", "openvino"])
parser.add_argument("source")
parser.add_argument("out")
parser.add_argument("--model", type=pathlib.Path)
parser.add_argument("--rows", type=pathlib.Path, help="rows of training, none of which is predicted later")
parser.add_argument("--max-length", type=int, default=256)
parser.add_argument("--texts", type=int, default=300)
options = parser.parse_args()


def by_onnxruntime():
    from onnxruntime.quantization import quantize_dynamic
    quantize_dynamic(options.source, options.out)


def by_openvino():
    import nncf
    import numpy
    import openvino
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(options.model / "tokenizer.json"))
    tokenizer.enable_truncation(options.max_length)
    tokenizer.no_padding()
    with open(options.rows) as file:
        texts = [json.loads(line)["text"] for line in file]
    texts = texts[::max(1, len(texts) // options.texts)][:options.texts]
    model = openvino.Core().read_model(options.source)
    names = [value.get_any_name() for value in model.inputs]

    def inputs(text):
        ids = numpy.array([tokenizer.encode(text).ids], dtype=numpy.int64)
        values = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
        return {name: values[name] for name in names}

    quantized = nncf.quantize(model, nncf.Dataset(texts, inputs), model_type=nncf.ModelType.TRANSFORMER,
                              subset_size=len(texts))
    openvino.save_model(quantized, options.out, compress_to_fp16=False)


by_onnxruntime() if options.runtime == "onnxruntime" else by_openvino()
