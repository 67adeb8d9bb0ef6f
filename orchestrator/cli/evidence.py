"""``glr evidence``: one signed file with the evidence of sampled cases, or of one, that verifies offline."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from pathlib import Path
from uuid import UUID

import click

from orchestrator.bootstrap.reports import run_called
from orchestrator.bootstrap.world import World, build_world
from orchestrator.cli import options
from orchestrator.domain.errors import SettingsError
from orchestrator.proofs.evidence import Sample, evidence_of_case, evidence_of_run
from orchestrator.proofs.sealed import Sealed
from orchestrator.sharing import keys
from orchestrator.store.database import Database

_SEED = re.compile(r"[0-9A-Za-z._-]{1,64}")


@click.command()
@click.option("--run", "run", envvar="GLR_EVIDENCE_RUN", show_envvar=True,
              help="L'exécution close (début de son numéro) ; avec --sample seule, la dernière close.")  # fmt: skip
@click.option("--sample", "size", type=click.IntRange(1, 10_000), envvar="GLR_EVIDENCE_SAMPLE", show_envvar=True,
              help="Combien de dossiers tirer parmi les saisis ; sans elle, tous.")  # fmt: skip
@click.option("--seed", envvar="GLR_EVIDENCE_SEED", show_envvar=True,
              help="La graine du tirage ; par défaut une nouvelle, montrée. La même donne les mêmes dossiers.")  # fmt: skip
@click.option("--case", "case", envvar="GLR_EVIDENCE_CASE", show_envvar=True, help="Un dossier, par sa référence.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), envvar="GLR_EVIDENCE_OUT", show_envvar=True,
              help="Le fichier à écrire, jamais sur un autre ; par défaut preuves-….zip, ici.")  # fmt: skip
@options.workspace
def evidence(
    run: str | None, size: int | None, seed: str | None, case: str | None, out: Path | None, workspace: Path | None
) -> None:
    """Écrit les preuves de dossiers en un fichier signé, masqué, que glr verify juge hors ligne."""
    if (run and case) or not (run or case or size) or (case and (size or seed)) or (seed and not size):
        raise click.UsageError("Soit --sample, avec --run et --seed au besoin, soit --run, soit --case.")
    if seed and not _SEED.fullmatch(seed):
        raise click.UsageError("--seed : 1 à 64 lettres, chiffres, points ou tirets.")
    sample = Sample(size=size or 0, seed=(seed or secrets.token_hex(8)) if size else "")

    async def gather() -> Sealed:
        world = await build_world(options.settings_of(workspace))
        keys.open_key(world.settings.secrets)  # before anything is asked: without it nothing is signed
        if case:
            return await evidence_of_case(world, case)
        async with Database(world.urls["glr_console"], size=1) as database:
            asked = await (_called(world, database, run) if run else _last_closed(world, database))
        return await evidence_of_run(world, asked, sample)

    if out is not None:
        _refuse(out)
    settings = options.settings_of(workspace)
    sealed = asyncio.run(gather())
    target = out or Path(f"preuves-{case or '-'.join(filter(None, (sealed.about['run'][:8], sample.seed)))}.zip")
    content = sealed.signed(keys.open_key(settings.secrets))
    _write(target, content)
    if sample.seed:
        click.echo(f"Exécution : {sealed.about['run']}. Graine : {sample.seed}")
    click.echo(f"{target} : {len(sealed.about['cases'])} dossier(s), {len(content)} octets.")
    click.echo(f"À vérifier n'importe où : glr verify {target}")


async def _called(world: World, database: Database, beginning: str) -> UUID:
    found, _ = await run_called(world, database, beginning)
    return found


async def _last_closed(world: World, database: Database) -> UUID:
    async with database.transaction("cli") as tx:
        row = await tx.first("proofs.last_closed", caisse=world.settings.caisse)
    if row is None:
        raise SettingsError("Aucune exécution close avec un bordereau : glr close, ou glr evidence --case DOSSIER.")
    found: UUID = row["run"]
    return found


def _refuse(out: Path) -> None:
    if not out.absolute().parent.is_dir():
        raise click.UsageError(f"--out : le dossier {out.parent} n'existe pas.")
    if out.exists():
        raise click.UsageError(f"{out} existe déjà : rien n'est jamais écrasé.")


def _write(out: Path, content: bytes) -> None:
    """Write a file, 0600, never over another."""
    _refuse(out)
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
