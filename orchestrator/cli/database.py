"""``glr database``: the schema brought up to date by its owner, the logins of machines, and what each address is."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from pathlib import Path

import click
from psycopg.conninfo import conninfo_to_dict

from orchestrator.audit.files import AuditLog
from orchestrator.bootstrap.world import addresses, build_world
from orchestrator.cli import options
from orchestrator.domain.errors import GlrError, SettingsError
from orchestrator.settings import VARIABLES
from orchestrator.store.addresses import opened
from orchestrator.store.database import Database
from orchestrator.store.known_schema import check_schema
from orchestrator.store.logins import Standing, give_login, standing
from orchestrator.store.roles import RUNNER


@click.group()
def database() -> None:
    """La base : la mettre à jour, donner un compte à un poste, dire ce que vaut chaque adresse."""


@database.command()
@options.workspace
@click.option(
    "--force",
    is_flag=True,
    envvar="GLR_MIGRATE_FORCE",
    show_envvar=True,
    help="Même si des postes d'une version plus ancienne vivent encore.",
)
def migrate(workspace: Path | None, *, force: bool) -> None:
    """Met la base à jour. Avec ses rôles et leurs droits ; demande l'adresse du propriétaire."""
    settings = options.settings_of(workspace)
    if settings.by_role:
        addresses(settings)["owner"]  # says which one is lacking
    asyncio.run(build_world(settings, force=force))
    click.echo("Base à jour : tables, rôles et droits.")


@database.command()
@click.argument("login")
@options.workspace
def login(login: str, workspace: Path | None) -> None:
    """Fait le compte d'un poste. Ou lui donne un autre mot de passe ; demande l'adresse du propriétaire."""
    settings = options.settings_of(workspace)
    path = settings.secrets / f"{login}.pgpass"

    async def give() -> str:
        world = await build_world(settings)
        password = secrets.token_urlsafe(24)
        async with opened(world.urls["owner"]) as connection:
            await give_login(connection, login, password, settings.caisse)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(f"*:*:*:{login}:{password}\n")
        return _address(world.urls["owner"], login)

    address = asyncio.run(give())
    click.echo(
        f"Compte « {login} » : les dossiers de {settings.caisse} que ses robots peuvent prendre, et rien d'autre."
    )
    click.echo(
        f"Son mot de passe est dans {path} : le porter sur le poste par un canal sûr (chmod 600), puis l'effacer ici."
    )
    click.echo(f"Sur le poste : {VARIABLES['glr_runner']}='{address}'")


@database.command()
@options.workspace
def check(workspace: Path | None) -> None:
    """Dit ce que vaut chaque adresse. Celles de cette machine : compte, rôle, TLS, et ce qui manque."""
    settings = options.settings_of(workspace)
    given = {role: url for role, url in addresses(settings).items() if role in VARIABLES}
    wrong = [VARIABLES[role] for role, url in given.items() if not asyncio.run(_told(role, url))]
    if wrong:
        raise SettingsError(f"À corriger : {', '.join(wrong)}.")


@database.command()
@options.workspace
def journal(workspace: Path | None) -> None:
    """Dit que le journal s'écrit ici désormais. Quand l'ancien dossier est perdu ; demande l'adresse du propriétaire."""
    settings = options.settings_of(workspace)
    log, host = AuditLog(settings.audit_log), socket.gethostname()

    async def move() -> None:
        world = await build_world(settings)
        async with Database(world.urls["owner"], size=1) as database, database.transaction("cli") as tx:
            before = await tx.first("audit.folder")
            await tx.run("audit.move_folder", id=log.identity(), host=host, path=str(log.folder))
            said = {"from": f"{before['host']}:{before['path']}"} if before else {}
            await tx.record(settings.caisse, "log.moved", f"{host}:{log.folder}", **said)

    asyncio.run(move())
    click.echo(f"Le journal de cette base s'écrit dans {log.folder} sur {host}.")


async def _told(role: str, url: str) -> bool:
    """Write one line about an address; False when something of it has to be put right."""
    try:
        async with opened(url) as connection:
            found, lacking = await standing(connection), ""
            try:
                await check_schema(connection)
            except GlrError as error:
                lacking = str(error)
    except GlrError as error:
        click.echo(f"{VARIABLES[role]} : {error}")
        return False
    wrong = lacking or _wrong(role, found)
    who = "propriétaire de la base" if found.owns else f"rôle {', '.join(found.roles) or 'aucun de la maison'}"
    seen = f", dossiers de {', '.join(found.caisses)}" if found.caisses else ""
    click.echo(f"{VARIABLES[role]} : compte {found.login}, {who}{seen}, {'TLS' if found.encrypted else 'sans TLS'}.")
    if wrong:
        click.echo(f"  {wrong}")
    return not wrong


def _wrong(role: str, found: Standing) -> str:
    if role == "owner":
        return "" if found.owns else "Ce compte n'est pas propriétaire de la base : il ne peut pas la mettre à jour."
    if found.owns:
        return f"Ce compte peut tout : donner ici l'adresse d'un compte qui n'a que le rôle {role}."
    if role not in found.roles:
        return f"Ce compte n'a pas le rôle {role}."
    if role == RUNNER and not found.caisses:
        return "Ce compte ne voit les dossiers d'aucune caisse : glr database login, sur la machine de l'orchestrateur."
    more = [each for each in found.roles if each != role]
    return f"Ce compte a aussi {', '.join(more)} : un compte par rôle." if more else ""


def _address(owner: str, login: str) -> str:
    given = conninfo_to_dict(owner)
    where = f"{given.get('host', '127.0.0.1')}:{given.get('port', 5432)}/{given.get('dbname', login)}"
    tls = (
        f"sslmode={given.get('sslmode', 'verify-full')}&sslrootcert={given.get('sslrootcert', '/etc/glr/autorite.pem')}"
    )
    return f"postgresql://{login}@{where}?{tls}&passfile=/etc/glr/{login}.pgpass"
