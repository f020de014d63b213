#!/usr/bin/env python3
"""Computes, and does not measure, the speed of 8 × 8 GPUs for some models: the table in docs/several-machines.md.

    Benchmarks/distributed/on_paper.py [--nodes 8] [--gpus 8] [--tflops 400] [--sustained 0.4] [--network-gbit 200 25] [--nvlink 400]
        [--latency-us 100] [--overlap 1.0] [--batch …] [--check]

Only Python. The model of a step:

    compute     texts · tokens · products · weights / (tflops · sustained): two products of the forward pass, four of the backward
                pass for trained weights, two for frozen ones, and two more with gradient checkpointing
    exchange    ring all-reduce in two levels: inside a node 2 (G − 1) / G · P bytes over NVLink, of which each GPU then has 1 / G, and
                between nodes 2 (N − 1) / N · P / G bytes over the GPU's share of the network; P bytes of gradients, G GPUs in each of N
                nodes. ZeRO-3 sends gradients once, not twice, and gathers weights twice, (G − 1) / G and (N − 1) / N of them each time
    latency     of each operation of 25 MiB, the size of a bucket
    hidden      what runs while the backward pass computes: at most its time, 2/3 of compute (3/4 with checkpointing), times --overlap. Not
                hidden are the last bucket and the token embedding, whose gradients are complete at the end of the backward pass. ZeRO-3
                also hides weights behind the forward pass
    step        compute + exchange − hidden

--overlap is the part of the backward pass that an exchange can really use, and --latency-us the time of a sum of a few bytes. Both can be
taken from measurements: Scripts/check-distributed/overlap prints the hidden part, `attune doctor --distributed` the time of a small sum.

Left out: attention's products, the input of data, the update of weights, and stragglers. Several processes of Attune compute on CPUs, and
no GPU was measured; the table shows what the exchange would allow with this program's bytes (docs/several-machines.md, Network). Nearly all
rows of an embedding are used by 262,144 tokens, so they are exchanged whole. --check compares the formulas with simple cases, and exits
with 1 if one is wrong.
"""

import argparse
import dataclasses
import math
import sys

BUCKET = 25 * 1_048_576


@dataclasses.dataclass
class Model:
    """A training job: its weights, what is exchanged, and a GPU's part of a step."""
    name: str
    # The weights that multiply each token, and the part of them that is trained.
    weights: float
    is_trained: bool
    # The values whose gradients are exchanged in buckets, and those of the token embedding, after the backward pass.
    exchanged: float
    embedding: float
    texts: int
    tokens: int
    has_checkpointing: bool = False
    # The weights that are divided among all GPUs (ZeRO-3), which `exchanged` does not count.
    divided: float = 0

    def flops(self):
        """The operations of a GPU's part of a step."""
        passes = 2 + (4 if self.is_trained else 2) + (2 if self.has_checkpointing else 0)
        return self.texts * self.tokens * passes * self.weights

    def backward(self):
        """The part of the time in which the backward pass runs."""
        forward, backward = 2, (4 if self.is_trained else 2) + (2 if self.has_checkpointing else 0)
        return backward / (forward + backward)


MODELS = [
    # 6 blocks of 384, and 30,522 rows.
    Model("MiniLM, all 22.7 M weights", 10.8e6, True, 10.8e6, 30_522 * 384, 32, 128),
    # 30 blocks of 576, and 49,152 rows.
    Model("SmolLM2, all 135 M weights", 106.2e6, True, 106.2e6, 49_152 * 576, 16, 256),
    # 32 blocks of 3,072. LoRA r 16 on all linear layers: 16 · (inputs + outputs) of four layers in each block.
    Model("Phi-3-mini, LoRA r 16", 3_624e6, False, 32 * 16 * 49_152, 0, 8, 512, has_checkpointing=True),
    # 32,064 rows; blocks in bfloat16.
    Model("Phi-3-mini, all 3.7 G weights, ZeRO-3", 3_624e6, True, 0, 32_064 * 3_072, 8, 512, has_checkpointing=True, divided=3_624e6),
]


@dataclasses.dataclass
class Cluster:
    """Nodes with equal GPUs; bytes per second of a GPU inside its node and between nodes, and seconds of a small operation."""
    nodes: int
    gpus: int
    flops: float
    inside: float
    between: float
    latency: float

    def ring(self, count, factor=2):
        """The part of the bytes that each of `count` members of a ring sends, in `factor` rounds."""
        return factor * (count - 1) / count

    def levels(self, size, factor=2):
        """The seconds of an exchange of `size` bytes in two levels: within the nodes, and of each GPU's part between them."""
        inside = self.ring(self.gpus, factor) * size / self.inside
        return inside + self.ring(self.nodes, factor) * size / self.gpus / self.between

    def seconds(self, size, factor=2):
        """The seconds of an exchange in buckets."""
        return self.levels(size, factor) + math.ceil(size / BUCKET) * self.latency


def step(model, cluster, overlap):
    """The seconds of a step: compute, exchange, and the part of the exchange that is not hidden."""
    compute = model.flops() / cluster.flops
    backward = overlap * model.backward() * compute
    sums, late = cluster.seconds(4 * model.exchanged), cluster.seconds(4 * model.embedding)
    # Gradients of divided weights are sent once, in float32, and weights in bfloat16 are gathered in each pass.
    reduced, gathered = cluster.seconds(4 * model.divided, 1), cluster.seconds(2 * model.divided, 1)
    last = cluster.seconds(min(4 * model.exchanged, BUCKET)) + cluster.seconds(min(4 * model.divided, BUCKET), 1)
    visible = max(gathered - overlap * (1 - model.backward()) * compute, 0)
    visible += max(sums + reduced + gathered - backward, last) + late
    return compute, sums + late + reduced + 2 * gathered, visible


def table(options):
    speeds = [f"{speed:g} Gbit/s" for speed in options.network_gbit]
    print(f"{options.nodes} × {options.gpus} GPUs of {options.tflops:g} TFLOP/s, {100 * options.sustained:.0f} % of them sustained; NVLink "
          f"{options.nvlink:g} GB/s, {options.latency_us:g} µs an operation, overlap {100 * options.overlap:.0f} %; per GPU "
          f"{' or '.join(speeds)} between nodes. Computed, not measured.\n")
    print("| model | a GPU's texts × tokens | compute ms | exchanged MB | "
          + " | ".join(f"exchange ms, {speed} | step ms | efficiency" for speed in speeds) + " |")
    print("|---|---:|---:|---:|" + "---:|---:|---:|" * len(speeds))
    for model in MODELS:
        cells = []
        for speed in options.network_gbit:
            compute, exchange, visible = step(model, cluster(options, speed), options.overlap)
            whole = compute + visible
            cells.append(f"{1e3 * exchange:,.1f} | {1e3 * whole:,.1f} | {100 * compute / whole:.0f} %")
        size = 4 * (model.exchanged + model.embedding) + (4 + 2 * 2) * model.divided
        print(f"| {model.name} | {model.texts} × {model.tokens} | {1e3 * compute:,.1f} | {size / 1e6:,.0f} | {' | '.join(cells)} |")


def cluster(options, gbit):
    return Cluster(options.nodes, options.gpus, options.tflops * 1e12 * options.sustained, options.nvlink * 1e9, gbit * 1e9 / 8,
                   options.latency_us * 1e-6)


def check():
    """Compares the formulas with cases that can be computed in the head; returns faults."""
    model = Model("a", 1e9, True, 1e9, 0, 10, 100)
    faults = []

    def expect(name, value, wanted):
        if not math.isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-12):
            faults.append(f"{name}: {value!r} instead of {wanted!r}")

    one = Cluster(1, 1, 1e12, 1e9, 1e9, 0)
    # 1,000 tokens · 6 · 10⁹ operations, and nothing to exchange.
    for name, value, wanted in zip(("compute", "exchange", "visible"), step(model, one, 1), (6, 0, 0)):
        expect(f"one GPU, {name}", value, wanted)
    flat = Cluster(2, 1, 1e12, 1e9, 1e9, 0)
    # Two of them send each byte of 4 GB once: 4 s, all but the last bucket behind the 4 s of the backward pass.
    compute, exchange, visible = step(model, flat, 1)
    expect("two GPUs, exchange", exchange, 4)
    expect("two GPUs, visible", visible, BUCKET / 1e9)
    expect("without overlap", step(model, flat, 0)[2], 4)
    # In two levels of two: 4 s inside, and half of the bytes between.
    expect("four GPUs", step(model, Cluster(2, 2, 1e12, 1e9, 1e9, 0), 0)[1], 4 + 2)
    # 4 GB are 153 buckets.
    expect("latency", step(model, Cluster(1, 2, 1e12, 1e9, 1e9, 1), 0)[1], 4 + 153)
    # An embedding of 0.4 GB comes after the backward pass.
    late = dataclasses.replace(model, embedding=1e8)
    expect("embedding", step(late, flat, 1)[2], BUCKET / 1e9 + 0.4)
    frozen = dataclasses.replace(model, is_trained=False)
    expect("frozen weights", frozen.flops(), 4 / 6 * model.flops())
    expect("checkpointing", dataclasses.replace(model, has_checkpointing=True).flops(), 8 / 6 * model.flops())
    # Weights of 2 GB are gathered twice, and 4 GB of gradients are sent once: half of each byte crosses.
    divided = Model("b", 1e9, True, 0, 0, 10, 100, divided=1e9)
    expect("ZeRO-3", step(divided, flat, 0)[1], 2 * 1 + 2)
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--gpus", type=int, default=8, help="in each node")
    parser.add_argument("--tflops", type=float, default=400, help="of a GPU in bfloat16")
    parser.add_argument("--sustained", type=float, default=0.4, help="the part of it that training reaches")
    parser.add_argument("--network-gbit", type=float, nargs="+", default=[200, 25], help="of a GPU to other nodes")
    parser.add_argument("--nvlink", type=float, default=400, help="GB/s that a GPU sends inside its node")
    parser.add_argument("--latency-us", type=float, default=100, help="of an exchange of a few bytes")
    parser.add_argument("--overlap", type=float, default=1, help="the part of the backward pass behind which an exchange can run")
    parser.add_argument("--batch", type=int, help="texts of a GPU, for all models")
    parser.add_argument("--check", action="store_true", help="check the formulas")
    options = parser.parse_args()
    if options.check:
        faults = check()
        for fault in faults:
            print(f"FAULT: {fault}")
        print("the formulas hold" if not faults else f"{len(faults)} faults")
        sys.exit(1 if faults else 0)
    if options.batch:
        for model in MODELS:
            model.texts = options.batch
    table(options)


main()
