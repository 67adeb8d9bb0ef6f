"""« Saisie déjà faite ? »: CONFIRMÉE, DOUTEUSE or NON, with its proof and time (ENTER, The states of one entry)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from orchestrator.domain.money import Euros


class Word(StrEnum):
    """The answer."""

    #: Read back in the application, with its own reference.
    CONFIRMED = "CONFIRMÉE"
    #: It may have been made, or may still land.
    DOUBTFUL = "DOUTEUSE"
    #: Nothing left for the application.
    NO = "NON"


@dataclass(frozen=True, kw_only=True)
class EntryStatus:
    """The answer, why, and since when."""

    #: CONFIRMÉE, DOUTEUSE or NON.
    word: Word
    #: One sentence: the proof.
    proof: str
    #: When that was proven; None when nothing ever happened.
    at: datetime | None = None

    @property
    def correctable(self) -> bool:
        """Fields may be corrected only while nothing was or may have been entered."""
        return self.word is Word.NO


def entry_status(entries: Sequence[Mapping[str, Any]], cause: str | None = None) -> EntryStatus:
    """Answer for the entries of a case (rows of ``console.entries_of``) and the cause of its open exception."""
    for entry in entries:
        if entry["state"] in {"intent", "doubtful"}:
            return _doubtful(entry)
    for entry in entries:
        if entry["state"] in {"confirmed", "by_hand"}:
            return _confirmed(entry)
    if cause == "doubt":
        return EntryStatus(
            word=Word.DOUBTFUL,
            proof="L’application montre peut-être déjà cette saisie (voir le motif). À vérifier dans l’application.",
        )
    for entry in entries:
        if entry["result"] == "not_sent":
            return EntryStatus(
                word=Word.NO, proof="L’acte a été arrêté avant de quitter le robot.", at=entry["ended_at"]
            )
    return EntryStatus(word=Word.NO, proof="Aucune intention d’acte n’a été enregistrée.")


def _confirmed(entry: Mapping[str, Any]) -> EntryStatus:
    who = "faite à la main, relue par le robot" if entry["state"] == "by_hand" else "relue par le robot"
    amount = f", {Euros(entry['amount_c'])}" if entry["amount_c"] is not None else ""
    return EntryStatus(
        word=Word.CONFIRMED,
        proof=f"{entry['application'].upper()} n° {entry['reference']}{amount} ({who}).",
        at=entry["settled_at"],
    )


def _doubtful(entry: Mapping[str, Any]) -> EntryStatus:
    return EntryStatus(
        word=Word.DOUBTFUL,
        proof=(
            f"L’acte a pu partir vers {entry['application'].upper()} sans être relu : une saisie peut encore arriver. "
            f"Cherchez le jeton {entry['token']} dans l’application."
        ),
        at=entry["intent_at"],
    )
