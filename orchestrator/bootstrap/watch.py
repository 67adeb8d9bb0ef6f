"""What nobody writes down by itself: an old doubt, an old backup, a start without a run, a day of the log that was changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

from orchestrator.audit.merkle import Tree, leaf
from orchestrator.bootstrap.labels import keep_labels
from orchestrator.bootstrap.surveillance import Surveillance
from orchestrator.bootstrap.versions import InForce
from orchestrator.bootstrap.world import World
from orchestrator.domain.civil import Clock, SystemClock, french_date, paris_date
from orchestrator.domain.errors import GlrError
from orchestrator.engine.labels import LABELS_ADVICE, unhosted
from orchestrator.planner.occurrences import all_due_between
from orchestrator.store.database import Database

ACTOR = "watch"
_log = logging.getLogger(__name__)
#: Between two looks; between two looks at the files of the log.
EVERY, LOG_EVERY = timedelta(seconds=60), timedelta(hours=1)
#: How far back a planned start is missed.
_LOOK_BACK = timedelta(days=1)


@dataclass(kw_only=True)
class Watch:
    """Looks at the house now and then; several may do so at once."""

    world: World
    database: Database
    in_force: InForce
    clock: Clock = field(default_factory=SystemClock)
    #: Starts from before this are nobody's: there was no house.
    since: datetime
    #: What no machine hosted at the last look: a runner that starts again is not told of.
    _unhosted: frozenset[str] = frozenset()
    _looked: datetime | None = None
    _log_looked: datetime | None = None

    @classmethod
    def of(cls, world: World, database: Database) -> Self:
        """Begin to watch now."""
        now = SystemClock().now()
        return cls(world=world, database=database, in_force=InForce(world=world, database=database), since=now)

    async def look(self, rules: Surveillance) -> None:
        """Write down what is wrong now, when it is time to look; a look that fails keeps no other from looking."""
        now = self.clock.now()
        if self._looked is not None and now - self._looked < EVERY:
            return
        self._looked = now
        looks: list[Callable[[], Awaitable[None]]] = [partial(look, rules) for look in (self.doubts, self.backup)]
        looks += [partial(self.starts, rules, now), self.labels]
        if self._log_looked is None or now - self._log_looked >= LOG_EVERY:
            self._log_looked = now
            looks.append(self.log)
        for each in looks:
            try:
                await each()
            except Exception as error:  # noqa: BLE001 - a border: each look for itself
                said = error if isinstance(error, GlrError) else type(error).__name__
                _log.warning("surveillance : un regard n'a pas abouti, les autres continuent : %s", said)

    async def doubts(self, rules: Surveillance) -> None:
        """Tell of entries in doubt that nobody has settled in time."""
        async with self.database.transaction(ACTOR) as tx:
            rows = await tx.all("alerts.old_doubts", caisse=self._caisse, after=rules.doubt_after)
        for row in rows:
            said = f"Une saisie dans {row['application'].upper()} est en doute depuis longtemps (jeton {row['token']})."
            where = "clos sans elle : à rapprocher" if row["let_go"] else "page Exceptions"
            told = f"{said} Voir la console, dossier {row['reference']}, {where}."
            await self._raise("doubt", row["token"], told, f"doubt {row['id']}{' let go' if row['let_go'] else ''}")

    async def backup(self, rules: Surveillance) -> None:
        """Tell once a day that the last backup is too old."""
        after = timedelta(hours=rules.backup_hours)
        async with self.database.transaction(ACTOR) as tx:
            row = await tx.first("alerts.backup", caisse=self._caisse, after=after)
        if row and row["late"]:
            said = f"Aucune sauvegarde depuis plus de {rules.backup_hours} h : glr backup."
            await self._raise("backup", "glr backup", said, f"backup {paris_date(self.clock.now())}")

    async def starts(self, rules: Surveillance, now: datetime) -> None:
        """Tell of each planned start that no run has followed."""
        until = now - timedelta(minutes=rules.run_minutes)
        for name, scenario in (await self.in_force.to_run()).items():
            for due in all_due_between(scenario.schedule, max(self.since, until - _LOOK_BACK), until):
                async with self.database.transaction(ACTOR) as tx:
                    row = await tx.first("alerts.run_since", caisse=self._caisse, scenario=name, since=due.instant)
                if row and not row["found"]:
                    said = f"{name} devait démarrer le {due.local.replace('T', ' à ')} : aucune exécution depuis."
                    await self._raise("not_run", name, f"{said} Livraison absente ?", f"not_run {name} {due.local}")

    async def labels(self) -> None:
        """Tell once a day of cases that no living runner may host, when they were there at the look before."""
        await keep_labels(self.world, self.database)
        async with self.database.transaction(ACTOR) as tx:
            rows = await tx.all("sessions.unhosted", caisse=self._caisse)
        found = {f"unhosted {row['scenario']} {','.join(row['labels'])}": row for row in rows}
        for fingerprint, row in found.items():
            if fingerprint in self._unhosted:
                today = f"{fingerprint} {paris_date(self.clock.now())}"
                await self._raise("unhosted", row["scenario"], f"{unhosted(row)} {LABELS_ADVICE}", today)
        self._unhosted = frozenset(found)

    async def log(self) -> None:
        """Tell of each day of the audit log that is not what it was."""
        async with self.database.transaction(ACTOR) as tx:
            known = {row["day"]: row for row in await tx.all("alerts.days", caisse=self._caisse)}
        before = self.clock.now().date() - timedelta(days=1)  # events of a day may leave the database a little after it
        seen = await asyncio.to_thread(_days, self.world.settings.audit_log, before, known)
        for day in sorted(known.keys() | seen.keys()):
            if day not in known:
                async with self.database.transaction(ACTOR) as tx:
                    await tx.run("alerts.see_day", caisse=self._caisse, day=day, **seen[day])
            elif day not in seen or seen[day]["root"] != known[day]["root"]:
                said = f"Le journal du {french_date(day)} n'est plus ce qu'il était : le garder, prévenir le contrôle interne."
                await self._raise("log", day.isoformat(), said, f"log {day}")

    @property
    def _caisse(self) -> str:
        return self.world.settings.caisse

    async def _raise(self, kind: str, what: str, message: str, fingerprint: str) -> None:
        about = {"kind": kind, "object": what, "message": message, "fingerprint": fingerprint}
        async with self.database.transaction(ACTOR) as tx:
            await tx.first("alerts.raise", caisse=self._caisse, **about)


def _days(folder: Path, before: date, known: Mapping[date, Mapping[str, Any]]) -> dict[date, dict[str, Any]]:
    """Return lines and root of each day that is over; of one that is known, of as many lines as it had then."""
    found = {}
    for path in sorted(folder.glob("????-??-??.jsonl")):
        day = date.fromisoformat(path.stem)
        if day < before:
            lines = path.read_bytes().split(b"\n")[:-1]
            tree = Tree(leaf(line) for line in lines[: known[day]["lines"] if day in known else None])
            found[day] = {"lines": tree.size, "root": tree.root.hex()}
    return found
