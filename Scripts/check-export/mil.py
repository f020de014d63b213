"""Computes Core ML's ML programs operation by operation in NumPy, on any system.

The operations are those that Attune writes, as coremltools documents them for iOS 16.
"""

import math
import pathlib

import numpy as np
from coremltools.libmilstoragepython import _BlobStorageReader
from coremltools.proto import MIL_pb2

NUMBERS = {MIL_pb2.FLOAT16: np.float16, MIL_pb2.FLOAT32: np.float32, MIL_pb2.INT32: np.int32, MIL_pb2.BOOL: np.bool_}
FLOATS = (np.float16, np.float32)
CASTS = {"fp16": np.float16, "fp32": np.float32, "int32": np.int32, "bool": np.bool_}
error_function = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x, mode):
    if mode == "TANH_APPROXIMATION":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    assert mode == "EXACT", mode
    return 0.5 * x * (1 + error_function(x / math.sqrt(2)).astype(x.dtype))


def softmax(x, axis):
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def layer_norm(x, axes, gamma, epsilon, beta=0):
    assert list(axes) == [-1], axes
    centered = x - x.mean(axis=-1, keepdims=True)
    return centered / np.sqrt((centered**2).mean(axis=-1, keepdims=True) + epsilon) * gamma + beta


def conv(x, weight, strides, pad_type, pad, dilations, groups, bias=None):
    assert pad_type == "custom" and list(strides) == [1] and list(dilations) == [1]
    padded = np.pad(x, ((0, 0), (0, 0), tuple(pad)))
    length = padded.shape[2] - weight.shape[2] + 1
    own, outputs = x.shape[1] // groups, weight.shape[0] // groups
    parts = []
    for group in range(groups):
        part = padded[:, group * own:(group + 1) * own]
        kernel = weight[group * outputs:(group + 1) * outputs]
        parts.append(sum(np.einsum("oc,bcs->bos", kernel[:, :, tap], part[:, :, tap:tap + length])
                         for tap in range(weight.shape[2])))
    result = np.concatenate(parts, axis=1)
    return result if bias is None else result + bias[:, None]


def slice_by_index(x, begin, end, begin_mask, end_mask):
    return x[tuple(slice(None if skips_begin else first, None if skips_end else last)
                   for first, last, skips_begin, skips_end in zip(begin, end, begin_mask, end_mask))]


def matmul(x, y, transpose_x, transpose_y):
    return np.matmul(np.swapaxes(x, -1, -2) if transpose_x else x, np.swapaxes(y, -1, -2) if transpose_y else y)


def cumsum(x, axis, exclusive, reverse):
    assert not exclusive and not reverse
    return np.cumsum(x, axis=axis)


def gather(x, indices, axis, batch_dims):
    assert batch_dims == 0
    return np.take(x, indices, axis=axis)


def reduction(function):
    return lambda x, axes, keep_dims: function(x, axis=tuple(axes), keepdims=bool(keep_dims))


OPERATIONS = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "real_div": lambda x, y: x / y,
    "floor_div": lambda x, y: x // y,
    "maximum": lambda x, y: np.maximum(x, y),
    "minimum": lambda x, y: np.minimum(x, y),
    "equal": lambda x, y: x == y,
    "less_equal": lambda x, y: x <= y,
    "greater": lambda x, y: x > y,
    "logical_and": lambda x, y: x & y,
    "logical_or": lambda x, y: x | y,
    "logical_not": lambda x: ~x,
    "exp": lambda x: np.exp(x),
    "tanh": lambda x: np.tanh(x),
    "sin": lambda x: np.sin(x),
    "cos": lambda x: np.cos(x),
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": gelu,
    "log": lambda x, epsilon: np.log(x + epsilon),
    "rsqrt": lambda x, epsilon: 1 / np.sqrt(x + epsilon),
    "clip": lambda x, alpha, beta: np.clip(x, alpha, beta),
    "identity": lambda x: x,
    "softmax": softmax,
    "layer_norm": layer_norm,
    "linear": lambda x, weight, bias=0: x @ weight.T + bias,
    "matmul": matmul,
    "conv": conv,
    "reshape": lambda x, shape: x.reshape(tuple(shape)),
    "transpose": lambda x, perm: x.transpose(tuple(perm)),
    "expand_dims": lambda x, axes: np.expand_dims(x, tuple(axes)),
    "slice_by_index": slice_by_index,
    "concat": lambda values, axis, interleave: np.concatenate(values, axis=axis),
    "tile": lambda x, reps: np.tile(x, tuple(reps)),
    "gather": gather,
    "gather_along_axis": lambda x, indices, axis: np.take_along_axis(x, indices, axis=axis),
    "shape": lambda x: np.array(x.shape, np.int32),
    "range_1d": lambda end, start, step: np.arange(start, end, step, dtype=np.int32),
    "reduce_sum": reduction(np.sum),
    "reduce_mean": reduction(np.mean),
    "reduce_argmax": lambda x, axis, keep_dims: np.argmax(x, axis=axis).astype(np.int32),
    "cumsum": cumsum,
    "cast": lambda x, dtype: x.astype(CASTS[dtype]) if x.dtype != CASTS[dtype] else x,
}


class Program:
    """An ML program with its constants."""

    def __init__(self, spec, weights):
        """Reads the main function of a model; `weights` is the package's folder of weights."""
        function = spec.mlProgram.functions["main"]
        self.block = function.block_specializations[function.opset]
        self.readers, self.weights = {}, pathlib.Path(weights)
        self.constants, self.operations = {}, []
        for operation in self.block.operations:
            if operation.type == "const":
                self.constants[operation.outputs[0].name] = self.constant(operation.attributes["val"])
            else:
                assert operation.type in OPERATIONS, f"{operation.type} is not implemented"
                self.operations.append(operation)

    def constant(self, value):
        """The elements of a constant."""
        kind = value.type.tensorType
        shape = [size.constant.size for size in kind.dimensions]
        if value.WhichOneof("value") == "blobFileValue":
            name = value.blobFileValue.fileName.split("/")[-1]
            if name not in self.readers:
                self.readers[name] = _BlobStorageReader(str(self.weights / name))
            reader, offset = self.readers[name], value.blobFileValue.offset
            if kind.dataType == MIL_pb2.FLOAT16:
                numbers = np.frombuffer(reader.read_fp16_data(offset).tobytes(), np.float16)
            else:
                numbers = np.asarray(reader.read_float_data(offset), np.float32)
            return numbers.reshape(shape)
        tensor = value.immediateValue.tensor
        values = getattr(tensor, tensor.WhichOneof("value")).values
        if kind.dataType == MIL_pb2.STRING:
            return values[0]
        if kind.dataType == MIL_pb2.FLOAT16:
            return np.frombuffer(values, np.float16).reshape(shape)
        return np.array(values, NUMBERS[kind.dataType]).reshape(shape)

    @property
    def is_float16(self):
        """Whether states are float16."""
        return any(output.type.tensorType.dataType == MIL_pb2.FLOAT16
                   for operation in self.operations for output in operation.outputs)

    def output(self, inputs, rounds):
        """Returns the first output for arrays by name.

        All floating-point operations are computed in float64. If `rounds`, each result is rounded to its own type, as devices do
        at least.
        """
        def widened(value):
            return value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.type in FLOATS else value

        results = {name: widened(value) for name, value in self.constants.items()} | inputs
        last = {}
        for place, operation in enumerate(self.operations):
            for argument in operation.inputs.values():
                last.update({binding.name: place for binding in argument.arguments})
        for place, operation in enumerate(self.operations):
            self.compute(operation, results, rounds)
            for argument in operation.inputs.values():
                for binding in argument.arguments:
                    if last[binding.name] == place and binding.name not in self.block.outputs:
                        results.pop(binding.name, None)
        return results[self.block.outputs[0]]

    def compute(self, operation, results, rounds):
        """Adds the result of an operation."""
        arguments = {}
        for name, argument in operation.inputs.items():
            values = [results[binding.name] for binding in argument.arguments]
            arguments[name] = values if name == "values" else values[0]
        output = operation.outputs[0]
        kind = NUMBERS[output.type.tensorType.dataType]
        if operation.type == "cast" and kind in FLOATS:
            value = arguments["x"].astype(np.float64)
        else:
            with np.errstate(over="ignore"):
                value = np.asarray(OPERATIONS[operation.type](**arguments))
        if kind in FLOATS:
            with np.errstate(over="ignore"):
                value = (value.astype(kind) if rounds else value).astype(np.float64)
        else:
            assert value.dtype.kind == np.dtype(kind).kind, f"{output.name} is {value.dtype} instead of {kind}"
            # NumPy sums whole numbers in 64 bits.
            value = value.astype(kind)
        sizes = [size.constant.size if size.HasField("constant") else None for size in output.type.tensorType.dimensions]
        assert len(sizes) == value.ndim and all(size in (None, own) for size, own in zip(sizes, value.shape)), \
            f"{output.name} has shape {value.shape} instead of {sizes}"
        results[output.name] = value
