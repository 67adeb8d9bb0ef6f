"""The three migration waves before and after: two extracts each, what was planted in them, and so what a control must find.

Nothing is compared here: each person is written with what will differ, and the expected report says it as it was planted.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sandbox.formats import iban_of, show_date
from sandbox.names import BANKS, BIRTH_NAMES
from sandbox.transfers import OURS, THEIRS, nir_of

WIDTH = 118
#: The three bascules: first day, and lines of the former scheme's extract.
WAVES = ((date(2020, 1, 18), 13_200), (date(2020, 2, 1), 3_300), (date(2020, 2, 15), 5_500))
_STATUSES, _CENTRES = ("AC", "RE", "CO", "EN"), ("6101", "6102", "6103")
#: How many people of each kind in a wave, and as many more for every four thousand.
_PLANTED = {
    "missing": 3, "added": 2, "twice after": 1, "twice before": 1, "gap": 5, "gap one day": 1, "unopened": 1, "overlap": 3,
    "unclosed": 1, "account": 4, "name": 2, "category": 2, "gap and account": 1, "everything": 1, "accents": 5,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person on one side."""

    nir: str
    name: str
    born: str
    organism: str
    status: str
    centre: str
    rights: date | None
    iban: str
    flags: str

    @property
    def line(self) -> str:
        """Its line of an extract."""
        day = f"{self.rights:%Y%m%d}" if self.rights else ""
        who = f"001{self.nir}{self.name:<30}{self.born}{self.organism}"
        return f"{who}{self.status}{self.centre}{day:<8}{self.iban:<34}{self.flags}"


@dataclass(frozen=True, kw_only=True)
class Planted:
    """One person of a wave: how often on each side, and what a control must say."""

    before: tuple[Person, ...]
    after: tuple[Person, ...]
    codes: tuple[str, ...] = ()
    gap: int | None = None
    #: Its line of the new extract is too short to be read.
    damaged: bool = False


@dataclass
class _Side:
    lines: list[str] = field(default_factory=list)
    good: list[Person] = field(default_factory=list)
    unread: int = 0

    def put(self, person: Person, *, damaged: bool = False) -> int:
        """Write a person; return its line, the header being the first."""
        self.lines.append(person.line[:-9] if damaged else person.line)
        if damaged:
            self.unread = len(self.lines) + 1
        else:
            self.good.append(person)
        return len(self.lines) + 1


def write(out: Path, number: int, *, people: int, seed: int = 931, whole: bool = False) -> Path:
    """Write both extracts of a wave and the expected report beside them, which it returns.

    :param whole: without the damaged line, as a corrected extract would be.
    """
    day, _ = WAVES[number - 1]
    sides, found = (_Side(), _Side()), []
    same = 0
    for one in _population(seed, number, people, day, whole=whole):
        same += not one.codes
        lines = [[sides[0].put(person) for person in one.before]]
        lines += [[sides[1].put(person, damaged=one.damaged) for person in one.after]]
        if one.codes:
            first = [min(side) if side else None for side in (lines[0], [] if one.damaged else lines[1])]
            found.append({"before": first[0], "after": first[1], "codes": list(one.codes), "gap": one.gap})
    name = f"vague-{day:%Y%m%d}"
    out.mkdir(parents=True, exist_ok=True)
    for side, said, ending in zip(sides, ("AVANT", "APRES"), ("avant", "apres"), strict=True):
        head = f"000{number:02}{said}{day:%Y%m%d}".ljust(WIDTH)
        text = [head, *side.lines, f"999{len(side.lines):08}".ljust(WIDTH), ""]
        (out / f"{name}-{ending}.txt").write_bytes("\r\n".join(text).encode("cp1252"))
    path = out / f"{name}-attendu.json"
    path.write_text(json.dumps({**_report(number, day, sides), "same": same, "found": found}), "ascii")
    return path


def _report(number: int, day: date, sides: Sequence[_Side]) -> dict[str, object]:
    told = [
        {"read": len(side.lines), "ok": len(side.good), "unread": side.unread,
         "status": Counter(one.status for one in side.good), "centre": Counter(one.centre for one in side.good)}
        for side in sides
    ]  # fmt: skip
    return {"wave": f"{number:02}", "day": day.isoformat(), "before": told[0], "after": told[1]}


def _population(seed: int, number: int, people: int, day: date, *, whole: bool) -> Iterator[Planted]:
    """Give the people in an order of the seed; the damaged line is the last of the middle's plain ones."""
    rng = random.Random(f"{seed}/waves/{number}")
    kinds = [kind for kind, count in _PLANTED.items() for _ in range(count + count * (people // 4000))]
    lines = len(kinds) + 1 - kinds.count("added") + kinds.count("twice before")
    if lines > people:
        raise ValueError(f"a wave has at least {lines} lines")
    kinds += ["plain"] * (people - lines)
    rng.shuffle(kinds)
    kinds.insert(people // 2, "plain" if whole else "damaged")
    for rank, kind in enumerate(kinds):
        yield _KINDS[kind](_person(rng, rank, day), rng, day)


def _person(rng: random.Random, rank: int, day: date) -> Person:
    """Somebody before the bascule; communes do not exist, and no number is given twice."""
    born = date(1950 + rank // 26_000 % 50, rng.randint(1, 12), rng.randint(1, 28))
    bank, _ = rng.choice(BANKS)
    return Person(
        nir=nir_of(rng.randint(1, 2), born.year, born.month, "61", rank % 26_000 + 1),
        name=rng.choice(BIRTH_NAMES).upper(),
        born=show_date(born),
        organism=THEIRS,
        status=rng.choice(_STATUSES),
        centre=rng.choice(_CENTRES),
        rights=day - timedelta(days=1),
        iban=iban_of("FR", f"{bank}00001{rank:011}00"),
        flags="".join(rng.choice("NNNO") for _ in range(3)),
    )


def _moved(one: Person, day: date) -> Person:
    """The same person in the new scheme."""
    return replace(one, organism=OURS, rights=day)


_Kind = Callable[[Person, random.Random, date], Planted]


def _both(codes: tuple[str, ...] = (), gap: int = 0, **changed: Callable[[Person], Any]) -> _Kind:
    """Somebody on both sides, once each; what changed is asked of the person."""

    def made(one: Person, _: random.Random, day: date) -> Planted:
        after = replace(_moved(one, day + timedelta(days=gap)), **{name: new(one) for name, new in changed.items()})
        return Planted(before=(one,), after=(after,), codes=codes, gap=gap if codes else None)

    return made


def _gap(one: Person, rng: random.Random, day: date) -> Planted:
    return _both(("V-04",), rng.randint(2, 40))(one, rng, day)


def _overlap(one: Person, rng: random.Random, day: date) -> Planted:
    return _both(("V-05",), -rng.randint(1, 28))(one, rng, day)


def _unclosed(one: Person, _: random.Random, day: date) -> Planted:
    return Planted(before=(replace(one, rights=None),), after=(_moved(one, day),), codes=("V-05",))


def _unopened(one: Person, _: random.Random, day: date) -> Planted:
    return Planted(before=(one,), after=(replace(_moved(one, day), rights=None),), codes=("V-04",))


def _other_account(one: Person) -> str:
    return iban_of("FR", f"{BANKS[0][0]}00002{one.nir[2:13]}00")


_KINDS: Mapping[str, _Kind] = {
    "plain": _both(),
    "accents": _both(name=lambda one: one.name.replace("-", " ").replace("É", "E").replace("Œ", "OE").title()),
    "missing": lambda one, _, __: Planted(before=(one,), after=(), codes=("V-01",)),
    "added": lambda one, _, day: Planted(before=(), after=(_moved(one, day),), codes=("V-02",)),
    "twice after": lambda one, _, day: Planted(before=(one,), after=(_moved(one, day),) * 2, codes=("V-03",)),
    "twice before": lambda one, _, day: Planted(before=(one,) * 2, after=(_moved(one, day),), codes=("V-03",)),
    "gap": _gap,
    "gap one day": _both(("V-04",), 1),
    "unopened": _unopened,
    "overlap": _overlap,
    "unclosed": _unclosed,
    "account": _both(("V-06",), iban=_other_account),
    "name": _both(("V-07",), name=lambda one: f"{one.name}X"),
    "category": _both(("V-08",), centre=lambda _: "6199"),
    "gap and account": _both(("V-04", "V-06"), 16, iban=_other_account),
    "everything": _both(
        ("V-04", "V-06", "V-07", "V-08"), 3, iban=_other_account, name=lambda one: f"{one.name}X", status=lambda _: "ZZ"
    ),
    "damaged": lambda one, _, day: Planted(before=(one,), after=(_moved(one, day),), codes=("V-01",), damaged=True),
}
