"""Rewrites a GGUF file with its feed-forward output matrices in Q4_K, in which llama.cpp stores most models.

    python make_q4k.py IN.gguf OUT.gguf        (needs numpy and gguf)
"""

import sys

import gguf
import numpy as np
from gguf.quants import dequantize


def q4_k(values):
    """Blocks of 256 values with eight scales and minima of six bits; [rows, columns] to bytes."""
    x = values.astype(np.float32).reshape(-1, 8, 32)
    low = np.minimum(x.min(-1), 0)
    step = (x.max(-1) - low) / 15
    d, dmin = step.max(-1, keepdims=True) / 63, (-low).max(-1, keepdims=True) / 63
    d16, m16 = d.astype(np.float16), dmin.astype(np.float16)

    def divisor(numbers):
        return np.where(numbers == 0, 1, numbers).astype(np.float32)

    sc = np.clip(np.rint(step / divisor(d16)), 0, 63).astype(np.uint8)
    mn = np.clip(np.rint(-low / divisor(m16)), 0, 63).astype(np.uint8)
    scale, offset = d16.astype(np.float32) * sc, m16.astype(np.float32) * mn
    q = np.clip(np.rint((x + offset[..., None]) / divisor(scale)[..., None]), 0, 15).astype(np.uint8)
    packed = np.zeros((len(x), 12), np.uint8)
    packed[:, :4] = sc[:, :4] | ((sc[:, 4:] >> 4) << 6)
    packed[:, 4:8] = mn[:, :4] | ((mn[:, 4:] >> 4) << 6)
    packed[:, 8:] = (sc[:, 4:] & 15) | ((mn[:, 4:] & 15) << 4)
    pairs = q.reshape(-1, 4, 2, 32)
    nibbles = (pairs[:, :, 0] | (pairs[:, :, 1] << 4)).reshape(len(x), 128)
    return np.concatenate([d16.view(np.uint8), m16.view(np.uint8), packed, nibbles], 1).reshape(values.shape[0], -1)


def main(source, target):
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.get_field("general.architecture").contents())
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        kind = field.types[0]
        element = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=element)
    worst = 0
    for tensor in reader.tensors:
        if not tensor.name.endswith("ffn_down.weight"):
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        values = dequantize(tensor.data, tensor.tensor_type)
        data = q4_k(values)
        back = dequantize(data, gguf.GGMLQuantizationType.Q4_K)
        worst = max(worst, np.abs(back - values).max() / np.abs(values).max())
        writer.add_tensor(tensor.name, data, raw_dtype=gguf.GGMLQuantizationType.Q4_K)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f"largest error: {worst:.1%} of the largest value")


if __name__ == "__main__":
    main(*sys.argv[1:])
