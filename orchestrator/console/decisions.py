"""Settling an exception: five acts, each one transaction of compare-and-set; there is no way to close without one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from orchestrator.console.case_data import case_fields, delivered, field_texts, notes
from orchestrator.console.choices import Choices, sensitive
from orchestrator.console.errors import won
from orchestrator.console.sessions import Visitor
from orchestrator.console.world import ConsoleWorld
from orchestrator.domain.civil import opening, paris_date
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.language.fields import canonical
from orchestrator.store.database import Transaction

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9/._-]{2,39}", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,9})(?:[,.](\d{1,2}))?", re.ASCII)
_LONGEST_NOTE = 2000
#: Days.
_LONGEST_WAIT = 366


@dataclass(frozen=True, kw_only=True)
class Act:
    """A decision as typed, checked."""

    #: ``resend``, ``done_by_hand``, ``reject``, ``hand_over`` or ``wait``.
    kind: str
    #: The words of the agent.
    text: str = ""
    #: The application's number of what was done by hand.
    reference: str = ""
    #: Its amount in centimes, when it was given.
    amount_c: int | None = None
    #: The basket to which it goes.
    queue: str = ""
    #: Corrected fields by name, canonical.
    corrected: Mapping[str, str] = field(default_factory=dict)
    #: Until which day it waits for a document, at the latest.
    until: date | None = None


class Incomplete(Exception):
    """The decision cannot be taken as typed; nothing was written."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = errors
        super().__init__("décision incomplète")


def read_act(
    world: ConsoleWorld, row: Mapping[str, Any], choices: Choices, queues: list[str], form: Mapping[str, str]
) -> Act:
    """Check a posted decision; raises :class:`Incomplete` with one sentence per wrong field."""
    kind, text = form.get("decision", ""), form.get(f"texte-{form.get('decision', '')}", "").strip()
    if len(text) > _LONGEST_NOTE:
        raise Incomplete({f"texte-{kind}": f"Texte trop long : {len(text)} caractères, {_LONGEST_NOTE} au plus."})
    match kind:
        case "resend" if choices.resend:
            corrected = _corrections(world, row, form) if choices.correct else {}
            return Act(kind=kind, text=text, corrected=corrected)
        case "done_by_hand" if choices.by_hand:
            return _done_by_hand(form, choices, row, text)
        case "reject" if choices.reject:
            return Act(kind=kind, text=_required(kind, text, "Motif attendu : le métier lira cette phrase."))
        case "hand_over" if form.get("file_cible") in queues:
            note = _required(kind, text, "Note attendue : dites à vos collègues ce que vous avez vu.")
            return Act(kind=kind, text=note, queue=form["file_cible"])
        case "wait" if choices.wait:
            note = _required(kind, text, "Pièce attendue : dites laquelle, et à qui elle a été demandée.")
            return Act(
                kind=kind, text=note, until=_day(form.get("jusqu_au", "").strip(), paris_date(world.clock.now()))
            )
        case "hand_over":
            raise Incomplete({"file_cible": "Choisissez la file qui reçoit le dossier."})
        case _:
            raise Incomplete({"decision": "Cette décision n’est pas ouverte pour ce dossier."})


async def carry_out(
    tx: Transaction, world: ConsoleWorld, visitor: Visitor, row: Mapping[str, Any], act: Act, seen: tuple[int, int]
) -> None:
    """Write a decision; raises :class:`LostRace` when exception or case are no longer at the versions seen."""
    held = {"id": row["id"], "caisse": world.caisse, "login": visitor.login, "version": seen[0]}
    note = _sealed_note(world, visitor, row, act)
    if act.kind == "hand_over":
        touched = await tx.run(
            "console.hand_over",
            queue=act.queue,
            sensitive=sensitive(world.scenarios.get(row["scenario"]), act.queue),
            note=note,
            **held,
        )
        won(touched)
        return
    won(await tx.run("console.close_item", decision=act.kind, note=note, **held))
    case = {"id": row["case_id"], "caisse": world.caisse, "version": seen[1]}
    won(await _move_case(tx, world, visitor, row, act, case))


async def _move_case(
    tx: Transaction,
    world: ConsoleWorld,
    visitor: Visitor,
    row: Mapping[str, Any],
    act: Act,
    case: dict[str, Any],
) -> int:
    if act.kind == "reject":
        return await tx.run("console.reject_case", **case)
    if act.kind == "done_by_hand":
        read_back: dict[str, Any] = {"do": "read_back", "reference": act.reference, "by": visitor.login}
        if act.amount_c is not None:
            read_back["amount_c"] = act.amount_c
        return await tx.run("console.resume_case", instruction=read_back, **case)
    if act.until is not None:
        return await tx.run("console.put_to_wait", wait_until=opening(act.until), **case)
    resend = {"do": "resend", "by": visitor.login}
    if not act.corrected:
        return await tx.run("console.resume_case", instruction=resend, **case)
    payload = _sealed_fields(world, row, {**field_texts(world, row), **act.corrected})
    await tx.record(world.caisse, "case.corrected", row["reference"], fields=sorted(act.corrected))
    return await tx.run("console.resume_corrected", instruction=resend, payload=payload, **case)


def _corrections(world: ConsoleWorld, row: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, str]:
    """Return the fields whose typed value differs; an empty field changes nothing."""
    scenario, known = world.scenarios[row["scenario"]], field_texts(world, row)
    corrected, errors = {}, {}
    for shown in case_fields(world, row, clear=False):
        text = form.get(shown.name, "").strip()
        if not shown.correctable or not text:
            continue
        name = shown.name.removeprefix("champ-")
        try:
            value = canonical(scenario.case.fields[name].read(text))
        except ValueError as error:
            errors[shown.name] = f"{shown.title} : {error}."
        else:
            if value != known[name]:
                corrected[name] = value
    if errors:
        raise Incomplete(errors)
    return corrected


def _done_by_hand(form: Mapping[str, str], choices: Choices, row: Mapping[str, Any], text: str) -> Act:
    """Read what was entered by hand; its amount is asked of who took the case from the robots, and said why it is another."""
    reference, amount = _reference(form.get("reference", "").strip()), _amount(form.get("montant", "").strip())
    if choices.held and amount is None:
        raise Incomplete({"montant": "Montant attendu : celui de la saisie, le robot le comparera à l’application."})
    known = row["amount_c"]
    if choices.held and known is not None and amount != known and not text:
        sentence = f"Note attendue : le robot aurait saisi {Euros(known)}, dites pourquoi le montant est autre."
        raise Incomplete({"texte-done_by_hand": sentence})
    return Act(kind="done_by_hand", text=text, reference=reference, amount_c=amount)


def _amount(text: str) -> int | None:
    """Read an amount as people type it; None when nothing is typed."""
    compact = re.sub(r"[\s€]", "", text)
    if not compact:
        return None
    found = _AMOUNT.fullmatch(compact)
    if found is None:
        raise Incomplete({"montant": "Montant attendu en euros, comme 697,39."})
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _reference(text: str) -> str:
    if not _REFERENCE.fullmatch(text):
        raise Incomplete(
            {"reference": "Référence attendue : le numéro que l’application affiche (3 à 40 lettres et chiffres)."}
        )
    if _is_nir(text):
        raise Incomplete({"reference": "Ceci est un NIR : donnez le numéro de la saisie dans l’application."})
    return text


def _day(text: str, today: date) -> date:
    """Read the last day of a wait: after today, at most a year ahead."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Incomplete({"jusqu_au": "Date attendue : le jour où le robot reprendra si rien n’arrive."}) from None
    if not today < day <= today + timedelta(days=_LONGEST_WAIT):
        raise Incomplete({"jusqu_au": "La date est après aujourd’hui, et dans un an au plus."})
    return day


def _is_nir(text: str) -> bool:
    try:
        Nir.parse(text)
    except ValueError:
        return False
    return True


def _required(kind: str, text: str, sentence: str) -> str:
    if not text:
        raise Incomplete({f"texte-{kind}": sentence})
    return text


def _sealed_note(world: ConsoleWorld, visitor: Visitor, row: Mapping[str, Any], act: Act) -> bytes | None:
    if not act.text:
        sealed: bytes | None = row["note"]
        return sealed
    said = {"by": visitor.name, "at": world.clock.now().isoformat(), "about": act.kind, "text": act.text}
    key = world.vault.data_key(row["case_id"], row["data_key"])
    earlier = notes(world, row, row["id"], row["note"])
    return world.vault.seal(key, f"exception_item:note:{row['id']}", [*earlier, said])


def _sealed_fields(world: ConsoleWorld, row: Mapping[str, Any], texts: Mapping[str, str]) -> bytes:
    key = world.vault.data_key(row["case_id"], row["data_key"])
    changed = {**delivered(world, row), "fields": dict(texts)}
    return world.vault.seal(key, f"cases:payload:{row['case_id']}", changed)
