"""XML deliveries, such as camt.054 and pain.001: one row for each element of a path, read as the file goes by.

Values are written as XML does: ISO dates, a decimal point, true and false. Source: ISO 20022.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from orchestrator.domain.sources import XmlSource
from orchestrator.drivers.deliveries_frame import check_count
from orchestrator.drivers.deliveries_rules import BadLine, BadRow, BadRowCode, CaseRules, FieldRules, Record, refuse
from orchestrator.drivers.deliveries_totals import Sum
from orchestrator.drivers.xml_events import events, forget

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T.*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def read_xml(file: BinaryIO, case: CaseRules, source: XmlSource) -> Iterator[Record | BadRow]:
    """Give every row, good or bad, in the order of the file; raises ``RefusedFile``."""
    summed = Sum(source.total, case)
    said: dict[str, str] = {}
    number = before = held = 0
    path: list[str] = []
    for event, element in events(file):
        if event == "start":
            path.append(_name(element, source.namespace))
            _check_root(path, source)
            if "/".join(path) == source.within:
                before, held = number, held + 1
            continue
        here = "/".join(path)
        path.pop()
        if here == source.each:
            number += 1
            yield _row(number, element, case, source, summed)
        elif here == source.within and number == before:
            number += 1
            yield summed.without(_without_row(source), number)
        if f"{source.each}/".startswith(f"{here}/"):
            forget(element)  # its rows were read
        elif here in {source.rows, source.total.path if source.total else ""}:
            said[here] = (element.text or "").strip()
    _check(said, source, held if source.within else number, summed)


def _without_row(source: XmlSource) -> BadLine:
    missing = source.each.removeprefix(f"{source.within}/")
    return BadLine(BadRowCode.RECORD, f"« {source.within.rpartition('/')[2]} » sans aucun élément « {missing} »")


def _name(element: Any, namespace: str) -> str:  # noqa: ANN401 - lxml's own
    """The name of an element of the declared namespace; another namespace is another name."""
    space, _, name = element.tag.rpartition("}")
    return str(name if space.removeprefix("{") == namespace else element.tag)


def _check_root(path: list[str], source: XmlSource) -> None:
    root = source.each.partition("/")[0]
    if len(path) == 1 and path[0] != root:
        where = f" de l'espace de noms {source.namespace}" if source.namespace else " sans espace de noms"
        refuse(1, f"une racine « {root} »{where} était attendue")


def _row(number: int, element: Any, case: CaseRules, source: XmlSource, summed: Sum) -> Record | BadRow:  # noqa: ANN401
    try:
        texts = {name: _text(element, source, name, rules) for name, rules in case.fields.items()}
        summed.add(texts)
    except BadLine as error:
        return summed.without(error, number)
    return Record(line=number, texts=texts)


def _text(element: Any, source: XmlSource, name: str, rules: FieldRules) -> str:  # noqa: ANN401
    """Return what a French CSV would hold for a field."""
    found = element
    for step in source.paths[name].split("/"):
        if step.startswith("@"):
            return _french(found.get(step[1:], ""), rules)
        if step == "..":
            found = found.getparent()
            continue
        below = list(found.iterchildren(f"{{{source.namespace}}}{step}" if source.namespace else step))
        if len(below) > 1:
            reason = f"colonne « {rules.column} » : un seul élément « {step} » attendu, {len(below)} trouvés"
            raise BadLine(BadRowCode.RECORD, reason)
        if not below:
            return ""
        found = below[0]
    return _french(found.text or "", rules)


def _french(text: str, rules: FieldRules) -> str:
    clean = text.strip()
    if rules.type in {"date", "partial_date"} and (found := _DATE.fullmatch(clean)):
        return f"{found[3]}/{found[2]}/{found[1]}"
    if rules.type in {"euros", "decimal"} and _NUMBER.fullmatch(clean):
        return clean.removeprefix("+").replace(".", ",")
    if rules.type == "boolean" and clean in {"true", "false", "1", "0"}:
        return "oui" if clean in {"true", "1"} else "non"
    return clean


def _check(said: dict[str, str], source: XmlSource, number: int, summed: Sum) -> None:
    if source.rows:
        announced = said.get(source.rows, "")
        if not re.fullmatch(r"[0-9]{1,9}", announced):
            refuse(1, f"un nombre de lignes était attendu en {source.rows}, il manque ou ne se lit pas")
        check_count(1, int(announced), number)
    elif not number:
        refuse(1, f"aucun élément trouvé en {source.each}")
    if source.total is not None:
        announced = said.get(source.total.path, "")
        summed.check(1, announced.replace(".", ",") if _NUMBER.fullmatch(announced) else None)
