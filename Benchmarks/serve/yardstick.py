"""The usual way to serve a classifier in Python, to compare with: FastAPI and uvicorn with dynamic batching.

    python3 yardstick.py MODEL_FOLDER --backend pipeline | onnx [--port 3000] [--onnx FILE] [--max-length N]

POST /predict takes {"inputs": TEXT} and answers like `attune serve`. A batch has up to 32 texts: the first one waits for others
for at most 5 ms. A worker thread computes it. Started by Benchmarks/serve/run.

`pipeline` is transformers' text-classification pipeline in float32. `onnx` is ONNX Runtime with the logits exported by
torch.onnx, in float32; --onnx is the file, which is written if it is missing.
"""

import argparse
import asyncio
import concurrent.futures
import contextlib
import pathlib

import fastapi
import numpy as np
import pydantic
import torch
import transformers
import uvicorn

BATCH, WAIT = 32, 0.005


class Pipeline:
    """transformers' pipeline."""

    def __init__(self, folder, max_length):
        self.classify = transformers.pipeline("text-classification", model=folder, dtype="float32", device="cpu", top_k=None)
        self.max_length = max_length

    def __call__(self, texts):
        return self.classify(texts, batch_size=len(texts), truncation=True, max_length=self.max_length)


class Exported(torch.nn.Module):
    """The logits as a function of ids and mask."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, return_dict=True).logits


def export(folder, file):
    """Writes the model's logits as an ONNX file, and checks them with texts of different lengths."""
    import onnxruntime
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager")
    if hasattr(model.config, "use_cache"):
        model.config.use_cache = False
    module = Exported(model.eval())
    batch = tokenizer(["one text", "another text, which is longer than the first"], padding=True, return_tensors="pt")
    inputs = (batch["input_ids"], batch["attention_mask"])
    names = {"input_names": ["input_ids", "attention_mask"], "output_names": ["logits"]}
    faults = []
    for dynamo in (True, False):
        file.unlink(missing_ok=True)
        try:
            with torch.no_grad():
                if dynamo:
                    shape = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
                    torch.onnx.export(module, inputs, str(file), dynamo=True, dynamic_shapes=(shape, shape), **names)
                else:
                    axes = {name: {0: "batch", 1: "tokens"} for name in names["input_names"]} | {"logits": {0: "batch"}}
                    torch.onnx.export(module, inputs, str(file), dynamo=False, dynamic_axes=axes, opset_version=17, **names)
                session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
                other = tokenizer(["a", "a few words", "and a third text with some more words in it"], padding=True,
                                  return_tensors="pt")
                expected = module(other["input_ids"], other["attention_mask"]).numpy()
                found = session.run(None, {name: other[name].numpy() for name in names["input_names"]})[0]
            worst = float(np.abs(found - expected).max())
            if worst < 1e-3:
                return
            faults.append(f"logits differ by {worst}")
        except Exception as error:  # Exporters fail in many ways; the other one is tried.
            faults.append(f"{type(error).__name__}: {str(error)[:500]}")
    file.unlink(missing_ok=True)
    raise SystemExit("torch.onnx cannot export this model:\n" + "\n".join(faults))


class Onnx:
    """ONNX Runtime with transformers' tokenizer."""

    def __init__(self, folder, max_length, file):
        import onnxruntime
        if not file.exists():
            export(folder, file)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        configuration = transformers.AutoConfig.from_pretrained(folder)
        self.labels = configuration.id2label
        self.is_independent = configuration.problem_type == "multi_label_classification" or configuration.num_labels == 1
        self.max_length = max_length

    def __call__(self, texts):
        batch = self.tokenizer(texts, padding=True, truncation=True, max_length=self.max_length, return_tensors="np")
        logits = self.session.run(None, {name: batch[name].astype(np.int64) for name in ("input_ids", "attention_mask")})[0]
        if self.is_independent:
            scores = 1 / (1 + np.exp(-logits))
        else:
            scores = np.exp(logits - logits.max(axis=1, keepdims=True))
            scores /= scores.sum(axis=1, keepdims=True)
        return [[{"label": self.labels[k], "score": float(row[k])} for k in np.argsort(-row)] for row in scores]


class Batcher:
    """Collects texts of concurrent requests and classifies them together in a worker thread."""

    def __init__(self, classify):
        self.classify = classify
        self.queue = asyncio.Queue()
        self.worker = concurrent.futures.ThreadPoolExecutor(1)

    async def run(self):
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self.queue.get()]
            deadline = loop.time() + WAIT
            while len(batch) < BATCH:
                try:
                    batch.append(await asyncio.wait_for(self.queue.get(), max(0, deadline - loop.time())))
                except asyncio.TimeoutError:
                    break
            try:
                answers = await loop.run_in_executor(self.worker, self.classify, [text for text, _ in batch])
                for (_, future), answer in zip(batch, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)

    async def answer(self, text):
        future = asyncio.get_running_loop().create_future()
        await self.queue.put((text, future))
        return await future


class Body(pydantic.BaseModel):
    inputs: str


def application(classify):
    holder = {}

    @contextlib.asynccontextmanager
    async def life(_):
        holder["batcher"] = Batcher(classify)
        task = asyncio.create_task(holder["batcher"].run())
        yield
        task.cancel()

    app = fastapi.FastAPI(lifespan=life)

    @app.get("/health")
    async def health():
        return {}

    @app.post("/predict")
    async def predict(body: Body):
        return await holder["batcher"].answer(body.inputs)

    return app


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--backend", choices=["pipeline", "onnx"], required=True)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--onnx", type=pathlib.Path)
    parser.add_argument("--max-length", type=int, default=512)
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    if options.backend == "pipeline":
        classify = Pipeline(options.model, options.max_length)
    else:
        classify = Onnx(options.model, options.max_length, options.onnx or pathlib.Path(options.model) / "model.onnx")
    classify(["a text to warm up"])
    uvicorn.run(application(classify), host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
