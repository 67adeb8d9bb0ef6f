"""Versions in the store: kept whole, proposed by one person, agreed to by another, let loose by stages.

A live scenario runs in its published version alone. What is on disk and not published changes nothing: the texts of the
published version come from the store.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

from orchestrator.domain.errors import GlrError, SettingsError
from orchestrator.domain.keywords import Keyword
from orchestrator.drivers.applications import AnyContract, load_application
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Mode, Scenario
from orchestrator.language.suite_files import content_of
from orchestrator.language.version import DECLARATIONS
from orchestrator.store.database import Transaction, array

#: How much of a hash people read and type.
SHORT = 12


class UnusableVersion(GlrError):
    """Une version publiée ne peut plus être exécutée ici."""

    def __init__(self, scenario: str, version: str, why: str) -> None:
        super().__init__(
            f"La version {version[:SHORT]} du scénario « {scenario} » ne peut pas être exécutée ici : {why}. "
            f"Publier la version du disque (glr publish {scenario}), ou remettre les mots-clés d'avant."
        )


class NotPublished(SettingsError):
    """Un scénario réel ne s'exécute que publié."""

    def __init__(self, scenario: str, *, planned: bool = False) -> None:
        #: True when it would start by itself: nobody who waits for it is left without a word.
        self.planned = planned
        super().__init__(
            f"Le scénario « {scenario} » est en mode live et aucune version n'en est publiée. La proposer : "
            f"glr publish {scenario} --by IDENTIFIANT ; une seconde personne l'approuve. Pour essayer sans rien saisir : "
            "mode: shadow."
        )


class RefusedPublication(SettingsError):
    """Cette publication n'est pas possible."""


@dataclass(frozen=True, kw_only=True)
class Runnable:
    """A version restored from its texts."""

    #: The scenario.
    scenario: Scenario
    #: The screens it relies on, by application.
    contracts: Mapping[str, AnyContract]


async def record(tx: Transaction, scenario: Scenario) -> None:
    """Keep a version whole, once."""
    limits = scenario.limits
    path = f"scenarios/{scenario.name}.yaml"
    await tx.run(
        "versions.record",
        hash=scenario.hash,
        caisse=scenario.caisse,
        name=scenario.name,
        title=scenario.title,
        document=scenario.version.files[path],
        parallel=limits.parallel,
        ramp=array(limits.ramp if scenario.mode is Mode.LIVE else ()),
        incidents=limits.incidents,
        outside=json.dumps(scenario.outside),
    )
    for place, (name, content) in enumerate(scenario.version.files.items()):
        await tx.run("versions.keep_file", version=scenario.hash, place=place, path=name, content=content)
    for application in sorted(scenario.applications):
        await tx.run("versions.keep_application", version=scenario.hash, application=application)


async def texts(tx: Transaction, version: str | None) -> dict[str, str]:
    """Return the texts of a version by path; none for None."""
    rows = await tx.all("versions.files", version=version)
    return {row["path"]: row["content"] for row in rows}


async def published(tx: Transaction, caisse: str, scenario: str) -> Mapping[str, Any] | None:
    """Return the publication in force of a scenario, or None."""
    return await tx.first("versions.current", caisse=caisse, scenario=scenario)


async def check_published(tx: Transaction, scenario: Scenario) -> None:
    """Raise :class:`NotPublished` for a live scenario that is not the published version."""
    if scenario.mode is Mode.LIVE:
        now = await published(tx, scenario.caisse, scenario.name)
        if now is None or now["version"] != scenario.hash:
            raise NotPublished(scenario.name)


def restore(
    name: str, version: str, files: Mapping[str, str], keywords: Mapping[str, Keyword], caisse: str
) -> Runnable:
    """Load a version from its texts; raises :class:`UnusableVersion` unless it is exactly what was published."""
    if not files:
        raise UnusableVersion(name, version, "ses textes n'ont pas été conservés")
    with TemporaryDirectory(prefix="glr-version-") as folder:
        for path, content in files.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_bytes(content_of(content))
        try:
            scenario = load_scenario(
                Path(folder) / "scenarios" / f"{name}.yaml",
                keywords=keywords,
                caisse=caisse,
                screens=Path(folder) / "keywords",
            )
        except ScenarioErrors as errors:
            raise UnusableVersion(name, version, f"les mots-clés ont changé ({errors.faults[0]})") from None
        if scenario.hash != version:
            raise UnusableVersion(name, version, _what_changed(files, scenario.version.files))
        screens = sorted((Path(folder) / "keywords").glob("*/screens.yaml"))
        contracts = {path.parent.name: load_application(path, caisse=caisse) for path in screens}
        return Runnable(scenario=scenario, contracts=contracts)


def _what_changed(kept: Mapping[str, str], found: Mapping[str, str]) -> str:
    if kept.get(DECLARATIONS) != found.get(DECLARATIONS):
        return "les mots-clés installés ne sont plus déclarés comme elle les a connus"
    code = sorted(name for name in {**kept, **found} if name.endswith(".py") and kept.get(name) != found.get(name))
    if code:
        return f"le code des mots-clés n'est plus celui qu'elle a connu ({', '.join(code)})"
    return "ses textes conservés ne donnent pas son empreinte"


# --- two persons -----------------------------------------------------------------------------------------------------


async def propose(tx: Transaction, scenario: Scenario, login: str, note: str) -> None:
    """Propose a version; it takes the place of one that waits. Raises :class:`RefusedPublication`."""
    if scenario.mode is Mode.DRAFT:
        raise RefusedPublication("Un brouillon (mode: draft) ne se publie pas : écrire mode: live, ou shadow.")
    now = await published(tx, scenario.caisse, scenario.name)
    if now is not None and now["version"] == scenario.hash:
        raise RefusedPublication(f"La version {scenario.hash[:SHORT]} est déjà publiée : rien à proposer.")
    await record(tx, scenario)
    where = {"caisse": scenario.caisse, "scenario": scenario.name}
    await tx.run("versions.withdraw", **where)
    about = {"version": scenario.hash, "login": login, "note": note}
    if not await tx.run("versions.propose", id=uuid4(), **about, **where):
        raise RefusedPublication(f"« {login} » n'est pas un responsable de cette caisse : proposition refusée.")


async def approve(tx: Transaction, caisse: str, scenario: str, proposal: UUID, login: str) -> None:
    """Agree to a proposal, as a second person; the version before goes on while this one is in its ramp.

    Raises :class:`RefusedPublication` for the person who proposed it, or one who may not.
    """
    before = await tx.first("versions.replace", caisse=caisse, scenario=scenario)
    previous = before["previous"] if before else None
    if not await tx.run("versions.publish", id=proposal, caisse=caisse, login=login, previous=previous):
        raise RefusedPublication(
            f"« {login} » ne peut pas approuver cette version : il faut un responsable de cette caisse, autre que la "
            "personne qui l'a proposée."
        )


async def release_stage(tx: Transaction, caisse: str, scenario: str, login: str) -> Mapping[str, Any]:
    """Let the published version do its next stage; raises :class:`RefusedPublication` when there is none."""
    now = await published(tx, caisse, scenario)
    if now is None or now["allowed"] is None:
        raise RefusedPublication(f"Aucune version de « {scenario} » n'est en cours de montée en charge.")
    where = {"caisse": caisse, "scenario": scenario, "id": now["id"], "stage": now["stage"]}
    released = await tx.first("versions.release_stage", login=login, **where)
    if released is None:
        raise RefusedPublication(f"« {login} » n'est pas un responsable de cette caisse.")
    return released


def standing(row: Mapping[str, Any]) -> str:
    """Say in French where a scenario's versions are, from a row of ``versions.overview``."""
    said = []
    if row["version"]:
        said.append(f"version {row['version'][:SHORT]} publiée ({row['proposed_by']}, puis {row['decided_by']})")
        if row["allowed"] is not None:
            rest = f"le reste sous {row['previous'][:SHORT]}" if row["previous"] else "le reste attend"
            full = ", une personne doit regarder" if row["begun"] >= row["allowed"] else ""
            said.append(f"{row['begun']} dossiers commencés sur {row['allowed']} permis{full}, {rest}")
    if row["proposal"]:
        said.append(f"version {row['wished'][:SHORT]} proposée par {row['wished_by']}, à approuver")
    return " ; ".join(said)
