"""The baseline: transformers loads a Phi-3 classifier and scores one text; prints seconds and the logits.

    python3 reference_predict.py MODEL_FOLDER DTYPE TEXT       (DTYPE: auto, float32)
"""

import json
import sys
import time

import torch
import transformers
from transformers import AutoTokenizer, Phi3ForSequenceClassification

folder, dtype, text = sys.argv[1:]
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
start = time.perf_counter()
tokenizer = AutoTokenizer.from_pretrained(folder)
model = Phi3ForSequenceClassification.from_pretrained(folder, dtype=dtype).eval()
opened = time.perf_counter()
with torch.no_grad():
    logits = model(**tokenizer(text, return_tensors="pt", return_token_type_ids=False)).logits[0].float()
scored = time.perf_counter()
print(json.dumps({"load": opened - start, "predict": scored - opened, "logits": logits.tolist()}))
