"""Waking: a case that waits goes on before its date: a person says why, or the document is there that it waited for.

Only a case that waits is woken, and none whose entry is in doubt; whatever else it does meanwhile, the compare-and-set of
``cases.wake`` decides. Woken again it is already under way: a repeat changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from orchestrator.domain.errors import SettingsError
from orchestrator.domain.personal import personal_form
from orchestrator.language.model import Scenario
from orchestrator.store.database import Transaction
from orchestrator.store.vault import Vault

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


async def wake_by_document(tx: Transaction, vault: Vault, scenario: Scenario, texts: Mapping[str, str]) -> bool:
    """Let the case go on that waits for a document of this key; True when there was one.

    :param texts: the fields of the case's key, each as a French CSV would hold it.
    :raises ValueError: one is missing, or is no such value; its text quotes nothing personal.
    """
    fields, key = scenario.case.fields, scenario.case.key
    missing = [name for name in key.names if name not in texts]
    if missing:
        raise ValueError(f"champ « {missing[0]} » attendu")
    rendered = key.render({name: fields[name].read(texts[name]) for name in key.names})
    digest = vault.blind(f"key:{scenario.name}", rendered)
    about = {"caisse": scenario.caisse, "scenario": scenario.name, "key_digest": digest}
    woken = await tx.all("cases.wake_awaiting", **about)
    for case in woken:
        await tx.record(scenario.caisse, "case.woken", case["reference"], by="document")
    # a person works it by hand meanwhile: given back, it does not wait again
    return bool(woken) or bool(await tx.all("by_hand.document_came", **about))
