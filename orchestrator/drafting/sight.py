"""What one page shows, without what it says: values by shape, tables, forms, links. Nothing personal goes further than here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from orchestrator.drafting.selectors import By, Place, cell_place, place_of
from orchestrator.drafting.shapes import Shape, shape_of
from orchestrator.drivers.release import FormFacts

#: Longer is a message, not a value (characters).
LONGEST_VALUE = 60
LONGEST_LABEL = 60
_LEAVES = ("td", "dd", "span", "b", "strong", "em", "output", "p", "div", "input", "select", "textarea")
_TYPED = {"input", "select", "textarea"}
#: What holds no value that a robot reads.
_OTHER_INPUTS = {"hidden", "submit", "button", "password", "file", "image", "reset", "checkbox", "radio"}
_INSIDE = (
    "ancestor::label or ancestor::button or ancestor::option or ancestor::nav or ancestor::script or ancestor::style"
)
_HOLDS = ".//*[@id] | .//table | .//form | .//input | .//select | .//textarea | .//p | .//ul | .//td | .//dl"
_NOTHING = re.compile(r"^(aucun|pas de |néant)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ValueSeen:
    """A place that holds a value."""

    place: Place
    #: The words beside it; empty when there are none, or when they may say something of a person.
    label: str
    shape: Shape
    #: True for a field that is typed into.
    typed: bool


@dataclass(frozen=True, kw_only=True)
class ColumnSeen:
    """A column of a table."""

    place: Place
    heading: str
    shapes: frozenset[Shape]


@dataclass(frozen=True, kw_only=True)
class TableSeen:
    """A table with headings."""

    name: str
    rows: Place
    columns: tuple[ColumnSeen, ...]
    #: The frame that holds it.
    frame: str | None = None


@dataclass(frozen=True, kw_only=True)
class LinkSeen:
    """A link: where it goes, and whether its words or address look like more than reading."""

    place: Place
    address: str
    words: str
    download: bool


@dataclass(frozen=True, kw_only=True)
class Sight:
    """One page."""

    url: str
    title: str
    values: tuple[ValueSeen, ...]
    tables: tuple[TableSeen, ...]
    #: Where the page says that there is nothing to show.
    nothing: tuple[str, ...]
    links: tuple[LinkSeen, ...]
    forms: tuple[FormFacts, ...]
    #: Where the application writes its version, and what it writes.
    version: tuple[str, str] | None


def sight_of(
    url: str,
    root: Any,  # noqa: ANN401 - lxml
    forms: tuple[FormFacts, ...],
    login: str,
    public: frozenset[str],
    frames: dict[str, tuple[str, Any]],
) -> Sight:
    """Describe a page.

    :param root: the page's document (lxml).
    :param login: the robot's own, which some applications show.
    :param public: what the application shows to whom has not logged in: it names nobody.
    :param frames: address and document of its named frames.
    """
    nodes = [node for node in _candidates(root) if _text(node) != login]
    personal = _personal([*nodes, *filter(_in_list, root.iter("td"))]) - public
    title = " ".join((root.findtext(".//title") or "").split())
    tables = [
        table for name, where in [(None, (url, root)), *frames.items()] for table in _tables(where[1], name, personal)
    ]
    links = [link for where, page in [(url, root), *frames.values()] for link in _links(where, page)]
    version = _version(root)
    shown = [node for node in nodes if len(_text(node)) <= LONGEST_VALUE and not _is_constant(node, title, public)]
    values = [_value(root, node, personal) for node in shown]
    return Sight(
        url=url,
        title=_harmless(title, personal),
        values=tuple(each for each in values if version is None or each.place.at != version[0]),
        tables=tuple(tables),
        nothing=tuple(each for page in (root, *(page for _, page in frames.values())) for each in _nothing(page)),
        links=tuple(links),
        forms=forms,
        version=version,
    )


def texts_of(root: Any) -> frozenset[str]:  # noqa: ANN401
    """Return every value that a page shows, in lower case."""
    return frozenset(_text(node).casefold() for node in _candidates(root))


def _candidates(root: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield what holds a value: named leaves, fields, and cells beside a heading."""
    for node in root.iter(*_LEAVES):
        if node.xpath(f"boolean({_INSIDE})") or _in_list(node):
            continue
        if node.tag in _TYPED:
            if node.get("type", "text").lower() not in _OTHER_INPUTS:
                yield node
        elif (_is_named(node) or _heading_beside(node) is not None) and not node.xpath(_HOLDS) and not _is_menu(node):
            yield node


def _is_constant(node: Any, title: str, public: frozenset[str]) -> bool:  # noqa: ANN401
    """True for the application's own name, which stands in each title."""
    return _text(node).casefold() in public and _text(node) in title.split()


def _is_menu(node: Any) -> bool:  # noqa: ANN401
    return node.tag in {"p", "div"} and bool(node.xpath(".//a"))


def _is_named(node: Any) -> bool:  # noqa: ANN401
    return bool(node.get("id")) or any(name.startswith("data-") for name in node.attrib)


def _heading_beside(node: Any) -> Any:  # noqa: ANN401
    before = node.getprevious() if node.tag in {"td", "dd"} else None
    return before if before is not None and before.tag in {"th", "dt"} else None


def _in_list(node: Any) -> bool:  # noqa: ANN401
    table = next(node.iterancestors("table"), None)
    return table is not None and _heading_row(table) is not None


def _value(root: Any, node: Any, personal: set[str]) -> ValueSeen:  # noqa: ANN401
    label = _harmless(_label(root, node), personal)
    return ValueSeen(place=place_of(root, node), label=label, shape=shape_of(_text(node)), typed=node.tag in _TYPED)


def _label(root: Any, node: Any) -> str:  # noqa: ANN401
    """Return the words beside a value: its label, the heading of its row, the words just before, or what it invites to type."""
    own = node.get("id")
    named = (root.xpath("//label[@for=$name]", name=own) if own else []) or node.xpath("ancestor::label")
    if named:
        return _words(named[0])
    heading = _heading_beside(node)
    if heading is not None:
        return _words(heading)
    before = node.getprevious()
    said = (before.tail if before is not None else node.getparent().text) or ""
    invites = node.get("aria-label") or node.get("placeholder") or node.get("title") or ""
    return " ".join(f"{said} {invites}".split()).strip(" :,;")


def _tables(root: Any, frame: str | None, personal: set[str]) -> Iterator[TableSeen]:  # noqa: ANN401
    for table in root.iter("table"):
        heading = _heading_row(table)
        if heading is None:
            continue
        rows = [row for row in table.iter("tr") if row is not heading and row.find("td") is not None]
        place = place_of(root, table)
        at = f"table{place.at}" if place.by is By.ID else place.at
        body = "tbody tr" if heading.getparent().tag == "thead" else "tr:has(> td)"
        columns = [_column(index, cell, rows, personal) for index, cell in enumerate(heading)]
        yield TableSeen(
            name=table.get("id") or "tableau",
            rows=Place(at=f"{at} {body}", by=place.by),
            columns=tuple(each for each in columns if each is not None),
            frame=frame,
        )


def _heading_row(table: Any) -> Any:  # noqa: ANN401
    """Return the row of headings of a list; None for a table that lays out a form or a file."""
    for row in table.iter("tr"):
        if len(row) > 1 and all(cell.tag == "th" for cell in row):
            return row
    return None


def _column(index: int, heading: Any, rows: list[Any], personal: set[str]) -> ColumnSeen | None:  # noqa: ANN401
    cells = [found[index] for row in rows if len(found := row.findall("td")) > index]
    if any(cell.xpath(".//form | .//button | .//input") for cell in cells):
        return None
    shapes = frozenset(shape_of(_text(cell)) for cell in cells)
    return ColumnSeen(place=cell_place(cells, index), heading=_harmless(_words(heading), personal), shapes=shapes)


def _links(url: str, root: Any) -> Iterator[LinkSeen]:  # noqa: ANN401
    for node in root.iter("a", "area"):
        target = node.get("href", "")
        address = urljoin(url, target)
        if target and not target.startswith("#") and urlsplit(address).scheme in {"http", "https"}:
            yield LinkSeen(
                place=place_of(root, node),
                address=address.partition("#")[0],
                words=f"{_words(node)} {node.get('id', '')} {node.get('onclick', '')}",
                download=node.get("download") is not None,
            )


def _nothing(root: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Return where the page says, by its own words, that there is nothing."""
    found = [node for node in root.iter("p", "div", "span", "td") if node.get("id") and _NOTHING.match(_words(node))]
    return tuple(place.at for place in (place_of(root, node) for node in found) if place.by is By.ID)


def _version(root: Any) -> tuple[str, str] | None:  # noqa: ANN401
    for node in root.xpath("//*[contains(translate(@id, 'VERSION', 'version'), 'version')]"):
        said = _words(node)
        if said and len(said) <= 20:
            return place_of(root, node).at, said
    return None


def _personal(nodes: list[Any]) -> set[str]:
    """Return the words of a page that may name a person: none of them may be written in a draft."""
    texts = {_text(node) for node in nodes}
    return {
        text.casefold() for text in texts if len(text) >= 3 and shape_of(text) in {Shape.WORDS, Shape.NIR, Shape.IBAN}
    }


def _harmless(text: str, personal: set[str]) -> str:
    """Return a title or label, or nothing when it repeats a value of the page or holds a long number."""
    plain = text.casefold()
    told = any(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", plain) for each in personal)
    return "" if told or re.search(r"\d{4}", text) or len(text) > LONGEST_LABEL else text


def _words(node: Any) -> str:  # noqa: ANN401
    return " ".join(node.text_content().split())


def _text(node: Any) -> str:  # noqa: ANN401
    if node.tag == "select":
        chosen = node.xpath(".//option[@selected]") or node.xpath(".//option")
        return _words(chosen[0]) if chosen else ""
    return str(node.get("value", "") if node.tag == "input" else node.text_content()).strip()
