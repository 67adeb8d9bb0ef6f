"""What a screen looks like, without any value of a person: its forms, the labels beside its fields, the headings of its tables.

Read from a document, whether a plain request or a page gave it, so that both are compared with the same ``release.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from orchestrator.drivers.contracts import FieldContract, ScreenContract, TableContract
from orchestrator.drivers.document import Document, first, table_rows
from orchestrator.drivers.release import ButtonFacts, FieldFacts, FormFacts, ScreenFacts, TableFacts
from orchestrator.drivers.veil import Veil

_BUTTONS = {"submit", "button", "image", "reset"}
_PARTS = ("input", "select", "textarea", "button", "label")
#: What a page demands of a field by itself.
_DEMANDS = ("pattern", "step", "inputmode")


def facts_of(
    document: Document, screen: ScreenContract, fields: Mapping[str, FieldContract], veil: Veil | None = None
) -> ScreenFacts:
    """Describe a screen; a field or a table that is not there has no description.

    :param veil: what of the page may be quoted; None: everything, for a comparison of which nothing is told.
    """
    quote = veil or Veil(open=True)
    found = {name: first(document.root, field.at) for name, field in fields.items()}
    tables = {name: table_facts(document, table, quote) for name, table in screen.tables.items()}
    return ScreenFacts(
        forms=veiled(forms_of(document), quote),
        labels={name: quoted_label(document, node, quote) for name, node in found.items() if node is not None},
        tables={name: table for name, table in tables.items() if table is not None},
    )


def forms_of(document: Document) -> tuple[FormFacts, ...]:
    """Describe every form of a document; no value is read."""
    return tuple(_form(document, form) for form in document.root.iter("form"))


def veiled(forms: tuple[FormFacts, ...], veil: Veil) -> tuple[FormFacts, ...]:
    """Return forms with the words that may be quoted."""
    return tuple(
        form.model_copy(
            update={
                "fields": tuple(
                    each.model_copy(
                        update={
                            "label": veil(each.label),
                            "hint": veil(each.hint),
                            "choices": tuple(veil(one) for one in each.choices),
                        }
                    )
                    for each in form.fields
                ),
                "buttons": tuple(each.model_copy(update={"text": veil(each.text)}) for each in form.buttons),
            }
        )
        for form in forms
    )


def label_of(document: Document, node: Any) -> str:  # noqa: ANN401 - an lxml element
    """Return what says what a value is: its label, the heading of its row, or the words just before it."""
    return _heard(document, node)[0]


def quoted_label(document: Document, node: Any, veil: Veil) -> str:  # noqa: ANN401
    """Return what says what a value is, as far as it may be quoted."""
    text, sure = _heard(document, node)
    return veil(text, sure=sure)


def _heard(document: Document, node: Any) -> tuple[str, bool]:  # noqa: ANN401
    """Return the label of a value, and whether the page says that it is one."""
    named = _label_for(document, node)
    if named:
        return named, True
    heading = node.getprevious() if node.tag in {"td", "dd"} else None
    if heading is not None and heading.tag in {"th", "dt"}:
        return _words(heading), True
    before = node.getprevious()
    return _plain((before.tail if before is not None else node.getparent().text) or ""), False


def table_facts(document: Document, table: TableContract, veil: Veil) -> TableFacts | None:
    """Describe a table by its first row; None when it has none: nothing can then be said of its columns."""
    where = document if table.frame is None else document.frames.get(table.frame)
    rows = [] if where is None else table_rows(where.root, table.rows)
    if not rows:
        return None
    headings = tuple(veil(each) for each in _headings(rows[0]))
    cells = {name: first(rows[0], column.at) for name, column in table.columns.items()}
    columns = {name: _heading(headings, rows[0], cell) for name, cell in cells.items() if cell is not None}
    return TableFacts(headings=headings, columns=columns)


def _headings(row: Any) -> tuple[str, ...]:  # noqa: ANN401
    table = next(row.iterancestors("table"), None)
    heading = None if table is None else next((each for each in table.iter("tr") if each.find("th") is not None), None)
    return () if heading is None else tuple(_words(cell) for cell in heading)


def _heading(headings: tuple[str, ...], row: Any, cell: Any) -> str:  # noqa: ANN401
    place = next((place for place, each in enumerate(row) if cell is each or cell in each.iterdescendants()), -1)
    return headings[place] if 0 <= place < len(headings) else ""


def _form(document: Document, form: Any) -> FormFacts:  # noqa: ANN401
    return FormFacts(
        id=form.get("id", ""),
        method=form.get("method", "get").upper(),
        path=urlsplit(urljoin(document.url, form.get("action", ""))).path,
        asks=form.get("onsubmit", ""),
        fields=tuple(_field(document, node) for node in _elements(form) if not _is_button(node)),
        buttons=tuple(_button(node) for node in _elements(form) if _is_button(node)),
    )


def _elements(form: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield what the form sends: what is inside, and what names it from elsewhere."""
    for node in form.getroottree().iter("input", "select", "textarea", "button"):
        owner = node.get("form")
        if owner == form.get("id") if owner else form in node.iterancestors("form"):
            yield node


def _is_button(node: Any) -> bool:  # noqa: ANN401
    return node.tag == "button" or node.get("type", "text").lower() in _BUTTONS


def _field(document: Document, node: Any) -> FieldFacts:  # noqa: ANN401
    kinds = {"select": "select-multiple" if "multiple" in node.attrib else "select-one", "textarea": "textarea"}
    return FieldFacts(
        id=node.get("id", ""),
        name=node.get("name", ""),
        type=kinds.get(node.tag, node.get("type", "text").lower()),
        label=_label_for(document, node),
        longest=int(node.get("maxlength", "-1")) if re.fullmatch(r"\d+", node.get("maxlength", "-1")) else -1,
        fixed="readonly" in node.attrib or "disabled" in node.attrib,
        choices=tuple(_words(choice) for choice in node.iter("option")) if node.tag == "select" else (),
        hint=_hint(document, node),
        demands=" ".join(f"{name}={node.get(name)}" for name in _DEMANDS if node.get(name)),
    )


def _hint(document: Document, node: Any) -> str:  # noqa: ANN401
    """Return what the page says of how a field is typed, besides its label.

    An example keeps its shape, not its digits; a number in the words beside it may be of any length.
    """
    names = node.get("aria-describedby", "").split()
    described = [found for name in names for found in document.root.xpath("//*[@id=$name]", name=name)]
    beside = re.sub(r"\d+", "#", _beside(node))
    said = [node.get("placeholder", ""), node.get("title", ""), *map(_words, described), beside]
    return re.sub(r"\d", "#", " ; ".join(dict.fromkeys(each for each in map(_plain, said) if each)))


def _beside(node: Any) -> str:  # noqa: ANN401
    """Return the words that follow a field in its cell or paragraph, up to the next field or button."""
    words = [node.tail or ""]
    for each in node.itersiblings():
        if not isinstance(each.tag, str) or each.tag in _PARTS or next(each.iter(*_PARTS), None) is not None:
            break
        words += [each.text_content(), each.tail or ""]
    return " ".join(words)


def _button(node: Any) -> ButtonFacts:  # noqa: ANN401
    said = _words(node) or node.get("value", "")
    return ButtonFacts(id=node.get("id", ""), type=node.get("type", "submit").lower(), text=said)


def _label_for(document: Document, node: Any) -> str:  # noqa: ANN401
    name = node.get("id")
    labels = [label for label in document.root.iter("label") if name and label.get("for") == name]
    return _words(labels[0]) if labels else ""


def _words(node: Any) -> str:  # noqa: ANN401
    return _plain(node.text_content())


def _plain(text: str) -> str:
    return " ".join(text.split())
