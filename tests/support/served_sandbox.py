"""The practice applications served by their own command, for tests over plain HTTP."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sandbox.model import ROBOT_LOGIN

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Served:
    """A served sandbox."""

    folder: Path
    urls: dict[str, str]
    process: subprocess.Popen[str]

    def password(self, application: str, login: str) -> str:
        """The password of an account."""
        accounts = json.loads((self.folder / "accounts.json").read_text())
        return str(accounts[application][login]["password"])

    @contextmanager
    def browser(self, application: str, login: str | None = ROBOT_LOGIN) -> Iterator[httpx.Client]:
        """A client that keeps cookies; logged in unless `login` is None."""
        with httpx.Client(base_url=self.urls[application], timeout=10) as client:
            if login:
                assert log_in(client, login, self.password(application, login)).status_code == 303
            yield client

    def plan(self, **faults: list[dict[str, Any]]) -> None:
        """Write the targeted faults."""
        path = self.folder / "faults.json"
        path.with_suffix(".new").write_text(json.dumps(faults))
        path.with_suffix(".new").replace(path)

    def ledger(self) -> list[dict[str, Any]]:
        """The acts of COMPTA."""
        return [json.loads(line) for line in (self.folder / "compta.ledger.jsonl").read_text("utf-8").splitlines()]


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Served]:
    """Serve a folder with the real command on free ports, and stop it with SIGTERM."""
    command = [sys.executable, "-m", "sandbox", "serve", "--dir", str(folder), "--ports", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        try:
            yield Served(
                folder=folder,
                urls={n: ready[n] for n in ("bdo", "arpege", "compta", "c2s", "ged", "rniam")},
                process=process,
            )
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


def log_in(client: httpx.Client, login: str, password: str) -> httpx.Response:
    """Post the login form."""
    return client.post("/connexion", data={"identifiant": login, "mot_de_passe": password})
