"""Decision tables (``decide:``, ``priority:``): conditions from top to bottom, the first that holds gives the answer.

``decide:`` is a computation like any other: pure, its answer a word that later steps, controls and ends compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from orchestrator.domain.keywords import Argument, Keyword, Kind
from orchestrator.language.compile_values import Scope, expression
from orchestrator.language.expressions import Expression
from orchestrator.language.nodes import Node, Table, Text
from orchestrator.language.sections import Section
from orchestrator.language.templates import Value

#: The condition of the last row.
OTHERWISE = "otherwise"
ROW_KEYS = ("when", "gives")


@dataclass(frozen=True, kw_only=True)
class DecisionTable(Value):
    """Rows in order; the last one always holds."""

    rows: tuple[tuple[Expression, str], ...]
    otherwise: str

    @cached_property
    def needs(self) -> frozenset[str]:
        """The names without which one of its conditions cannot be evaluated."""
        return frozenset().union(*(condition.needs for condition, _ in self.rows))

    def evaluate(self, names: Mapping[str, object]) -> str:
        """Return the answer; conditions below the one that holds are not evaluated."""
        return next((answer for condition, answer in self.rows if condition.holds(names)), self.otherwise)


def _answer(*, answer: str) -> str:
    return answer


#: What a decision step calls: its table has already decided.
DECIDE = Keyword(
    name="decide",
    title="Table de décision.",
    kind=Kind.COMPUTE,
    function=_answer,
    arguments={"answer": Argument(name="answer", type=str, required=True)},
    returns=str,
    doc="",
)


def compile_decision(
    section: Section, key: str, place: str, scope: Scope, read: Callable[[str], object] = str
) -> DecisionTable | None:
    """Compile the rows of a table; faults say which row is wrong, never reached, or missing.

    ``read`` refuses an answer that cannot be one by a ``ValueError`` in French.
    """
    rows: list[tuple[Expression, str]] = []
    otherwise: str | None = None
    for item in section.items(key):
        if otherwise is not None:
            section.faults.add(item, "cette ligne n'est jamais atteinte", f"« {OTHERWISE} » est toujours la dernière.")
            continue
        row = Section(item, section.faults, f"table {place}", ROW_KEYS)
        answer = _needed(row, "gives", "OK")
        row.parsed("gives", read, None)
        condition = _needed(row, "when", "person.found == 1")
        if condition is None or answer is None:
            continue
        if condition.text.strip() == OTHERWISE:
            otherwise = answer.text
            continue
        compiled = expression(condition, scope, bool, f"{place}, ligne {condition.line}", section.faults)
        if compiled is not None:
            rows.append((compiled, answer.text))
    if otherwise is None:
        _without_end(section, section.get(key))
        return None
    return DecisionTable(text="decide", content=None, rows=tuple(rows), otherwise=otherwise)


def _needed(row: Section, key: str, example: str) -> Text | None:
    return row.scalar(key) if isinstance(row.node, Table) and row.need(key, example) else None


def _without_end(section: Section, node: Node | None) -> None:
    if node is not None:
        advice = f"Ajouter en dernier : - {{when: {OTHERWISE}, gives: …}}"
        section.faults.add(node, f"la table n'a pas de ligne « {OTHERWISE} »", advice)
