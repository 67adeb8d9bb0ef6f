"""A server's answer as a document that is read like a page: same selectors, same texts, the encoding a browser would take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import cache
from typing import Any

from lxml import etree, html

#: What browsers read when a page says Latin-1 (WHATWG Encoding): windows-1252.
_LIKE_BROWSERS = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
}
_KNOWN = {"cp1252", "windows-1252", "utf-8", "iso-8859-15"}
_PART = re.compile(r"^(?P<tag>[a-z][a-z0-9]*)?(?:#(?P<id>[\w-]+))?(?:\.(?P<class>[\w-]+))?$")


class UnknownEncoding(ValueError):
    """The answer does not say its encoding, or one that is not known here."""


@cache
def xpath_of(selector: str) -> str:
    """Translate the selectors of contracts (``tag``, ``#id``, ``.class``, descendants); ``ValueError`` on any other."""
    steps = []
    for part in selector.split():
        found = _PART.match(part)
        if found is None:
            raise ValueError(f"sélecteur « {selector} » : lisible dans la page seulement, pas par HTTP")
        step = f"descendant::{found['tag'] or '*'}"
        step += f"[@id='{found['id']}']" if found["id"] else ""
        if found["class"]:
            step += f"[contains(concat(' ', normalize-space(@class), ' '), ' {found['class']} ')]"
        steps.append(step)
    return "/".join(steps)


@dataclass
class Document:
    """One parsed answer; a source of :func:`orchestrator.drivers.screens.read_screen`, like a page."""

    url: str
    charset: str
    root: Any
    #: Documents of its frames by name, once fetched.
    frames: dict[str, Document] = field(default_factory=dict)
    #: Fields that did not keep what was typed into them, by their names in the contract (:mod:`~orchestrator.drivers.kept`).
    not_kept: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The title as a browser gives it: trimmed, spaces collapsed."""
        return " ".join((self.root.findtext(".//title") or "").split())

    async def read(
        self, candidates: Mapping[str, Any], version: str, frame: str | None = None
    ) -> Mapping[str, Any] | None:
        """Read like ``scripts/read.js``; None when the frame is not there."""
        where = self if frame is None else self.frames.get(frame)
        return None if where is None else where.seen(candidates, version)

    def seen(self, candidates: Mapping[str, Any], version: str) -> dict[str, Any]:
        """Return what the contract asks for, as texts."""
        wanted = candidates.get(self.title, candidates.get(""))
        if wanted is None:
            return {"title": self.title, "known": False}
        return {
            "title": self.title,
            "known": True,
            "version": _text(first(self.root, version)),
            "missing": [selector for selector in wanted["anchors"] if first(self.root, selector) is None],
            "fields": _pick(self.root, wanted["fields"]),
            "tables": {name: self._table(table) for name, table in wanted["tables"].items()},
        }

    def frame_source(self, name: str) -> str | None:
        """Return the address of a frame of that name."""
        found = [node for node in self.root.iter("iframe", "frame") if node.get("name") == name]
        return found[0].get("src") if found else None

    def filled(self, values: Mapping[str, str], submit: str) -> tuple[str, str, list[tuple[str, str]]] | str:
        """Return method, target and pairs that the form would send with these values; the selector that is missing."""
        button = first(self.root, submit)
        form = None if button is None else next(button.iterancestors("form"), None)
        if form is None:
            return submit
        nodes = {selector: first(form, selector) for selector in values}
        for selector, node in nodes.items():
            if node is None or node.tag != "input" or not node.get("name"):
                return selector
        typed = {nodes[selector]: value for selector, value in values.items()}
        pairs = [
            (node.get("name"), typed.get(node, node.get("value", "")))
            for node in form.iter("input")
            if node.get("name") and (node in typed or node.get("type", "text").lower() in {"hidden", "text"})
        ]
        return form.get("method", "get").upper(), form.get("action", ""), pairs

    def whole(self) -> str:
        """Return the document as HTML with its frames inside, for a capture; nothing is left to be fetched."""
        root = html.fromstring(html.tostring(self.root, encoding="unicode"))
        for node in root.iter("iframe", "frame"):
            frame = self.frames.get(node.get("name", ""))
            node.attrib.pop("src", None)
            if frame is not None:
                node.set("srcdoc", frame.whole())
        return str(html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>"))

    def text(self, selector: str) -> str | None:
        """Return the text that a selector finds; None when there is none."""
        return _text(first(self.root, selector))

    def _table(self, table: Mapping[str, Any]) -> list[dict[str, str | None]] | None:
        rows = table_rows(self.root, table["rows"])
        if not rows:
            return None if first(self.root, table["empty"]) is None else []
        return [_pick(row, table["columns"]) for row in rows]


def parse(url: str, content_type: str, content: bytes) -> Document:
    """Parse an answer in the encoding its header says; raises :class:`UnknownEncoding` rather than guess."""
    header = Message()
    header["content-type"] = content_type
    said = str(header.get_param("charset", "")).lower()
    charset = _LIKE_BROWSERS.get(said, said)
    if charset not in _KNOWN or header.get_content_type() != "text/html":
        raise UnknownEncoding(said)
    try:
        document = of_page(url, _decoded(content, charset))
    except etree.ParserError:
        raise UnknownEncoding(said) from None
    document.charset = charset
    return document


def of_page(url: str, text: str) -> Document:
    """Parse what a page shows."""
    root = html.document_fromstring(text.encode("utf-8"), parser=html.HTMLParser(encoding="utf-8"))
    return Document(url=url, charset="utf-8", root=root)


def bytes_of_form(text: str, charset: str) -> bytes:
    """Encode a form value as a browser does: what the page's encoding lacks becomes ``&#…;``."""
    return text.encode(charset, "xmlcharrefreplace")


def table_rows(root: Any, selector: str) -> list[Any]:  # noqa: ANN401
    """Return the rows of a table."""
    return list(root.xpath(xpath_of(selector)))


def _decoded(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset)
    except UnicodeDecodeError:
        raise UnknownEncoding(charset) from None


def first(where: Any, selector: str) -> Any:  # noqa: ANN401 - an lxml element
    """Return the first element that a selector finds, or None."""
    found = where.xpath(xpath_of(selector))
    return found[0] if found else None


def _pick(where: Any, fields: Mapping[str, str]) -> dict[str, str | None]:  # noqa: ANN401
    return {name: _text(first(where, selector)) for name, selector in fields.items()}


def _text(node: Any) -> str | None:  # noqa: ANN401
    return None if node is None else text_of(node)


def text_of(node: Any) -> str:  # noqa: ANN401
    """Return what an element shows: the value of a field, else its text."""
    value = node.get("value", "") if node.tag in {"input", "button"} else node.text_content()
    return str(value).strip()
