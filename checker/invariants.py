"""The promises, one function each: what it returns is broken (ENTER, The campaign: I1 to I7)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from checker.evidence import Seen

_MOVING = {"ready", "leased", "waiting"}
#: Ends that say that what was to be entered is.
_WORKED = {"entered", "already_done", "done_by_hand"}


class Promise(StrEnum):
    """What was promised."""

    #: I1: no effect twice in a ledger.
    ONCE = "double_entries"
    #: I2: what is confirmed stands in the ledger, once, with the same amount.
    PROVEN = "unproven_confirmations"
    #: I3: every row of a delivery is a case or was set aside.
    KEPT = "lost_cases"
    #: Whatever may have been entered and is not proven is shown to a person.
    SHOWN = "hidden_doubts"
    #: What was in doubt was settled by a look that came late enough, and made once more once at most, if it pays nothing.
    SETTLED = "badly_settled"
    #: No case ends as worked before each of its entries is proven.
    ENDED = "unproven_ends"
    #: I4: no running case with a lease that ended long ago.
    LEASED = "late_leases"
    #: I5: every change of state has its event.
    LOGGED = "lost_events"
    #: I6: who approves is not the author.
    FOUR_EYES = "same_eyes"
    #: I7: when faults stop, the work ends.
    DRAINED = "not_drained"


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One broken promise; it names tokens, references and numbers, never a person."""

    promise: Promise
    what: str


def violations(seen: Seen) -> list[Violation]:
    """Judge everything that was seen, after the work ended."""
    return [Violation(promise=promise, what=what) for promise, judge in _JUDGES.items() for what in judge(seen)]


def _once(seen: Seen) -> Iterator[str]:
    lines = defaultdict(list)
    for line in seen.ledger:
        lines[line.effect].append(line)
    for same in lines.values():
        if len(same) > 1:
            numbers = ", ".join(f"{line.number} ({line.token or 'à la main'}, {line.at})" for line in same)
            yield f"un même objet a {len(same)} saisies : {numbers}"


def _proven(seen: Seen) -> Iterator[str]:
    by_number = {line.number: line for line in seen.ledger}
    tokens = Counter(line.token for line in seen.ledger)
    for entry in seen.entries:
        if entry["state"] not in {"confirmed", "by_hand"}:
            continue
        line = by_number.get(entry["reference"])
        if line is None:
            yield f"{entry['token']} : {entry['reference']} n'est pas dans le registre"
        elif line.amount_c != entry["amount_c"]:
            yield f"{entry['token']} : {entry['amount_c']} confirmés, {line.amount_c} au registre ({line.number})"
        elif entry["state"] == "confirmed" and (line.token != entry["token"] or tokens[entry["token"]] != 1):
            yield f"{entry['token']} : le registre montre {line.token or 'une saisie sans marque'} ({line.number})"


def _shown(seen: Seen) -> Iterator[str]:
    entries = {entry["token"]: entry for entry in seen.entries}
    for line in seen.ledger:
        entry = entries.get(line.token)
        told = line.number in seen.gaps or (seen.restorations and line.effect in seen.with_people)
        if line.token and not told and (entry is None or entry["state"] in {"planned", "intent"}):
            state = entry["state"] if entry else "inconnue"
            yield f"{line.token} est au registre ({line.number}), et {state} chez nous"
    for entry in seen.entries:
        if entry["state"] in {"intent", "doubtful"} and not entry["shown"] and entry["case_state"] not in _MOVING:
            yield f"{entry['token']} est en doute sans être montrée à personne ({entry['case_state']})"


def _settled(seen: Seen) -> Iterator[str]:
    for entry in seen.entries:
        doubts = [one for one in entry["tries"] if one["result"] == "doubtful"]
        again = [one for one in doubts if one["n"] < len(entry["tries"])]
        if len(again) > 1:
            yield f"{entry['token']} : refaite {len(again)} fois après un doute"
        for one in again:
            if entry["payment"] or one["seen"] != "absent" or not one["waited"] or not one["login_ended"]:
                yield f"{entry['token']} : refaite après l'essai {one['n']}, en doute ({one['seen'] or 'jamais vérifié'})"
        last = entry["tries"][-1] if entry["tries"] else {"result": None}
        if entry["state"] != "confirmed" or last["result"] != "doubtful":
            continue
        if (last["seen"], last["reference"]) != ("ours", entry["reference"]) or not last["waited"]:
            yield f"{entry['token']} : confirmée sans que le doute ait été vérifié ({last['seen'] or 'jamais'})"


def _ended(seen: Seen) -> Iterator[str]:
    for entry in seen.entries:
        begun = entry["state"] in {"intent", "doubtful"}
        lacking = entry["state"] == "planned" and entry["ended_as"] in _WORKED and not entry["not_due"]
        if entry["case_state"] == "ended" and (begun or lacking):
            yield f"{entry['token']} est {entry['state']}, et son dossier terminé ({entry['ended_as']})"


def _kept(seen: Seen) -> Iterator[str]:
    yield from (f"livraison {delivery} : {missing} ligne(s) sans issue" for delivery, missing in seen.missing.items())


def _leased(seen: Seen) -> Iterator[str]:
    yield from (f"{reference} : bail échu, jamais repris" for reference in seen.late)


def _logged(seen: Seen) -> Iterator[str]:
    said: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for event in seen.events:
        if event["verb"].startswith("case.") and "version" in event["details"]:
            said[event["object"]][int(event["details"]["version"])] += 1
    told = {(event["object"], event["verb"]) for event in seen.events}
    last = {event["object"]: event["verb"] for event in seen.events if event["verb"].startswith("entry.")}
    for case in seen.cases:
        found, made = said[case["reference"]], Counter(range(case["version"] + 1))
        # a restored house has forgotten changes that its log tells of, and makes others under the same numbers
        if found != made and not (seen.restorations and found >= made):
            yield f"{case['reference']} : {made.total()} changements, {found.total()} au journal"
    for entry in seen.entries:
        verb = f"entry.{entry['state']}"
        if last.get(entry["token"]) != verb and not (seen.restorations and (entry["token"], verb) in told):
            yield f"{entry['token']} : {entry['state']}, le journal dit {last.get(entry['token'])}"


def _four_eyes(seen: Seen) -> Iterator[str]:
    yield from (f"{token} : approuvée par son auteur" for token in seen.same_eyes)


def _drained(seen: Seen) -> Iterator[str]:
    moving = [case for case in seen.cases if case["state"] in _MOVING]
    yield from (f"{case['reference']} : encore {case['state']}" for case in moving)
    if moving:
        yield from (f"« {what} » est fermé aux robots : {reason}" for what, reason in seen.stops.items())


_JUDGES: dict[Promise, Callable[[Seen], Iterator[str]]] = {
    Promise.ONCE: _once,
    Promise.PROVEN: _proven,
    Promise.SHOWN: _shown,
    Promise.SETTLED: _settled,
    Promise.ENDED: _ended,
    Promise.KEPT: _kept,
    Promise.LEASED: _leased,
    Promise.LOGGED: _logged,
    Promise.FOUR_EYES: _four_eyes,
    Promise.DRAINED: _drained,
}
