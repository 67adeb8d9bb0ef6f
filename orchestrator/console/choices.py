"""What an agent may decide about an exception: the scenario's codes, the entry's state; never nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.console.entry_status import EntryStatus, Word
from orchestrator.console.held import Held
from orchestrator.console.words import MAY
from orchestrator.language.model import Scenario

#: The basket of the robot's developer; every scenario has it.
ROBOT_QUEUE = "robot"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Which acts are open; handing over always is."""

    #: Send back to the robot.
    resend: bool
    #: Correct fields before sending back.
    correct: bool
    #: Declare it done by hand.
    by_hand: bool
    #: Reject it.
    reject: bool
    #: Put it to wait for a document.
    wait: bool
    #: True for a case that was taken from the robots: sending it back says that nothing was entered.
    held: bool
    #: Why something is closed, in sentences.
    why: tuple[str, ...]


def choices_of(
    scenario: Scenario | None, item: Mapping[str, Any], entry: EntryStatus, held: Held | None = None
) -> Choices:
    """Return what may be decided: every failed code must allow it.

    :param held: the case as a person holds it, and what was declared; None for an ordinary exception.
    """
    allowed = set(MAY)
    why = []
    for code in [item["code"], *(failed["code"] for failed in item["failed"])]:
        known = scenario.code_of(code) if scenario else None
        if known is not None and not set(known.agent_may) >= allowed:
            refused = [MAY[act] for act in MAY if act in allowed - set(known.agent_may) and act != "hand_over"]
            allowed &= set(known.agent_may)
            why += [f"{code} ne permet pas de {', '.join(refused)}."] if refused else []
    if entry.word is Word.DOUBTFUL:
        why.append(
            "Saisie douteuse : le dossier peut être renvoyé (le robot regardera seulement), pas corrigé. Rejeté, la saisie "
            "reste en doute : le dossier le montre, une alerte le dit, le rapprochement la cherche."
        )
    if entry.word is Word.FORGOTTEN:
        why.append(
            "Base restaurée : renvoyé, corrigé ou non, le robot cherche d’abord. Trouvé dans l’application, le dossier se clôt "
            "par son numéro, sans nouvelle saisie."
        )
    if entry.word is Word.CONFIRMED:
        why.append("Saisie confirmée : le dossier ne peut plus être corrigé ni rejeté.")
    if entry.word is Word.PARTIAL:
        why.append(
            f"{entry.count} : le dossier ne peut plus être corrigé ni rejeté. Renvoyé, il reprend à ce qui manque."
        )
    stands = held is not None and bool(held.standing)
    if stands:
        why.append(
            "Une saisie à la main est déclarée : le dossier n’est ni rendu au robot ni rejeté avant sa relecture."
        )
    if entry.word is Word.UNDONE:
        why.append("Saisies annulées : le robot ne les refait pas. À faire à la main, ou à rejeter.")
    return Choices(
        resend="correct" in allowed and not stands and entry.word is not Word.UNDONE,
        correct="correct" in allowed and entry.correctable and held is None,
        by_hand="by_hand" in allowed,
        reject="reject" in allowed and entry.word not in {Word.CONFIRMED, Word.PARTIAL} and not stands,
        wait=held is None,
        held=held is not None,
        why=tuple(why),
    )


def target_queues(scenario: Scenario | None) -> list[str]:
    """Return the baskets to which an exception can be handed over."""
    own = {scenario.queue, *(code.queue for code in scenario.codes.values())} if scenario else set()
    return sorted(own | {ROBOT_QUEUE})


def sensitive(scenario: Scenario | None, queue: str) -> bool:
    """Say whether a basket is one of sensitive cases."""
    return scenario is not None and scenario.restricted(queue)
