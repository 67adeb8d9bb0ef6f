"""What an import changes, in French: files, lines, rows of dated rules, parameters with the values that stay local."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from orchestrator.language.version import differences
from orchestrator.sharing.plan import KEPT_BESIDE, Change, Kind

_NOTES = {
    Kind.CONFLICT: "la version de l'auteur prend la place, la vôtre est gardée à côté",
    Kind.REMOVED_CONFLICT: "la vôtre est gardée à côté",
    Kind.OURS: "l'auteur n'y a rien changé : votre texte reste",
}


def told(changed: tuple[Change, ...], values: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield the lines that a person reads before agreeing.

    :param values: by scenario, the caisse's own values of parameters, as written.
    """
    for change in changed:
        note = f" ({_NOTES[change.kind]})" if change.kind in _NOTES else ""
        yield f"{change.kind.value.upper()} : {change.path}{note}"
        yield from (f"    {line}" for line in _sense(change, values))
        if change.kind in {Kind.CHANGED, *KEPT_BESIDE} and change.after is not None:
            yield from (f"    {line}" for line in _lines(change))


def _lines(change: Change) -> Iterator[str]:
    before, after = ({change.path: _text(each)} for each in (change.before, change.after))
    for difference in differences(before, after):
        yield from difference.lines


def _sense(change: Change, values: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    before, after = read_texts(change.before), read_texts(change.after)
    if change.path.startswith("scenarios/rules/"):
        yield from _rules(before, after)
    elif change.path.startswith("scenarios/"):
        name = change.path.removeprefix("scenarios/").removesuffix(".yaml")
        yield from _parameters(before, after, values.get(name, {}))


def _rules(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = _rows(before), _rows(after)
    if not before:
        yield f"{len(new)} règles datées"
        return
    yield from (f"règle nouvelle : {row}" for row in new if row not in old)
    yield from (f"règle retirée : {row}" for row in old if row not in new)


def _rows(pack: Mapping[str, Any]) -> list[str]:
    found = []
    for name, table in _table(pack, "tables").items():
        rows = table.get("rows") if isinstance(table, dict) else None
        for row in rows if isinstance(rows, list) else []:
            said = ", ".join(f"{key} {value}" for key, value in row.items()) if isinstance(row, dict) else str(row)
            found.append(f"{name} : {said}")
    return found


def _parameters(before: Mapping[str, Any], after: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[str]:
    old, new = _table(before, "parameters"), _table(after, "parameters")
    for name in sorted({*old, *new}):
        was, now = _default(old.get(name)), _default(new.get(name))
        mine = f" ; votre valeur {values[name]} reste" if name in values else ""
        if name not in old:
            missing = "" if name in values or now != "sans défaut" else " ; à donner dans votre fichier de valeurs"
            yield f"paramètre nouveau : {name}, {now}{mine}{missing}"
        elif name not in new:
            yield f"paramètre retiré : {name}" + (" ; l'enlever de votre fichier de valeurs" if name in values else "")
        elif was != now:
            yield f"paramètre {name} : {was} → {now}{mine}"


def _default(parameter: object) -> str:
    said = parameter.get("default") if isinstance(parameter, dict) else None
    return "sans défaut" if said is None else f"défaut {said}"


def _table(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def read_texts(content: bytes | None) -> Mapping[str, Any]:
    """Read a YAML file as texts; what cannot be read has nothing to say here, ``glr check`` says why."""
    try:
        read = yaml.load(_text(content), Loader=yaml.BaseLoader)  # noqa: S506 - makes texts alone
    except yaml.YAMLError:
        return {}
    return read if isinstance(read, dict) else {}


def _text(content: bytes | None) -> str:
    return "" if content is None else content.decode("utf-8-sig", "replace")
