"""Reconciliation: what the application shows under the robot's name, against what we remember (ENTER, 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.money import Euros


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One difference, for a person."""

    #: ``missing`` in the application, ``extra`` there, ``different`` amounts, or a ``doubt`` of ours.
    kind: str
    #: The case, when we know it.
    case: str
    #: The application's own number, when there is one.
    reference: str
    #: One French sentence.
    message: str


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """The result of one comparison."""

    #: Entries of ours that the application shows with the same amount.
    matched: int
    total: Euros
    gaps: tuple[Gap, ...]


def of_days(
    ours: Sequence[Mapping[str, Any]], seen: Sequence[EntrySeen], first: date, last: date
) -> list[Mapping[str, Any]]:
    """Return those of our entries that the days are about: of runs of these days, and whatever the application shows.

    Another day's entry is not missing from a list that does not hold it; one made later than its run is not in excess.
    """
    shown = {entry.token for entry in seen}
    return [row for row in ours if row["token"] in shown or first <= (row["run_date"] or first) <= last]


def reconcile(ours: Sequence[Mapping[str, Any]], seen: Sequence[EntrySeen]) -> Reconciliation:
    """Compare our entries (rows of ``entries.of_application``) with what the application shows."""
    by_token: dict[str, list[EntrySeen]] = {}
    for entry in seen:
        by_token.setdefault(entry.token, []).append(entry)
    gaps: list[Gap] = []
    total, matched = Euros(0), 0
    for row in ours:
        found = by_token.pop(row["token"], [])
        gap = _gap(row, found)
        if gap is not None:
            gaps.append(gap)
        elif row["state"] == "confirmed":
            matched, total = matched + 1, total + found[0].amount
    gaps += [_extra(entry) for entries in by_token.values() for entry in entries]
    return Reconciliation(matched=matched, total=total, gaps=tuple(gaps))


def _gap(row: Mapping[str, Any], found: list[EntrySeen]) -> Gap | None:
    state, case, amount = row["state"], str(row["case_reference"]), row["amount_c"]
    if state in {"intent", "doubtful"}:
        what = f"l'application montre {found[0].reference}" if found else "l'application ne montre rien"
        return Gap(kind="doubt", case=case, reference=_reference(found), message=f"Saisie en doute : {what}.")
    if state in {"by_hand", "undone"}:
        return None  # entered under a person's name, or taken back
    if not found:
        return Gap(
            kind="missing",
            case=case,
            reference=row["reference"],
            message="Saisie relue autrefois, absente aujourd'hui.",
        )
    if len(found) > 1:
        numbers = ", ".join(entry.reference for entry in found)
        return Gap(kind="different", case=case, reference=numbers, message="La même saisie figure plusieurs fois.")
    if found[0].amount.centimes != amount:
        return Gap(
            kind="different",
            case=case,
            reference=_reference(found),
            message=f"Montant {found[0].amount}, attendu {Euros(amount)}.",
        )
    return None


def _extra(entry: EntrySeen) -> Gap:
    message = f"Saisie au nom du robot ({entry.amount}) que nous ne connaissons pas."
    return Gap(kind="extra", case="", reference=entry.reference, message=message)


def _reference(found: list[EntrySeen]) -> str:
    return found[0].reference if found else ""
