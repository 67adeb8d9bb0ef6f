"""DSN lines, ``S21.G00.30.001,'value'``: a block follows the one that it belongs to, and rubrics ascend inside a block.

A row is a block of the declared kind, with what stands under it and above it. A value that cannot be read costs the rows that
need it; a line whose rubric cannot be read leaves nobody able to say whose the next ones are, and refuses the file. Source:
DOMAIN §3.3; the technical book of the DSN for the form of lines, dates, amounts and the number of rubrics in S90.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from orchestrator.domain.sources import DsnSource
from orchestrator.drivers.deliveries_lines import physical
from orchestrator.drivers.deliveries_rules import BadLine, BadRow, BadRowCode, CaseRules, FieldRules, Record, refuse

_LINE = re.compile(rb"(S\d\d\.G\d\d\.\d\d)\.(\d{3})(.*)")
_VALUE = re.compile(rb",'(.*)'")
#: What latin-1 has no character for, and control characters.
_UNKNOWN = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DATE = re.compile(r"(\d{2})(\d{2})(\d{4})", re.ASCII)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
#: Number of rubrics of the file, these included.
_COUNT = "S90.G00.90.001"


@dataclass(frozen=True, kw_only=True)
class _Rubric:
    line: int
    block: str
    code: str
    #: None when it cannot be read.
    value: str | None = field(repr=False)


def read_dsn(file: BinaryIO, case: CaseRules, source: DsnSource) -> Iterator[Record | BadRow]:
    """Give every row, good or bad, in the order of the file; raises ``RefusedFile``."""
    blocks, rows = _Blocks(source), _Rows(case, source)
    count, last, announced, before = 0, 1, None, ("", "")
    for rubric in _rubrics(file):
        count, last = count + 1, rubric.line
        begins = (rubric.block, rubric.code) <= before or rubric.block != before[0]
        if begins and blocks.line and blocks.ends(rubric.block):
            yield rows.of(blocks)
        if begins:
            blocks.begin(rubric)
        blocks.take(rubric)
        announced = rubric if rubric.code == _COUNT else announced
        before = rubric.block, rubric.code
    if blocks.line:
        yield rows.of(blocks)
    _check(announced, count, last)


def _rubrics(file: BinaryIO) -> Iterator[_Rubric]:
    for line, content in physical(file):
        found = _LINE.fullmatch(content)
        if not found:
            refuse(
                line,
                "une rubrique de DSN était attendue, comme S21.G00.30.001,'…' : on ne sait plus à qui sont les suivantes",
            )
        block, number = found[1].decode("ascii"), found[2].decode("ascii")
        yield _Rubric(line=line, block=block, code=f"{block}.{number}", value=_value(found[3]))


def _value(content: bytes) -> str | None:
    found = _VALUE.fullmatch(content.rstrip(b" "))
    text = found[1].decode("latin-1") if found else None
    return None if text is None or _UNKNOWN.search(text) else text.strip()


class _Blocks:
    """What the declared blocks say at this place of the file."""

    def __init__(self, source: DsnSource) -> None:
        self._each, self._levels = source.each, [*source.within, source.each]
        self._wanted = frozenset(source.rubrics.values())
        self._said: list[dict[str, list[_Rubric]]] = [{} for _ in self._levels]
        self._level: int | None = None
        #: Where the row began that is being read; 0: there is none.
        self.line = 0

    def ends(self, block: str) -> bool:
        """Say whether such a block, where it begins, ends the row before it: it stands beside it or above."""
        return block in self._levels or block < self._each

    def begin(self, rubric: _Rubric) -> None:
        """A block begins: what was said under it, and in the last one of its kind, no longer holds."""
        if rubric.block in self._levels:
            self._level = self._levels.index(rubric.block)
            self._said[self._level :] = [{} for _ in self._levels[self._level :]]
        elif not self.line or self.ends(rubric.block):
            self._level = None
        if self.ends(rubric.block):
            self.line = rubric.line if rubric.block == self._each else 0

    def take(self, rubric: _Rubric) -> None:
        """Remember a value that a field is made of."""
        if self._level is not None and rubric.code in self._wanted:
            self._said[self._level].setdefault(rubric.code, []).append(rubric)

    def found(self, code: str) -> list[_Rubric]:
        """Return what is said of a rubric here, from above on."""
        return [rubric for said in self._said for rubric in said.get(code, ())]


class _Rows:
    """Makes rows of what blocks say."""

    def __init__(self, case: CaseRules, source: DsnSource) -> None:
        self._case, self._rubrics = case, source.rubrics
        self._places = {name: f"rubrique {code}" for name, code in source.rubrics.items()}

    def of(self, blocks: _Blocks) -> Record | BadRow:
        """Make the row that is being read."""
        try:
            texts = {name: self._text(name, rules, blocks) for name, rules in self._case.fields.items()}
        except BadLine as error:
            return error.at(blocks.line)
        return Record(line=blocks.line, texts=texts, places=self._places)

    def _text(self, name: str, rules: FieldRules, blocks: _Blocks) -> str:
        found = blocks.found(self._rubrics[name])
        where = f"colonne « {rules.column} », {self._places[name]}"
        if len(found) > 1:
            lines = ", ".join(str(rubric.line) for rubric in found)
            raise BadLine(BadRowCode.RECORD, f"{where} : une seule attendue, {len(found)} trouvées (lignes {lines})")
        if not found:
            return ""
        if found[0].value is None:
            reason = f"{where} : valeur illisible à la ligne {found[0].line} : redemander le fichier"
            raise BadLine(BadRowCode.CHARACTERS, reason)
        return _french(found[0].value, rules)


def _french(text: str, rules: FieldRules) -> str:
    if rules.type in {"date", "partial_date"} and (found := _DATE.fullmatch(text)):
        return f"{found[1]}/{found[2]}/{found[3]}"
    if rules.type in {"euros", "decimal"} and _NUMBER.fullmatch(text):
        return text.replace(".", ",")
    return text


def _check(announced: _Rubric | None, count: int, last: int) -> None:
    """Refuse a file that does not say how many rubrics it has, or another number."""
    if announced is None:
        refuse(
            last,
            f"une rubrique {_COUNT} (nombre de rubriques) était attendue à la fin, elle manque : le fichier est incomplet",
        )
    if announced.value is None or not re.fullmatch(r"[0-9]{1,9}", announced.value):
        refuse(announced.line, f"un nombre de rubriques était attendu en {_COUNT}, il ne se lit pas")
    if int(announced.value) != count:
        refuse(announced.line, f"{int(announced.value)} rubriques étaient annoncées, {count} trouvées")
