"""The live progress of a run: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from orchestrator.engine.results import RowOutcome, RowResult
from orchestrator.store.database import Database

#: Seconds between two lines when there is no terminal.
LINE_EVERY = 10.0
_ENDED = (RowOutcome.ENTERED, RowOutcome.NOTHING_TO_PAY, RowOutcome.ALREADY_DONE, RowOutcome.OTHER_END)


class RunProgress:
    """Shows rows as they leave the robots' hands."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"), console=console, auto_refresh=False
        )
        self._task = self._bar.add_task("", pace="", total=None)
        self._words = Text()
        # two lines, so that an 80-column terminal shows everything
        self._live = Live(Group(self._bar, self._words), console=console)
        self._began = time.monotonic()
        self._last_line = 0.0
        self._at_start: int | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, rows: Sequence[RowResult]) -> None:
        """Show where the run is."""
        counted = Counter(row.outcome for row in rows)
        done = len(rows) - counted[RowOutcome.RUNNING]
        if self._at_start is None:
            self._at_start = done
        elapsed = max(time.monotonic() - self._began, 0.001)
        words, pace = _words(counted), _pace((done - self._at_start) / elapsed, len(rows) - done)
        self._bar.update(self._task, completed=done, total=len(rows), pace=pace)
        self._words.plain = words
        if not self._console.is_terminal and (elapsed - self._last_line > LINE_EVERY or done == len(rows)):
            self._last_line = elapsed
            text = " · ".join(part for part in (f"{done}/{len(rows)}", words, pace) if part)
            self._console.print(text, highlight=False, soft_wrap=True)

    async def closed(self, database: Database, caisse: str) -> bool:
        """True when an application or the scenario is closed to robots: the run cannot go on without a person."""
        async with database.transaction("demo") as tx:
            applications = await tx.all("sessions.stopped_applications", caisse=caisse)
            scenarios = await tx.all("versions.stopped_scenarios", caisse=caisse)
            held = await tx.all("cases.held_now", caisse=caisse) if applications or scenarios else []
        if held:
            return False
        for row in applications:
            self._say(f"{row['application']} est fermée aux robots", row["reason"])
            self._console.print(f"Pour rouvrir : glr status --reopen {row['application']}")
        for row in scenarios:
            self._say(f"Le scénario {row['scenario']} est arrêté", row["reason"])
            self._console.print(f"Pour reprendre : glr status --resume {row['scenario']}")
        return bool(applications or scenarios)

    def _say(self, what: str, why: str) -> None:
        self._console.print(f"[red]{what} : {why}[/red]", soft_wrap=True)


def _words(counted: Counter[RowOutcome]) -> str:
    """Say what became of the rows so far: ended, exceptions, awaiting approval, waiting for a day where some do."""
    ended = sum(counted[name] for name in _ENDED)
    exceptions, approvals = counted[RowOutcome.EXCEPTION], counted[RowOutcome.AWAITING_APPROVAL]
    later = f" · en attente {counted[RowOutcome.WAITING]}" if counted[RowOutcome.WAITING] else ""
    return f"terminés {ended} · exceptions {exceptions} · à valider {approvals}{later}"


def _pace(speed: float, left: int) -> str:
    """Say how fast a run goes (cases per second given) and what remains, once something is known."""
    if not speed:
        return ""
    pace = f"{speed * 60:.0f} dossiers/min"
    return f"{pace} · reste {duration(left / speed)}" if left else pace


def duration(seconds: float) -> str:
    """Write a length of time as people say it: ``45 s``, ``2 min 10 s``, ``1 h 05``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d}"
