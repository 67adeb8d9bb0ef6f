"""``glr bundle``: one file that installs and upgrades servers without any route to the outside."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.bundles.build import build
from orchestrator.cli import options
from orchestrator.sharing import keys


@click.command()
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), envvar="GLR_BUNDLE_OUT",
              show_envvar=True, help="Le fichier à écrire.")  # fmt: skip
@click.option("--debian/--no-debian", default=True, envvar="GLR_BUNDLE_DEBIAN", show_envvar=True,
              help="Avec les paquets Debian : navigateur, PostgreSQL, et tout ce qu'il leur faut.")  # fmt: skip
@options.workspace
def bundle(out: Path, debian: bool, workspace: Path | None) -> None:  # noqa: FBT001
    """Écrit en un fichier tout ce qu'il faut pour installer ou mettre à jour un serveur sans réseau.

    Programme, bibliothèques, navigateur, PostgreSQL, liste (SBOM), licences, empreintes, signature. À lancer depuis un
    clone, sur une machine qui a accès aux paquets, sous le même Debian et le même Python que les serveurs.
    """
    if out.exists():
        raise click.UsageError(f"{out} existe déjà : rien n'est jamais écrasé.")
    if not out.absolute().parent.is_dir():
        raise click.UsageError(f"Le dossier {out.absolute().parent} n'existe pas.")
    settings = options.settings_of(workspace)
    key = keys.open_key(settings.secrets) if (settings.secrets / keys.PRIVATE).exists() else None
    project = Path(__file__).resolve().parents[2]
    made = build(project, out.absolute(), key, debian=debian, say=click.echo)
    click.echo(f"{out} : {made.name}, {len(made.components)} composants, {out.stat().st_size // 1_000_000} Mo.")
    if key is None:
        click.echo("Pas signé : cet espace de travail n'a pas de clé (glr robot key).")
    else:
        text = keys.public_text(key)
        click.echo(f"Signé. Clé publique : {text}\nEmpreinte : {keys.fingerprint(text)}")
    click.echo(f"Sur le serveur : tar -xf {out.name} && python3 -I {made.name}/install.py")
