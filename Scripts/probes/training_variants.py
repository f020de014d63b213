"""The settings of both trainers, and the small models that they start from.

A variant lists its changes to transformers' TrainingArguments; `flags` converts them for `attune train`. Four keys are ours:
`class_weights`; `faulty`, which uses transformers' loss with accumulation unchanged (`--hf-compat-ga`); `resume_at`, the step at
which both runs are stopped and resumed; and `weights_limit`, needed because rounding decides the code of a moment between two
8-bit codes, which changes it by hundredths of its block's maximum.
"""

from pathlib import Path

import transformers as t

WEIGHTS = {"HillaryClinton": 0.7, "realDonaldTrump": 0.3}
COSINE = {"lr_scheduler_type": "cosine", "warmup_steps": 12}
TWO_BY_FOUR = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 2}
ALL = {**COSINE, "class_weights": WEIGHTS, "max_grad_norm": 0.5, "weight_decay": 0.1}
VARIANTS = {
    "plain": {},
    "class weights": {"class_weights": WEIGHTS},
    "clipping": {"max_grad_norm": 0.25},
    "weight decay": {"weight_decay": 0.1},
    "cosine": COSINE,
    "accumulation": TWO_BY_FOUR,
    "accumulation, faulty": {**TWO_BY_FOUR, "faulty": True},
    "weights + accumulation": {**TWO_BY_FOUR, "class_weights": WEIGHTS},
    "weights + acc., faulty": {**TWO_BY_FOUR, "class_weights": WEIGHTS, "faulty": True},
    "all": {**ALL, **TWO_BY_FOUR},
    "all, faulty": {**ALL, **TWO_BY_FOUR, "faulty": True},
    "all, resumed at 57": {**ALL, **TWO_BY_FOUR, "resume_at": 57},
    "adamw 8-bit": {"optim": "adamw_bnb_8bit", "weight_decay": 0.1, "weights_limit": 2e-3},
}
OWN = ["class_weights", "faulty", "resume_at", "weights_limit"]
COMMON = {"max_steps": 100, "learning_rate": 2e-4, "per_device_train_batch_size": 8, "logging_steps": 1, "seed": 7}


def arguments(variant):
    """Returns the arguments of both sides, without the four keys that are ours."""
    return {**COMMON, **{key: value for key, value in VARIANTS[variant].items() if key not in OWN}}


def flags(variant):
    own = {key: VARIANTS[variant].get(key) for key in OWN}
    words = [word for key, value in arguments(variant).items() for word in ("--" + key.replace("_", "-"), str(value))]
    if own["class_weights"]:
        words += ["--class-weights", ",".join(f"{name}={weight}" for name, weight in own["class_weights"].items())]
    return words + (["--hf-compat-ga"] if own["faulty"] else [])


SMALL = dict(hidden_size=64, intermediate_size=160, num_hidden_layers=3, num_attention_heads=4,
             max_position_embeddings=512, initializer_range=0.08)
DECODER = dict(SMALL, num_key_value_heads=2)
# The configuration's class, its values, and the model that provides the tokenizer.
MODELS = {
    "llama": (t.LlamaConfig, DECODER, "smollm2"),
    "phi3": (t.Phi3Config, dict(DECODER, resid_pdrop=0.0, embd_pdrop=0.0, attention_dropout=0.0), "smollm2"),
    "qwen3": (t.Qwen3Config, dict(DECODER, head_dim=16), "smollm2"),
    "bert": (t.BertConfig, dict(SMALL, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0), "minilm"),
}


def write_model(name, sources, folder):
    """Writes a random classifier with a real tokenizer, which both sides load."""
    make, values, source = MODELS[name]
    if source == "minilm":
        tokenizer = t.AutoTokenizer.from_pretrained(sources.minilm)
    else:
        path = Path(sources.smollm2)
        tokenizer = t.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    labels = dict(enumerate(sorted(WEIGHTS)))
    config = make(**values, vocab_size=len(tokenizer), id2label=labels,
                  label2id={label: number for number, label in labels.items()}, pad_token_id=tokenizer.pad_token_id,
                  bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id)
    t.set_seed(len(name))
    t.AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
