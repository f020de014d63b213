"""Rows: the server's end, behind a proxy that lags; killed and started again."""

import asyncio
import signal
import socket
import subprocess
import threading
import time

import load
import serving
from serve_checks.trial import equal, predict, require, require_unharmed, row


class LaggingProxy:
    """A proxy like a cluster's: it sends new connections to a second server three seconds after the first is not ready any more."""

    def __init__(self, first, second, lag=3.0):
        self.first, self.second, self.lag = first, second, lag
        self.port = serving.free_port()
        self.switched = None
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self):
        asyncio.set_event_loop(self.loop)
        self.ended = asyncio.Event()
        self.loop.run_until_complete(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.accept, "127.0.0.1", self.port, backlog=1024)
        watch = asyncio.ensure_future(self.watch())
        await self.ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(watch, *others, return_exceptions=True)

    async def watch(self):
        """Asks for readiness ten times a second."""
        while True:
            try:
                answer = await asyncio.to_thread(serving.ask, self.first, "GET", "/health/ready", None, (), 5)
                if answer.status != 200:
                    break
            except OSError:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(self.lag)
        self.switched = time.monotonic()

    async def accept(self, reader, writer):
        port = self.first if self.switched is None else self.second
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(self.copy(reader, far_writer), self.copy(far_reader, writer))
        except asyncio.CancelledError:  # The proxy ends.
            pass

    @staticmethod
    async def copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def __enter__(self):
        self.thread.start()
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join(5)


@row("SIGTERM under load behind a proxy that lags 3 s: no request lost, exit code 0")
def drained(trial):
    model = trial.real or "plain"
    with trial.start(model=model).wait() as first, trial.start(model=model).wait() as second, \
            LaggingProxy(first.port, second.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        requests = [load.encode(url, "/predict", {"inputs": text}) for text in ("good news", "the front page " * 10)]
        noticed = {}

        def terminate():
            time.sleep(3)
            noticed["sent"] = time.monotonic()
            first.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            try:
                noticed["health"] = [first.ask("GET", f"/health/{name}").status for name in ("ready", "live")]
                noticed["code"] = first.process.wait(60)
            except (OSError, subprocess.TimeoutExpired) as error:
                noticed["error"] = repr(error)
            noticed["ended"] = time.monotonic()

        thread = threading.Thread(target=terminate)
        thread.start()
        result = load.Load(url, requests).closed(32, seconds=15)
        thread.join()
        require("error" not in noticed, f"{noticed.get('error')}; {result.statuses}")
        equal(set(result.statuses), {200}, f"the statuses of {sum(result.statuses.values()):,} requests ({result.statuses}; "
                                           f"{result.first_error})")
        equal(noticed["code"], 0, "the exit code")
        equal(noticed["health"], [503, 200], "/health/ready and /health/live after SIGTERM")
        require(proxy.switched, "the proxy did not change the server")
        return (f"{result.statuses[200]:,} requests; the proxy changed after {proxy.switched - noticed['sent']:.1f} s, "
                f"the server ended after {noticed['ended'] - noticed['sent']:.1f} s")


@row("a second SIGTERM ends the server at once")
def second_signal(trial):
    with trial.start().wait() as server:
        # A request that takes long keeps the server in its drain.
        texts = ["good news from the front page " * 12] * 10_000

        def ask():
            try:
                server.ask("POST", "/v1/classify", {"texts": texts}, timeout=60)
            except Exception:  # The server ends before it has answered.
                pass

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        require(server.is_running(), "the first signal ended the server without a drain")
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        try:
            code = server.process.wait(5)
        except subprocess.TimeoutExpired:
            require(False, "the server still runs 5 s after the second signal")
        seconds = time.monotonic() - start
        thread.join()
        require(code in (130, 143, -signal.SIGTERM), f"the exit code is {code}")
        require(seconds < 1, f"it took {seconds:.1f} s")
        return f"after {1000 * seconds:.0f} ms, exit code {code}"


@row("SIGINT drains, too")
def interrupted(trial):
    with trial.start("--drain-delay", "0").wait() as server:
        server.process.send_signal(signal.SIGINT)
        code = server.process.wait(20)
        require(code == 0, f"the exit code is {code}")


@row("kill -9 under load, started again on the same port")
def killed(trial):
    first = trial.start().wait()
    requests = [load.encode(first.url, "/predict", {"inputs": "good news"})]
    thread = threading.Thread(target=lambda: load.Load(first.url, requests).closed(16, seconds=2))
    thread.start()
    time.sleep(1)
    first.process.kill()
    first.process.wait()
    thread.join()
    start = time.monotonic()
    with trial.start(port=first.port).wait() as second:
        seconds = time.monotonic() - start
        equal(predict(second, "good news").status, 200, "the status")
        require_unharmed(second)
    return f"ready after {seconds:.2f} s"


def ended(server, seconds=30):
    """The exit code of a server that must end; None if it does not."""
    try:
        return server.process.wait(seconds)
    except subprocess.TimeoutExpired:
        server.kill()
        return None


@row("a port that is taken, a model that is missing: an error, not a hang")
def cannot_start(trial):
    with trial.start().wait() as server:
        other = trial.start(port=server.port)
        code = ended(other)
        require(code not in (0, None) and str(server.port) in other.logged(), f"exit code {code}: {other.logged()[-300:]}")
    missing = trial.start(model=[trial.folder / "missing"])
    code = ended(missing)
    require(code not in (0, None) and "missing" in missing.logged(), f"exit code {code}: {missing.logged()[-300:]}")
