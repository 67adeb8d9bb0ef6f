"""What robots can do in ARPEGE: read stops, rights and payments, and flag an advance that is to be recovered there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from keywords.arpege.models import (
    File,
    Identity,
    Income,
    Payment,
    Rights,
    Stop,
    StopMissing,
    StopRead,
    UnpaidStop,
    WatchedStop,
)
from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.errors import ScreenChanged
from orchestrator.domain.keywords import check, enter, extract
from orchestrator.domain.lists import whole_list
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir, PrivateText
from orchestrator.domain.ports import Act, Desk, ReadingDesk, Screen

#: The note written on every stop whose advance is to be recovered; agents of ARPEGE read it.
NOTE = "Acompte versé, à récupérer sur le paiement de la période (robot)"
#: The code of a stop of which ARPEGE raised no anomaly.
NO_ANOMALY = "AUCUN"
_IDENTITY = ("file", "birth_name", "first_names", "birth_date", "screen_date")


@extract("arpege.stop", "Un arrêt de travail dans ARPEGE, et les autres arrêts de la personne.")
async def stop(desk: ReadingDesk, *, nir: Nir, stop_id: str) -> StopRead | StopMissing:
    """Read a stop with the identity and the other stops of its file (source: DOMAIN A.2, row 3).

    Example: ``extract: arpege.stop`` with ``nir: ${nir}`` and ``stop_id: ${stop_id}``, then ``R-ARRET: stop.found``.
    """
    screen = await desk.submit("search", nir=nir)
    if screen.name == "results":
        return StopMissing(screen_date=screen["screen_date"], degraded=_degraded(screen))
    identity = {name: screen[name] for name in _IDENTITY}
    file = File(stops=tuple(_stop(row) for row in screen.table("stops")), degraded=_degraded(screen), **identity)
    return file.stop(stop_id)


@extract("arpege.rights", "Catégorie, affiliation, revenus et cotisations d'une personne dans ARPEGE.")
async def rights(desk: ReadingDesk, *, insured: Identity) -> Rights:
    """Read category, affiliation and yearly incomes (source: DOMAIN A.2, row 4).

    Example: ``extract: arpege.rights`` with ``insured: ${stop}``.
    """
    screen = await desk.open("rights", file=insured.file)
    return Rights(
        category=screen["category"],
        affiliated_on=screen["affiliated_on"],
        disability_pension=_yes(screen["disability_pension"]),
        old_age_benefit=screen["old_age_benefit"],
        payment_schedule=screen["payment_schedule"],
        days_indemnified=screen["days_indemnified"],
        incomes=tuple(Income(**row) for row in screen.table("incomes")),
        screen_date=screen["screen_date"],
        degraded=_degraded(screen),
    )


@extract("arpege.payments", "Paiements d'indemnités journalières d'une personne dans ARPEGE.")
async def payments(desk: ReadingDesk, *, insured: Identity) -> list[Payment]:
    """Read every payment of a person, rejected ones included (source: DOMAIN A.2, row 5).

    Example: ``extract: arpege.payments`` with ``insured: ${stop}``.
    """
    screen = await desk.open("payments", file=insured.file)
    return [_payment(row) for row in screen.table("payments")]


@extract("arpege.unpaid_stops", "Les arrêts non payés qu'ARPEGE liste un jour donné : une source de dossiers.")
async def unpaid_stops(desk: ReadingDesk, *, day: date) -> list[UnpaidStop]:
    """Read the list of anomalies of a day, whole: the number that the screen announces is that of the rows read.

    Raises :class:`~orchestrator.domain.errors.ScreenChanged` otherwise (source: DOMAIN A.2, row 1).
    Example: ``extract: arpege.unpaid_stops`` under ``sources``, with ``day: ${run.date}``.
    """
    screen = await desk.open("anomalies", day=day)
    rows = [UnpaidStop(**row) for row in screen.table("anomalies")]
    if screen["count"] != len(rows):
        raise ScreenChanged("ARPEGE", screen.name, f"{screen['count']} arrêts annoncés")
    return rows


@extract("arpege.watched_stops", "Les arrêts enregistrés dans ARPEGE, payés ou non : une source de dossiers.")
async def watched_stops(desk: ReadingDesk, *, day: date) -> list[WatchedStop]:
    """Read the registered stops that began until a day, whole: as many rows as the screen announces.

    The day is in each row: the same list tomorrow is another delivery.
    Raises :class:`~orchestrator.domain.errors.ScreenChanged` when rows are missing (source: DOMAIN 6, robot 9).
    Example: ``extract: arpege.watched_stops`` under ``sources``, with ``day: ${run.date}``.
    """
    rows = await whole_list(desk, "watched", "stops", application="ARPEGE", day=day)
    return [_watched(row, day) for row in rows]


@check("arpege.recoveries_seen", "Recherche préalable d'une récupération peut-être déjà signalée.")
async def recoveries_seen(desk: ReadingDesk, *, reference: str) -> list[EntrySeen]:
    """Look up what ``arpege.flag_recovery`` may already have flagged for that advance (source: ENTER, Identity)."""
    screen = await desk.open("recoveries", reference=reference)
    return [_recovery(row) for row in screen.table("recoveries")]


@extract(
    "arpege.flagged_by", "Toutes les récupérations signalées par un auteur entre deux jours, pour le rapprochement."
)
async def flagged_by(desk: ReadingDesk, *, author: str, start: date, end: date) -> list[EntrySeen]:
    """Read everything an author flagged between two days, both included, whole; amounts in euros."""
    days = {"start": f"{start:%d/%m/%Y}", "end": f"{end:%d/%m/%Y}"}
    rows = await whole_list(desk, "flagged_by_author", "recoveries", application="ARPEGE", author=author, **days)
    return [_recovery(row) for row in rows]


@enter(
    "arpege.flag_recovery",
    "Récupération signalée sur un arrêt, avec sa note : le paiement de la période en tiendra compte.",
    payment=False,
    look_up="arpege.recoveries_seen",
    look_up_with=("reference",),
    made_by="arpege.flagged_by",
    amount="amount",
    period="period",
    subject="reference",
    titles={
        "reference": "Numéro de l'avance", "stop_id": "Référence de l'arrêt", "period": "Période",
        "amount": "Montant à récupérer",
    },
)  # fmt: skip
async def flag_recovery(desk: Desk, *, reference: str, stop_id: str, period: Period, amount: Euros, token: str) -> Act:
    """Prepare the flag and the note of an advance that people paid (source: DOMAIN A.2, row 13); nothing is withheld by it.

    Example: ``enter: arpege.flag_recovery`` with ``reference: ${number}``, ``stop_id``, ``period`` and ``amount``.
    """
    return await desk.prepare(
        "flag_recovery",
        reference=reference,
        stop_id=stop_id,
        start=period.start,
        end=period.end,
        amount=amount,
        note=NOTE,
        token=token,
    )


def _recovery(row: Mapping[str, Any]) -> EntrySeen:
    return EntrySeen(
        reference=row["number"],
        amount=row["amount"],
        period=Period(row["start"], row["end"]),
        author=row["author"],
        token=row["token"],
        subject=row["advance"],
        alive=row["state"] == "A_RECUPERER",
    )


def _watched(row: Mapping[str, Any], day: date) -> WatchedStop:
    known = {name: row[name] for name in ("nir", "birth_name", "stop_id", "received_on")}
    anomaly = row["anomaly"] or NO_ANOMALY
    return WatchedStop(**known, period=Period(row["start"], row["end"]), anomaly=anomaly, read_on=day)


def _stop(row: Mapping[str, Any]) -> Stop:
    opinion, ald = row["opinion"], row["ald"]
    return Stop(**{**row, "opinion": opinion.reveal() if opinion else "SANS", "ald": _yes(ald)})


def _payment(row: Mapping[str, Any]) -> Payment:
    return Payment(
        reference=row["reference"],
        period=Period(row["start"], row["end"]),
        gross=row["gross"],
        net=row["net"],
        payee=row["payee"],
        paid_on=row["paid_on"],
        state=row["state"],
        reject_code=row["reject_code"] or None,
    )


def _yes(text: PrivateText | None) -> bool:
    return text is not None and text.reveal() == "oui"


def _degraded(screen: Screen) -> bool:
    return bool(screen["mode"] != "normal")
