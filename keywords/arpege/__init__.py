"""What robots can read in ARPEGE: stops, rights and payments. Nothing is ever written there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from keywords.arpege.models import File, Identity, Income, Payment, Rights, Stop, StopMissing, StopRead, UnpaidStop
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import ScreenChanged
from orchestrator.domain.keywords import extract
from orchestrator.domain.personal import Nir, PrivateText
from orchestrator.domain.ports import ReadingDesk, Screen

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


def _stop(row: Mapping[str, Any]) -> Stop:
    opinion, ald = row["opinion"], row["ald"]
    return Stop(**{**row, "opinion": opinion.reveal() if opinion else "SANS", "ald": _yes(ald)})


def _payment(row: Mapping[str, Any]) -> Payment:
    return Payment(
        reference=row["reference"],
        period=Period(row["start"], row["end"]),
        gross=row["gross"],
        net=row["net"],
        paid_on=row["paid_on"],
        state=row["state"],
        reject_code=row["reject_code"] or None,
    )


def _yes(text: PrivateText | None) -> bool:
    return text is not None and text.reveal() == "oui"


def _degraded(screen: Screen) -> bool:
    return bool(screen["mode"] != "normal")
