"""The schedule, the ceilings, and what each code of exception means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from orchestrator.domain.money import Euros
from orchestrator.language.faults import Faults, suggest
from orchestrator.language.fields import literal_euros
from orchestrator.language.model import Code, Limits, ScheduleEntry, Severity
from orchestrator.language.nodes import Items, Node
from orchestrator.language.sections import Section, whole
from orchestrator.language.staged import Due, RetryRule

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY: Mapping[str, Literal["business", "all"]] = {"business": "business", "all": "all"}
MISSING: Mapping[str, Literal["run after", "skip"]] = {"run after": "run after", "skip": "skip"}
REPEATED: Mapping[str, Literal["first", "second"]] = {"first": "first", "second": "second"}
#: What an agent may decide about an exception.
DECISIONS = ("correct", "by_hand", "reject", "hand_over")
#: What ``retry:`` of a code says.
RETRY_KEYS = ("every", "times")
#: The ceilings of ``limits``.
CEILINGS = ("per_case", "per_run", "per_day")
#: The stages of ``ramp``: how many at most, and the cases of one.
MOST_STAGES, LARGEST_STAGE = 5, 100_000


def compile_schedule(section: Section) -> tuple[ScheduleEntry, ...]:
    """Return the ways in which the scenario starts by itself."""
    return tuple(_entry(item, section.faults) for item in section.items("schedule"))


def _entry(node: Node, faults: Faults) -> ScheduleEntry:
    entry = Section(node, faults, "schedule", ("at", "days", "calendar", "missing", "repeated"))
    entry.need("at", '"06:30"')
    entry.need("days", "business")
    return ScheduleEntry(
        at=entry.parsed("at", civil_time, "00:00"),
        days=some_days(entry),
        calendar=entry.choice("calendar", {"FR": "FR"}, "FR"),
        missing=entry.choice("missing", MISSING, "run after"),
        repeated=entry.choice("repeated", REPEATED, "first"),
    )


def civil_time(text: str) -> str:
    """Read ``06:30``; raises ``ValueError`` in French."""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text, re.ASCII):
        raise ValueError('heure attendue entre guillemets, comme "06:30"')
    return text


def some_days(entry: Section) -> Literal["business", "all"] | tuple[str, ...]:
    """Return on which days something happens; business days when that is not said."""
    if not isinstance(entry.get("days"), Items):
        return entry.choice("days", EVERY, "business")
    names = entry.texts("days")
    for name in names:
        if name.text not in DAYS:
            message = f"{entry.what} : jour « {name.text} » inconnu"
            entry.faults.add(name, message, f"Possible ici : {', '.join(DAYS)}.")
    if not names and (node := entry.get("days")):
        entry.faults.add(node, f"{entry.what} : aucun jour, cet horaire ne part jamais", "Donner au moins un jour.")
    return tuple(name.text for name in names)


def compile_limits(section: Section) -> Limits:
    """Return what the robot may not exceed: ceilings, stages of a new version, incidents."""
    limits = section.section("limits", "limits", ("parallel", *CEILINGS, "ramp", "incidents"))
    ceilings = {name: _ceiling(limits, name) for name in CEILINGS}
    return Limits(
        parallel=limits.parsed("parallel", whole(1, 64), 1),
        **ceilings,
        ramp=_ramp(limits),
        incidents=limits.parsed("incidents", _percent, None),
    )


def _ramp(limits: Section) -> tuple[int, ...]:
    read, stages = whole(1, LARGEST_STAGE), []
    for stage in limits.texts("ramp"):
        try:
            stages.append(read(stage.text))
        except ValueError as error:
            limits.faults.add(stage, f"limits : « ramp » : {error}, « {stage.text} » trouvé")
    node = limits.get("ramp")
    if isinstance(node, Items) and not 1 <= len(node.items) <= MOST_STAGES:
        message = f"limits : « ramp » attend de 1 à {MOST_STAGES} étapes, {len(node.items)} trouvées"
        limits.faults.add(node, message, "Écrire par exemple [10, 100] : 10 dossiers, puis 100, puis le reste.")
    return tuple(stages)


def _percent(text: str) -> int:
    found = re.fullmatch(r"([1-9]\d?) %", text, re.ASCII)
    if not found:
        raise ValueError("part attendue de 1 % à 99 %, comme « 20 % »")
    return int(found[1])


def _ceiling(limits: Section, name: str) -> Euros | None:
    return limits.parsed(name, literal_euros, None) if name in limits else None


def compile_codes(section: Section) -> tuple[str, dict[str, Code], tuple[str, ...]]:
    """Return the basket of exceptions, what each code means, and the baskets of codes that every agent sees."""
    section.need("exceptions", "{queue: …, codes: …}")
    exceptions = section.section("exceptions", "exceptions", ("queue", "open_queues", "codes"))
    queue = exceptions.needed_text("queue", "ij")
    table = exceptions.section("codes", "codes")
    codes = {key.text: _code(key.text, node, queue, section.faults) for key, node in table.entries.values()}
    named = {code.queue for code in codes.values()} - {queue}
    opened = exceptions.texts("open_queues")
    for name in opened:
        if name.text not in named:
            message = f"open_queues : aucun code n'a la file « {name.text} »"
            section.faults.add(name, message, suggest(name.text, named) or "L'enlever.")
    return queue, codes, tuple(name.text for name in opened)


def _code(code: str, node: Node, queue: str, faults: Faults) -> Code:
    declared = Section(node, faults, f"code {code}", ("title", "severity", "queue", "agent_may", "retry"))
    may = declared.texts("agent_may")
    for word in may:
        if word.text not in DECISIONS:
            message = f"code {code} : « {word.text} » n'est pas une décision d'agent"
            faults.add(word, message, f"Possible ici : {', '.join(DECISIONS)}.")
    severity = declared.choice("severity", {known.value: known for known in Severity}, Severity.BLOCK)
    return Code(
        title=declared.needed_text("title", '"Ce qui ne va pas, en français"'),
        severity=severity,
        retry=_retry(declared, severity) if "retry" in declared else None,
        queue=declared.text("queue", queue),
        agent_may=tuple(word.text for word in may) or DECISIONS,
    )


def _retry(declared: Section, severity: Severity) -> RetryRule | None:
    if severity is not Severity.RETRY:
        key = declared.entries["retry"][0]
        declared.faults.add(
            key, f"{declared.what} : « retry » ne vaut qu'avec severity: retry", "Ajouter severity: retry."
        )
    rule = declared.section("retry", f"retry du {declared.what}", RETRY_KEYS)
    rule.need("every", "1 business day")
    rule.need("times", "5")
    every = rule.parsed("every", _some_days, None)
    return RetryRule(every=every, times=rule.parsed("times", whole(2, 100), 2)) if every else None


def _some_days(text: str) -> Due:
    found = Due.parse(text)
    if not found.days:
        raise ValueError("un jour au moins attendu, comme « 1 business day »")
    return found
