"""The evidence of cases for who audits them: sampled by a seed or one by its reference, in one signed file (ADR 25)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from orchestrator.audit.events import instant, without_floats
from orchestrator.bootstrap.world import World
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.sampling import draw
from orchestrator.drivers.capture import evidence_path
from orchestrator.proofs.log import LogProof, files_of, prove, write_out
from orchestrator.proofs.sealed import Sealed
from orchestrator.sharing.archive import canonical_json, digest
from orchestrator.store.database import Database, Transaction

#: Who asks, in the log.
ACTOR = "cli"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What was asked of a run: so many cases by a seed; neither: all that were entered."""

    seed: str = ""
    size: int = 0

    def of(self, population: Sequence[str]) -> tuple[str, ...]:
        """Return the chosen references."""
        return draw(population, self.seed, self.size) if self.size else tuple(population)


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What the database tells, before the log is read."""

    run: UUID
    since: date
    bordereau: Mapping[str, Any] | None
    cases: Mapping[str, Mapping[str, Any]]


async def evidence_of_run(world: World, run: UUID, sample: Sample) -> Sealed:
    """Return the evidence of a closed run's sample; the log says first what was asked.

    Raises ``SettingsError`` when its bordereau is not written down, or a file is not what it was.
    """
    async with Database(world.urls["glr_console"], size=1) as database:
        async with database.transaction(ACTOR) as tx:
            bordereau = await tx.first("proofs.bordereau", run=run, caisse=world.settings.caisse)
            if bordereau is None:
                raise SettingsError(f"L'exécution {run} n'a pas de bordereau clos : la clore d'abord (glr close).")
            about = {"seed": sample.seed, "size": sample.size, "sha256": bordereau["sha256"]}
            await tx.record(world.settings.caisse, "evidence.exported", str(run), **about)
        async with database.transaction(ACTOR) as tx:
            chosen = sample.of(bordereau["entered"])
            told = await _told(tx, world, run=run, bordereau=bordereau, references=chosen)
    drawing = {"seed": sample.seed, "size": sample.size, "population": bordereau["entered"], "drawn": list(chosen)}
    return await _sealed(world, told, {"tirage.json": canonical_json(drawing)})


async def evidence_of_case(world: World, reference: str) -> Sealed:
    """Return the evidence of one case, wherever it stands; raises ``SettingsError`` for an unknown one."""
    async with Database(world.urls["glr_console"], size=1) as database:
        async with database.transaction(ACTOR) as tx:
            row = await tx.first("proofs.run_of", run=None, reference=reference, caisse=world.settings.caisse)
            if row is None:
                raise SettingsError(f"Dossier « {reference} » inconnu.")
            await tx.record(world.settings.caisse, "evidence.exported", reference)
        async with database.transaction(ACTOR) as tx:
            where = {"run": row["run"], "caisse": world.settings.caisse}
            bordereau = await tx.first("proofs.bordereau", **where)
            told = await _told(tx, world, run=row["run"], bordereau=bordereau, references=[reference])
    return await _sealed(world, told, {})


async def _told(
    tx: Transaction, world: World, *, run: UUID, bordereau: Mapping[str, Any] | None, references: Sequence[str]
) -> _Told:
    caisse = world.settings.caisse
    started = await tx.first("proofs.run_of", run=run, reference="", caisse=caisse)
    cases = {each: await tx.first("proofs.case", reference=each, caisse=caisse) for each in references}
    known = {each: row for each, row in cases.items() if row is not None}
    if started is None or len(known) < len(references):
        raise SettingsError("Un dossier du bordereau n'est plus dans la base : la remettre d'une sauvegarde.")
    return _Told(run=run, since=started["started_at"].astimezone(UTC).date(), bordereau=bordereau, cases=known)


async def _sealed(world: World, told: _Told, files: Mapping[str, bytes]) -> Sealed:
    """Read the log up to now, and put everything together."""
    settings = world.settings
    async with Database(world.urls["glr_exporter"], size=1) as exporter:
        await write_out(exporter, settings.audit_log)
    objects = [str(told.run), *told.cases]
    log = await asyncio.to_thread(prove, settings.audit_log, told.since, objects)
    found = await asyncio.to_thread(_files, world, told, log)
    return Sealed(
        kind="evidence",
        caisse=settings.caisse,
        made_at=datetime.now(UTC),
        about={"run": str(told.run), "cases": sorted(told.cases), "log": log.days},
        files={**found, **files},
    )


def _files(world: World, told: _Told, log: LogProof) -> dict[str, bytes]:
    files = files_of(log.about[str(told.run)], "execution")
    if told.bordereau is not None:
        files |= _bordereau(world.settings.bordereaux, told.bordereau)
    for reference, row in told.cases.items():
        folder = f"dossiers/{reference}"
        files[f"{folder}/dossier.json"] = _written(row)
        files |= files_of(log.about[reference], folder)
        files |= _captures(world.settings.evidence, row)
    return files


def _bordereau(folder: Path, row: Mapping[str, Any]) -> dict[str, bytes]:
    path = folder / row["file_name"]
    content = path.read_bytes() if path.is_file() else b""
    if digest(content) != row["sha256"]:
        raise SettingsError(
            f"Le bordereau {path} manque, ou n'est plus celui de son empreinte : prévenir l'exploitation."
        )
    return {"bordereau/bordereau.json": _written(row), f"bordereau/{row['file_name']}": content}


def _captures(folder: Path, row: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the masked captures of a case by their digest; the verifier says when one was lost."""
    paths = {each["digest"]: evidence_path(folder, each["digest"]) for each in row["captures"]}
    return {f"captures/{name}.png": path.read_bytes() for name, path in paths.items() if path.is_file()}


def _written(row: Mapping[str, Any]) -> bytes:
    return canonical_json(without_floats({name: _plain(value) for name, value in row.items()}))


def _plain(value: object) -> object:
    match value:
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            return value
