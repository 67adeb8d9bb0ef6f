"""The controls, as the oracle applies them: one predicate that fails for each code."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.formats import iban_is_right
from sandbox.model import CAISSE, Person, Stop
from sandbox.registry import shown_from
from sandbox.rules import (
    LIBERAL,
    RULES_FROM,
    RULES_TO,
    Computed,
    average_income_c,
    income_threshold_c,
    open_advances,
    overlap,
    paid_share,
)

TECHNICAL = frozenset({"TECH_NON_PAYE", "TECH_REJET_LOT", "TECH_CALCUL", "TECH_FLUX"})
OTHER_KNOWN = frozenset({"PIECE_MANQUANTE", "REFUS_MEDICAL", "DETTE_COTIS", "DROITS_FERMES"})


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one row is judged on."""

    name: str
    anomaly: str
    run_date: date
    person: Person
    stop: Stop

    @property
    def others(self) -> list[Stop]:
        """The person's other stops that count."""
        return [one for one in self.person.stops if one.reference != self.stop.reference and one.state != "REJETE"]

    @property
    def last(self) -> date:
        """Last day that matters for rights."""
        return max(self.stop.start, min(self.stop.end, self.run_date - timedelta(days=1)))


def same_text(name: str) -> str:
    """A name without accents, ligatures, hyphens, apostrophes and capitals' difference."""
    for old, new in (("œ", "oe"), ("Œ", "OE"), ("æ", "ae"), ("Æ", "AE")):
        name = name.replace(old, new)
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(plain.upper().replace("-", " ").replace("'", " ").replace("’", " ").split())


def one_year_after(day: date) -> date:
    """The same day of the next year; 28 February after a 29 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def failed_reading(facts: Facts) -> list[str]:
    """Codes of the reading controls that fail."""
    return [code for code, fails in _READING.items() if fails(facts)]


def failed_compute(facts: Facts, computed: Computed) -> list[str]:
    """Codes of the controls after the computation that fail."""
    return [code for code, fails in _COMPUTE.items() if fails(facts, computed)]


def failed_registry(facts: Facts) -> list[str]:
    """Codes of what RNIAM alone knows, looked up last: of a person who is about to be paid."""
    death = facts.person.registry_death
    told = facts.person.registry_told or death
    return ["C-05"] if told and shown_from(told) <= facts.run_date else []


def _identity_differs(facts: Facts) -> bool:
    person = facts.person
    names = {same_text(n) for n in (facts.name, person.birth_name, person.arpege_birth_name or person.birth_name)}
    first = same_text(person.first_names[0])
    return (
        len(names) > 1
        or same_text(person.arpege_first_name or first) != first
        or (person.arpege_birth or person.birth) != person.birth
    )


def _not_ours(facts: Facts) -> bool:
    person, stop = facts.person, facts.stop
    is_open = person.rights_start <= stop.start and (person.rights_end is None or person.rights_end >= facts.last)
    return person.organism != CAISSE or person.organism_since > stop.start or not is_open


def _bank_is_doubtful(facts: Facts) -> bool:
    person, bank = facts.person, facts.person.bank
    if bank is None:
        return True
    names = [name for name in (person.birth_name, person.usage_name) if name]
    holders = {same_text(f"{name} {person.first_names[0]}") for name in names}
    return (
        not iban_is_right(bank.iban)
        or bank.iban[:2] not in {"FR", "MC"}
        or same_text(bank.holder) not in holders
        or (facts.run_date - bank.changed).days < 30
    )


def _is_paid(facts: Facts) -> bool:
    return any(
        p.state == "PAYE" and overlap(p.start, p.end, facts.stop.start, facts.stop.end) for p in facts.person.payments
    )


def _dates_clash(facts: Facts) -> bool:
    stop = facts.stop
    latest = max(stop.start, stop.prescribed, stop.medical)
    return stop.start > stop.end or facts.person.birth >= stop.start or latest > facts.run_date


def _reason_is_other(facts: Facts) -> bool:
    rejected = (
        p.reject_code
        for p in facts.person.payments
        if p.state == "REJETE" and overlap(p.start, p.end, facts.stop.start, facts.stop.end)
    )
    return facts.anomaly in OTHER_KNOWN or any(code not in TECHNICAL for code in rejected)


def _stops_cross(facts: Facts) -> bool:
    return any(overlap(one.start, one.end, facts.stop.start, facts.stop.end) for one in facts.others)


def _resumed_briefly(facts: Facts) -> bool:
    gaps = ((facts.stop.start - one.end).days - 1 for one in facts.others)
    return facts.stop.nature == "INITIAL" and any(0 <= gap <= 2 for gap in gaps)


def _is_late(facts: Facts) -> bool:
    two_days = timedelta(days=2)
    stop = facts.stop
    return stop.prescribed > stop.start + two_days or stop.received > stop.prescribed + two_days


def _years_are_missing(facts: Facts) -> bool:
    year = facts.stop.medical.year
    return len({one.year for one in facts.person.incomes} & {year - 1, year - 2, year - 3}) < 3


def _contributions_are_unpaid(facts: Facts, _: Computed) -> bool:
    year = facts.stop.medical.year
    return any(1 <= year - i.year <= 3 and paid_share(i.due_c, i.paid_c) < 1 for i in facts.person.incomes)


def _income_is_low(facts: Facts, _: Computed) -> bool:
    return average_income_c(facts.person, facts.stop) < income_threshold_c(facts.stop.medical.year)


def _days_are_spent(facts: Facts, computed: Computed) -> bool:
    total = facts.person.days_paid + computed.days
    if facts.person.category in LIBERAL:
        return total > 87
    return total > (1095 if facts.stop.ald else 360)


def _advance_is_open(facts: Facts, _: Computed) -> bool:
    stop = facts.stop
    return any(
        one.reference == stop.reference or overlap(one.start, one.end, stop.start, stop.end)
        for one in open_advances(facts.person)
    )


_READING: dict[str, Callable[[Facts], bool]] = {
    "C-02": lambda f: f.person.nir[0] not in "12" or not f.person.certified,
    "C-03": _identity_differs,
    "C-04": lambda f: f.person.homonyms > 0,
    "C-05": lambda f: f.person.death is not None,
    "C-06": _not_ours,
    "C-07": lambda f: f.person.lock == "always",
    "C-08": _bank_is_doubtful,
    "C-09": _is_paid,
    "C-10": lambda f: bool(f.person.flags),
    "C-11": lambda f: f.person.sensitive,
    "C-12": lambda f: f.person.stale,
    "C-13": _dates_clash,
    "C-15": lambda f: not RULES_FROM <= f.stop.medical <= RULES_TO,
    "R-ANO": lambda f: f.anomaly not in TECHNICAL | OTHER_KNOWN,
    "R-MOTIF": _reason_is_other,
    "R-ETAT": lambda f: f.stop.state != "ENREGISTRE",
    "R-RISQUE": lambda f: f.stop.risk != "AS",
    "R-TPT": lambda f: f.stop.part_time,
    "R-SM": lambda f: f.stop.opinion in {"EN_ATTENTE", "DEFAVORABLE"},
    "R-CHEV": _stops_cross,
    "R-48H": _resumed_briefly,
    "R-TARDIF": _is_late,
    "R-STATUT": lambda f: f.person.category not in {"TI", *LIBERAL},
    "R-AFF": lambda f: one_year_after(f.person.affiliation) > f.stop.medical,
    "R-ANNEES": _years_are_missing,
    "R-EXCLU": lambda f: f.person.invalidity or f.person.old_age,
    "R-ECHEANCIER": lambda f: f.person.schedule,
}
_COMPUTE: dict[str, Callable[[Facts, Computed], bool]] = {
    "R-PAMC": lambda f, _: f.person.category in LIBERAL and f.stop.start < date(2021, 7, 1),
    "R-COEF": _contributions_are_unpaid,
    "R-RAAM": _income_is_low,
    "R-MAX": _days_are_spent,
    "R-ACP": _advance_is_open,
}
