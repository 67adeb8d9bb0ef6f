"""Incoming transfers: requests between schemes, with what RNIAM and the former scheme say, and what a person expects.

The answers are written by hand for each kind, never computed by the rules that are tested. Communes do not exist.
"""

import random
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sandbox.formats import show_date
from sandbox.names import BIRTH_NAMES, FEMALE_NAMES

#: The login of the robot of transfers, in PROGRES.
ROBOT = "ROB-931-MUTAT-1"
OURS, THEIRS, OTHERS = "019310000", "026110000", "013810000"
HEADER = (
    "Réf. mutation", "N° assuré", "Nom de naissance", "Né le", "Organisme cédant", "Organisme prenant", "Date d'effet",
    "Reçue le", "Fin des droits", "Soins en cours", "C2S ou AME", "Enfant de moins de 2 ans",
)  # fmt: skip
#: Requests that PROGRES holds beside the people of a population.
COUNT = 48
#: Of a line of a migration file.
WIDTH = 123
#: Somebody else of the list: a child, another number of the same traits, a request of another caisse.
CHILD, TRAITS, REQUEST = "ENFANT", "TRAITS", "DEMANDE"


@dataclass(frozen=True, kw_only=True)
class Linked:
    """Somebody, or something, that the screen lists beside a person."""

    link: str
    nir: str
    born: str = ""
    certified: bool = True
    organism: str = ""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One request, and what the applications know of the person."""

    number: int
    nir: str
    birth_name: str
    first_name: str
    born: str
    effect: date
    old_end: date
    received: date
    #: The name as the sender wrote it.
    said_name: str = ""
    rniam: str = THEIRS
    certified: bool = True
    dead: bool = False
    home: bool = True
    care: bool = False
    c2s: bool = False
    ij: bool = False
    #: Comes back from abroad.
    abroad: bool = False
    #: RNIAM never shows it as moved.
    stays: bool = False
    linked: tuple[Linked, ...] = ()
    #: The controls that must fail, all at once; empty: entered.
    codes: tuple[str, ...] = ()
    #: Its points, but for the days waited.
    points: int = 100
    #: The case of the domain that it is.
    case: str = "C01"
    #: Shown in the delivery as it is, when a row is to be bad.
    raw_effect: str = field(default="")

    @property
    def reference(self) -> str:
        """The sender's own number."""
        return f"MUT26{self.number:06d}"

    @property
    def row(self) -> tuple[str, ...]:
        """Its row of a delivery."""
        effect = self.raw_effect or show_date(self.effect)
        name = self.said_name or self.birth_name
        facts = (self.care, self.c2s, any(one.link == CHILD for one in self.linked))
        days = (effect, show_date(self.received), show_date(self.old_end))
        return (self.reference, self.nir, name, self.born, THEIRS, OURS, *days, *(_yes(one).lower() for one in facts))

    @property
    def situation(self) -> dict[str, Any]:
        """What PROGRES keeps of it."""
        shown = {
            "birth_name": capitals(self.birth_name), "usage_name": "", "born": self.born, "dead": _yes(self.dead),
            "certified": "CERTIFIE" if self.certified else "NON CERTIFIE", "home": _yes(self.home),
            "old_end": show_date(self.old_end), "care": _yes(self.care), "c2s": _yes(self.c2s),
            "ij": _yes(self.ij), "abroad": _yes(self.abroad),
        }  # fmt: skip
        return {
            "shown": shown,
            "organism": self.rniam,
            "stays": self.stays,
            "lines": [_line(one) for one in self.linked],
        }


def transfers(seed: int, count: int, today: date) -> Iterator[Transfer]:
    """Some requests: one of each kind, then plain ones; the kinds come first so that a few rows have them all."""
    rng = random.Random(f"{seed}/transfers")
    kinds = list(_KINDS.items())
    for number in range(count):
        plain = _plain(rng, number, today)
        case, change = kinds[number] if number < len(kinds) else ("C01", {})
        yield replace(plain, case=case, **_filled(change, plain, today))


def delivery(requests: Iterable[Transfer]) -> bytes:
    """A file of requests, as the sender writes it: cp1252, semicolons, a trailer that counts the rows."""
    rows = [";".join(one.row) for one in requests]
    return "\r\n".join([";".join(HEADER), *rows, f"FIN;{len(rows)}", ""]).encode("cp1252")


def wave(requests: Iterable[Transfer]) -> list[str]:
    """The lines of a migration file: a header, a request each in fixed width, a trailer that counts them."""
    rows = [_fixed(one) for one in requests]
    return ["000".ljust(WIDTH), *rows, f"999{len(rows):08}".ljust(WIDTH)]


def _fixed(one: Transfer) -> str:
    reference, nir, name, born, former, ours, effect, received, end, *facts = one.row
    days = "".join("".join(reversed(day.split("/"))) for day in (effect, received, end))
    flags = "".join(fact[0].upper() for fact in facts)
    return f"001{reference:<20}{nir}{name:<30}{born}{former}{ours}{days}{flags}"


def nir_of(sex: int, year: int, month: int, place: str, rank: int) -> str:
    """A number with its key; commune 999 does not exist."""
    body = f"{sex}{year % 100:02d}{month:02d}{place}{999 - rank // 1000}{rank % 1000:03d}"
    digits = int(body.replace("2A", "19").replace("2B", "18"))
    return f"{body}{97 - digits % 97:02d}"


def _plain(rng: random.Random, number: int, today: date) -> Transfer:
    born = date(rng.randint(1950, 2004), rng.randint(1, 12), rng.randint(1, 28))
    effect = today.replace(day=1)
    return Transfer(
        number=number + 1,
        nir=nir_of(2, born.year, born.month, f"{rng.randint(1, 90):02d}".replace("20", "21"), number % 26_000 + 1),
        birth_name=rng.choice(BIRTH_NAMES),
        first_name=rng.choice(FEMALE_NAMES),
        born=show_date(born),
        effect=effect,
        old_end=effect - timedelta(days=1),
        received=today - timedelta(days=rng.randint(0, 3)),
    )


def _filled(change: Mapping[str, Any], plain: Transfer, today: date) -> dict[str, Any]:
    """What of a kind depends on the day or on the person: a callable is asked."""
    return {name: value(plain, today) if callable(value) else value for name, value in change.items()}


def _slip(one: Transfer, _: date) -> str:
    return one.birth_name[:-2] + one.birth_name[-1] + one.birth_name[-2]


def _provisional(one: Transfer, _: date) -> str:
    return f"8{one.nir[1:13]}{97 - int('8' + one.nir[1:13]) % 97:02d}"


def _pseudo_month(one: Transfer, _: date) -> str:
    return nir_of(2, int(one.born[6:]), 20, "61", one.number)


def _corsican(one: Transfer, _: date) -> str:
    return nir_of(2, int(one.born[6:]), int(one.born[3:5]), "2B", one.number)


def _continental(one: Transfer, day: date) -> tuple[Linked, ...]:
    return (Linked(link=TRAITS, nir=_corsican(one, day).replace("2B", "18", 1), born=one.born),)


def _traits(one: Transfer, _: date) -> tuple[Linked, ...]:
    return (Linked(link=TRAITS, nir=nir_of(2, int(one.born[6:]), 1, "61", 900 + one.number), born=one.born),)


def _registered(one: Transfer, _: date) -> tuple[Linked, ...]:
    return (Linked(link=TRAITS, nir=one.nir, born=one.born),)


def _request(one: Transfer, _: date) -> tuple[Linked, ...]:
    return (Linked(link=REQUEST, nir=one.nir, organism=OTHERS),)


def _children(*, certified: bool = True, organism: str = "") -> Callable[[Transfer, date], tuple[Linked, ...]]:
    def made(one: Transfer, today: date) -> tuple[Linked, ...]:
        born = today.replace(year=today.year - 1)
        child = Linked(link=CHILD, nir=nir_of(1, born.year, born.month, "61", 800 + one.number), born=show_date(born))
        return (replace(child, certified=certified, organism=organism),)

    return made


def _days(**days: int) -> dict[str, Any]:
    """Dates some days from today."""
    return {name: (lambda _, today, after=after: today + timedelta(days=after)) for name, after in days.items()}


_KINDS: dict[str, dict[str, Any]] = {
    "C01": {},
    "C02": {**_days(effect=-10, old_end=-27)},
    "C03": {**_days(effect=-10, old_end=9), "points": 20},
    "C03 closing": {**_days(effect=-10, old_end=3), "points": 50},
    "C05": {"linked": _request, "codes": ("C-09",)},
    "C07": {"nir": _provisional, "linked": _registered, "codes": ("C-02", "C-04")},
    "C08": {"linked": _traits, "codes": ("C-04",)},
    "C10": {"nir": _pseudo_month, "born": lambda one, _: f"00/00/{one.born[6:]}"},
    "C11": {"nir": lambda one, _: nir_of(2, int(one.born[6:]), int(one.born[3:5]), "99", one.number)},
    "C12": {"dead": True, "codes": ("C-05",)},
    "C13": {**_days(effect=0, old_end=-1), "care": True, "linked": _children(), "points": 170},
    "C17": {"raw_effect": "31/04/2026", "codes": ("bad",)},
    "2B/18": {"nir": _corsican, "linked": _continental, "codes": ("C-04",)},
    "near": {"said_name": _slip, "codes": ("C-03",)},
    "uncertified": {"certified": False, "codes": ("C-02",)},
    "child": {"linked": _children(certified=False), "points": 130, "codes": ("M-05",)},
    "two parents": {"linked": _children(organism=OTHERS), "points": 130, "codes": ("M-06",)},
    "allowances": {"ij": True, "codes": ("M-01",)},
    "claimed": {"rniam": OTHERS, "codes": ("M-02",)},
    "old": {**_days(effect=-90, old_end=-91), "codes": ("M-03",)},
    "elsewhere": {"home": False, "codes": ("M-07",)},
    "several": {"dead": True, "ij": True, "said_name": _slip, "home": False, "codes": ("C-03", "C-05", "M-01", "M-07")},
    "stays": {"stays": True, "codes": ("M-04",)},
    "C2S": {**_days(effect=-10, old_end=60), "c2s": True, "points": 30},
    "C19": {"abroad": True, "codes": ("M-08",)},
}
#: How many kinds there are; they come first.
KINDS = len(_KINDS)


def capitals(name: str) -> str:
    """A name as RNIAM writes it: capitals without accents; the code page has no Ÿ."""
    return unicodedata.normalize("NFKD", name.replace("œ", "oe")).encode("ascii", "ignore").decode().upper()


def _yes(value: bool) -> str:  # noqa: FBT001
    return "OUI" if value else "NON"


def _line(one: Linked) -> str:
    return f"{one.link:<8} {one.nir:<15} {one.born:<10} {_yes(one.certified):<8} {one.organism:<9}"
