"""Exceptional extensions of rights: pure rules on civil dates, no application is touched."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from keywords.ged.models import Document
from keywords.rights.models import Applied, Closing, Due, EndKind, EndRead, Extension, MonthRule, Permit
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import compute
from orchestrator.domain.rules import PackAt, RulePack, RuleRow

OPEN_END = date(2099, 12, 31)
DECEASED, COMMON_LAW = "DECES", "DROIT_COMMUN"
UNPAID = "IMPAYE"
#: The kind under which the GED holds the copy of a residence permit.
PERMIT = "TITRE_SEJOUR"


@compute("rights.read_end", "La fin d'un droit lue à l'écran : datée, sans fin ou impossible.")
def read_end(*, shown: str) -> EndRead:
    """Type what a screen shows (JJ/MM/AAAA); only a dated end is ever extended (DOMAIN B.5, B21)."""
    found = re.fullmatch(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", shown)
    try:
        day = date(*(int(part) for part in reversed(found.groups()))) if found else None
    except ValueError:
        day = None
    if day is None:
        return EndRead(kind=EndKind.IMPOSSIBLE, day=None)
    return EndRead(kind=EndKind.OPEN_ENDED, day=None) if day == OPEN_END else EndRead(kind=EndKind.DATED, day=day)


@compute("rights.extend_all", "La fin d'un droit après toutes ses règles, chacune une fois.")
def extend_all(
    *,
    right_type: str,
    end_original: date,
    end_current: date,
    base_until: date,
    deceased: bool,
    renewal_accepted: bool,
    rules: PackAt,
    months: str = "E",
) -> Extension:
    """Fold the rules over the original end; the end of the screen only has to be one of theirs.

    Raises ``BusinessException`` D-08 for a right without an end, D-09 for an end that no rule gives, D-10 for two
    rules on one end. ``within_base`` false goes to a person: a right never exceeds the base rights.
    Source: DOMAIN B.1, B.2, B.4. Example: C2S, 30 July 2020: 30 October 2020, then 30 January 2021.
    """
    if OPEN_END in (end_original, end_current):
        raise BusinessException("D-08", "Droit sans date de fin : une personne décide.")
    how = MonthRule(months)
    skipped = DECEASED if deceased else COMMON_LAW if renewal_accepted else ""
    applied = fold(rules.pack, right_type, end_original, how)
    if end_current not in {end_original, *(one.end for one in applied)}:
        raise BusinessException("D-09", f"Aucune règle ne donne la fin de droit {end_current:%d/%m/%Y}.")
    kept = () if skipped else applied
    end = kept[-1].end if kept else end_current
    return Extension(
        end_original=end_original, end=end, applied=kept, months=how, skipped=skipped, within_base=end <= base_until
    )


@compute("rights.due", "Ce qu'une règle ajoute encore à un droit, d'après la fin que montre l'écran.")
def due(*, extension: Extension, rule: str, end_current: date) -> Due:
    """Say which days a rule still adds: none when it does not hold for the right, or its end or a later one is shown.

    Extensions may be asked for in any order: the later rule takes a right to its own end, the earlier one then adds nothing.
    Source: DOMAIN B.2, B18. Example: EXT-C2S-1, 31 March 2020 shown: 1 April to 30 June 2020.
    """
    found = [one for one in extension.applied if one.rule == rule]
    end = found[0].end if found else end_current
    first = end_current + timedelta(days=1)
    return Due(
        rule=rule, period=Period(first, max(first, end)), due=end > end_current, done=bool(found) and end <= end_current
    )


@compute("rights.closing", "Fermeture pour participation impayée : annulée pendant les périodes ; la dette reste.")
def closing(*, right_type: str, closed_on: str, reason: str, end_current: date, rules: PackAt) -> Closing:
    """Say whether the closing of a right is cancelled, and which days are open again: from that day to the right's natural end.

    ``closed_on`` is what the screen shows (JJ/MM/AAAA), empty for a right that is open. Only a closing for unpaid participation
    (``IMPAYE``) is cancelled, on a day within a period and not after the end (source: DOMAIN B.1, EXT-C2S-PAY).
    Example: B11, closed on 1 April 2020.
    """
    left, day = Closing(cancelled=False, rule="", debt_kept=True, period=None), read_end(shown=closed_on).day
    if day is None or reason != UNPAID or day > end_current:
        return left
    for row in rules.pack.tables["closings"]:
        if row.covers(day) and right_type in row.rights:
            return Closing(cancelled=True, rule=row.rule, debt_kept=True, period=Period(day, end_current))
    return left


@compute("rights.permit", "Le titre de séjour que la GED contient, sa fin après les règles, et s'il vaut encore.")
def permit(*, documents: list[Document], end_current: date, rules: PackAt) -> Permit:
    """Say whether a residence permit holds on the day after a right's end, its own end extended (EXT-DOC-180, EXT-DOC-90).

    Read in the copies of kind ``TITRE_SEJOUR``: their subject is the kind of the permit, their last day its end. ``known`` is
    false as soon as one is of a kind that no rule names, a diplomatic one for instance: a person decides.
    Source: DOMAIN B.1, B14, B15. Example: ``ASILE``, 16 March 2020: 14 June 2020, where ``TS`` has 12 September.
    """
    kinds = {right for rows in rules.pack.tables.values() for row in rows for right in row.rights}
    copies = [one for one in documents if (one.kind, one.state) == (PERMIT, "CLASSE")]
    held = [_permit(one, rules.pack, end_current, kinds) for one in copies]
    doubtful = next((one for one in held if not one.known), None)
    none = Permit(found=False, kind="", document="", end=None, extended=None, rule="", known=True, valid=True)
    return doubtful or max(held, key=lambda one: one.extended or date.min, default=none)


def _permit(copy: Document, pack: RulePack, end_current: date, kinds: set[str]) -> Permit:
    end = copy.period.end
    applied = fold(pack, copy.subject, end, MonthRule.E)
    extended, rule = (applied[-1].end, applied[-1].rule) if applied else (end, "")
    return Permit(
        found=True, kind=copy.subject, document=copy.document, end=end, extended=extended, rule=rule,
        known=copy.subject in kinds, valid=extended > end_current,
    )  # fmt: skip


def fold(pack: RulePack, right_type: str, end: date, months: MonthRule) -> tuple[Applied, ...]:
    """Apply the rules one after the other, each once, on the end it finds, until none is left (DOMAIN B.2)."""
    applied: tuple[Applied, ...] = ()
    while row := _row(pack, right_type, end, {one.rule for one in applied}):
        found, end = end, max(end, _extended(end, row, months))
        applied = (*applied, Applied(rule=row.rule, former_end=found, end=end, source=row.source))
    return applied


def _row(pack: RulePack, right_type: str, end: date, done: set[str]) -> RuleRow | None:
    """Return the one row of the extensions for this right and end whose rule was not applied yet."""
    rows = [row for table, rows in pack.tables.items() if table != "closings" for row in rows]
    found = [row for row in rows if row.covers(end) and right_type in row.rights and row.rule not in done]
    if len(found) > 1:
        raise BusinessException("D-10", f"Plusieurs règles valent pour un droit {right_type} au {end:%d/%m/%Y}.")
    return found[0] if found else None


def _extended(end: date, row: RuleRow, months: MonthRule) -> date:
    if row.unit == "MONTHS":
        return add_months(end, row.quantity, months)
    if row.unit == "DAYS":
        return end + timedelta(days=row.quantity)
    if row.unit == "UNTIL":
        return date.fromisoformat(row.until)
    raise BusinessException("C-15", f"Unité « {row.unit} » inconnue : MONTHS, DAYS ou UNTIL.")


def add_months(day: date, count: int, months: MonthRule) -> date:
    """Add months to a civil date, by the rule E or Q (DOMAIN B.2)."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = calendar.monthrange(year, month + 1)[1]
    at_end = months is MonthRule.E and day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if at_end else min(day.day, last))
