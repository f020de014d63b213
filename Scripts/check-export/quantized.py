"""Reads the rounded weights of quantized ONNX files, so that a float32 model can compute with them."""

import numpy as np
import onnx
from onnx import numpy_helper

from exports import Failed

# Codes of 4 bits per block of a row.
BLOCK = 32


def arrays(model):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def four_bits(codes, scales, width):
    """The values of MatMulNBits' matrix, [inputs, outputs], and the step of each."""
    outputs, blocks, _ = codes.shape
    # The first of two elements has the lower four bits.
    found = np.stack([codes & 15, codes >> 4], -1).reshape(outputs, blocks, BLOCK).astype(np.float32) - 8
    scales = scales.reshape(outputs, blocks, 1)
    steps = np.broadcast_to(np.abs(scales), found.shape)
    return ((found * scales).reshape(outputs, -1)[:, :width].T, steps.reshape(outputs, -1)[:, :width].T)


def plainly_rounded(original):
    """The matrix in 4 bits if the largest element of every block is the code -8."""
    inputs, outputs = original.shape
    blocks = np.zeros((outputs, -(-inputs // BLOCK) * BLOCK), np.float32)
    blocks[:, :inputs] = original.T
    blocks = blocks.reshape(outputs, -1, BLOCK)
    largest = np.take_along_axis(blocks, np.abs(blocks).argmax(-1, keepdims=True), -1)
    scale = np.where(largest == 0, 1, largest / -8)
    return (np.clip(np.rint(blocks / scale), -8, 7) * scale).reshape(outputs, -1)[:, :inputs].T


def dequantized(model, originals):
    """The rounded weights by their names, each with the greatest permitted error of its elements."""
    found, tensors = {}, arrays(model)
    for name, original in originals.items():
        if f"{name}_Q4" in tensors:
            rounded, steps = four_bits(tensors[f"{name}_Q4"], tensors[f"{name}_scales"], original.shape[0])
            if np.square(rounded - original).sum() > np.square(plainly_rounded(original) - original).sum() * 1.0001:
                raise Failed(f"{name} has larger errors than with plain rounding")
            # Codes are -8…7 times a scale of either sign, and the scale with the smallest squared errors cuts single elements.
            found[name] = rounded, 2 * steps
        elif f"{name}_quantized" in tensors:
            codes, scale = tensors[f"{name}_quantized"], tensors[f"{name}_scale"]
            # Unsigned codes have 128 for zero.
            codes = codes.astype(np.float32) - (128 if codes.dtype == np.uint8 else 0)
            found[name] = codes * scale, np.broadcast_to(scale, original.shape) / 2
    return found


def with_rounded_weights(plain, quantized, output):
    """Writes the float32 file with the weights of the quantized file, after comparing them.

    Returns how many there are.
    """
    model, other = onnx.load(plain), onnx.load(quantized)
    originals = {name: values for name, values in arrays(model).items() if values.dtype == np.float32}
    rounded = dequantized(other, originals)
    for name, (values, limits) in rounded.items():
        error = np.abs(values - originals[name]) - limits
        # The division by the scale is itself rounded.
        if values.shape != originals[name].shape or not (error <= 1e-5 * np.abs(originals[name]).max()).all():
            raise Failed(f"{name} is rounded by too much: {error.max():.1e} above {limits.max():.1e}")
    for tensor in model.graph.initializer:
        if tensor.name in rounded:
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(rounded[tensor.name][0], np.float32), tensor.name))
    onnx.save(model, output)
    return len(rounded)


def with_exact_states(quantized, output):
    """Writes the file so that MatMulNBits computes with states in float32 instead of 8 bits."""
    model = onnx.load(quantized)
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "MatMulNBits" and attribute.name == "accuracy_level":
                attribute.i = 1
    onnx.save(model, output)
