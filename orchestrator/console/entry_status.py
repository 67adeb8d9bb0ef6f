"""« Saisie déjà faite ? »: CONFIRMÉE, EN PARTIE, DOUTEUSE, À RELIRE, INCONNUE or NON, with its proof and time (ENTER)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from orchestrator.console.forgotten import Forgotten
from orchestrator.console.held import Held
from orchestrator.domain.civil import PARIS
from orchestrator.domain.money import Euros


class Word(StrEnum):
    """The answer."""

    #: Read back in the application, with its own reference.
    CONFIRMED = "CONFIRMÉE"
    #: Of several entries of a case, some are read back and the others are still to be made.
    PARTIAL = "EN PARTIE"
    #: What was made was taken back, and that is proven.
    UNDONE = "ANNULÉE"
    #: It may have been made, or may still land.
    DOUBTFUL = "DOUTEUSE"
    #: A person says so; no robot has read it back yet.
    DECLARED = "À RELIRE"
    #: The house was restored, and may have forgotten it.
    FORGOTTEN = "INCONNUE"
    #: Nothing left for the application.
    NO = "NON"


@dataclass(frozen=True, kw_only=True)
class EntryLine:
    """One of several entries of a case."""

    #: Which row of the delivery it is for, and whether it takes back what was made for it.
    item: str
    #: How it stands.
    status: EntryStatus


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a person says was entered by hand."""

    #: The application's own number.
    reference: str
    #: Who says so.
    by: str
    #: When; None when it is not known.
    at: datetime | None
    #: Of which entry; None when the person did not say.
    entry: UUID | None = None

    @classmethod
    def all_of(cls, held: Held | None, instruction: Mapping[str, Any] | None) -> list[Self]:
        """Return what stands on a case: of who works it by hand, or what a robot was asked to read back."""
        if held is not None:
            return [
                cls(reference=line.reference, by=line.declarer, at=line.declared_at, entry=line.entry)
                for line in held.standing
            ]
        if instruction and instruction.get("do") == "read_back" and "reference" in instruction:
            return [cls(reference=str(instruction["reference"]), by=str(instruction["by"]), at=None)]
        return []


@dataclass(frozen=True, kw_only=True)
class EntryStatus:
    """The answer, why, and since when."""

    #: The answer.
    word: Word
    #: One sentence: the proof.
    proof: str
    #: When that was proven; None when nothing ever happened.
    at: datetime | None = None
    #: « 1 sur 2 saisies », when the case has several.
    count: str = ""
    #: Each entry, when the case has several.
    lines: tuple[EntryLine, ...] = ()

    @property
    def correctable(self) -> bool:
        """Fields may be corrected only while nothing is in doubt or proven; what was forgotten is looked for first."""
        return self.word in {Word.NO, Word.FORGOTTEN}


def entry_status(
    entries: Sequence[Mapping[str, Any]],
    cause: str | None = None,
    declared: Sequence[Declared] = (),
    forgotten: Forgotten | None = None,
) -> EntryStatus:
    """Answer for the entries of a case (rows of ``console.entries_of``) and the cause of its open exception.

    :param declared: what a person says was entered by hand and no robot has read back yet.
    :param forgotten: the restoration that may have forgotten one of them.
    """
    found = _together(entries, cause, declared, forgotten)
    own = [entry for entry in entries if entry["undoes"] is None]
    if len(own) < 2:
        return found
    made = sum(entry["state"] in _SETTLED for entry in own)
    said = {each.entry: each for each in declared}
    lines = tuple(
        EntryLine(
            item=_item(entry, own),
            status=_declared([said[entry["id"]]]) if entry["id"] in said else _one(entry, forgotten),
        )
        for entry in entries
    )
    return replace(found, count=f"{made} sur {len(own)} saisies", lines=lines)


_SETTLED = frozenset({"confirmed", "by_hand"})
_DOUBTED = frozenset({"intent", "doubtful"})
_NOTHING = EntryStatus(word=Word.NO, proof="Aucune intention d’acte n’a été enregistrée.")


def _together(
    entries: Sequence[Mapping[str, Any]],
    cause: str | None,
    declared: Sequence[Declared],
    forgotten: Forgotten | None,
) -> EntryStatus:
    own = [entry for entry in entries if entry["undoes"] is None]
    states = {entry["state"] for entry in own}
    doubted = [entry for entry in entries if entry["state"] in _DOUBTED]
    if doubted or (states and states <= _SETTLED):
        return _one([*doubted, *entries][0])
    if declared:
        return _declared(declared)
    if cause == "doubt":
        return EntryStatus(
            word=Word.DOUBTFUL,
            proof="L’application montre peut-être déjà cette saisie (voir le motif). À vérifier dans l’application.",
        )
    if states & _SETTLED:
        proof = "Le robot reprend à la première saisie qui manque ; il ne refait pas les autres."
        return EntryStatus(word=Word.PARTIAL, proof=proof)
    undone = [entry for entry in entries if entry["state"] == "undone"]
    if undone:
        return _one(undone[0])
    if forgotten is not None and (not own or any(forgotten.hides(entry) for entry in own)):
        return EntryStatus(word=Word.FORGOTTEN, proof=forgotten.proof(own))
    stopped = [entry for entry in entries if entry["result"] == "not_sent"]
    return _one(stopped[0]) if stopped else _NOTHING


def _one(entry: Mapping[str, Any], forgotten: Forgotten | None = None) -> EntryStatus:
    """Answer for one entry alone."""
    if entry["state"] in _DOUBTED:
        return _doubtful(entry)
    if entry["state"] in _SETTLED:
        return _confirmed(entry)
    if entry["state"] == "undone":
        proof = f"{entry['application'].upper()} n° {entry['reference']} a été annulée, et l’annulation relue."
        return EntryStatus(word=Word.UNDONE, proof=proof, at=entry["settled_at"])
    if forgotten is not None and forgotten.hides(entry):
        return EntryStatus(word=Word.FORGOTTEN, proof=forgotten.proof([entry]))
    if entry["result"] == "not_sent":
        return EntryStatus(word=Word.NO, proof="L’acte a été arrêté avant de quitter le robot.", at=entry["ended_at"])
    return _NOTHING


def _item(entry: Mapping[str, Any], own: Sequence[Mapping[str, Any]]) -> str:
    """Say which entry it is: its row; and its keyword, when a row has several."""
    item = "dossier" if entry["line"] is None else f"ligne {entry['line']}"
    if len({each["keyword"] for each in own if each["line"] == entry["line"]}) > 1:
        item = f"{item}, {entry['keyword']}"
    return item if entry["undoes"] is None else f"annulation, {item}"


def _confirmed(entry: Mapping[str, Any]) -> EntryStatus:
    who = "faite à la main, relue par le robot" if entry["state"] == "by_hand" else "relue par le robot"
    amount = f", {Euros(entry['amount_c'])}" if entry["amount_c"] is not None else ""
    return EntryStatus(
        word=Word.CONFIRMED,
        proof=f"{entry['application'].upper()} n° {entry['reference']}{amount} ({who}).",
        at=entry["settled_at"],
    )


def _declared(declared: Sequence[Declared]) -> EntryStatus:
    first = declared[0]
    if len(declared) > 1:
        numbers = ", ".join(f"n° {each.reference}" for each in declared)
        proof = (
            f"{len(declared)} saisies à la main déclarées par {first.by} ({numbers}) : pas encore relues par le robot. "
            "Ni confirmées, ni à refaire."
        )
        return EntryStatus(word=Word.DECLARED, proof=proof, at=first.at)
    return EntryStatus(
        word=Word.DECLARED,
        proof=(
            f"Saisie à la main n° {first.reference} déclarée par {first.by} : pas encore relue par le robot. "
            "Ni confirmée, ni à refaire."
        ),
        at=first.at,
    )


def _doubtful(entry: Mapping[str, Any]) -> EntryStatus:
    application = entry["application"].upper()
    return EntryStatus(
        word=Word.DOUBTFUL,
        proof=(
            f"L’acte a pu partir vers {application} sans être relu : une saisie peut encore arriver. {_looked(entry)}"
            f"Cherchez le jeton {entry['token']} dans l’application."
        ),
        at=entry["intent_at"],
    )


def _looked(entry: Mapping[str, Any]) -> str:
    """Say what robots did to settle a doubt, or will do."""
    look_at, looked_at = entry.get("look_at"), entry.get("looked_at")
    ended = " Sa session dans l’application est fermée." if entry.get("login_ended_at") else ""
    if looked_at is not None:
        still_open = (
            " Sa session dans l’application n’a pas pu être fermée : ce qu’elle avait à envoyer peut encore partir."
        )
        return f"Vérifié par le robot à {looked_at.astimezone(PARIS):%H:%M}.{ended or still_open} "
    return f"Le robot vérifie à {look_at.astimezone(PARIS):%H:%M}.{ended} " if look_at is not None else ""
