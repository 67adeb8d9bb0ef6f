"""What robots may do in an application, on all machines together: sessions, hours, and when incidents close it (ADR 34).

A person sets it; the database counts seats one after the other and looks at its own clock, whatever machine asks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import available_timezones

from orchestrator.domain.civil import PARIS
from orchestrator.domain.errors import SettingsError
from orchestrator.engine.stops import check_application
from orchestrator.store.database import StoreError, Transaction, array

DAYS = ("lun", "mar", "mer", "jeu", "ven", "sam", "dim")
_HOURS = re.compile(r"(?P<days>[a-z,-]+) (?P<opens>\d{2}:\d{2})-(?P<closes>\d{2}:\d{2}) (?P<zone>\S+)")
#: What says that there is no limit.
NONE = "aucun"
ALWAYS = "toujours"
TOO_LONG = (
    "Intervalle entre deux saisies : donner aussi le nombre de sessions, et intervalle x sessions de 120 s au plus. "
    "Qui attend son tour tient son dossier."
)


@dataclass(frozen=True, kw_only=True)
class Hours:
    """When an application is open to robots, in civil time of a zone."""

    #: As ISO counts them: 1 is Monday.
    days: tuple[int, ...]
    opens: time
    closes: time
    #: By its name, ``Europe/Paris``, ``Indian/Reunion``.
    zone: str

    @classmethod
    def parse(cls, text: str) -> Hours | None:
        """Read ``lun-ven 07:00-19:30 Europe/Paris``, ``lun,mer 08:00-12:00 Indian/Reunion``; None for ``toujours``.

        Raises ``SettingsError``.
        """
        if text == ALWAYS:
            return None
        found = _HOURS.fullmatch(text)
        try:
            if found:
                opens, closes = time.fromisoformat(found["opens"]), time.fromisoformat(found["closes"])
                if opens < closes and found["zone"] in available_timezones():
                    return cls(days=_days(found["days"]), opens=opens, closes=closes, zone=found["zone"])
        except ValueError:
            pass
        raise SettingsError(
            "Horaires attendus : « lun-ven 07:00-19:30 Europe/Paris » (un seul intervalle, le même jour, et le fuseau : "
            f"Europe/Paris, Indian/Reunion, America/Martinique…) ou « {ALWAYS} » ; « {text} » trouvé."
        )


async def change(tx: Transaction, caisse: str, application: str, login: str, changes: Mapping[str, Any]) -> None:
    """Set some of an application's settings, and write down who did; the others stay.

    :param changes: ``sessions``, ``per_account``, ``act_every`` (seconds; None: no limit), ``incidents``, ``try_after``
        (seconds), ``hours``.

    Raises :class:`UnknownName`, ``SettingsError`` for an interval that lanes could not wait for.
    """
    await check_application(tx, caisse, application)
    where = {"caisse": caisse, "application": application}
    await tx.run("applications.touch", **where)
    columns = await tx.first("applications.hold", **where) or {}
    for name, value in changes.items():
        columns |= _given(name, value)
    days = columns.pop("days")
    try:
        await tx.run("applications.set", login=login, days=array(days) if days else None, **where, **columns)
    except StoreError as error:
        if error.constraint == "waiting_fits_in_a_case":
            raise SettingsError(TOO_LONG) from None
        raise
    await tx.record(caisse, "application.set", application, **{name: _said(value) for name, value in changes.items()})


def described(row: Mapping[str, Any]) -> dict[str, str]:
    """Say in French what is set of an application, from a row of ``sessions.known_applications``."""
    limits = (row["sessions"], "au plus"), (row["per_account"], "au plus par compte de robot")
    most = [f"{number} {words}" for number, words in limits if number is not None]
    incidents, again = (10, timedelta(minutes=2)) if row["incidents"] is None else (row["incidents"], row["try_after"])
    closes = f"{incidents} de suite la ferment, essai d'un dossier {_seconds(again)} après"
    return {
        "Sessions": ", ".join([f"{row['working']} en ce moment", *(most or ["sans limite"])]),
        "Horaires": hours_of(row) if row["opens"] is not None else ALWAYS,
        "Entre deux saisies": f"{_seconds(row['act_every'])} au moins" if row["act_every"] else "sans limite",
        "Incidents": closes if incidents else "ne la ferment jamais",
        "Écrans": _walked(row["walked_at"], row["unseen"]),
    }


def _walked(at: datetime | None, unseen: Sequence[str] | None) -> str:
    if at is None:
        return "pas encore parcourus par un robot"
    said = f"parcourus le {at.astimezone(PARIS):%d/%m/%Y à %H:%M}, rien qui altère une saisie"
    names = ", ".join(f"« {name} »" for name in unseen or ())
    return (
        f"{said} ; non vu : {names}, où seule une saisie mène (le robot compare avant de confirmer)" if names else said
    )


def standing(row: Mapping[str, Any]) -> str:
    """Say in French whether robots may work in an application."""
    if row["reason"] is None:
        return "hors de ses horaires" if row["out_of_hours"] else "ouverte aux robots"
    return "fermée à tous les robots" if row["retry_at"] is None else "fermée après des incidents"


def trial(row: Mapping[str, Any]) -> str:
    """Say in French how an application that incidents closed is tried again; empty for one that only a person opens."""
    if row["retry_at"] is None:
        return ""
    when = "en ce moment" if row["tried"] else f"à partir de {row['retry_at'].astimezone(PARIS):%H:%M:%S}"
    return f"Un dossier l'essaie {when}."


def hours_of(row: Mapping[str, Any]) -> str:
    """Write opening hours as :meth:`Hours.parse` reads them."""
    days = list(row["days"])
    whole = len(days) > 2 and days == list(range(days[0], days[-1] + 1))
    named = f"{DAYS[days[0] - 1]}-{DAYS[days[-1] - 1]}" if whole else ",".join(DAYS[day - 1] for day in days)
    return f"{named} {row['opens']:%H:%M}-{row['closes']:%H:%M} {row['zone']}"


def _given(name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - of the setting
    if name == "hours":
        if value is None:
            return {"days": None, "opens": None, "closes": None, "zone": "Europe/Paris"}
        return {"days": value.days, "opens": value.opens, "closes": value.closes, "zone": value.zone}
    in_time = name in {"try_after", "act_every"} and value is not None
    return {name: timedelta(seconds=value) if in_time else value}


def _said(value: Any) -> Any:  # noqa: ANN401 - of the setting
    return hours_of(vars(value)) if isinstance(value, Hours) else value


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():g} s".replace(".", ",")


def _days(text: str) -> tuple[int, ...]:
    first, dash, last = text.partition("-")
    if dash:
        found = list(range(DAYS.index(first) + 1, DAYS.index(last) + 2))
    else:
        found = sorted({DAYS.index(day) + 1 for day in text.split(",")})
    if not found:
        raise ValueError(text)
    return tuple(found)
