#!/usr/bin/env python3
"""Loads a server with requests over HTTP/1.1 and reports texts per second, latencies and errors.

    Benchmarks/serve/load.py URL TEXTS [--path /predict] [--connections 64] [--requests 20000]
    Benchmarks/serve/load.py URL TEXTS --rate 2000 [--seconds 60]

TEXTS has a text per line. The first form is a closed loop: each connection sends its next request as soon as it has an answer.
The second is an open loop: requests are sent at a fixed rate, whether or not earlier ones have been answered, and the latency
counts from the moment at which a request was due. Another process asks for /health 50 times a second. Needs only Python.

Requests are prepared before the clock starts, and answers are only cut at their lengths, so that little of the processor is
taken from the server.
"""

import argparse
import asyncio
import collections
import json
import math
import pathlib
import socket
import subprocess
import sys
import time
import urllib.parse

# Status of a request whose connection ended before its answer.
LOST = 0


def encode(url, path, payload, headers=()):
    """The bytes of a POST request."""
    body = json.dumps(payload, ensure_ascii=False).encode()
    host = urllib.parse.urlsplit(url).netloc
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in dict(headers).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def percentile(values, share):
    """The smallest value that the share of the values does not exceed; NaN without values."""
    values = sorted(values)
    return values[max(0, math.ceil(share * len(values)) - 1)] if values else math.nan


def unchunked(data):
    """The body of a chunked message."""
    body, place = b"", 0
    while True:
        end = data.index(b"\r\n", place)
        size = int(data[place:end].partition(b";")[0], 16)
        if size == 0:
            return body
        body += data[end + 2:end + 2 + size]
        place = end + 2 + size + 2


class Connection(asyncio.Protocol):
    """One connection that is kept alive, with at most one request at a time."""

    def __init__(self, finished):
        self.finished = finished
        self.buffer = bytearray()
        self.transport = self.index = None
        self.need = None

    def connection_made(self, transport):
        self.transport = transport

    def send(self, index, data, due=None):
        self.index = index
        self.sent = time.perf_counter()
        self.due = self.sent if due is None else due
        self.transport.write(data)

    def data_received(self, data):
        self.buffer += data
        if self.need is None and not self.read_head():
            return
        if self.need < 0:
            if not self.buffer.endswith(b"0\r\n\r\n"):
                return
            body = unchunked(bytes(self.buffer[self.start:]))
        elif len(self.buffer) >= self.need:
            body = bytes(self.buffer[self.start:self.need])
        else:
            return
        closes = b"\r\nconnection: close" in self.head
        self.buffer.clear()
        self.need = None
        index, self.index = self.index, None
        if closes:
            self.transport.close()
        self.finished(self, index, self.status, self.head, body, closes)

    def read_head(self):
        """Reads status and length; returns whether the head is complete."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        self.head = bytes(self.buffer[:end]).lower()
        self.status = int(self.head[9:12])
        self.start = end + 4
        place = self.head.find(b"\r\ncontent-length:")
        if place >= 0:
            self.need = self.start + int(self.head[place + 17:].partition(b"\r\n")[0])
        elif b"\r\ntransfer-encoding: chunked" in self.head:
            self.need = -1
        else:
            self.need = self.start
        return True

    def connection_lost(self, _):
        if self.index is not None:
            index, self.index = self.index, None
            self.finished(self, index, LOST, b"", b"", True)


class Result:
    """Counts, latencies and answers of a load."""

    def __init__(self):
        self.seconds = 0.0
        self.statuses = collections.Counter()
        # By status: seconds since the request was sent, and since it was due.
        self.latencies, self.waits = collections.defaultdict(list), collections.defaultdict(list)
        self.retry_after = collections.Counter()
        self.without_retry_after = 0
        self.answers = {}
        self.first_error = None
        # How late requests were sent, and how many found no free connection.
        self.lateness, self.unsent = [], 0

    @property
    def rate(self):
        return self.statuses[200] / self.seconds if self.seconds else 0.0

    @property
    def errors(self):
        return sum(count for status, count in self.statuses.items() if status != 200) + self.unsent

    def note(self, connection, index, status, head, body, keeps):
        now = time.perf_counter()
        self.statuses[status] += 1
        self.latencies[status].append(now - connection.sent)
        self.waits[status].append(now - connection.due)
        if status == 200:
            if keeps:
                self.answers[index] = body
            return
        place = head.find(b"\r\nretry-after:")
        if place >= 0:
            self.retry_after[head[place + 14:].partition(b"\r\n")[0].strip().decode()] += 1
        elif status in (429, 503):
            self.without_retry_after += 1
        if status != 429 and self.first_error is None:
            self.first_error = f"{status}: {body[:300]!r}"

    def describe(self, title="requests"):
        """Lines for people."""
        waits = self.waits[200]
        lines = [f"{title}: {self.statuses[200]:,} answered in {self.seconds:.1f} s, {self.rate:,.1f} per second; "
                 + ", ".join(f"p{100 * share:g} {1000 * percentile(waits, share):,.1f} ms" for share in (0.5, 0.9, 0.99))]
        for status, count in sorted(self.statuses.items()):
            if status != 200:
                times = self.latencies[status]
                lines.append(f"  {status or 'connection lost'}: {count:,}; p50 {1000 * percentile(times, 0.5):,.1f} ms, "
                             f"p99 {1000 * percentile(times, 0.99):,.1f} ms, longest {1000 * max(times, default=math.nan):,.1f} ms")
        if self.retry_after:
            lines.append("  Retry-After: " + ", ".join(f"{value} s × {count:,}" for value, count in self.retry_after.most_common(5)))
        if self.without_retry_after:
            lines.append(f"  without Retry-After: {self.without_retry_after:,}")
        if self.first_error:
            lines.append(f"  first error: {self.first_error}")
        if self.lateness:
            lines.append(f"  generator: sent {1000 * percentile(self.lateness, 0.99):,.1f} ms late at p99; "
                         f"{self.unsent:,} found no free connection")
        return "\n".join(lines)


class Load:
    """A server's address and the requests to send, which are repeated in order."""

    def __init__(self, url, requests, keeps=False):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80
        self.requests, self.keeps = requests, keeps

    async def connect(self, finished):
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(lambda: Connection(finished), self.host, self.port)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    async def run_closed(self, connections=64, count=None, seconds=None):
        """Each connection sends its next request when it has an answer, `count` requests in all or for some seconds."""
        result, loop = Result(), asyncio.get_running_loop()
        ended = loop.create_future()
        state = {"next": 0, "open": 0}
        count = count if count is not None else len(self.requests) if seconds is None else sys.maxsize
        deadline = math.inf

        def proceed(connection):
            index = state["next"]
            if index >= count or time.perf_counter() >= deadline:
                state["open"] -= 1
                connection.transport.close()
                if state["open"] == 0 and not ended.done():
                    ended.set_result(None)
                return
            state["next"] += 1
            connection.send(index, self.requests[index % len(self.requests)])

        async def replace():
            try:
                proceed(await self.connect(finished))
            except OSError as error:
                result.first_error = result.first_error or f"cannot connect: {error}"
                state["open"] -= 1
                if state["open"] == 0 and not ended.done():
                    ended.set_result(None)

        def finished(connection, index, status, head, body, closed):
            result.note(connection, index, status, head, body, self.keeps)
            if closed:
                tasks.add(asyncio.ensure_future(replace()))
            else:
                proceed(connection)

        tasks = set()
        opened = [await self.connect(finished) for _ in range(min(connections, count))]
        state["open"] = len(opened)
        start = time.perf_counter()
        deadline = start + seconds if seconds is not None else math.inf
        for connection in opened:
            proceed(connection)
        await ended
        result.seconds = time.perf_counter() - start
        return result

    async def run_open(self, rate, seconds, connections=1024):
        """Sends requests at a rate, whether or not earlier ones have been answered."""
        result = Result()
        idle = collections.deque()
        state = {"waiting": 0}
        tasks = set()

        async def replace():
            try:
                idle.append(await self.connect(finished))
            except OSError as error:
                result.first_error = result.first_error or f"cannot connect: {error}"

        def finished(connection, index, status, head, body, closed):
            state["waiting"] -= 1
            result.note(connection, index, status, head, body, self.keeps)
            if closed:
                tasks.add(asyncio.ensure_future(replace()))
            else:
                idle.append(connection)

        for _ in range(connections):
            idle.append(await self.connect(finished))
        total, sent = int(rate * seconds), 0
        start = time.perf_counter()
        while sent < total:
            now = time.perf_counter()
            while sent < total and start + sent / rate <= now:
                due = start + sent / rate
                while idle and idle[0].transport.is_closing():
                    idle.popleft()
                    tasks.add(asyncio.ensure_future(replace()))
                if idle:
                    state["waiting"] += 1
                    result.lateness.append(now - due)
                    idle.popleft().send(sent, self.requests[sent % len(self.requests)], due)
                else:
                    result.unsent += 1
                sent += 1
            await asyncio.sleep(max(0.001, start + sent / rate - time.perf_counter()))
        result.seconds = time.perf_counter() - start
        for _ in range(6000):
            if state["waiting"] == 0:
                break
            await asyncio.sleep(0.01)
        result.statuses[LOST] += state["waiting"]
        if result.statuses[LOST] == 0:
            del result.statuses[LOST]
        for connection in idle:
            connection.transport.close()
        return result

    def closed(self, *arguments, **options):
        return asyncio.run(self.run_closed(*arguments, **options))

    def open(self, *arguments, **options):
        return asyncio.run(self.run_open(*arguments, **options))


class Health:
    """Another process that asks for a path 50 times a second; its latencies in seconds are `times` after the block."""

    def __init__(self, url, path="/health"):
        self.command = [sys.executable, __file__, "--probe", url, path]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        output, _ = self.process.communicate("")
        report = json.loads(output)
        self.times, self.failures = report["times"], report["failures"]

    def describe(self):
        return (f"health: {len(self.times):,} answers, p50 {1000 * percentile(self.times, 0.5):.1f} ms, "
                f"p99 {1000 * percentile(self.times, 0.99):.1f} ms, longest {1000 * max(self.times, default=math.nan):.1f} ms, "
                f"{self.failures:,} failures")


def probe(url, path):
    """Asks until standard input ends; prints latencies and the number of failures."""
    import select
    parts = urllib.parse.urlsplit(url)
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    times, failures, link = [], 0, None
    while not select.select([sys.stdin], [], [], 0.02)[0]:
        start = time.perf_counter()
        try:
            if link is None:
                link = socket.create_connection((parts.hostname, parts.port), timeout=10)
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.sendall(request)
            data = b""
            while b"\r\n\r\n" not in data:
                part = link.recv(65536)
                if not part:
                    raise OSError("closed")
                data += part
            times.append(time.perf_counter() - start)
            head, _, body = data.partition(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            while len(body) < int(length or 0):
                body += link.recv(65536)
            failures += data[9:12] != b"200"
        except OSError:
            failures += 1
            if link is not None:
                link.close()
            link = None
    print(json.dumps({"times": times, "failures": failures}))


def main():
    if sys.argv[1:2] == ["--probe"]:
        return probe(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("texts", type=pathlib.Path)
    parser.add_argument("--path", default="/predict")
    parser.add_argument("--connections", type=int)
    parser.add_argument("--requests", type=int, default=20000)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    lines = [line for line in options.texts.read_text().splitlines() if line.strip()]
    load = Load(options.url, [encode(options.url, options.path, {"inputs": line}) for line in lines])
    used = time.process_time()
    with Health(options.url) as health:
        if options.rate:
            result = load.open(options.rate, options.seconds, options.connections or 1024)
        else:
            result = load.closed(options.connections or 64, options.requests)
    print(result.describe())
    print(health.describe())
    print(f"the generator used {(time.process_time() - used) / result.seconds:.0%} of a core")
    sys.exit(1 if set(result.statuses) - {200, 429} else 0)


if __name__ == "__main__":
    main()
