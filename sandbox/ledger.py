"""The append-only ledger file of one application: what an outside checker reads."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from sandbox.db import Store


def utc_now() -> str:
    """The present instant, UTC, as ISO text with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Ledger:
    """Acts of one application, first in its store (in the act's own transaction), then one fsync'd line each."""

    def __init__(self, path: Path, store: Store) -> None:
        self._path = path
        self._store = store
        self._written = self._last_seq()
        self.catch_up()

    def catch_up(self) -> None:
        """Write the lines of every committed act that has none yet."""
        for seq, line in self._store.all("SELECT seq, ligne FROM acte WHERE seq > ? ORDER BY seq", self._written):
            self._append(json.dumps({"seq": seq, **json.loads(line)}, ensure_ascii=False))
            self._written = seq

    def record(self, fields: dict[str, object]) -> None:
        """Add an act to the store; call inside the transaction of the act, then `catch_up` after its commit."""
        line = json.dumps({"at": utc_now(), **fields}, ensure_ascii=False)
        self._store.run("INSERT INTO acte (ligne) VALUES (?)", line)

    def _append(self, line: str) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _last_seq(self) -> int:
        """The last complete line's number; a line cut by a crash is taken off first."""
        if not self._path.exists():
            self._path.touch()
            return 0
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            os.truncate(self._path, len(whole))
        lines = whole.splitlines()
        return int(json.loads(lines[-1])["seq"]) if lines else 0
