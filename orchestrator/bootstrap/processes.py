"""Child processes that end with their parent, and Ctrl-C that ends all of them cleanly."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PARENT = "GLR_PARENT"


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the process that started us dies, however it dies (Linux)."""
    parent = os.environ.get(_PARENT)
    if not parent:
        return
    _follow_parent()()
    if os.getppid() != int(parent):  # it died before we asked
        sys.exit(0)


def start_child(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start one of our own programs, which ends when we die; what it writes goes to a log file, and may be waited for there.

    Programs that know nothing of ours (the practice applications) are bound to us before they begin.
    """
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {}), _PARENT: str(os.getpid())},
            preexec_fn=_follow_parent(),  # noqa: PLW1509 - one system call, looked up before the fork
            start_new_session=True,  # Ctrl-C reaches the parent alone, which stops its children in order
        )


def _follow_parent() -> Callable[[], object]:
    """Return the system call that makes the kernel send SIGTERM when the parent dies (Linux; elsewhere nothing)."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    call = ctypes.CDLL(None).prctl
    return lambda: call(_PR_SET_PDEATHSIG, signal.SIGTERM)


def port_at(host: str, wanted: int) -> int:
    """Return the wanted port, or a free one when another program already listens there."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return wanted


def stop_children(children: Sequence[subprocess.Popen[bytes]], *, seconds: float = 25.0) -> None:
    """Ask children to end, in the order given, and kill the late ones."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def stop_event() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping
