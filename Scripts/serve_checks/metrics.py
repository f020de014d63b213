"""Rows: /metrics parsed strictly, right counts; health during loading, load and the largest batch."""

import collections
import math
import re
import threading

import load
from serve_checks.trial import Skip, equal, predict, require, row

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)?,?\}})? (\S+)(?: (-?\d+))?")


def number(text):
    return {"+Inf": math.inf, "-Inf": -math.inf, "NaN": math.nan}.get(text) if text in ("+Inf", "-Inf", "NaN") else float(text)


def parse(answer):
    """The samples of a page in Prometheus's text format 0.0.4, by name and labels. Refuses everything that breaks its rules."""
    equal(answer.status, 200, "the status")
    equal(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8", "the content type")
    text = answer.body.decode()
    require(text.endswith("\n") and "\r" not in text, "the last line has no end, or there is a carriage return")
    helps, types, samples, order = {}, {}, {}, []
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, _, words = line[7:].partition(" ")
            require(name not in helps, f"a second HELP of {name}")
            require(name not in order, f"HELP of {name} after its samples")
            require(re.fullmatch(r"(?:[^\\]|\\[\\n])*", words), f"a wrong escape: {line}")
            helps[name] = words
            continue
        if line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            require(name not in types and name not in order, f"TYPE of {name} is given twice or after its samples")
            require(kind in ("counter", "gauge", "histogram", "summary", "untyped"), line)
            types[name] = kind
            continue
        if line.startswith("#") or not line:
            require(line.startswith("#"), "an empty line")
            continue
        match = SAMPLE.fullmatch(line)
        require(match, f"not a sample: {line!r}")
        name, labels, value, _ = match.groups()
        family = name
        for suffix in ("_bucket", "_sum", "_count"):
            if name.endswith(suffix) and types.get(name.removesuffix(suffix)) == "histogram":
                family = name.removesuffix(suffix)
        require(family in types and family in helps, f"{family} has no TYPE or no HELP")
        if not order or order[-1] != family:
            require(family not in order, f"samples of {family} are interleaved with others")
            order.append(family)
        pairs = tuple(sorted(re.findall(LABEL, labels or "")))
        names = [pair.partition("=")[0] for pair in pairs]
        require(len(set(names)) == len(names), f"a label is given twice: {line}")
        require((name, pairs) not in samples, f"a sample is given twice: {line}")
        samples[name, pairs] = number(value)
        if types[family] == "counter":
            require(family.endswith("_total") or family.startswith("te_"), f"the counter {family} does not end in _total")
            require(samples[name, pairs] >= 0, f"a negative counter: {line}")
    for family, kind in types.items():
        if kind == "histogram":
            check_histogram(family, samples)
    return samples


def check_histogram(family, samples):
    """Buckets ascend, are cumulative and end with +Inf, which is the count."""
    rows = collections.defaultdict(list)
    for (name, pairs), value in samples.items():
        if name == family + "_bucket":
            bound = next((pair[4:-1] for pair in pairs if pair.startswith("le=")), None)
            require(bound is not None, f"a bucket of {family} has no le")
            rows[tuple(pair for pair in pairs if not pair.startswith("le="))].append((number(bound), value))
    for pairs, buckets in rows.items():
        bounds, counts = zip(*buckets)
        equal(list(bounds), sorted(bounds), f"the order of the buckets of {family}")
        equal(list(counts), sorted(counts), f"the counts of the buckets of {family}")
        equal(bounds[-1], math.inf, f"the last bucket of {family}")
        equal(samples.get((family + "_count", pairs)), counts[-1], f"the count of {family}")
        require((family + "_sum", pairs) in samples, f"{family} has no sum")


def value(samples, name, **labels):
    """A sample's value; 0 if it is missing."""
    return samples.get((name, tuple(sorted(f'{key}="{text}"' for key, text in labels.items()))), 0)


@row("/metrics: strict text format, not empty before the first request, TEI's names")
def fresh_metrics(trial):
    with trial.start().wait() as server:
        samples = parse(server.ask("GET", "/metrics"))
        names = {name for name, _ in samples}
        wanted = {"te_request_count", "te_request_success", "te_request_failure", "te_request_duration_count",
                  "te_request_tokenization_duration_count", "te_request_queue_duration_count",
                  "te_request_inference_duration_count", "te_predict_count", "te_predict_success",
                  "te_request_input_length_count", "te_batch_next_size_count", "te_batch_next_tokens_count", "te_queue_size"}
        require(wanted <= names, f"missing: {sorted(wanted - names)}")
        buckets = [pairs for name, pairs in samples if name == "te_request_duration_bucket"]
        equal(len({pair for pairs in buckets for pair in pairs if pair.startswith("le=")}), 36, "the buckets of te_request_duration")
        return f"{len(names)} names"


@row("/metrics: right counts after single requests, batches and failures")
def counts(trial):
    with trial.start().wait() as server:
        before = parse(server.ask("GET", "/metrics"))
        for _ in range(7):
            predict(server, "good news")
        for _ in range(3):
            predict(server, [["good"], ["bad news"]])
        predict(server, [["good"]] * 33)
        predict(server, "")
        after = parse(server.ask("GET", "/metrics"))

        def grown(name, **labels):
            return value(after, name, **labels) - value(before, name, **labels)

        equal(grown("te_request_success", method="single"), 7, "te_request_success of single")
        equal(grown("te_request_success", method="batch"), 3, "te_request_success of batch")
        equal(grown("te_request_count", method="single"), 8, "te_request_count of single")
        equal(grown("te_request_count", method="batch"), 4, "te_request_count of batch")
        equal(grown("te_request_failure", err="batch_size"), 1, "te_request_failure of batch_size")
        equal(grown("te_predict_success"), 13, "te_predict_success")
        require(13 <= grown("te_predict_count") <= 47, f"te_predict_count is {grown('te_predict_count')}")
        equal(value(after, "te_queue_size"), 0, "te_queue_size")
        requests = sum(v for (name, _), v in after.items() if name == "http_server_request_duration_seconds_count")
        require(requests >= 12, f"http_server_request_duration_seconds counts {requests} of 12 requests")


@row("/metrics: unknown paths and texts give no new labels")
def cardinality(trial):
    with trial.start().wait() as server:
        predict(server, "good")
        server.ask("GET", "/unknown-0")
        before = parse(server.ask("GET", "/metrics"))
        for place in range(50):
            server.ask("GET", f"/unknown-{place}?x={place}", headers={"x-request-id": str(place)})
            server.ask("POST", f"/models/unknown-{place}", {"inputs": "good"})
        after = parse(server.ask("GET", "/metrics"))
        fresh = set(after) - set(before)
        require(len(fresh) < 80, f"{len(fresh)} new samples, such as {sorted(fresh)[0] if fresh else ''}")
        require(not any("unknown-" in pair for _, pairs in after for pair in pairs), "a path is a label")


@row("/health/live answers and /health/ready is 503 while the model loads")
def loading(trial):
    model = trial.real or trial.model()
    seen = collections.Counter()
    with trial.start(model=model) as server:
        while server.is_running() and sum(seen.values()) < 200_000:
            try:
                ready = server.ask("GET", "/health/ready", timeout=5)
            except OSError:
                continue
            seen[ready.status] += 1
            if ready.status == 200:
                break
            equal(ready.status, 503, "/health/ready while loading")
            equal(server.ask("GET", "/health/live", timeout=5).status, 200, "/health/live while loading")
        require(seen[200], "the server did not become ready")
    if not seen[503]:
        raise Skip("the model loads too fast to see it; give a larger one with --model")
    return f"{seen[503]} answers of 503"


@row("health stays under 50 ms at p99 during load and during the largest request")
def health_under_load(trial):
    server = trial.start(model=trial.real).wait() if trial.real else trial.server()
    # 1.8 MB: the largest number of texts in a body under the limit of 2 MB.
    texts = ["good news from the front page " * 6] * 10_000
    statuses = []

    def largest():
        statuses.append(server.ask("POST", "/v1/classify", {"texts": texts if not trial.real else texts[:1000]}, timeout=300).status)

    requests = [load.encode(server.url, "/predict", {"inputs": "good news " * 30})]
    with load.Health(server.url) as health:
        thread = threading.Thread(target=largest)
        thread.start()
        result = load.Load(server.url, requests).closed(32, seconds=8)
        thread.join()
    equal(statuses, [200], "the status of the largest request")
    equal(set(result.statuses) - {200, 429}, set(), "other statuses")
    if trial.real:
        server.kill()
    require(health.failures == 0, f"{health.failures} failures")
    p99 = load.percentile(health.times, 0.99)
    require(p99 < 0.05, health.describe())
    return health.describe()
