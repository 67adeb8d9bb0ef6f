"""Whether two descriptions are one person: names, birth dates and numbers compared as an agent does, none is touched."""

from __future__ import annotations

from keywords.transfers.models import BirthMatch, NameMatch
from orchestrator.domain.civil import PartialDate
from orchestrator.domain.personal import Nir, PersonName

#: The first digit of a number being registered, and the one it is registered under (DOMAIN §3.1).
REGISTERED = {"3": "1", "4": "2", "7": "1", "8": "2"}


def match_names(said: PersonName, birth: PersonName, usage: PersonName | None) -> NameMatch:
    """Compare a name with the certified ones, both normalised (DOMAIN C.3)."""
    one, other = said.normalised, birth.normalised
    if one == other:
        return NameMatch.EQUAL
    if usage is not None and one == usage.normalised:
        return NameMatch.INVERTED
    return NameMatch.NEAR if one_slip(one, other) else NameMatch.DIFFERENT


def one_slip(one: str, other: str) -> bool:
    """True when one letter changed, added, left out or swapped with the next makes them equal (Damerau, distance 1)."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[at:], other[at:]
    swapped = a[:2] == b[:2][::-1] and len(a) > 1 and a[2:] == b[2:]
    return a != b and (a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped)


def match_births(nir: Nir, said: PartialDate, certified: PartialDate) -> BirthMatch:
    """Compare what is known of a birth date, and with the NIR's year and month (DOMAIN C10: a pseudo-month says none)."""
    pairs = [(said.month, certified.month), (said.day, certified.day), (nir.birth_month, certified.month)]
    known = [(one, other) for one, other in pairs if one and other]
    years = {said.year, certified.year}
    if len(years) > 1 or nir.birth_year != certified.year % 100 or any(one != other for one, other in known):
        return BirthMatch.DIFFERENT
    return BirthMatch.EQUAL if len(known) == len(pairs) else BirthMatch.PARTIAL


def same_in_digits(one: Nir, other: Nir) -> bool:
    """True for two different NIR that an application which writes Corsica in digits (2A as 19, 2B as 18) takes for one."""
    return one != other and one.in_digits == other.in_digits


def registered_as(provisional: Nir, registered: Nir) -> bool:
    """True when a number being registered may have become that NIR: the same but for its first digit and key (C07)."""
    one, other = provisional.in_digits, registered.in_digits
    return REGISTERED.get(one[0]) == other[0] and one[1:] == other[1:]
