"""The web applications, each on a port of one address, PROGRES and the mail server on 127.0.0.1, in one process."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator, Sequence

import uvicorn

from sandbox.errors import NoPopulationError, PortTakenError
from sandbox.green.server import Green, green_screen
from sandbox.mail.server import mail_server
from sandbox.web import arpege, bdo, c2s, compta, ged, rniam
from sandbox.web.connections import DroppableProtocol
from sandbox.web.legacy import Options

_BUILD = {
    "bdo": bdo.application, "arpege": arpege.application, "compta": compta.application, "c2s": c2s.application,
    "ged": ged.application, "rniam": rniam.application,
}  # fmt: skip


class _Server(uvicorn.Server):
    """A server that says when it answers, and leaves the signals of the process to us."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(options: Options, ports: Sequence[int], green: Green, host: str) -> None:
    """Serve until SIGTERM or SIGINT; prints one JSON line with the addresses when ready."""
    if not (options.folder / "population.json").exists():
        raise NoPopulationError(options.folder)
    sockets = [_listen(host, port) for port in ports]
    asyncio.run(_serve(options, sockets, green))


def _listen(host: str, port: int) -> socket.socket:
    # The protocol is named: asyncio turns the delay of small packets off only then.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as exc:
        raise PortTakenError(host, port) from exc
    return listener


async def _serve(options: Options, sockets: Sequence[socket.socket], green: Green) -> None:
    servers = [_Server(_config(name, options)) for name in _BUILD]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    tasks = [asyncio.create_task(s.serve(sockets=[sock])) for s, sock in zip(servers, sockets, strict=True)]
    await asyncio.gather(*(server.ready.wait() for server in servers))
    places = {name: sock.getsockname() for name, sock in zip(_BUILD, sockets, strict=True)}
    urls = {name: f"http://{host}:{port}" for name, (host, port) in places.items()}
    today = options.business_date().isoformat()
    async with mail_server(options.folder) as mail, green_screen(options, green) as progres:
        said = {"ready": True, **urls, "progres": progres, "mail": mail, "today": today, "pid": os.getpid()}
        print(json.dumps(said), flush=True)
        await asyncio.gather(*tasks)


def _config(name: str, options: Options) -> uvicorn.Config:
    return uvicorn.Config(
        _BUILD[name](options), http=DroppableProtocol, ws="none", lifespan="off", log_level="error", access_log=False,
        server_header=False, timeout_keep_alive=60, timeout_graceful_shutdown=2,
    )  # fmt: skip
