"""``${…}``: the only way to insert a value in a text; a value that is only ``${…}`` keeps its type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from orchestrator.language.expressions import Expression
from orchestrator.language.fields import canonical

INSERT = re.compile(r"\$\{([^{}]*)\}")


@dataclass(frozen=True, kw_only=True)
class Template:
    """A text with inserts, rendered with canonical clear values: keys, never to be logged."""

    #: As written: ``ACP-IJ/${nir}/${stop_id}``.
    text: str
    #: The literal pieces; one more than the inserts.
    pieces: tuple[str, ...]
    #: What is inserted between them.
    inserts: tuple[Expression, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The inserted names, in order."""
        return tuple(insert.text for insert in self.inserts)

    def render(self, names: Mapping[str, object]) -> str:
        """Return the text with each insert replaced; raises ``ExpressionError`` when one is missing."""
        values = [canonical(insert.evaluate(names)) for insert in self.inserts]
        return "".join(piece + value for piece, value in zip(self.pieces, [*values, ""], strict=True))


@dataclass(frozen=True, kw_only=True)
class Value:
    """The value of an argument: a constant, one insert (typed), or a text with inserts."""

    #: As written.
    text: str
    #: What it gives.
    content: Expression | Template | object

    @cached_property
    def needs(self) -> frozenset[str]:
        """The names without which it cannot be evaluated."""
        match self.content:
            case Expression():
                return self.content.needs
            case Template():
                return frozenset().union(*(insert.needs for insert in self.content.inserts))
            case _:
                return frozenset()

    def evaluate(self, names: Mapping[str, object]) -> object:
        """Return the value among those names; raises ``ExpressionError`` when something is missing."""
        match self.content:
            case Expression():
                return self.content.evaluate(names)
            case Template():
                return self.content.render(names)
            case _:
                return self.content
