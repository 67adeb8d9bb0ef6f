"""The change that an owner may want after a release: of ``screens.yaml`` and ``release.yaml``, applied by nobody but a person.

Values are replaced where they stand, so that comments and layout of the file stay. A caisse whose application is an installed
one says what it says otherwise in files of its own (``screens.<caisse>.yaml``, ADR 19).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestrator.drivers.contracts import ApplicationContract, overlaid
from orchestrator.drivers.differences import Fix
from orchestrator.drivers.document import Document
from orchestrator.drivers.facts import facts_of
from orchestrator.drivers.release import Release, ScreenFacts, written
from orchestrator.drivers.veil import Veil

_OWN = "# Ce que cette caisse dit autrement dans {title}, proposé par glr screens check.\n"


@dataclass(frozen=True, kw_only=True)
class Target:
    """The two files that say what an application's screens are."""

    screens: Path
    release: Path
    #: True for files that say only what a caisse says otherwise.
    own: bool

    @property
    def paths(self) -> tuple[Path, Path]:
        """Both, the contract first."""
        return self.screens, self.release


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a walk has seen, as far as a proposal needs it."""

    fixes: tuple[Fix, ...]
    documents: Mapping[str, Document]
    veil: Veil


def release_after(contract: ApplicationContract, facts: Mapping[str, ScreenFacts], version: str) -> Release:
    """Return the description of the release that was walked; a screen that was not reached is kept as it was known."""
    known = contract.release.screens if contract.release else {}
    kept = {name: _kept(contract, name, facts[name]) for name in contract.screens if name in facts}
    screens = {name: kept.get(name) or known[name] for name in contract.screens if name in kept or name in known}
    return Release(application=contract.application, version=version, screens=screens)


def contract_after(contract: ApplicationContract, fixes: Iterable[Fix]) -> ApplicationContract:
    """Return a contract with some of its values replaced."""
    raw = contract.model_dump(by_alias=True, exclude={"release"})
    for fix in fixes:
        _put(raw, fix.place, fix.value)
    return ApplicationContract.model_validate({**raw, "release": contract.release})


def patch(target: Target, contract: ApplicationContract, seen: Seen) -> str:
    """Return the proposed change as a unified diff; empty when there is none."""
    after = contract_after(contract, seen.fixes)
    facts = {
        name: facts_of(document, after.screens[name], after.fields(name), seen.veil)
        for name, document in seen.documents.items()
        if document.title == after.screens[name].title
    }
    screens, release = (path.read_text(encoding="utf-8") if path.exists() else "" for path in target.paths)
    proposed = own_after(screens, seen.fixes, after) if target.own else replaced(screens, seen.fixes)
    described = written(release_after(after, facts, after.version))
    folder = f"keywords/{target.screens.parent.name}"
    return _diff(f"{folder}/{target.screens.name}", screens, proposed) + _diff(
        f"{folder}/{target.release.name}", release, described
    )


def shown_change(text: str) -> list[str]:
    """Return the lines that people read of a proposed change: what changes in the contract, and how long the rest is."""
    contract, found, described = text.partition("--- a/keywords/")
    if "/screens" in described.partition("\n")[0]:
        changed, _, described = described.partition("--- a/keywords/")
        contract = found + changed
    name, _, lines = described.partition("\n")
    more = sum(line[:1] in {"+", "-"} for line in lines.splitlines()) - 1
    return [*contract.splitlines(), *([f"(et {name} : {more} lignes, la description des écrans)"] if more > 0 else [])]


def own_after(text: str, fixes: Iterable[Fix], after: ApplicationContract) -> str:
    """Return what a caisse says otherwise, with some more of it.

    :param after: the contract with the changes; a list is said whole.
    """
    fixes = tuple(fixes)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if all(_scalar(root, fix.place) is not None for fix in fixes):
        return replaced(text, fixes)
    said: dict[str, Any] = yaml.safe_load(text) or {}
    whole = after.model_dump(by_alias=True, mode="json")
    for fix in fixes:
        place = fix.place[:-1] if fix.place[-1].isdigit() else fix.place
        said = overlaid(said, _nested(place, _at(whole, place)))
    head = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    return (head or _OWN.format(title=after.title)) + yaml.safe_dump(
        said, allow_unicode=True, sort_keys=False, width=120
    )


def replaced(text: str, fixes: Iterable[Fix]) -> str:
    """Return a YAML text with some of its scalars replaced; a place that is not there is left out."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    found = {}
    for fix in fixes:
        node = _scalar(root, fix.place)
        if node is not None:
            found[(node.start_mark.index, node.end_mark.index)] = _quoted(fix.value, node.style)
    for (start, end), value in sorted(found.items(), reverse=True):
        text = text[:start] + value + text[end:]
    return text


def _scalar(node: yaml.Node | None, place: tuple[str, ...]) -> yaml.ScalarNode | None:
    for name in place:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[int(name)] if name.isdigit() and int(name) < len(node.value) else None
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == name), None)
        else:
            return None
    return node if isinstance(node, yaml.ScalarNode) else None


def _quoted(value: str, style: str | None) -> str:
    """Write a value so that YAML reads the same text: quoted unless it is a plain word."""
    if style is None and re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)*", value) and yaml.safe_load(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _put(raw: Any, place: tuple[str, ...], value: str) -> None:  # noqa: ANN401 - YAML
    """Replace one value; the lists of a contract are tuples."""
    name, rest = place[0], place[1:]
    inner = raw[name]
    if isinstance(inner, tuple):
        raw[name] = tuple(value if str(number) == rest[0] else each for number, each in enumerate(inner))
    elif rest:
        _put(inner, rest, value)
    else:
        raw[name] = value


def _at(raw: Any, place: tuple[str, ...]) -> Any:  # noqa: ANN401 - YAML
    for name in place:
        raw = raw[name]
    return raw


def _nested(place: tuple[str, ...], value: Any) -> Any:  # noqa: ANN401 - YAML
    for name in reversed(place):
        value = {name: value}
    return value


def _diff(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(lines)


def _kept(contract: ApplicationContract, name: str, facts: ScreenFacts) -> ScreenFacts:
    """Keep what is compared: forms where a robot fills one, labels of the contract's own fields."""
    own = {field: label for field, label in facts.labels.items() if field in contract.screens[name].fields}
    forms = facts.forms if name in contract.filled else ()
    return ScreenFacts(forms=forms, labels=own, tables=facts.tables)
