"""Rows: golden errors, non-finite logits, keys, labels that attack the page."""

import json
import re

import load
from serve_checks.trial import (HOSTILE, POISON, SECRET, by_label, close, equal, predict, require, require_unharmed, row)

PREFIX = "Input validation error: `inputs` "


def require_error(answer, status, kind, message):
    """Requires text-embeddings-inference's error in JSON."""
    equal((answer.status, answer.type), (status, "application/json"), repr(answer))
    equal(answer.json, {"error": message, "error_type": kind}, "the body")


@row("golden error: empty input, 400 Empty")
def empty(trial):
    for inputs in ("", [""], [[""]], ["", ""]):
        require_error(predict(trial.server(), inputs), 400, "Empty", PREFIX + "cannot be empty")
    equal(predict(trial.server(), ["", "good"]).status, 200, "a pair with one empty text")


@row("golden error: too many inputs, 422 Validation")
def batch_size(trial):
    answer = predict(trial.server(), [["good"]] * 33)
    require_error(answer, 422, "Validation", "batch size 33 > maximum allowed batch size 32")
    equal(predict(trial.server(), [["good"]] * 32).status, 200, "32 inputs")


@row("golden error: too long without truncation, 422 Validation; exactly the limit passes")
def too_long(trial):
    server = trial.server("--auto-truncate", "false")
    require_error(predict(server, "good " * 79), 422, "Validation", PREFIX + "must have less than 80 tokens. Given: 81")
    equal(predict(server, "good " * 78).status, 200, "80 tokens")
    equal(predict(server, "good " * 79, truncate=True).status, 200, "truncate in the request")
    answer = predict(server, "g" * 20001)
    require_error(answer, 422, "Validation", PREFIX + "must have less than 20000 characters. Given: 20001")
    equal(predict(trial.server(), "good " * 79, truncate=False).status, 422, "truncate false in the request")


@row("golden errors before the handler: 400, 415, 422 and 413 in plain text; 404 and 405")
def framework(trial):
    server = trial.server("--payload-limit", "1000")
    json_type = {"content-type": "application/json"}
    equal_plain = [
        (400, b'{"inputs": ', json_type), (400, b'{"inputs": "a"} x', json_type), (422, b'{"inputs": 5}', json_type),
        (422, b"[]", json_type), (415, b'{"inputs": "a"}', {"content-type": "text/plain"}), (415, b'{"inputs": "a"}', {}),
        (413, json.dumps({"inputs": "a" * 1000}).encode(), json_type),
    ]
    for status, body, headers in equal_plain:
        answer = server.ask("POST", "/predict", body, headers)
        equal((answer.status, answer.type), (status, "text/plain"), f"{body[:40]!r}: {answer}")
    equal(answer.body, b"Failed to buffer the request body: length limit exceeded", "the body of 413")
    with_charset = server.ask("POST", "/predict", b'{"inputs": "a"}', {"content-type": "application/json; charset=utf-8"})
    equal(with_charset.status, 200, "a content type with a charset")
    equal(server.ask("GET", "/no-such-path").status, 404, "an unknown path")
    answer = server.ask("GET", "/predict")
    require(answer.status == 405 and "POST" in answer.headers.get("allow", ""), f"GET /predict: {answer.status} {answer.headers}")


@row("golden error: another kind of model, 424")
def other_models(trial):
    server = trial.server()
    for path, body in (("/embed", {"inputs": "a"}), ("/rerank", {"query": "a", "texts": ["b"]})):
        answer = server.ask("POST", path, body)
        equal((answer.status, answer.json["error_type"]), (424, "Backend"), path)
        require(answer.json["error"].startswith("Backend error: "), answer)


@row("golden error: overload, 429 with Retry-After, as huggingface.js needs it (never 503)")
def overload(trial):
    server = trial.server("--max-concurrent-requests", "2")
    requests = [load.encode(server.url, "/predict", {"inputs": "good news " * 40})]
    result = load.Load(server.url, requests).closed(64, 3000)
    equal(set(result.statuses) - {200, 429}, set(), "other statuses")
    require(result.statuses[429] > 0, "nothing was refused")
    require(result.statuses[200] > 0, "nothing was answered")
    equal(result.without_retry_after, 0, "the number of refusals without Retry-After")
    require(all(value.isdigit() and 1 <= int(value) <= 30 for value in result.retry_after), result.retry_after)
    require_unharmed(server)
    return f"{result.statuses[200]} answered, {result.statuses[429]} refused, Retry-After {dict(result.retry_after)}"


@row("golden error: the body of 429")
def overload_body(trial):
    import concurrent.futures
    server = trial.server("--max-concurrent-requests", "2")
    with concurrent.futures.ThreadPoolExecutor(32) as threads:
        for _ in range(20):
            answers = list(threads.map(lambda _: predict(server, "good news " * 40), range(64)))
            refused = [answer for answer in answers if answer.status == 429]
            if refused:
                require_error(refused[0], 429, "Overloaded", "Model is overloaded")
                return None
    require(False, "nothing was refused")


@row("keys: 401 with an empty body; public routes need none; no key in the log")
def keys(trial):
    key = f"key-{SECRET}"
    server = trial.server("--api-key", key)
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": key}, {"authorization": f"Bearer {key}x"}):
        answer = predict(server, "good", headers)
        equal((answer.status, answer.body), (401, b""), repr(headers))
    equal(predict(server, "good", {"authorization": f"Bearer {key}"}).status, 200, "with the key")
    equal(server.ask("GET", "/info").status, 401, "/info")
    for path in ("/health", "/metrics", "/ping"):
        equal(server.ask("GET", path).status, 200, path)
    require(SECRET not in server.logged(), "the log has the key")


@row("a NaN row in a batch of 32: 424 on TEI's route, 31 answers and an error on ours")
def not_a_number(trial):
    server = trial.server()
    texts = ["good news"] * 31
    texts.insert(17, f"good {POISON}")
    answer = predict(server, [[text] for text in texts])
    equal((answer.status, answer.json["error_type"]), (424, "Backend"), repr(answer))
    results = server.ask("POST", "/v1/classify", {"texts": texts}).json["results"]
    equal([i for i, result in enumerate(results) if "error" in result], [17], "the items with errors")
    expected = trial.expected(["good news"])[0]
    for result in results[:17]:
        close(by_label(result["scores"]), expected, "a neighbour")
    require("nan" not in json.dumps(results).lower().replace("finan", ""), "NaN is in the JSON")
    for path, body in (("/", {"inputs": POISON, "parameters": {}}), ("/classify", {"input": POISON}),
                       ("/v1/moderations", {"input": POISON})):
        answer = server.ask("POST", path, body)
        require(400 <= answer.status < 600, f"{path}: {answer}")
        answer.json
    require_unharmed(server)


@row("hostile labels: in every answer, in metrics and in the page")
def hostile(trial):
    server = trial.server(model="hostile")
    expected = trial.expected(["good news"], "hostile")[0]
    close(by_label(predict(server, "good news").json), expected, "/predict")
    equal(set(server.ask("GET", "/info").json["model_type"]["classifier"]["label2id"]), set(HOSTILE), "/info")
    close(by_label(server.ask("POST", "/", {"inputs": "good news", "parameters": {}}).json[0]), expected, "/")
    close(server.ask("POST", "/v1/moderations", {"input": "good news"}).json["results"][0]["category_scores"], expected,
          "/v1/moderations")
    from serve_checks.metrics import parse
    parse(server.ask("GET", "/metrics"))
    for accept in ("text/html", "*/*"):
        page = server.ask("GET", "/", headers={"accept": accept}).body.decode()
        for label in HOSTILE[1:3]:
            require(label not in page, f"the page has {label!r} unescaped")
    page = server.ask("GET", "/", headers={"accept": "text/html"})
    if page.type == "text/html":
        policy = page.headers.get("content-security-policy", "") + page.body.decode()
        require("default-src 'none'" in policy or "default-src 'self'" in policy, "the page has no content security policy")
        require(not re.search(r"""(src|href)=["']https?://""", page.body.decode()), "the page refers to another server")


@row("no text is in the log")
def log_without_texts(trial):
    with trial.start(environment={"JSON_OUTPUT": "true"}).wait() as server:
        send_secrets(server)


def send_secrets(server):
    """Sends texts with a word that must not be in the log, in every way in which a request may fail or not."""
    for path, body in (("/predict", {"inputs": SECRET}), ("/", {"inputs": SECRET, "parameters": {}}),
                       ("/predict", {"inputs": [SECRET] * 3}), ("/classify", {"input": SECRET}), ("/predict", {SECRET: SECRET}),
                       ("/v1/classify", {"texts": [SECRET, 5]})):
        server.ask("POST", path, body, {"x-request-id": "request-26"})
    server.ask("POST", "/predict", b'{"inputs": ' + SECRET.encode(), {"content-type": "application/json"})
    server.ask("POST", "/predict", b'{"inputs": "' + SECRET.encode() + b'\xff"}', {"content-type": "application/json"})
    log = server.logged()
    require(SECRET not in log, f"the log has a text: {next((l for l in log.splitlines() if SECRET in l), '')}")
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    own = [line for line in lines if "request-26" in json.dumps(line)]
    require(len(own) == 6, f"{len(own)} of 6 requests have a line with their id; the last line: {log.splitlines()[-1:]}")
