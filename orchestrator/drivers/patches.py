"""The change that an owner may want after a release: a diff of ``screens.yaml`` and ``release.yaml``, applied by nobody.

Values are replaced where they stand, so that comments and layout of the file stay.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from orchestrator.drivers.canary import Walked
from orchestrator.drivers.contracts import ApplicationContract
from orchestrator.drivers.differences import Fix
from orchestrator.drivers.release import Release, ScreenFacts, written


def release_after(contract: ApplicationContract, facts: Mapping[str, ScreenFacts], version: str) -> Release:
    """Return the description of the release that was walked; a screen that was not reached is kept as it was known."""
    known = contract.release.screens if contract.release else {}
    kept = {name: _kept(contract, name, facts[name]) for name in contract.screens if name in facts}
    screens = {name: kept.get(name) or known[name] for name in contract.screens if name in kept or name in known}
    return Release(application=contract.application, version=version, screens=screens)


def patch(folder: Path, contract: ApplicationContract, walked: Walked) -> str:
    """Return the proposed change of an application's folder as a unified diff; empty when there is none."""
    fixes = [each.fix for each in walked.differences if each.fix is not None]
    version = next((fix.value for fix in fixes if fix.place == ("version",)), contract.version)
    screens, release = folder / "screens.yaml", folder / "release.yaml"
    before = {path: path.read_text(encoding="utf-8") if path.exists() else "" for path in (screens, release)}
    after = {
        screens: replaced(before[screens], fixes),
        release: written(release_after(contract, walked.facts, version)),
    }
    return "".join(_diff(f"keywords/{folder.name}/{path.name}", before[path], after[path]) for path in before)


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
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for key, value in node.value if key.value == name), None)
    return node if isinstance(node, yaml.ScalarNode) else None


def _quoted(value: str, style: str | None) -> str:
    return f'"{value}"' if style or not value.replace(".", "").replace("_", "").isalpha() else value


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
