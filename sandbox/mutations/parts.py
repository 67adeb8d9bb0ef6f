"""A served page as its mutations see it: its fields, values and tables, without the banner."""

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lxml import html

#: An lxml element; lxml has no types.
Node = Any
_Part = TypeVar("_Part")


class UnfitError(Exception):
    """This page has no such part: it is served as it is."""


@dataclass
class Page:
    """One page under change."""

    root: Node
    #: Ids, classes and names of what was changed, as they were before.
    touched: list[str] = field(default_factory=list)
    #: What the application makes of a form from now on.
    meaning: dict[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "Page":
        """Parse a page."""
        return cls(root=html.document_fromstring(text))

    @property
    def text(self) -> str:
        """The page as it is now."""
        doctype = self.root.getroottree().docinfo.doctype
        return str(html.tostring(self.root, encoding="unicode", doctype=doctype))

    def fields(self) -> list[tuple[Node, Node]]:
        """Label and field of everything that can be filled."""
        named = {label.get("for"): label for label in self.root.iter("label")}
        found = self.root.xpath("//input[@type='text' or @type='password'][not(@readonly)]")
        return [(named[one.get("id")], one) for one in found if one.get("id") in named]

    def values(self) -> list[tuple[Node, Node]]:
        """Heading and cell of everything that is shown beside its heading."""
        return [(cell.getprevious(), cell) for cell in self.root.xpath("//tr/td[@id][preceding-sibling::th]")]

    def named(self) -> list[Node]:
        """Every element that shows a value under an id."""
        return [*(cell for _, cell in self.values()), *self.root.xpath("//p/span[@id]")]

    def rows(self) -> list[Node]:
        """Every row of the one list, its heading row first."""
        found = [list(table.iter("tr")) for table in self.root.xpath("//table[@class='liste'][thead][@id]")]
        return found[0] if found else []

    def shown(self) -> list[Node]:
        """Every element of the content that shows a text of its own."""
        cells = self.root.xpath("//td[not(ancestor::table[@id='bandeau'])][not(*)]|//p/span[@id]")
        return [cell for cell in cells if cell.text]


Change = Callable[[Page, random.Random], None]


def one(chance: random.Random, parts: list[_Part]) -> _Part:
    """One of the parts."""
    if not parts:
        raise UnfitError
    return chance.choice(parts)


def two(chance: random.Random, parts: list[_Part]) -> tuple[_Part, _Part]:
    """Two of the parts."""
    if len(parts) < 2:
        raise UnfitError
    first, second = chance.sample(parts, 2)
    return first, second


def row_of(node: Node) -> Node:
    """The row of a table that holds it."""
    row = next(node.iterancestors("tr"), None)
    if row is None:
        raise UnfitError
    return row


def exchange_content(first: Node, second: Node) -> None:
    """Swap what two elements hold; they stay where and what they are."""
    kept = deepcopy(first)
    _fill(first, deepcopy(second))
    _fill(second, kept)


def exchange_attribute(name: str, first: Node, second: Node) -> None:
    """Swap an attribute of two elements."""
    kept = first.get(name)
    first.set(name, second.get(name))
    second.set(name, kept)


def _fill(target: Node, source: Node) -> None:
    for child in list(target):
        target.remove(child)
    target.text = source.text
    target.extend(list(source))
