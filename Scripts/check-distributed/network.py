"""Two network namespaces of this machine with a cable between them: two hosts, as far as a network can show. Needs root."""

import json
import os
import pathlib
import shutil
import socket
import subprocess

import ranks


class Network:
    """The hosts a and b, with addresses in IPv4 and IPv6 and names in files that only they see.

    The machine's own name is a loopback address on both, as on Debian and in many containers.
    """

    def __init__(self):
        if os.geteuid() != 0 or not shutil.which("ip"):
            raise ranks.Skip("needs root and iproute2")
        tag = f"at{os.getpid() % 1000000}"
        self.names, self.devices = [f"{tag}a", f"{tag}b"], [f"{tag}va", f"{tag}vb"]
        self.addresses = {4: ["10.77.0.1", "10.77.0.2"], 6: ["fd00:77::1", "fd00:77::2"]}
        self.host = socket.gethostname()
        self.is_slow = False

    def __enter__(self):
        try:
            self.make()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def make(self):
        hosts = f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {self.host}\n"
        for letter, four, six in zip("ab", *self.addresses.values()):
            hosts += f"{four} host-{letter}\n{six} host-{letter}6\n"
        for name in self.names:
            # `ip netns exec` puts these files in place of those in /etc.
            place = pathlib.Path("/etc/netns") / name
            place.mkdir(parents=True)
            (place / "hosts").write_text(hosts)
            if pathlib.Path("/etc/nsswitch.conf").exists():
                (place / "nsswitch.conf").write_text("hosts: files\n")
            ip("netns", "add", name)
        ip("link", "add", self.devices[0], "type", "veth", "peer", "name", self.devices[1])
        for number, (name, device) in enumerate(zip(self.names, self.devices)):
            ip("link", "set", device, "netns", name)
            ip("-n", name, "addr", "add", f"{self.addresses[4][number]}/24", "dev", device)
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", device, "up")
            self.add_address(number)

    def add_address(self, number):
        """Gives a host its IPv6 address, which a cut removes."""
        ip("-n", self.names[number], "-6", "addr", "replace", f"{self.addresses[6][number]}/64", "dev", self.devices[number], "nodad")

    def prefix(self, number):
        """The words before a command that runs it on a host."""
        return ["ip", "netns", "exec", self.names[number]]

    def cut(self):
        """Cuts the cable."""
        ip("-n", self.names[1], "link", "set", self.devices[1], "down")

    def repair(self):
        ip("-n", self.names[1], "link", "set", self.devices[1], "up")
        self.add_address(1)

    def limit(self, megabits):
        """Limits both directions; None removes the limit."""
        for number, device in enumerate(self.devices):
            command = [*self.prefix(number), "tc", "qdisc"]
            if self.is_slow:
                call([*command, "del", "dev", device, "root"])
            if megabits:
                call([*command, "add", "dev", device, "root", "tbf", "rate", f"{megabits}mbit", "burst", "256kb", "latency", "100ms"])
        self.is_slow = bool(megabits)

    def sent(self):
        """The bytes that each host has sent through its end of the cable."""
        found = []
        for name, device in zip(self.names, self.devices):
            link = json.loads(call(["ip", "-n", name, "-s", "-j", "link", "show", "dev", device]))[0]
            found.append(link.get("stats64", link.get("stats"))["tx"]["bytes"])
        return found

    def remove(self):
        """Removes everything that `make` added."""
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
            shutil.rmtree(pathlib.Path("/etc/netns") / name, ignore_errors=True)
        try:
            pathlib.Path("/etc/netns").rmdir()
        except OSError:  # It is missing, or others use it.
            pass


def call(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise ranks.Failed(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def ip(*words):
    return call(["ip", *words])
