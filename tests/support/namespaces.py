"""Hosts on one machine: a network namespace each, all on one switch, where a cable can be taken out without a word."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_NET = "10.93.1"
#: A hardware address that nobody has.
_NOBODY = "02:00:00:00:00:fe"


def why_not() -> str | None:
    """Say why this machine may not make namespaces; None when it may."""
    if shutil.which("ip") is None:
        return "the command ip is missing (iproute2)"
    name = f"glr-{os.getpid()}-trial"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"network namespaces are not permitted here: {made.stderr.strip()}"
    _ip("netns", "del", name)
    return None


@dataclass(frozen=True, kw_only=True)
class Host:
    """One host, with its name and address."""

    namespace: str
    switch: str
    port: str
    address: str

    def command(self, *words: str) -> list[str]:
        """Return the command that runs these words on the host."""
        return ["ip", "netns", "exec", self.namespace, *words]

    def start(self, words: Sequence[str], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a program on the host."""
        with log.open("ab") as output:
            return subprocess.Popen(
                self.command(*words), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
            )

    def run(self, words: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        """Run a program on the host to its end; returns what it printed."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pids(self) -> list[int]:
        """Return the numbers of all its processes."""
        said = subprocess.run(["ip", "netns", "pids", self.namespace], capture_output=True, text=True, check=False)
        return [int(word) for word in said.stdout.split()]

    def kill(self) -> None:
        """End all its processes at once, as when its power fails."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def cut(self) -> None:
        """Take its cable out of the switch, at the switch: its own link stays up, nothing is reset."""
        _in(self.switch, "link", "set", "dev", self.port, "nomaster")

    def heal(self) -> None:
        """Put its cable back."""
        _in(self.switch, "link", "set", "dev", self.port, "master", "br0")

    def cut_from(self, other: Host) -> None:
        """Lose what it sends to one other host, and reach all others."""
        _in(self.namespace, "neigh", "replace", other.address, "lladdr", _NOBODY, "nud", "permanent", "dev", "eth0")

    def heal_from(self, other: Host) -> None:
        """Find the other host again."""
        _in(self.namespace, "neigh", "del", other.address, "dev", "eth0")

    def connected_to(self, other: Host) -> int:
        """Count the connections to another host that it believes in."""
        return len(self.run(["ss", "-Htn", "state", "established", "dst", other.address]).splitlines())


@dataclass
class Network:
    """A switch and the hosts on it."""

    name: str = field(default_factory=lambda: f"glr-{os.getpid()}")
    hosts: dict[str, Host] = field(default_factory=dict)

    def host(self, name: str) -> Host:
        """Add a host."""
        number = len(self.hosts) + 1
        host = Host(
            namespace=f"{self.name}-{name}", switch=self.switch, port=f"port{number}", address=f"{_NET}.{number}"
        )
        _ip("netns", "add", host.namespace)
        self.hosts[name] = host
        _in(host.namespace, "link", "set", "lo", "up")
        _in(host.namespace, "link", "add", "eth0", "type", "veth", "peer", "name", host.port, "netns", self.switch)
        _in(self.switch, "link", "set", host.port, "master", "br0", "up")
        _in(host.namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")
        _in(host.namespace, "link", "set", "eth0", "up")
        return host

    @property
    def switch(self) -> str:
        """The namespace of the switch."""
        return f"{self.name}-switch"

    def _end(self) -> None:
        for host in self.hosts.values():
            host.kill()
            _ip("netns", "del", host.namespace)
        _ip("netns", "del", self.switch)


@contextmanager
def network() -> Iterator[Network]:
    """Give a network without any route to the outside; ended with everything that runs on its hosts."""
    made = Network()
    _ip("netns", "add", made.switch)
    try:
        _in(made.switch, "link", "add", "br0", "type", "bridge")
        _in(made.switch, "link", "set", "br0", "up")
        yield made
    finally:
        made._end()


def _in(namespace: str, *words: str) -> None:
    _ip("-n", namespace, *words)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
