"""The sealed parts of a case as people may see them: masks for everyone, clear for who claimed and asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from orchestrator.console.world import ConsoleWorld
from orchestrator.domain.civil import PartialDate, Period, french_date
from orchestrator.domain.personal import Health, Masked
from orchestrator.language.fields import Field
from orchestrator.language.model import Scenario

_HIDDEN = "••••"


@dataclass(frozen=True, kw_only=True)
class ShownField:
    """One field of the file, as shown."""

    #: Its name in the form: ``champ-birth_name``.
    name: str
    #: The title of its column in the delivery.
    title: str
    #: What this person sees.
    shown: str
    #: The clear value when this person may see it, else an empty text.
    clear: str
    #: False when ``shown`` is a mask.
    open: bool
    #: Part of the case's key or not: only the others may be corrected.
    correctable: bool
    #: The values that it may have; none when it is typed freely.
    choices: tuple[str, ...] = ()


def case_fields(world: ConsoleWorld, row: Mapping[str, Any], *, clear: bool) -> list[ShownField]:
    """Return the fields of a case (a row with ``case_id``, ``data_key``, ``payload``, ``scenario``)."""
    payload = delivered(world, row)
    texts, scenario = payload["fields"], world.scenarios.get(row["scenario"])
    if scenario is None:
        return [_unknown(name) for name in texts]
    fields = scenario.case.fields
    own = [_shown(scenario, field, texts[name], clear) for name, field in fields.items() if name in texts]
    return [*own, *_of_rows(scenario, payload.get("rows", []), clear)]


def delivered(world: ConsoleWorld, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a case as delivered, canonical: its fields and its rows; clear, never to be logged."""
    key = world.vault.data_key(row["case_id"], row["data_key"])
    found: dict[str, Any] = world.vault.open(key, f"cases:payload:{row['case_id']}", row["payload"])
    return found


def field_texts(world: ConsoleWorld, row: Mapping[str, Any]) -> dict[str, str]:
    """Return the canonical texts of a case's own fields; clear, never to be logged."""
    found: dict[str, str] = delivered(world, row)["fields"]
    return found


def nir_mask(world: ConsoleWorld, row: Mapping[str, Any]) -> str:
    """Return the masked NIR of a case, as agents know it from their lists; empty when the case has none."""
    scenario = world.scenarios.get(row["scenario"])
    texts = field_texts(world, row) if scenario else {}
    for name, field in scenario.case.fields.items() if scenario else ():
        if field.type == "nir" and name in texts:
            return str(field.parse(texts[name]))
    return ""


def findings(world: ConsoleWorld, row: Mapping[str, Any], *, clear: bool) -> list[dict[str, Any]]:
    """Return what the robot read at the last attempt; ``shown`` is the mask or the clear value."""
    if row["findings"] is None:
        return []
    key = world.vault.data_key(row["case_id"], row["data_key"])
    lines = world.vault.open(key, f"cases:findings:{row['case_id']}", row["findings"])["rows"]
    return [{**line, "shown": line["value"] if clear else line["mask"]} for line in lines]


def notes(world: ConsoleWorld, row: Mapping[str, Any], item: Any, sealed: bytes | None) -> list[dict[str, str]]:  # noqa: ANN401
    """Return what agents wrote on an exception, oldest first."""
    if sealed is None:
        return []
    key = world.vault.data_key(row["case_id"], row["data_key"])
    found = world.vault.open(key, f"exception_item:note:{item}", sealed)
    return found if isinstance(found, list) else [{"by": "", "at": "", "about": "", "text": str(found)}]


def typed_form(value: object) -> str:
    """Write a value as people type it in this trade: ``27/03/2026``, ``697,39``, ``oui``."""
    match value:
        case Masked():
            return value.display
        case bool():
            return "oui" if value else "non"
        case date():
            return french_date(value)
        case Decimal():
            return str(value).replace(".", ",")
        case Period():
            return f"du {french_date(value.start)} au {french_date(value.end)}"
        case PartialDate():
            return value.french
        case _:
            return str(value)


def _shown(scenario: Scenario, field: Field, text: str, clear: bool) -> ShownField:  # noqa: FBT001
    value = field.parse(text)
    never = isinstance(value, Health)
    hidden = never or (isinstance(value, Masked) and not clear)
    written = f"{field.separator} ".join(value) if field.separator else typed_form(value)
    return ShownField(
        name=f"champ-{field.name}",
        title=field.column,
        shown=str(value) if hidden else written,
        clear="" if hidden else written,
        open=not hidden,
        correctable=field.name not in scenario.case.key.names and not never,
        choices=field.choices,
    )


def _of_rows(scenario: Scenario, rows: Sequence[Mapping[str, Any]], clear: bool) -> Iterator[ShownField]:  # noqa: FBT001
    """The fields of the rows of a group: shown, never corrected here, since the group was read as a whole."""
    known = scenario.case.rows.fields if scenario.case.rows else {}
    for row in rows:
        for name, field in known.items():
            if name in row["fields"]:
                shown = _shown(scenario, field, row["fields"][name], clear)
                title = f"Ligne {row['line']} · {shown.title}"
                yield replace(shown, name=f"champ-{row['line']}-{name}", title=title, correctable=False)


def _unknown(name: str) -> ShownField:
    return ShownField(name=f"champ-{name}", title=name, shown=_HIDDEN, clear="", open=False, correctable=False)
