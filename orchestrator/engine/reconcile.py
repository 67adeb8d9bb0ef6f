"""Reconciliation: what the application shows under the robot's name, what we remember, what was delivered (ENTER, 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.money import Euros


class GapKind(StrEnum):
    """What differs."""

    #: We have read it back once; the application does not show it any more.
    MISSING = "missing"
    #: The application shows it under the robot's name; we do not know it.
    EXTRA = "extra"
    #: Another amount, or the same entry several times.
    DIFFERENT = "different"
    #: The application shows the same object under another author, and not ours.
    ANOTHER = "another"
    #: It may have been made: nobody has decided yet.
    DOUBT = "doubt"
    #: Rows of a delivery that are neither a case nor set aside.
    LOST = "lost"
    #: A case that ended as entered, without an entry that stands.
    UNPROVEN = "unproven"


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One difference, for a person."""

    kind: GapKind
    #: The case, when we know it.
    case: str
    #: The application's own number, when there is one; the delivery, for rows that were lost.
    reference: str
    #: One French sentence.
    message: str
    #: Our token, when it is about an entry.
    token: str = ""
    #: Centimes as we remember them, and as the application shows them; None where one side has nothing.
    ours_c: int | None = None
    seen_c: int | None = None

    def fingerprint(self, application: str) -> str:
        """Return what makes it the same gap when it is found again: everything but its words."""
        what = (application, self.kind, self.token, self.case, self.reference, str(self.ours_c), str(self.seen_c))
        return sha256("\0".join(what).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Match:
    """One entry of ours that the application shows with the same amount."""

    case: str
    reference: str
    amount: Euros


@dataclass(frozen=True, kw_only=True)
class Source:
    """One delivery, and what became of its rows."""

    run: UUID
    run_date: date
    file_name: str
    sha256: str
    rows: int
    #: Rows that became cases, and rows that were set aside with a reason.
    in_cases: int
    set_aside: int
    #: Cases that ended as entered, and cases that nobody has ended yet.
    entered: int
    open: int


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """The result of one comparison."""

    matches: tuple[Match, ...] = ()
    gaps: tuple[Gap, ...] = ()
    sources: tuple[Source, ...] = ()

    @property
    def matched(self) -> int:
        """How many entries agree."""
        return len(self.matches)

    @property
    def total(self) -> Euros:
        """What they sum up to."""
        return sum((match.amount for match in self.matches), Euros(0))


def of_days(
    ours: Sequence[Mapping[str, Any]], seen: Sequence[EntrySeen], first: date, last: date
) -> list[Mapping[str, Any]]:
    """Return those of our entries that the days are about: of runs of these days, and whatever the application shows.

    Another day's entry is not missing from a list that does not hold it; one made later than its run is not in excess.
    """
    shown = {entry.token for entry in seen}
    return [row for row in ours if row["token"] in shown or first <= (row["run_date"] or first) <= last]


def reconcile(ours: Sequence[Mapping[str, Any]], seen: Sequence[EntrySeen]) -> Reconciliation:
    """Compare our entries (rows of ``entries.of_list``) with what the application shows."""
    by_token: dict[str, list[EntrySeen]] = {}
    for entry in seen:
        by_token.setdefault(entry.token, []).append(entry)
    gaps: list[Gap] = []
    matches: list[Match] = []
    for row in ours:
        found = by_token.pop(row["token"], [])
        gap = _gap(row, found)
        if gap is not None:
            gaps.append(gap)
        elif row["state"] == "confirmed":
            matches.append(Match(case=str(row["case_reference"]), reference=found[0].reference, amount=found[0].amount))
    gaps += [_extra(entry) for entries in by_token.values() for entry in entries]
    return Reconciliation(matches=tuple(matches), gaps=tuple(gaps))


def made_by_others(found: Reconciliation, seen: Mapping[str, Sequence[EntrySeen]]) -> list[Gap]:
    """Return the gaps again, those first that another author explains.

    :param seen: what the application shows for the object of an entry that is missing or in doubt, by token.
    """
    return [_by_another(gap, seen.get(gap.token, ())) for gap in found.gaps]


def source_gaps(sources: Sequence[Source], unproven: Sequence[Mapping[str, Any]]) -> list[Gap]:
    """Return what the deliveries say otherwise than our tables (rows of ``runs.unproven``)."""
    lost = [_lost(source) for source in sources if source.rows != source.in_cases + source.set_aside]
    message = "Dossier terminé comme saisi, sans saisie prouvée."
    return [
        *lost,
        *(Gap(kind=GapKind.UNPROVEN, case=row["reference"], reference="", message=message) for row in unproven),
    ]


def _gap(row: Mapping[str, Any], found: list[EntrySeen]) -> Gap | None:
    state, amount = row["state"], row["amount_c"]
    about = {"case": str(row["case_reference"]), "token": row["token"], "ours_c": amount}
    shown = found[0].amount.centimes if found else None
    if state in {"intent", "doubtful"}:
        what = f"l'application montre {found[0].reference}" if found else "l'application ne montre rien"
        message = f"Saisie en doute : {what}."
        return Gap(kind=GapKind.DOUBT, reference=_reference(found), message=message, seen_c=shown, **about)
    if state in {"by_hand", "undone"}:
        return None  # entered under a person's name, or taken back
    if not found:
        message = "Saisie relue autrefois, absente aujourd'hui."
        return Gap(kind=GapKind.MISSING, reference=row["reference"], message=message, **about)
    if len(found) > 1:
        numbers = ", ".join(entry.reference for entry in found)
        message = "La même saisie figure plusieurs fois."
        return Gap(kind=GapKind.DIFFERENT, reference=numbers, message=message, seen_c=shown, **about)
    if shown != amount:
        message = f"Montant {found[0].amount}, attendu {Euros(amount)}."
        return Gap(kind=GapKind.DIFFERENT, reference=_reference(found), message=message, seen_c=shown, **about)
    return None


def _by_another(gap: Gap, seen: Sequence[EntrySeen]) -> Gap:
    other = next((entry for entry in seen if entry.alive and entry.token != gap.token), None)
    if other is None:
        return gap
    return Gap(
        kind=GapKind.ANOTHER,
        case=gap.case,
        reference=other.reference,
        message=f"Le même objet figure sous un autre auteur : {other.reference}, {other.amount}.",
        token=gap.token,
        ours_c=gap.ours_c,
        seen_c=other.amount.centimes,
    )


def _extra(entry: EntrySeen) -> Gap:
    message = f"Saisie au nom du robot ({entry.amount}) que nous ne connaissons pas."
    seen_c = entry.amount.centimes
    return Gap(kind=GapKind.EXTRA, case="", reference=entry.reference, message=message, seen_c=seen_c)


def _lost(source: Source) -> Gap:
    found = source.in_cases + source.set_aside
    message = f"{source.rows} lignes livrées, {found} retrouvées (dossiers et lignes écartées)."
    return Gap(kind=GapKind.LOST, case="", reference=source.file_name, message=message)


def _reference(found: list[EntrySeen]) -> str:
    return found[0].reference if found else ""
