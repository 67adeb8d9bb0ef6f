"""Reading a delivery: every physical line is either a row, a bad row with its reason, or the file is refused whole.

Reasons are in French and quote no personal value. Source: DOMAIN §3.3, C14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from orchestrator.domain.canonical import canonical
from orchestrator.domain.errors import BadDelivery
from orchestrator.drivers.deliveries_frame import BadLine, BadRowCode, Frame, Line, cells, decoded
from orchestrator.drivers.deliveries_rules import CaseRules, DeliveryRules


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    """A good row; its values are personal."""

    #: Physical line, the header being 1.
    line: int
    #: Canonical text of each field; clear, never to be logged.
    values: dict[str, str] = field(repr=False)
    #: The canonical key; clear, never to be logged.
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class BadRow:
    """A row set aside."""

    #: Physical line, the header being 1.
    line: int
    #: The short reason.
    code: BadRowCode
    #: In French; quotes no personal value.
    reason: str


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A delivery, read."""

    #: Name of the file.
    name: str
    #: Of its bytes.
    sha256: str
    #: In the order of the file.
    rows: list[DeliveryRow]
    #: In the order of the file.
    bad: list[BadRow]

    @property
    def total_rows(self) -> int:
        """Rows good and bad: what the trailer announces."""
        return len(self.rows) + len(self.bad)


def read_delivery(path: Path, rules: DeliveryRules) -> Delivery:
    """Read a delivery; raises :class:`BadDelivery` when the whole file must be refused."""
    content = path.read_bytes()
    frame = Frame(path.name, content, rules)
    body = frame.body()
    rows, bad = _read_rows(body, rules)
    if bad and rules.source.bad_rows == "refuse the file":
        frame.refuse(
            bad[0].line, f"des lignes toutes bonnes étaient attendues, {len(bad)} mauvaise(s) : {bad[0].reason}"
        )
    return Delivery(name=path.name, sha256=sha256(content).hexdigest(), rows=rows, bad=bad)


def _read_rows(body: Sequence[Line], rules: DeliveryRules) -> tuple[list[DeliveryRow], list[BadRow]]:
    good, bad = _sound_lines(body, rules)
    rows: list[DeliveryRow] = []
    first_lines: dict[str, int] = {}
    for number, texts in _table(good, rules).iterrows():
        line = int(str(number))
        try:
            row = _row(line, texts.to_dict(), rules.case)
            _note_key(row, first_lines)
        except BadLine as error:
            bad.append(BadRow(line=line, code=error.code, reason=error.reason))
        else:
            rows.append(row)
    return rows, sorted(bad, key=lambda found: found.line)


def _note_key(row: DeliveryRow, first_lines: dict[str, int]) -> None:
    first = first_lines.setdefault(row.key, row.line)
    if first != row.line:
        raise BadLine(BadRowCode.TWICE, f"clé déjà présente à la ligne {first} de cette livraison")


def _sound_lines(body: Sequence[Line], rules: DeliveryRules) -> tuple[dict[int, str], list[BadRow]]:
    """Return the lines that are text with the right number of columns, by line number, and the others."""
    good: dict[int, str] = {}
    bad: list[BadRow] = []
    for line in body:
        try:
            good[line.number] = _sound(line, rules)
        except BadLine as error:
            bad.append(BadRow(line=line.number, code=error.code, reason=error.reason))
    return good, bad


def _sound(line: Line, rules: DeliveryRules) -> str:
    text = decoded(line.content, rules.source.encoding)
    expected, found = len(rules.case.fields), len(cells(text, rules.source.delimiter))
    if found != expected:
        raise BadLine(BadRowCode.COLUMNS, f"{expected} colonnes attendues, {found} trouvées")
    return text


def _table(good: Mapping[int, str], rules: DeliveryRules) -> pd.DataFrame:
    """Parse the sound lines as text, nothing guessed; the index is the physical line."""
    if not good:
        return pd.DataFrame(columns=list(rules.case.fields))
    table = pd.read_csv(
        StringIO("\n".join(good.values())),
        sep=rules.source.delimiter,
        header=None,
        names=list(rules.case.fields),
        index_col=False,
        dtype=str,
        keep_default_na=False,
        na_filter=False,
        skip_blank_lines=False,
        lineterminator="\n",
        engine="c",
    )
    if len(table) != len(good):
        raise BadDelivery("La livraison ne se découpe pas ligne à ligne. Rien n'a été chargé.")
    return table.set_index(pd.Index(list(good), name="line"))


def _row(line: int, texts: Mapping[Any, Any], case: CaseRules) -> DeliveryRow:
    values = {}
    for name, known in case.fields.items():
        try:
            values[name] = known.read(texts[name])
        except ValueError as error:
            raise BadLine(BadRowCode.VALUE, f"colonne « {known.column} » : {error}") from None
    canonical_values = {name: canonical(value) for name, value in values.items()}
    return DeliveryRow(line=line, values=canonical_values, key=case.key.render(values))
