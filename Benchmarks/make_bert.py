"""Writes a small BERT with random weights and its word list, for measurements in which only sizes matter.

    python3 make_bert.py FOLDER [--hidden 128] [--layers 2]

Needs torch and transformers. The vocabulary is word0 to word499.
"""

import argparse
import pathlib

import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--hidden", type=int, default=128)
parser.add_argument("--layers", type=int, default=2)
options = parser.parse_args()

options.folder.mkdir(parents=True, exist_ok=True)
vocabulary = options.folder / "vocab.txt"
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"word{number}" for number in range(500)]
vocabulary.write_text("\n".join(words) + "\n")
BertTokenizerFast(str(vocabulary)).save_pretrained(options.folder)
torch.manual_seed(0)
BertModel(BertConfig(
    vocab_size=len(words), hidden_size=options.hidden, num_hidden_layers=options.layers,
    num_attention_heads=max(options.hidden // 64, 1), intermediate_size=2 * options.hidden,
    max_position_embeddings=128)).save_pretrained(options.folder)
