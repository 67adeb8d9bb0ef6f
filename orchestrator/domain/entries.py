"""The identity of an entry, what a look-up may see of it, and what follows (ENTER, Identity and states)."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from orchestrator.domain.civil import Period
from orchestrator.domain.money import Euros

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0/O, 1/I/L: people read tokens aloud


class EntryState(StrEnum):
    """Where an entry stands; each is also a state in the database."""

    #: Decided, nothing done yet.
    PLANNED = "planned"
    #: The intent is committed: from here on the act may have happened.
    INTENT = "intent"
    #: Read back on a fresh page, ours, with the application's own reference.
    CONFIRMED = "confirmed"
    #: It may have happened: its application is left in peace, then a look settles it, or a person decides.
    DOUBTFUL = "doubtful"
    #: A person entered it by hand, read back by the same look-up.
    BY_HAND = "by_hand"
    #: It was made, and taken back by another entry, proven too.
    UNDONE = "undone"


class Sighting(StrEnum):
    """What a look-up found (ENTER, Identity)."""

    #: Nothing for this object.
    ABSENT = "absent"
    #: Our token, the same values: the only one that confirms.
    OURS = "ours"
    #: The same values without our token: another made it.
    SAME_BY_ANOTHER = "same_by_another"
    #: Something for this object with other values, or ours twice.
    DIFFERENT = "different"


@dataclass(frozen=True, kw_only=True)
class EntrySeen:
    """One entry as the application shows it."""

    #: The application's own number.
    reference: str
    #: Its amount.
    amount: Euros
    #: Its period.
    period: Period
    #: Who entered it, as the application says.
    author: str
    #: What stands in the free field.
    token: str
    #: The business object it is about, when the application shows it (the reference of the stop).
    subject: str = ""
    #: False when the application shows it as refused or cancelled.
    alive: bool = True


@dataclass(frozen=True, kw_only=True)
class EntryPlan:
    """What is about to be entered, frozen."""

    #: The token written into the free field.
    token: str
    #: The amount.
    amount: Euros
    #: The period.
    period: Period
    #: The business object.
    subject: str
    #: Tokens and numbers of what was made of the same effect before: a person has decided that it is due once more.
    earlier: frozenset[str] = frozenset()


def classify(seen: list[EntrySeen], plan: EntryPlan) -> tuple[Sighting, EntrySeen | None]:
    """Say what the look-up shows of a plan, and the entry that decided it.

    Ours is ours even when the application refused it since: it was made, and once.
    """
    seen = _without(seen, plan.earlier)
    ours = [entry for entry in seen if entry.token == plan.token]
    if len(ours) > 1:
        return Sighting.DIFFERENT, ours[1]
    if ours:
        same = ours[0].amount == plan.amount and ours[0].period == plan.period
        return (Sighting.OURS if same else Sighting.DIFFERENT), ours[0]
    others = [entry for entry in seen if entry.alive and _same_object(entry, plan)]
    for entry in others:
        if entry.amount == plan.amount:
            return Sighting.SAME_BY_ANOTHER, entry
    return (Sighting.DIFFERENT, others[0]) if others else (Sighting.ABSENT, None)


def classify_doubt(
    seen: list[EntrySeen],
    token: str,
    subject: str,
    same: Callable[[EntrySeen], bool],
    earlier: frozenset[str] = frozenset(),
) -> tuple[Sighting, EntrySeen | None]:
    """Say what a look shows of an entry in doubt, of which only a digest of the values is known.

    Absent is strict: anything that stands there for its object is for a person.

    :param same: says whether an entry has the values that were about to be entered.
    :param earlier: tokens and numbers of what was made of the same effect before.
    """
    seen = _without(seen, earlier)
    ours = [entry for entry in seen if entry.token == token]
    if ours:
        return (Sighting.OURS if len(ours) == 1 and same(ours[0]) else Sighting.DIFFERENT), ours[0]
    others = [entry for entry in seen if entry.alive and entry.subject == subject]
    if not others:
        return Sighting.ABSENT, None
    return (Sighting.SAME_BY_ANOTHER if same(others[0]) else Sighting.DIFFERENT), others[0]


def _without(seen: list[EntrySeen], earlier: frozenset[str]) -> list[EntrySeen]:
    return [entry for entry in seen if entry.token not in earlier and entry.reference not in earlier]


def _same_object(entry: EntrySeen, plan: EntryPlan) -> bool:
    return entry.subject == plan.subject or entry.period.overlaps(plan.period)


def effect_digest(effect_key: str, key: bytes) -> bytes:
    """Return the HMAC-SHA256 under which an effect key is remembered: identifiers stay out of the database."""
    return hmac.digest(key, b"effect\0" + effect_key.encode(), sha256)


def token_of(digest: bytes, ordinal: int = 1) -> str:
    """Return the short code, derived from effect key and ordinal, that marks our entries: ``GLR-XXXXXXXXXX``."""
    marked = digest if ordinal == 1 else sha256(digest + f"/{ordinal}".encode()).digest()
    number = int.from_bytes(marked[:8], "big")
    letters = []
    for _ in range(10):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "GLR-" + "".join(letters)
