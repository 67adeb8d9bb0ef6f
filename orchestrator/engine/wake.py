"""Waking: a person lets a case that waits go on before its date, and says why.

Only a case that waits is woken, and none whose entry is in doubt; whatever else it does meanwhile, the compare-and-set of
``cases.wake`` decides. Woken again it is already under way: a repeat changes nothing.
"""

from __future__ import annotations

from enum import StrEnum

from orchestrator.domain.errors import SettingsError
from orchestrator.domain.personal import personal_form
from orchestrator.store.database import Transaction

#: Letters of a reason.
LONGEST_REASON = 300


class Woken(StrEnum):
    """What became of a case that was to go on."""

    #: It goes on now.
    WOKEN = "woken"
    #: It waits for nothing but its turn: there was nothing to do.
    GOING_ON = "going_on"
    #: A robot holds it.
    TAKEN = "taken"
    #: A person has to decide first.
    WITH_PEOPLE = "with_people"
    #: An entry of it is in doubt: a person looks first.
    IN_DOUBT = "in_doubt"
    #: It is over.
    CLOSED = "closed"
    #: No such case, or not for this person.
    UNKNOWN = "unknown"


_BY_STATE = {
    "ready": Woken.GOING_ON,
    "leased": Woken.TAKEN,
    "exception": Woken.WITH_PEOPLE,
    "awaiting_approval": Woken.WITH_PEOPLE,
    "waiting": Woken.IN_DOUBT,
}


def checked_reason(text: str) -> str:
    """Return a reason as the log keeps it; raises ``SettingsError`` when it is empty, long, or holds a NIR or an IBAN."""
    reason = " ".join(text.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise SettingsError(f"Motif attendu : une phrase, {LONGEST_REASON} caractères au plus. Le journal la garde.")
    if personal_form(reason):
        raise SettingsError("Le motif contient un NIR ou un IBAN : le journal le garde en clair, l'écrire sans.")
    return reason


async def wake(tx: Transaction, caisse: str, reference: str, reason: str, *, restricted: bool) -> Woken:
    """Let a case go on, and write down why; says where it stands when it was not waiting.

    :param restricted: whether the person may see sensitive cases.
    """
    about = {"reference": reference, "caisse": caisse, "restricted": restricted}
    found = await tx.first("cases.standing", **about)
    if found is None:
        return Woken.UNKNOWN
    if await tx.run("cases.wake", id=found["id"], caisse=caisse, version=None):
        await tx.record(caisse, "case.woken", reference, by="person", reason=reason)
        return Woken.WOKEN
    now = await tx.first("cases.standing", **about) or found
    return _BY_STATE.get(now["state"], Woken.CLOSED)
