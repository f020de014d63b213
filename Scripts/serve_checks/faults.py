"""Rows: slow, broken, silent and greedy clients. After each one the server must answer others as before."""

import json
import socket
import threading
import time

import load
import serving
from serve_checks.trial import equal, predict, require, require_unharmed, row

HEAD = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def head(path=b"/predict", length=None, extra=b""):
    return HEAD % path + (b"Content-Length: %d\r\n" % length if length is not None else b"") + extra + b"\r\n"


def connected(server, receives=None):
    link = socket.socket()
    if receives:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    link.settimeout(20)
    link.connect(("127.0.0.1", server.port))
    return link


def received(link, seconds=60):
    """All bytes until the server closes the connection or the time is over."""
    link.settimeout(seconds)
    data = b""
    try:
        while part := link.recv(65536):
            data += part
    except (TimeoutError, ConnectionError):
        pass
    return data


def send(server, data, seconds=5):
    """Sends bytes on a new connection and returns the answer's bytes."""
    with connected(server) as link:
        try:
            link.sendall(data)
            link.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass
        return received(link, seconds)


class Others:
    """Requests of other clients during a fault; each must be answered."""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        requests = [load.encode(self.server.url, "/predict", {"inputs": text}) for text in ("good news", "the front page")]
        self.ended = threading.Event()
        self.bad, self.count = {}, 0

        def work():
            while not self.ended.is_set():
                result = load.Load(self.server.url, requests).closed(4, seconds=0.5)
                self.count += result.statuses[200]
                for status, count in result.statuses.items():
                    if status != 200:
                        self.bad[status] = self.bad.get(status, 0) + count

        self.thread = threading.Thread(target=work)
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        self.thread.join()
        if kind is None:
            equal(self.bad, {}, "the statuses of other clients")
            require(self.count > 0, "other clients were not answered")


@row("slow bodies: refused after half a minute, others unharmed")
def slow_bodies(trial):
    server = trial.server()
    body = json.dumps({"inputs": "good news"}).encode()
    answers = []

    def slow():
        with connected(server) as link:
            start = time.monotonic()
            link.sendall(head(length=len(body)))
            try:
                for place in range(len(body)):
                    link.sendall(body[place:place + 1])
                    time.sleep(3)
            except ConnectionError:
                pass
            answers.append((received(link, 5)[:12], time.monotonic() - start))

    with Others(server):
        threads = [threading.Thread(target=slow) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = {answer for answer, _ in answers}
    require(statuses <= {b"HTTP/1.1 408", b""}, f"the answers begin with {statuses}")
    longest = max(seconds for _, seconds in answers)
    require(longest < 50, f"a slow body was read for {longest:.0f} s")
    require_unharmed(server)
    return f"{sum(bool(answer) for answer, _ in answers)} of 100 got 408, the others a closed connection"


@row("half requests: heads and bodies that never end, 500 of them")
def half_requests(trial):
    server = trial.server()
    links = []
    with Others(server):
        for place in range(500):
            link = connected(server)
            link.sendall([b"POST /predict HT", head(length=100)[:-2], head(length=100) + b'{"inp', b""][place % 4])
            links.append(link)
        time.sleep(2)
    for link in links:
        link.close()
    require_unharmed(server)


@row("clients that never read")
def never_read(trial):
    server = trial.server()
    body = json.dumps({"texts": ["good news"] * 2000}).encode()
    before = serving.memory(server.pid)[1]
    links = []
    with Others(server):
        for _ in range(20):
            link = connected(server, receives=4096)
            link.setblocking(False)
            data = (head(b"/v1/classify", len(body)) + body) * 20
            try:
                link.send(data)
            except BlockingIOError:
                pass
            links.append(link)
        time.sleep(10)
    grown = serving.memory(server.pid)[1] - before
    for link in links:
        link.close()
    require(grown < 500e6, f"memory has grown by {grown / 1e6:,.0f} MB")
    require_unharmed(server)
    return f"memory has grown by {grown / 1e6:,.0f} MB"


@row("a body of 100 MB: 413 at once if its length is given; cut off if it is chunked; memory flat")
def large_body(trial):
    server = trial.server()
    before = serving.memory(server.pid)[1]
    with Others(server):
        start = time.monotonic()
        with connected(server) as link:
            link.sendall(head(length=100_000_000))
            data = b""
            while b"\r\n\r\n" not in data and (part := link.recv(65536)):
                data += part
        require(data.startswith(b"HTTP/1.1 413"), f"declared: {data[:100]!r}")
        require(time.monotonic() - start < 2, "413 took more than 2 s")
        chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
        with connected(server) as link:
            sent = 0
            try:
                link.sendall(head(extra=b"Transfer-Encoding: chunked\r\n"))
                while sent < 100_000_000:
                    link.sendall(chunk)
                    sent += 65536
                link.sendall(b"0\r\n\r\n")
            except ConnectionError:
                pass
            data = received(link, 10)
        # The system's buffers on both sides hold several MB.
        require(sent < 30e6, f"chunked: not cut off until {sent:,} bytes had been sent")
        require(data.startswith(b"HTTP/1.1 413"), f"chunked: {data[:100]!r} after {sent:,} bytes")
        answer = predict(server, "good " * 300_000)
        equal(answer.status, 200, "a text of 1.5 MB, which is truncated")
    grown = serving.memory(server.pid)[1] - before
    require(grown < 100e6, f"memory has grown by {grown / 1e6:,.0f} MB")
    require_unharmed(server)
    return f"the chunked one was cut off after {sent / 1e6:.1f} MB; memory has grown by {grown / 1e6:,.0f} MB"


@row("deep JSON: 10,000 and 900,000 levels")
def deep_json(trial):
    server = trial.server()
    with Others(server):
        for levels in (10_000, 900_000):
            for body in (b'{"inputs": ' + b"[" * levels + b"]" * levels + b"}", b"[" * levels, b'{"a":' * min(levels, 300_000)):
                for path in ("/predict", "/", "/classify", "/v1/classify", "/v1/moderations", "/v2/models/plain/infer"):
                    answer = server.ask("POST", path, body, {"content-type": "application/json"})
                    require(400 <= answer.status < 500, f"{path}: {answer}")
    require_unharmed(server)


@row("bad UTF-8, NUL, lone surrogates, numbers that are too large")
def bad_text(trial):
    server = trial.server()
    json_type = {"content-type": "application/json"}
    for body in (b'{"inputs": "\xff"}', b'{"inputs": "\xc3"}', b'{"inputs": "\xed\xa0\x80"}', b"\xff\xfe{\x00}\x00", b""):
        answer = server.ask("POST", "/predict", body, json_type)
        equal(answer.status, 400, repr(body))
    for body in (b'{"inputs": "\\ud800"}', b'{"inputs": "a\\u0000b"}', b'{"inputs": "a", "x": 1e999}', b'{"inputs": "a", "inputs": "b"}'):
        answer = server.ask("POST", "/predict", body, json_type)
        require(answer.status in (200, 400, 422), f"{body!r}: {answer}")
    require_unharmed(server)


@row("10,000 items: 422 on /predict, answered on the routes without TEI's limit; 10,001 refused")
def many_items(trial):
    server = trial.server()
    texts = [f"good news {i}" for i in range(10_000)]
    with Others(server):
        equal(predict(server, [[text] for text in texts]).status, 422, "/predict")
        answer = server.ask("POST", "/v1/classify", {"texts": texts}, timeout=300)
        equal((answer.status, len(answer.json["results"])), (200, 10_000), "/v1/classify")
        answer = server.ask("POST", "/classify", {"input": texts}, timeout=300)
        equal((answer.status, len(answer.json["data"])), (200, 10_000), "/classify")
    require(400 <= server.ask("POST", "/v1/classify", {"texts": [*texts, "one more"]}).status < 500, "10,001 items are answered")
    require_unharmed(server)


@row("pipelining: 50 requests in one write are answered in order")
def pipelining(trial):
    server = trial.server()
    texts = [f"good news {i}" for i in range(50)]
    bodies = [json.dumps({"inputs": text}).encode() for text in texts]
    data = b"".join(head(length=len(body)) + body for body in bodies)
    with connected(server) as link:
        link.sendall(data)
        found, buffer = [], b""
        while len(found) < 50:
            part = link.recv(65536)
            require(part, f"closed after {len(found)} answers")
            buffer += part
            while b"\r\n\r\n" in buffer:
                first, _, rest = buffer.partition(b"\r\n\r\n")
                length = int(first.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                if len(rest) < length:
                    break
                found.append(json.loads(rest[:length]))
                buffer = rest[length:]
    expected = [predict(server, text).json for text in texts]
    for one, other in zip(found, expected, strict=True):
        equal([e["label"] for e in one], [e["label"] for e in other], "labels")
        require(max(abs(a["score"] - b["score"]) for a, b in zip(one, other)) < 1e-5, "scores are those of another request")
    require_unharmed(server)


@row("hang-ups: 300 clients send and go; their work is dropped")
def hang_ups(trial):
    server = trial.server()
    body = json.dumps({"texts": ["good news from the front page " * 12] * 500}).encode()
    with Others(server):
        for _ in range(300):
            with connected(server) as link:
                link.sendall(head(b"/v1/classify", len(body)) + body)
    start = time.monotonic()
    from serve_checks.metrics import parse, value
    while (size := value(parse(server.ask("GET", "/metrics")), "te_queue_size")) > 0:
        require(time.monotonic() - start < 30, f"the queue still has {size} items after 30 s")
        time.sleep(0.2)
    dropped = value(parse(server.ask("GET", "/metrics")), "te_request_failure", err="dropped")
    require_unharmed(server)
    return f"{dropped:,.0f} counted as dropped; the queue was empty after {time.monotonic() - start:.1f} s"


@row("broken HTTP: bad methods, lengths, headers, paths, hosts, TLS on a plain port")
def broken_http(trial):
    server = trial.server()
    cases = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64, b"GET\r\n\r\n", b"GARBAGE " * 1000 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n", HEAD % b"/predict" + b"Content-Length: -5\r\n\r\n",
        HEAD % b"/predict" + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD % b"/predict" + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD % b"/predict" + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 20_000 + b"\r\n", b"GET /../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://other.example/health HTTP/1.1\r\nHost: other.example\r\n\r\n",
    ]
    with Others(server):
        for case in cases:
            data = send(server, case, 3)
            require(b"root:" not in data, f"{case[:40]!r} gives a file")
            require(not data or data[9:12].isdigit(), f"{case[:40]!r}: {data[:60]!r}")
            require(data[9:10] != b"5" or data[9:12] in (b"501", b"505"), f"{case[:40]!r}: {data[:60]!r}")
    require_unharmed(server)


@row("Expect: 100-continue, as curl sends it")
def expect_continue(trial):
    server = trial.server()
    body = json.dumps({"inputs": "good news"}).encode()
    with connected(server) as link:
        link.sendall(head(length=len(body), extra=b"Expect: 100-continue\r\n"))
        start = time.monotonic()
        first = link.recv(65536)
        waited = time.monotonic() - start
        require(first.startswith(b"HTTP/1.1 100"), f"the answer is {first[:60]!r}")
        link.sendall(body)
        data = link.recv(65536)
        require(data.startswith(b"HTTP/1.1 200"), f"the answer is {data[:60]!r}")
    return f"after {1000 * waited:.0f} ms"
