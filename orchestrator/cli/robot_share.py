"""``glr robot export``, ``import``, ``key``, ``trust``: robots that caisses share in signed archives."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.bootstrap.world import offline_world
from orchestrator.cli import options
from orchestrator.cli.exits import Exit
from orchestrator.settings import Settings
from orchestrator.sharing import keys, receive
from orchestrator.sharing.archive import pack, read_archive
from orchestrator.sharing.contents import gather
from orchestrator.sharing.lacking import lacking
from orchestrator.sharing.told import told

_CAISSE = click.option("--caisse", envvar="GLR_CAISSE", show_envvar=True, help="La caisse de cet espace de travail.")


@click.command("export")
@click.argument("robot")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), envvar="GLR_ROBOT_ARCHIVE", show_envvar=True,
              help="L'archive à écrire ; par défaut ROBOT.zip, ici.")  # fmt: skip
@_CAISSE
@options.workspace
def export_robot(robot: str, output: Path | None, caisse: str | None, workspace: Path | None) -> None:
    """Écrit le robot ROBOT, ses scénarios et ses mots-clés dans une archive signée, sans rien de personnel ni de secret."""
    settings = options.settings_of(workspace, caisse=caisse)
    key = keys.open_key(settings.secrets)
    contents = gather(offline_world(settings), robot, keys.public_text(key))
    path = output or Path(f"{robot}.zip")
    path.write_bytes(pack(contents.manifest, contents.files, key))
    for name in sorted(contents.files):
        click.echo(f"  {name}")
    click.echo(f"{path} : {len(contents.files)} fichiers, signés par {settings.caisse}.")
    click.echo(f"Empreinte de la clé : {keys.fingerprint(contents.manifest.key)}")


@click.command("import")
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, envvar="GLR_ROBOT_YES", show_envvar=True, help="Importer sans demander.")
@_CAISSE
@options.workspace
def import_robot(archive: Path, yes: bool, caisse: str | None, workspace: Path | None) -> None:  # noqa: FBT001
    """Vérifie une archive, montre ce qui diffère d'ici, et l'importe ; vos valeurs, vos écrans et vos textes restent."""
    settings = options.settings_of(workspace, caisse=caisse)
    received = read_archive(archive, _trusted(settings))
    manifest = received.manifest
    plan = receive.plan_import(settings, received)
    scenarios = receive.scenarios_of(plan)
    click.echo(f"Robot « {manifest.robot} » de {manifest.author} (glr {manifest.glr}) : signature et contenu vérifiés.")
    for line in told(plan.changes, receive.local_values(settings, scenarios)):
        click.echo(line)
    for note in plan.notes:
        click.echo(f"À SAVOIR : {note}")
    if not plan.writes:
        click.echo("Rien à faire : cette version est déjà là.")
        _say_what_lacks(settings, manifest.robot)
        return
    if not yes and click.prompt("Importer ?", type=click.Choice(["oui", "non"])) == "non":
        click.echo("Rien n'a été écrit.")
        return
    kept = receive.carry_out(settings, plan)
    for path in kept:
        click.echo(f"Gardé à côté : {path}")
    _conclude(settings, manifest.robot, scenarios)


@click.command("key")
@_CAISSE
@options.workspace
def key(caisse: str | None, workspace: Path | None) -> None:
    """Fait, une fois, la clé qui signe les robots de cette caisse, et montre la clé publique à donner aux autres."""
    settings = options.settings_of(workspace, caisse=caisse)
    text = keys.public_text(keys.make_key(settings.secrets))
    click.echo(f"Clé publique : {text}\nEmpreinte : {keys.fingerprint(text)}")
    click.echo(f"Dans l'autre caisse, après avoir comparé l'empreinte : glr robot trust {settings.caisse} {text}")


@click.command("trust")
@click.argument("author")
@click.argument("public_key")
@options.workspace
def trust(author: str, public_key: str, workspace: Path | None) -> None:
    """Accepte désormais les robots signés par la caisse AUTHOR avec cette clé publique."""
    path = keys.trust(options.settings_of(workspace).project, author, public_key)
    click.echo(f"{path} : {author}, empreinte {keys.fingerprint(public_key)}")


def _trusted(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return the keys that are accepted: those that are trusted, and our own."""
    found = keys.trusted_keys(settings.project)
    if (settings.secrets / keys.PRIVATE).exists():
        own = keys.public_text(keys.open_key(settings.secrets))
        found[settings.caisse] = (*found.get(settings.caisse, ()), own)
    return found


def _say_what_lacks(settings: Settings, robot: str) -> None:
    for each in lacking(settings, robot):
        click.echo(f"Il manque : {each}")


def _conclude(settings: Settings, robot: str, scenarios: list[str]) -> None:
    right, said = receive.checked(settings, scenarios)
    click.echo(said)
    _say_what_lacks(settings, robot)
    click.echo("Importé, comme brouillon : rien de réel n'en tourne tant que deux personnes ne l'ont pas publié.")
    for name in scenarios:
        click.echo(f"  glr publish {name} --by IDENTIFIANT")
    if not right:
        raise click.exceptions.Exit(Exit.SCENARIO)
