"""The request of rights that end, as a delivery, and what each of its rows should become: the oracle of extensions.

Windows are written out here once more, from the texts and not from the robots' rules: the oracle shares nothing with them.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sandbox.formats import read_date, show_date
from sandbox.households import Household, Right, rights

HEADER = ("N° foyer", "Réf. droit", "NIR bénéficiaire", "Nom de naissance", "Règle", "Fin de droit")
_FIRST = (date(2020, 3, 12), date(2020, 7, 31))
_SECOND = (date(2020, 10, 30), date(2021, 2, 16))
#: Each extension with its rights and window; both add three months.
_EXTENSIONS = (
    ("EXT-C2S-1", ("C2S_FREE", "C2S_PAID", "CMUC"), _FIRST), ("EXT-C2S-2", ("C2S_FREE", "C2S_PAID"), _SECOND),
    ("EXT-AME-1", ("AME",), _FIRST), ("EXT-AME-2", ("AME",), _SECOND),
)  # fmt: skip


#: Closings for unpaid participation of these are cancelled; the debt stays.
_CLOSING_RULE = "EXT-C2S-PAY"
_CLOSING_WINDOWS = (_FIRST, _SECOND)


#: Calendar days by which residence permits of that window hold longer; asylum has half of the others'.
_PERMITS = {"VLS": 180, "TS": 180, "APS": 180, "RECEPISSE": 180, "ASILE": 90}
_PERMIT_WINDOW = (date(2020, 3, 16), date(2020, 6, 15))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a row should become: `entered`, with what is entered, another outcome, or `exception` with its code."""

    right: str
    outcome: str
    #: JJ/MM/AAAA; empty when no new end is entered.
    end: str = ""
    #: True when its closing is cancelled.
    reopened: bool = False
    code: str = ""


def file_name(day: date) -> str:
    """The name under which the request of a day is delivered."""
    return f"droits-echeance-{day:%Y%m%d}.csv"


def write(day: date, out: Path, *numbers: str) -> Path:
    """Write the delivery of a day into a folder: these households, or all; returns the file."""
    asked = [right for right in rights() if not numbers or right.number in numbers]
    lines = [";".join(fields) for fields in (HEADER, *map(_fields, asked), ("FIN", str(len(asked))))]
    path = out / file_name(day)
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode("cp1252"))
    return path


def judge(asked: str) -> Iterator[Verdict]:
    """Say what each right of a household should become, from the state that the population starts with."""
    members = [right for right in rights() if right.number == asked]
    one = members[0].household
    code = _stopped(one)
    if any(right.locked for right in members):
        code = "SAISIE"  # the last one is refused by the application: all or none
    for right in members:
        if code:
            yield Verdict(right=right.reference, outcome="exception", code=code)
        else:
            yield _verdict(right, one)


def attestations(asked: str) -> Iterator[dict[str, str]]:
    """Say which letters a household's extensions give, as the GED's ledger tells of them: one for each right entered."""
    ends = {one.right: one.end for one in judge(asked) if one.outcome == "entered" and one.end}
    for right in rights():
        now = read_date(right.household.end)
        if right.reference in ends and now is not None:
            yield {
                "nir": right.person.nir, "kind": "ATTESTATION_DROITS", "reference": right.reference,
                "subject": right.household.rule, "from": show_date(now + timedelta(days=1)), "to": ends[right.reference],
            }  # fmt: skip


def notices(asked: str) -> Iterator[dict[str, str]]:
    """Say which letters to other organisms a household's extensions give, as the GED's ledger tells of them."""
    second = {right.reference: right.second for right in rights()}
    for letter in attestations(asked):
        if second[letter["reference"]]:
            about = f"{letter['reference']}-{second[letter['reference']]}"
            yield {**letter, "kind": "LIAISON_CAISSE", "reference": about}


def cancellations(asked: str) -> Iterator[dict[str, object]]:
    """Say which closings of a household are cancelled, as the C2S's ledger tells of them: what is owed stays owed."""
    reopened = {one.right for one in judge(asked) if one.reopened}
    for right in rights():
        if right.reference in reopened:
            one = right.household
            yield {
                "act": "ANNULATION_FERMETURE", "number": right.closing, "right": right.reference, "end": one.end,
                "closed_on": one.closed_on, "motive": _CLOSING_RULE, "unpaid_c": one.unpaid_c,
            }  # fmt: skip


def chain(kind: str, first_end: date) -> dict[str, date]:
    """The end after each extension, one after the other, each once."""
    ends: dict[str, date] = {}
    end = first_end
    for rule, kinds, (start, last) in _EXTENSIONS:  # the first window closes before the second opens
        if kind in kinds and start <= end <= last:
            end = ends[rule] = _three_months(end)
    return ends


def _fields(right: Right) -> tuple[str, ...]:
    one = right.household
    return (right.number, right.reference, right.person.nir, right.person.birth_name, one.rule, one.end)


def _stopped(one: Household) -> str:
    """The first reason to leave the household to a person; empty when there is none."""
    now, first = read_date(one.end), read_date(one.first_end or one.end)
    undated = now is None or first is None or now == date(2099, 12, 31)
    reasons = {
        "D-01": one.managers > 1, "D-02": bool(one.others), "D-07": one.transfer, "C-05": one.death is not None,
        "D-04": one.appeal, "D-05": one.fraud, "D-08": undated, "D-11": bool(one.closed_on) and not _cancelled(one),
    }  # fmt: skip
    for code, holds in reasons.items():
        if holds:
            return code
    if now is None or first is None:
        return "D-08"
    ends = chain(one.kind, first)
    if now not in {first, *ends.values()}:
        return "D-09"
    if one.second and read_date(one.second_end) not in {now, first, *ends.values()}:
        return "D-14"
    if one.base_until and max([now, *ends.values()]) > one.base_until:
        return "D-06"
    return _permit_stops(one, now) if ends.get(one.rule, now) > now else ""


def _permit_stops(one: Household, end: date) -> str:
    """The reason why the permit of its members leaves an extension to a person; AME asks for none."""
    last = read_date(one.permit_end)
    if one.kind == "AME" or last is None:
        return ""
    if one.permit not in _PERMITS:
        return "D-13"
    first, final = _PERMIT_WINDOW
    if first <= last <= final:
        last += timedelta(days=_PERMITS[one.permit])
    return "" if last > end else "D-12"


def _verdict(right: Right, one: Household) -> Verdict:
    now, first = read_date(one.end), read_date(one.first_end or one.end)
    if one.renewal == "ACCEPTEE":
        return Verdict(right=right.reference, outcome="common_law")
    end = chain(one.kind, first).get(one.rule) if first else None
    if _cancelled(one):
        longer = end is not None and now is not None and end > now
        return Verdict(
            right=right.reference, outcome="entered", reopened=True, end=show_date(end) if end and longer else ""
        )
    if end is None or now is None:
        return Verdict(right=right.reference, outcome="not_concerned")
    if end <= now:
        return Verdict(right=right.reference, outcome="already_extended")
    return Verdict(right=right.reference, outcome="entered", end=show_date(end))


def _cancelled(one: Household) -> bool:
    """True when the texts cancel the closing of a household's rights: unpaid participation, within a period."""
    day, end = read_date(one.closed_on), read_date(one.end)
    paid = one.kind == "C2S_PAID" and one.closed_for == "IMPAYE"
    return (
        paid
        and bool(day and end and day <= end)
        and any(first <= day <= last for first, last in _CLOSING_WINDOWS if day)
    )


def _three_months(day: date) -> date:
    """Three months later; the last day of a month stays the last day of a month."""
    month = day.month + 3
    year, month = (day.year + 1, month - 12) if month > 12 else (day.year, month)
    if (day + timedelta(days=1)).day == 1:
        return date(year, month, monthrange(year, month)[1])
    return date(year, month, min(day.day, monthrange(year, month)[1]))
