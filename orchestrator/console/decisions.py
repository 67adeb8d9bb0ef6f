"""Settling an exception: five acts, each one transaction of compare-and-set; there is no way to close without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from orchestrator.console.case_data import case_fields, delivered, field_texts, notes
from orchestrator.console.choices import Choices, sensitive
from orchestrator.console.declarations import read_declaration
from orchestrator.console.errors import won
from orchestrator.console.held import Held, Said, Wait, give_back, say
from orchestrator.console.sessions import Visitor
from orchestrator.console.typed import Incomplete, read_amount, read_reference
from orchestrator.console.world import ConsoleWorld
from orchestrator.domain.civil import opening, paris_date
from orchestrator.language.fields import canonical
from orchestrator.store.database import Transaction

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
    #: What is said of the entries of a case that was taken from the robots.
    said: tuple[Said, ...] = ()
    #: How many of them stay with the person; the case does too, then.
    kept: int = 0


def read_act(
    world: ConsoleWorld,
    row: Mapping[str, Any],
    choices: Choices,
    queues: list[str],
    form: Mapping[str, str],
    held: Held | None = None,
) -> Act:
    """Check a posted decision; raises :class:`Incomplete` with one sentence per wrong field.

    :param held: the case's entries, when it was taken from the robots.
    """
    kind, text = form.get("decision", ""), form.get(f"texte-{form.get('decision', '')}", "").strip()
    if len(text) > _LONGEST_NOTE:
        raise Incomplete({f"texte-{kind}": f"Texte trop long : {len(text)} caractères, {_LONGEST_NOTE} au plus."})
    match kind:
        case "resend" if choices.resend:
            corrected = _corrections(world, row, form) if choices.correct else {}
            return Act(kind=kind, text=text, corrected=corrected)
        case "done_by_hand" if choices.by_hand:
            return _done_by_hand(form, text) if held is None else _declared(form, held, choices, text)
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
    tx: Transaction,
    world: ConsoleWorld,
    visitor: Visitor,
    row: Mapping[str, Any],
    act: Act,
    seen: tuple[int, int],
    *,
    taken: bool,
) -> None:
    """Write a decision; raises :class:`LostRace` when exception or case are no longer at the versions seen.

    :param taken: whether the case was taken from the robots to be worked by hand.
    """
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
    wait = await _by_hand(tx, world, visitor, row, act) if taken else None
    if act.kept:
        won(await tx.run("console.keep_item", note=note, **held))
        return
    won(await tx.run("console.close_item", decision=act.kind, note=note, **held))
    case = {"id": row["case_id"], "caisse": world.caisse, "version": seen[1]}
    if wait is not None and act.kind == "resend" and wait.until > world.clock.now():
        won(await tx.run("console.wait_again", wait_until=wait.until, waits_for=wait.waits_for, **case))
        return
    won(await _move_case(tx, world, visitor, row, act, case))


async def _by_hand(
    tx: Transaction, world: ConsoleWorld, visitor: Visitor, row: Mapping[str, Any], act: Act
) -> Wait | None:
    """Write a decision beside a case taken from the robots; returns the wait that goes on when it is given back."""
    who = (row["case_id"], world.caisse, visitor.login)
    await say(tx, *who, act.said)
    return await give_back(tx, *who) if act.kind in {"resend", "reject"} else None


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
        said = {"reference": act.reference, "amount_c": act.amount_c} if act.reference else {}
        known = {name: value for name, value in said.items() if value is not None}
        read_back = {"do": "read_back", "by": visitor.login, **known}
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


def _done_by_hand(form: Mapping[str, str], text: str) -> Act:
    """Read what was entered by hand after a robot failed; the amount is welcome, not asked."""
    errors: dict[str, str] = {}
    reference, amount = "", None
    try:
        reference = read_reference(form.get("reference", "").strip())
    except ValueError as error:
        errors["reference"] = str(error)
    try:
        amount = read_amount(form.get("montant", ""))
    except ValueError as error:
        errors["montant"] = str(error)
    if errors:
        raise Incomplete(errors)
    return Act(kind="done_by_hand", text=text, reference=reference, amount_c=amount)


def _declared(form: Mapping[str, str], held: Held, choices: Choices, text: str) -> Act:
    """Read what is said of each entry of a case taken from the robots; when nothing stands then, it is given back to them."""
    found = read_declaration(form, held, text)
    kind = "done_by_hand" if found.kept or found.standing else "resend"
    if kind == "resend" and not choices.resend:
        raise Incomplete({"decision": "Ce dossier ne peut pas être rendu au robot."})
    return Act(kind=kind, text=text, said=found.said, kept=found.kept)


def _day(text: str, today: date) -> date:
    """Read the last day of a wait: after today, at most a year ahead."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Incomplete({"jusqu_au": "Date attendue : le jour où le robot reprendra si rien n’arrive."}) from None
    if not today < day <= today + timedelta(days=_LONGEST_WAIT):
        raise Incomplete({"jusqu_au": "La date est après aujourd’hui, et dans un an au plus."})
    return day


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
