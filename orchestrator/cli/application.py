"""``glr application``: what robots may do in an application, on all machines together."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from orchestrator.cli import options
from orchestrator.cli.stop import in_the_name_of
from orchestrator.domain.errors import SettingsError
from orchestrator.engine import applications, stops
from orchestrator.store.database import Transaction

_NONE_KNOWN = "Aucun scénario n'a encore été publié ni chargé : aucune application n'est connue."


@click.command()
@click.argument("application", required=False)
@click.option("--sessions", metavar="N", envvar="GLR_APPLICATION_SESSIONS", show_envvar=True,
              help="Sessions en même temps, tous postes confondus, ou « aucun » : sans limite.")  # fmt: skip
@click.option("--per-account", metavar="N", envvar="GLR_APPLICATION_PER_ACCOUNT", show_envvar=True,
              help="Sessions en même temps sous le compte d'un robot, ou « aucun ».")  # fmt: skip
@click.option("--hours", metavar="HORAIRES", envvar="GLR_APPLICATION_HOURS", show_envvar=True,
              help="Quand les robots y travaillent : « lun-ven 07:00-19:30 Europe/Paris », ou « toujours ».")  # fmt: skip
@click.option("--act-every", metavar="SECONDES", envvar="GLR_APPLICATION_ACT_EVERY", show_envvar=True,
              help="Secondes au moins entre deux saisies, tous postes confondus, ou « aucun ».")  # fmt: skip
@click.option("--incidents", type=click.IntRange(0, 99), envvar="GLR_APPLICATION_INCIDENTS", show_envvar=True,
              help="Incidents de suite qui la ferment (10) ; 0 : jamais.")  # fmt: skip
@click.option("--try-after", type=click.IntRange(1, 86400), envvar="GLR_APPLICATION_TRY_AFTER", show_envvar=True,
              help="Secondes avant d'essayer de nouveau, avec un seul dossier (120).")  # fmt: skip
@click.option("--by", metavar="IDENTIFIANT", envvar="GLR_APPLICATION_BY", show_envvar=True,
              help="Qui change : un responsable, dont le mot de passe est demandé (ou lu dans GLR_PASSWORD).")  # fmt: skip
@options.workspace
def application(application: str | None, by: str | None, workspace: Path | None, **given: str | int | None) -> None:
    """Montre les réglages des applications, ou change ceux de APPLICATION : sessions, horaires, incidents."""
    changes = {name: _read(name, value) for name, value in given.items() if value is not None}
    if changes and not (application and by):
        raise click.UsageError("Pour changer un réglage : APPLICATION et --by.")

    async def act(tx: Transaction, caisse: str) -> str:
        if changes and application and by:
            await applications.change(tx, caisse, application, by, changes)
        rows = await tx.all("sessions.known_applications", caisse=caisse)
        if application:
            await stops.check_application(tx, caisse, application)
        shown = [row for row in rows if application in {None, row["application"]}]
        return "\n".join(line for row in shown for line in _lines(row)) or _NONE_KNOWN

    click.echo(asyncio.run(in_the_name_of(by, workspace, act)))


def _lines(row: Mapping[str, Any]) -> list[str]:
    said = f"{row['application']} : {applications.standing(row)}. {applications.trial(row)}".rstrip()
    return [said, *(f"  {name} : {text}" for name, text in applications.described(row).items())]


def _read(name: str, value: Any) -> Any:  # noqa: ANN401 - of the option
    if name == "hours":
        return applications.Hours.parse(value)
    if isinstance(value, int):
        return value
    if value == applications.NONE:
        return None
    if name == "act_every":
        return _seconds(value)
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 999):
        raise SettingsError(f"Nombre de 1 à 999 attendu, ou « {applications.NONE} » : « {value} » trouvé.")
    return int(value)


def _seconds(text: str) -> float:
    found = re.fullmatch(r"\d{1,3}([.,]\d)?", text, re.ASCII)
    if not found or not float(text.replace(",", ".")):
        raise SettingsError(f"Secondes attendues, « 2 » ou « 0,5 », ou « {applications.NONE} » : « {text} » trouvé.")
    return float(text.replace(",", "."))
