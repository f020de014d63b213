"""The tokenizers library's side of Benchmarks/tokenizers, and the input of both sides.

prepare FOLDER DATASETS GGUF SHARE   writes corpus.bin and smollm2.json into FOLDER; SHARE of the texts, 1 for all
measure CORPUS TOKENIZER.json SECONDS THREADS   prints measure<TAB>value lines
"""

import array
import csv
import os
import pathlib
import struct
import sys
import time
import zlib

FILES = ["20newsgroups-train", "20newsgroups-test", "reuters-r52-train", "reuters-r52-test", "friends-transcripts"]


def texts_of(path):
    """Reads the texts of an Orange file: the column of type string, below three header rows."""
    csv.field_size_limit(1 << 30)
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t")
        names, types, _ = next(rows), next(rows), next(rows)
        column = types.index("string")
        return [row[column] for row in rows if len(row) == len(names)]


def prepare(folder, datasets, gguf_file, share):
    """Writes the input of both sides."""
    folder = pathlib.Path(folder)
    texts = [text for name in FILES for text in texts_of(pathlib.Path(datasets) / f"{name}.tab")]
    texts = texts[:: max(1, round(1 / float(share)))]
    encoded = [text.encode() for text in texts]
    with open(folder / "corpus.bin", "wb") as out:
        out.write(struct.pack(f"<{len(encoded) + 1}I", len(encoded), *map(len, encoded)))
        out.write(b"".join(encoded))
    print(f"{len(texts)} texts, {sum(map(len, encoded)) / 1e6:.1f} MB")
    if os.path.exists(gguf_file):
        write_smollm2(gguf_file, folder / "smollm2.json")


def write_smollm2(gguf_file, path):
    """Writes SmolLM2's original tokenizer.json, made from the vocabulary in a GGUF file."""
    import gguf
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    fields = gguf.GGUFReader(gguf_file).fields

    def values(name):
        field = fields[f"tokenizer.ggml.{name}"]
        return [field.parts[index] for index in field.data]

    tokens = [bytes(part).decode() for part in values("tokens")]
    merges = [tuple(bytes(part).decode().split(" ")) for part in values("merges")]
    kinds = [int(part[0]) for part in values("token_type")]
    tokenizer = Tokenizer(models.BPE(vocab={token: id for id, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False) for token, kind in zip(tokens, kinds) if kind == 3]
    )
    tokenizer.save(str(path), pretty=True)


def corpus(path):
    data = pathlib.Path(path).read_bytes()
    count = struct.unpack_from("<I", data)[0]
    at, texts = 4 * (count + 1), []
    for length in struct.unpack_from(f"<{count}I", data, 4):
        texts.append(data[at : at + length].decode())
        at += length
    return texts


def timed(body):
    start = time.perf_counter()
    made = body()
    taken = time.perf_counter() - start
    del made
    return taken


def measure(path, json_file, seconds, threads):
    """Measures with a new tokenizer for each run, so that its cache is empty, as on our side."""
    os.environ["RAYON_NUM_THREADS"] = threads
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if int(threads) > 1 else "false"
    from tokenizers import Tokenizer

    def fresh():
        tokenizer = Tokenizer.from_file(json_file)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def best(name):
        times = []
        while sum(times) < float(seconds) or len(times) < 2:
            encode = getattr(fresh(), name)
            times.append(timed(lambda: encode(texts)))
        return size / min(times) / 1e6

    texts = corpus(path)
    size = sum(len(text.encode()) for text in texts)
    if threads == "1":
        print(f"open\t{1000 * min(timed(lambda: Tokenizer.from_file(json_file)) for _ in range(7))}")
        ids = array.array("i")
        for encoding in fresh().encode_batch_fast(texts):
            ids.extend(encoding.ids)
        print(f"tokens\t{len(ids)}")
        print(f"checksum\t{zlib.adler32(ids.tobytes())}")
    print(f"ids{threads}\t{best('encode_batch_fast')}")
    print(f"offsets{threads}\t{best('encode_batch')}")


if __name__ == "__main__":
    {"prepare": prepare, "measure": measure}[sys.argv[1]](*sys.argv[2:])
