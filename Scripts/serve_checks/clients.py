"""Rows: the clients that people have, unchanged."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from serve_checks.trial import SECRET, Skip, by_label, close, equal, predict, require, row

TEXT = "good news from the front page"


@row("huggingface_hub InferenceClient: text_classification")
def plain_client(trial):
    from huggingface_hub import InferenceClient
    server = trial.server()
    found = InferenceClient(model=server.url).text_classification(TEXT)
    close(by_label([{"label": e.label, "score": e.score} for e in found]), trial.expected([TEXT])[0], "the answer")
    scores = [entry.score for entry in found]
    equal(scores, sorted(scores, reverse=True), "the order of scores")


@row("huggingface_hub InferenceClient: top_k")
def client_top(trial):
    from huggingface_hub import InferenceClient
    client = InferenceClient(model=trial.server().url)
    every = client.text_classification(TEXT)
    for count in (1, 2, 3, 100):
        found = client.text_classification(TEXT, top_k=count)
        equal([e.label for e in found], [e.label for e in every[:count]], f"top_k={count}")


@row("huggingface_hub InferenceClient: function_to_apply")
def client_function(trial):
    import math
    from huggingface_hub import InferenceClient
    client = InferenceClient(model=trial.server().url)
    logits = trial.logits(TEXT)
    expected = {"none": logits, "sigmoid": {k: 1 / (1 + math.exp(-v)) for k, v in logits.items()},
                "softmax": trial.expected([TEXT])[0]}
    for name, scores in expected.items():
        found = client.text_classification(TEXT, function_to_apply=name)
        close({e.label: e.score for e in found}, scores, f"function_to_apply={name}")


@row("huggingface_hub InferenceClient: a token of the user's disk, /models/{id}, errors as the client shows them")
def client_rest(trial):
    from huggingface_hub import InferenceClient
    from huggingface_hub.errors import HfHubHTTPError
    server = trial.server()
    name = json.loads(server.ask("GET", "/v1/models").body)["data"][0]["id"]
    InferenceClient(model=f"{server.url}/models/{name}", token=f"hf_{SECRET}").text_classification(TEXT)
    try:
        InferenceClient(model=f"{server.url}/models/unknown-model").text_classification(TEXT)
    except HfHubHTTPError as error:
        require("unknown-model" in str(error), f"the client's error does not name the model: {error}")
    else:
        require(False, "an unknown model was answered")
    client = InferenceClient(base_url=server.url)
    if hasattr(client, "health_check"):
        equal(InferenceClient(provider="hf-inference").health_check(server.url), True, "health_check")


# The request and the checks of packages/inference/src/providers/hf-inference.ts and utils/request.ts.
JAVASCRIPT = """
const [url, parameters] = [process.argv[1], process.argv[2]];
const body = JSON.stringify({inputs: "good news from the front page", ...(parameters ? {parameters: JSON.parse(parameters)} : {})});
const response = await fetch(url, {method: "POST", headers: {"Content-Type": "application/json"}, body});
if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
if (!response.headers.get("Content-Type")?.startsWith("application/json")) throw new Error("content type");
const output = (await response.json())?.[0];
if (!Array.isArray(output) || !output.every((x) => typeof x?.label === "string" && typeof x.score === "number"))
    throw new Error("Expected Array<{label: string, score: number}>");
console.log(JSON.stringify(output));
"""


@row("huggingface.js textClassification({endpointUrl}): its request and its checks of the answer")
def javascript_client(trial):
    server = trial.server()
    expected = trial.expected([TEXT])[0]
    name = json.loads(server.ask("GET", "/v1/models").body)["data"][0]["id"]
    node = subprocess.run(["sh", "-c", "command -v node"], capture_output=True).returncode == 0
    for path in (f"/models/{name}", "/pipeline/text-classification"):
        for parameters in ("", '{"top_k": 2}'):
            if node:
                result = subprocess.run(["node", "--input-type=module", "-e", JAVASCRIPT, server.url + path, parameters],
                                        capture_output=True, text=True)
                require(result.returncode == 0, f"{path}: {result.stderr[-400:]}")
                output = json.loads(result.stdout)
            else:
                body = {"inputs": TEXT, **({"parameters": json.loads(parameters)} if parameters else {})}
                answer = server.ask("POST", path, body)
                equal(answer.status, 200, path)
                require(answer.headers["content-type"].startswith("application/json"), answer)
                output = answer.json[0]
            scores = by_label(output)
            if parameters:
                equal(len(scores), 2, "the number of labels with top_k 2")
            close(scores, {label: expected[label] for label in scores}, path)
    how = "by node's fetch" if node else "emulated in Python, node is absent"
    return f"{how}; the package is not installed"


@row("huggingface: a list in inputs is a batch on /models/{id} and /pipeline/text-classification")
def pipeline_batch(trial):
    texts = [TEXT, "bad news", "the page"]
    answer = trial.server().ask("POST", "/pipeline/text-classification", {"inputs": texts})
    equal(answer.status, 200, "the status")
    for found, expected in zip(answer.json, trial.expected(texts), strict=True):
        close(by_label(found), expected, "an element")


@row("TEI /predict: one text as a string or a list, flat, all labels, sorted, as predict scores them")
def tei_single(trial):
    server, expected = trial.server(), trial.expected([TEXT])[0]
    for inputs in (TEXT, [TEXT]):
        answer = predict(server, inputs)
        equal((answer.status, answer.type), (200, "application/json"), repr(inputs))
        close(by_label(answer.json), expected, repr(inputs))
        scores = [entry["score"] for entry in answer.json]
        equal(scores, sorted(scores, reverse=True), "the order of scores")
        equal([list(entry) for entry in answer.json], [["score", "label"]] * len(expected), "the order of members")


@row('TEI /predict: ["a","b"] is one pair, flat')
def tei_pair(trial):
    answer = predict(trial.server(), [TEXT, "bad news"])
    equal(answer.status, 200, "the status")
    close(by_label(answer.json), trial.expected([[TEXT, "bad news"]])[0], "the pair")


@row("TEI /predict: batches of texts, of pairs and mixed, nested, in order")
def tei_batches(trial):
    server = trial.server()
    texts, pairs = [TEXT, "bad news", "the page"], [[TEXT, "bad"], ["news", "the front"]]
    singles, doubles = trial.expected(texts), trial.expected(pairs)
    for inputs, expected in (([[text] for text in texts], singles), (pairs, doubles), ([[TEXT], pairs[1]], [singles[0], doubles[1]])):
        answer = predict(server, inputs)
        equal(answer.status, 200, repr(inputs))
        for found, scores in zip(answer.json, expected, strict=True):
            close(by_label(found), scores, repr(inputs))


@row("TEI /predict: wrong shapes are 422 in plain text")
def tei_shapes(trial):
    for inputs in (["a", "b", "c"], [["a"], "b"], [], [[]], [["a", "b", "c"]], 5, None, {"a": 1}, [1], [[None]]):
        answer = predict(trial.server(), inputs)
        equal((answer.status, answer.type), (422, "text/plain"), repr(inputs))
    answer = trial.server().ask("POST", "/predict", {"text": "a"})
    equal((answer.status, answer.type), (422, "text/plain"), "a body without inputs")


@row("TEI /predict: raw_scores, truncate, truncation_direction, unknown fields")
def tei_fields(trial):
    server = trial.server()
    close(by_label(predict(server, TEXT, raw_scores=True).json), trial.logits(TEXT), "raw_scores", 1e-4)
    long = " ".join(["good"] * 100 + ["bad"] * 100)
    left, right = (predict(server, long, truncate=True, truncation_direction=word) for word in ("Left", "Right"))
    equal((left.status, right.status), (200, 200), "the statuses")
    require(left.body != right.body, "both directions give the same scores")
    equal(by_label(predict(server, long, truncation_direction="left").json), by_label(left.json), "left in lower case")
    equal(predict(server, TEXT, truncation_direction="middle").status, 422, "an unknown direction")
    for fields in ({"unknown": 1}, {"truncate": None}, {"prompt_name": "x"}):
        equal(predict(server, TEXT, **fields).status, 200, repr(fields))


@row("TEI: headers of /predict")
def tei_headers(trial):
    headers = predict(trial.server(), [[TEXT], ["bad news"]]).headers
    for name in ("x-compute-time", "x-compute-characters", "x-compute-tokens", "x-total-time", "x-tokenization-time", "x-queue-time",
                 "x-inference-time"):
        require(headers.get(name, "").isdigit(), f"{name} is {headers.get(name)!r}")
    require("x-compute-type" in headers, "x-compute-type is missing")
    equal(int(headers["x-compute-characters"]), len(TEXT) + len("bad news"), "x-compute-characters")
    equal(int(headers["x-compute-tokens"]), 8 + 4, "x-compute-tokens")


@row("TEI: /info, /tokenize, /decode, /, /invocations, /vertex, /ping, /docs")
def tei_rest(trial):
    server = trial.server()
    info = server.ask("GET", "/info").json
    for name in ("model_id", "model_sha", "model_dtype", "model_type", "max_concurrent_requests", "max_input_length",
                 "max_batch_tokens", "max_batch_requests", "max_client_batch_size", "auto_truncate", "tokenization_workers", "version"):
        require(name in info, f"/info has no {name}")
    equal(info["model_type"], {"classifier": {"id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": {"a": 0, "b": 1, "c": 2}}},
          "model_type")
    equal((info["max_input_length"], info["max_client_batch_size"], info["auto_truncate"]), (80, 32, True), "the limits")
    tokens = server.ask("POST", "/tokenize", {"inputs": "Good  é news"}).json
    equal(len(tokens), 1, "the number of texts")
    equal([(t["text"], t["start"], t["stop"], t["special"]) for t in tokens[0] if t["text"].lower() in ("good", "news")],
          [("Good", 0, 4, False), ("news", 9, 13, False)], "the byte ranges of tokens")
    equal([t["start"] for t in tokens[0] if t["special"]], [None, None], "the ranges of special tokens")
    ids = [t["id"] for t in tokens[0]]
    plain = server.ask("POST", "/tokenize", {"inputs": ["good", "bad news"], "add_special_tokens": False}).json
    equal([len(text) for text in plain], [1, 2], "the numbers of tokens")
    decoded = server.ask("POST", "/decode", {"ids": [token["id"] for token in plain[1]]}).json
    equal(decoded, ["bad news"], "/decode")
    equal(len(server.ask("POST", "/decode", {"ids": [ids, ids], "skip_special_tokens": True}).json), 2, "/decode of two")
    for path in ("/", "/invocations"):
        close(by_label(server.ask("POST", path, {"inputs": TEXT}).json), trial.expected([TEXT])[0], path)
    vertex = server.ask("POST", "/vertex", {"instances": [{"inputs": TEXT}]})
    equal(vertex.status, 200, "/vertex")
    require("predictions" in vertex.json, vertex)
    for path in ("/ping", "/health", "/docs", "/api-doc/openapi.json"):
        equal(server.ask("GET", path).status, 200, path)
    equal(server.ask("GET", "/health").body, b"", "the body of /health")


@row("a multi-label model: sigmoid on every route")
def multi_label(trial):
    server, expected = trial.server(model="multi"), trial.expected([TEXT], "multi")[0]
    close(by_label(predict(server, TEXT).json), expected, "/predict")
    close(by_label(server.ask("POST", "/", {"inputs": TEXT, "parameters": {}}).json[0]), expected, "/ with parameters")
    data = server.ask("POST", "/classify", {"input": TEXT}).json["data"][0]
    close(dict(zip(expected, data["probs"], strict=True)), expected, "/classify")


@row("vLLM /classify: texts, a list as a batch, token ids, limits, errors")
def vllm(trial):
    server = trial.server()
    texts = [TEXT, "bad news"]
    expected = trial.expected(texts)
    answer = server.ask("POST", "/classify", {"input": texts, "model": None})
    if answer.status != 200:
        answer = server.ask("POST", "/classify", {"input": texts})
    equal(answer.status, 200, "the status")
    found = answer.json
    require(found["id"].startswith("classify-") and found["object"] == "list" and isinstance(found["created"], int), found)
    for index, (data, scores) in enumerate(zip(found["data"], expected, strict=True)):
        equal((data["index"], data["num_classes"], data["label"]), (index, 3, max(scores, key=scores.get)), "an element")
        close(dict(zip("abc", data["probs"], strict=True)), scores, "probs")
    equal(found["usage"]["prompt_tokens"], 12, "prompt_tokens")
    ids = [t["id"] for t in server.ask("POST", "/tokenize", {"inputs": TEXT}).json[0]]
    for form in (ids, [ids]):
        data = server.ask("POST", "/classify", {"input": form, "add_special_tokens": False}).json["data"][0]
        close(dict(zip("abc", data["probs"], strict=True)), expected[0], "token ids")
    data = server.ask("POST", "/classify", {"input": TEXT, "use_activation": False}).json["data"][0]
    close(dict(zip("abc", data["probs"], strict=True)), trial.logits(TEXT), "use_activation false", 1e-4)
    for body, status in (({"input": [10**6]}, 400), ({}, 400), ({"input": TEXT, "model": "unknown-model"}, 404)):
        answer = server.ask("POST", "/classify", body)
        equal(answer.status, status, repr(body))
        equal(answer.json["error"]["code"], status, "error.code")
        require({"message", "type", "param"} <= set(answer.json["error"]), answer)
    models = server.ask("GET", "/v1/models").json
    require(models["object"] == "list" and models["data"][0]["object"] == "model", models)


@row("Open Inference Protocol v2: metadata, health, infer, classification extension, errors")
def open_inference(trial):
    server = trial.server()
    require({"name", "version", "extensions"} <= set(server.ask("GET", "/v2").json), "/v2 lacks members")
    equal(server.ask("GET", "/v2/health/live").json, {"live": True}, "live")
    equal(server.ask("GET", "/v2/health/ready").json, {"ready": True}, "ready")
    name = server.ask("GET", "/v1/models").json["data"][0]["id"]
    metadata = server.ask("GET", f"/v2/models/{name}").json
    equal(metadata["name"], name, "the model's name")
    equal(server.ask("GET", f"/v2/models/{name}/ready").json["ready"], True, "the model's readiness")
    texts = [TEXT, "bad news"]
    inputs = [{"name": metadata["inputs"][0]["name"], "shape": [2], "datatype": "BYTES", "data": texts}]
    answer = server.ask("POST", f"/v2/models/{name}/infer", {"id": "7", "inputs": inputs})
    equal(answer.status, 200, repr(answer))
    equal((answer.json["id"], answer.json["model_name"]), ("7", name), "id and model_name")
    expected = trial.expected(texts)
    output = next(o for o in answer.json["outputs"] if o["name"] == "scores")
    equal((output["shape"], output["datatype"]), ([2, 3], "FP32"), "the shape and the type")
    for place, scores in enumerate(expected):
        close(dict(zip("abc", output["data"][3 * place:3 * place + 3], strict=True)), scores, "scores")
    asked = {"inputs": inputs, "outputs": [{"name": output["name"], "parameters": {"classification": 2}}]}
    answer = server.ask("POST", f"/v2/models/{name}/infer", asked)
    equal(answer.status, 200, repr(answer))
    first = answer.json["outputs"][0]
    equal((first["datatype"], first["shape"]), ("BYTES", [2, 2]), "the classification extension")
    value, index, label = first["data"][0].split(":")
    best = max(expected[0], key=expected[0].get)
    equal((label, index), (best, str("abc".index(best))), "the best label")
    close({"best": float(value)}, {"best": expected[0][best]}, "the best score", 1e-4)
    for path, body in ((f"/v2/models/{name}/infer", {"inputs": []}), ("/v2/models/unknown-model/infer", {"inputs": inputs})):
        answer = server.ask("POST", path, body)
        require(answer.status in (400, 404) and isinstance(answer.json["error"], str), answer)


@row("/v1/moderations: one text and several")
def moderations(trial):
    server = trial.server(model="multi")
    texts = [TEXT, "bad news"]
    for form in (TEXT, texts):
        answer = server.ask("POST", "/v1/moderations", {"input": form})
        equal(answer.status, 200, repr(answer))
        count = 1 if isinstance(form, str) else 2
        equal(len(answer.json["results"]), count, "the number of results")
        for result, scores in zip(answer.json["results"], trial.expected(texts, "multi")):
            close(result["category_scores"], scores, "category_scores")
            equal(set(result["categories"]), set("abc"), "the categories")
            equal(result["flagged"], any(result["categories"].values()), "flagged")


@row("/v1/classify: texts, pairs, top_k, logits, ids, a bad item among good ones")
def own(trial):
    server = trial.server()
    texts = [TEXT, "bad news"]
    answer = server.ask("POST", "/v1/classify", {"texts": texts, "logits": True})
    equal(answer.status, 200, repr(answer))
    results = answer.json["results"]
    for result, scores in zip(results, trial.expected(texts), strict=True):
        close(by_label(result["scores"]), scores, "scores")
        require(result["truncated"] is False and result["tokens"] > 2 and len(result["logits"]) == 3, result)
    pair = server.ask("POST", "/v1/classify", {"pairs": [[TEXT, "bad news"]]}).json["results"][0]
    close(by_label(pair["scores"]), trial.expected([[TEXT, "bad news"]])[0], "a pair")
    mixed = server.ask("POST", "/v1/classify", {"texts": [TEXT, 5, {"text": "bad news", "id": "x"}], "top_k": 1})
    equal(mixed.status, 200, repr(mixed))
    first, second, third = mixed.json["results"]
    require("error" in second and "error" not in first and third["id"] == "x" and len(first["scores"]) == 1, mixed)
    long = server.ask("POST", "/v1/classify", {"text": "good " * 300}).json
    require(json.dumps(long).count('"truncated":') and "true" in json.dumps(long), long)
    equal(server.ask("POST", "/v1/classify", {"texts": texts, "topk": 1}).status, 422, "a misspelled option")


@row("/v1/classify: newline-delimited streaming, out as results are ready")
def streaming(trial):
    texts = [TEXT, "bad news", "the page"] * 20
    answer = trial.server().ask("POST", "/v1/classify", {"texts": texts, "stream": True})
    equal(answer.status, 200, repr(answer))
    lines = [json.loads(line) for line in answer.body.splitlines() if line]
    results = [line for line in lines if "scores" in line]
    expected = trial.expected(texts)
    equal(sorted(line["index"] for line in results), list(range(len(texts))), "the indices")
    for line in results:
        close(by_label(line["scores"]), expected[line["index"]], "a line")


@row("schemathesis finds nothing against our OpenAPI")
def schemathesis(trial):
    # Without the poisoned word, whose errors are right to be 500.
    server = trial.start(model="sound").wait()
    with server:
        return run_schemathesis(server)


@row("schemathesis finds nothing on the routes that load and unload models, with the admin key")
def schemathesis_admin(trial):
    # No schema can say which sources exist, and generated ones do not: 422 is right. The Hub is not asked, as servers are offline.
    configuration = """
        [[operations]]
        include-name = "POST /v1/models"
        checks.positive_data_acceptance.expected-statuses = ["2xx", "422"]
        """
    server = trial.start("--admin-key", "admin-key", model="sound").wait()
    with server:
        return run_schemathesis(server, "--header", "X-Admin-Key: admin-key", "--include-path-regex", "^/v1/models",
                                configuration=configuration)


def run_schemathesis(server, *flags, configuration=""):
    """Runs schemathesis with all its checks; its whole report is kept in a file, which is named if it finds anything."""
    tool = os.path.join(sys.prefix, "bin", "schemathesis")
    if not os.path.exists(tool):
        raise Skip("schemathesis is not installed")
    report = tempfile.NamedTemporaryFile("w+", prefix="schemathesis-", suffix=".txt", delete=False)
    with report, tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "schemathesis.toml").write_text(configuration)
        result = subprocess.run(
            [tool, "run", f"{server.url}/api-doc/openapi.json", "--checks", "all", "--max-examples", "50", "--seed", "26",
             "--request-timeout", "20", "--no-color", *flags],
            stdout=report, stderr=subprocess.STDOUT, text=True, cwd=folder)
        report.seek(0)
        text = report.read()
    summary = text[max(text.find("= SUMMARY ="), 0):]
    require(result.returncode == 0, f"the report is {report.name}\n{summary[-3000:]}")
    os.unlink(report.name)
    require(server.is_running(), "the server has ended")
    return next((line.strip() for line in reversed(text.splitlines()) if "passed" in line or "generated" in line), None)
