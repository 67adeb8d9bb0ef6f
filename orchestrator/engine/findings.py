"""What the robot read and computed, flattened into rows that an agent can read; masked beside clear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic import BaseModel

from orchestrator.domain.civil import PartialDate, french_date
from orchestrator.domain.money import Euros, Rounding
from orchestrator.domain.personal import Masked


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row of what was seen."""

    #: The step that read it.
    step: str
    #: What it is, in French.
    label: str
    #: In clear, for the claimer only.
    value: str
    #: What everyone else sees.
    mask: str
    #: Whether a control accepted it; None when it is only data.
    ok: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the row as it is sealed."""
        return {"step": self.step, "label": self.label, "value": self.value, "mask": self.mask, "ok": self.ok}


def findings_of(step: str, result: object) -> list[Finding]:
    """Flatten the result of a step; at most two levels, lists numbered."""
    return [Finding(step=step, label=label, value=value, mask=mask) for label, value, mask in _flat("", result, 0)]


def of_item(finding: Finding, item: str) -> Finding:
    """Return a finding that says which item of a repeated step it is about."""
    return replace(finding, label=f"{item} · {finding.label}") if item else finding


def displayed(titles: Mapping[str, str], values: Mapping[str, object]) -> list[dict[str, str]]:
    """Return the values of an entry as they are shown to people: label, in clear, masked."""
    pairs = [(titles.get(name, name), *shown(value)) for name, value in values.items()]
    return [{"label": label, "value": clear, "mask": mask} for label, clear, mask in pairs]


def shown(value: object) -> tuple[str, str]:
    """Return a value in clear and masked, in French."""
    if isinstance(value, Masked):
        return value.display, str(value)
    text = _text(value)
    return text, text


def _flat(label: str, value: object, depth: int) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, BaseModel) and depth < 2:
        for name, info in type(value).model_fields.items():
            title = f"{label} · {info.title or name}" if label else (info.title or name)
            item = getattr(value, name)
            if info.repr:
                yield from _flat(title, item, depth + 1)
            elif item not in (None, False, (), ""):
                yield title, _text(item), "••••"
    elif isinstance(value, list | tuple) and depth < 2:
        for index, item in enumerate(value, start=1):
            yield from _flat(f"{label} {index}".strip(), item, depth)
    elif value is not None and value not in ((), []):
        yield (label or "résultat", *shown(value))


def _text(value: object) -> str:
    match value:
        case bool():
            return "oui" if value else "non"
        case date():
            return french_date(value)
        case PartialDate():
            return value.french
        case Fraction():
            return str(Euros.of(value, Rounding.HALF_UP)) if value.denominator != 1 else str(value.numerator)
        case Decimal() | Euros():
            return str(value)
        case tuple() | list():
            return ", ".join(_text(item) for item in value)
        case BaseModel():
            return ", ".join(shown(getattr(value, name))[1] for name in type(value).model_fields)
        case _:
            return str(value)
