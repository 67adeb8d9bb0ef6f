"""``glr evidence``: one signed file with the evidence of sampled cases, or of one, that verifies offline."""

from __future__ import annotations

import asyncio
import re
import secrets
from pathlib import Path

import click

from orchestrator.bootstrap.reports import run_called
from orchestrator.bootstrap.world import build_world
from orchestrator.cli import options
from orchestrator.proofs.evidence import Sample, evidence_of_case, evidence_of_run
from orchestrator.proofs.sealed import Sealed
from orchestrator.sharing import keys
from orchestrator.store.database import Database

_SEED = re.compile(r"[0-9A-Za-z._-]{1,64}")


@click.command()
@click.option("--run", "run", envvar="GLR_EVIDENCE_RUN", show_envvar=True,
              help="L'exécution close (début de son numéro).")  # fmt: skip
@click.option("--sample", "size", type=click.IntRange(1, 10_000), envvar="GLR_EVIDENCE_SAMPLE", show_envvar=True,
              help="Combien de dossiers tirer parmi les saisis ; sans elle, tous.")  # fmt: skip
@click.option("--seed", envvar="GLR_EVIDENCE_SEED", show_envvar=True,
              help="La graine du tirage ; par défaut une nouvelle, montrée. La même donne les mêmes dossiers.")  # fmt: skip
@click.option("--case", "case", envvar="GLR_EVIDENCE_CASE", show_envvar=True, help="Un dossier, par sa référence.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), envvar="GLR_EVIDENCE_OUT",
              show_envvar=True, help="Le fichier à écrire.")  # fmt: skip
@options.workspace
def evidence(
    run: str | None, size: int | None, seed: str | None, case: str | None, out: Path, workspace: Path | None
) -> None:
    """Écrit les preuves de dossiers en un fichier signé, masqué, que glr verify juge hors ligne."""
    if (run is None) == (case is None) or (case and (size or seed)) or (seed and not size):
        raise click.UsageError("Soit --run, avec --sample et --seed au besoin, soit --case.")
    if seed and not _SEED.fullmatch(seed):
        raise click.UsageError("--seed : 1 à 64 lettres, chiffres, points ou tirets.")
    sample = Sample(size=size or 0, seed=(seed or secrets.token_hex(8)) if size else "")

    async def gather() -> tuple[Sealed, bytes]:
        world = await build_world(options.settings_of(workspace))
        key = keys.open_key(world.settings.secrets)
        if case:
            found = await evidence_of_case(world, case)
        else:
            async with Database(world.urls["glr_console"], size=1) as database:
                called, _ = await run_called(world, database, str(run))
            found = await evidence_of_run(world, called, sample)
        return found, found.signed(key)

    if not out.parent.is_dir():
        raise click.UsageError(f"--out : le dossier {out.parent} n'existe pas.")
    sealed, content = asyncio.run(gather())
    out.write_bytes(content)
    if sample.seed:
        click.echo(f"Graine : {sample.seed}")
    click.echo(f"{out} : {len(sealed.about['cases'])} dossier(s), {len(content)} octets.")
    click.echo(f"À vérifier n'importe où : glr verify {out}")
