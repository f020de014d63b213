"""Starts `attune serve`, talks to it and measures its process, for Scripts/check-serve and Benchmarks/serve."""

import hashlib
import http.client
import importlib.metadata
import json
import os
import pathlib
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time


def use_packages(name, packages):
    """Continues in a virtual environment with these packages, which is made in the user's cache if it is missing.

    Nothing happens if this Python already has them. Each package is NAME==VERSION.
    """
    def missing():
        for package in packages:
            wanted, _, version = package.partition("==")
            try:
                if importlib.metadata.version(wanted).partition("+")[0] != version:
                    return True
            except importlib.metadata.PackageNotFoundError:
                return True
        return False

    if not missing():
        return
    if os.environ.get("ATTUNE_IN_VENV"):
        sys.exit(f"the virtual environment {sys.prefix} lacks a package of: {' '.join(packages)}; remove it and try again")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "attune" / "venvs"
    place = cache / f"{name}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:8]}"
    python = place / "bin" / "python"
    if not (place / "complete").exists():
        print(f"installing {' '.join(packages)} into {place} …", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        (place / "complete").touch()
    os.environ["ATTUNE_IN_VENV"] = "1"
    os.execv(python, [str(python), *sys.argv])


def machine():
    """One line about the machine, to print with measurements."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
        with open("/proc/meminfo") as file:
            total = f"{int(file.readline().split()[1]) / 1e6:.0f} GB"
    except (OSError, StopIteration):
        total = "unknown memory"
    return f"{os.cpu_count()} cores of {model}, {total}, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"


def memory(pid):
    """Resident bytes of a process, those not mapped from files, and its peak; zeros if it is gone."""
    sizes = {}
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                name, _, value = line.partition(":")
                if name in ("VmRSS", "VmHWM", "RssAnon", "RssShmem"):
                    sizes[name] = int(value.split()[0]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return sizes.get("VmRSS", 0), sizes.get("RssAnon", 0) + sizes.get("RssShmem", 0), sizes.get("VmHWM", 0)


def processor_seconds(pid):
    """The processor time that a process has used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port():
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Answer:
    """A response: status, headers by lower-case name, body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def type(self):
        """The media type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise ValueError(f"the answer is not JSON: {self!r}") from None

    def __repr__(self):
        return f"{self.status} {self.headers.get('content-type')} {self.body[:300]!r}"


def ask(port, method, path, body=None, headers=(), timeout=60):
    """Sends one request on a new connection; a body that is not bytes is sent as JSON."""
    fields = {k.lower(): v for k, v in dict(headers).items()}
    if body is not None and not isinstance(body, (bytes, bytearray)):
        body = json.dumps(body).encode()
        fields.setdefault("content-type", "application/json")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, fields)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


class Server:
    """A running `attune serve`, or another server that takes --port."""

    def __init__(self, command, *flags, port=None, ready="/health", environment=()):
        self.port = port or free_port()
        self.ready_path = ready
        self.log = tempfile.NamedTemporaryFile("w+", prefix="attune-serve-", suffix=".log")
        words = [*map(str, command), "--port", str(self.port), *map(str, flags)]
        self.process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
            env={**os.environ, "HF_HUB_OFFLINE": "1", **dict(environment)})

    @classmethod
    def attune(cls, attune, models, *flags, **options):
        return cls([attune, "serve", *models, "--hostname", "127.0.0.1"], *flags, **options)

    @property
    def pid(self):
        return self.process.pid

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def logged(self):
        """Everything that the server has written to its outputs."""
        with open(self.log.name, errors="replace") as file:
            return file.read()

    def wait(self, seconds=300):
        """Waits until the server is ready; ends the program if it does not become ready."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            if self.process.poll() is not None:
                sys.exit(f"the server ended with exit code {self.process.returncode}:\n{self.logged()[-3000:]}")
            try:
                if ask(self.port, "GET", self.ready_path, timeout=5).status == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        self.kill()
        sys.exit(f"the server was not ready after {seconds} s:\n{self.logged()[-3000:]}")

    def is_running(self):
        return self.process.poll() is None

    def ask(self, method, path, body=None, headers=(), timeout=60):
        return ask(self.port, method, path, body, headers, timeout)

    def stop(self, seconds=60):
        """Sends SIGTERM and returns the exit code."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self):
        if self.is_running():
            self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
