"""Where something is on a page, by what a new release changes least: id, name, data attribute, class; position last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any


class By(Enum):
    """What a selector relies on, the most lasting first."""

    ID = "id"
    NAME = "nom"
    DATA = "attribut"
    CLASS = "classe"
    #: Breaks when a line is added before it: always said to the owner.
    POSITION = "POSITION"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A CSS selector, and what it relies on."""

    at: str
    by: By


_DATA = ("data-champ", "data-field", "data-name", "data-testid", "data-test")
#: Made anew for each page or each person: no place to rely on.
_GENERATED = re.compile(r"\d{3,}|[0-9a-f]{8}-|:")
_PLAIN = re.compile(r"[A-Za-z][\w-]*", re.ASCII)


def place_of(root: Any, node: Any) -> Place:  # noqa: ANN401 - lxml elements
    """Return where an element is on its page."""
    name = node.get("id", "")
    if lasting(name) and len(root.xpath("//*[@id=$name]", name=name)) == 1:
        return Place(at=f"#{name}", by=By.ID)
    for attribute in ("name", *_DATA):
        value = node.get(attribute, "")
        if lasting(value) and len(root.xpath(f"//*[@{attribute}=$value]", value=value)) == 1:
            by = By.NAME if attribute == "name" else By.DATA
            return Place(at=f'{node.tag}[{attribute}="{value}"]', by=by)
    return Place(at=_path(root, node), by=By.POSITION)


def cell_place(cells: list[Any], index: int) -> Place:
    """Return where a column is in each row: its own class when every cell has one, else its place."""
    classes = [set(cell.get("class", "").split()) for cell in cells]
    own = sorted(set.intersection(*classes)) if classes else []
    for name in filter(lasting, own):
        if all(len(cell.getparent().xpath(f"./td[{_has_class(name)}]")) == 1 for cell in cells):
            return Place(at=f"td.{name}", by=By.CLASS)
    return Place(at=f"td:nth-of-type({index + 1})", by=By.POSITION)


def lasting(name: str) -> bool:
    """True for a name that a person gave, and that CSS takes as it is."""
    return bool(_PLAIN.fullmatch(name)) and not _GENERATED.search(name)


def _has_class(name: str) -> str:
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"


def _path(root: Any, node: Any) -> str:  # noqa: ANN401
    steps: list[str] = []
    here = node
    while here is not None and here.tag != "body":
        name = here.get("id", "")
        if here is not node and lasting(name) and len(root.xpath("//*[@id=$name]", name=name)) == 1:
            return " > ".join([f"#{name}", *steps])
        twins = [each for each in here.getparent() if each.tag == here.tag]
        steps.insert(0, f"{here.tag}:nth-of-type({twins.index(here) + 1})")
        here = here.getparent()
    return " > ".join(["body", *steps])
