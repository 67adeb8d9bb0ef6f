"""XML that may be hostile, one element at a time: no entity, no network, no DTD, nothing kept once it was read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from orchestrator.drivers.deliveries_rules import refuse


def events(file: IO[bytes], *tags: str) -> Iterator[tuple[str, Any]]:
    """Give start and end of elements of these names (all without names); raises ``RefusedFile``."""
    found = etree.iterparse(
        file,
        events=("start", "end"),
        tag=tags or None,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    checked = False
    try:
        for event, element in found:
            if not checked:
                _refuse_dtd(element)
                checked = True
            yield event, element
        if found.root is not None:
            _refuse_dtd(found.root)
    except etree.XMLSyntaxError as error:  # its message may quote the file
        refuse(error.lineno or 1, "XML illisible à partir d'ici : le fichier est incomplet ou abîmé")


def elements(file: IO[bytes], *tags: str) -> Iterator[Any]:
    """Give each element of these names once it is whole, and forget it; raises ``RefusedFile``."""
    for event, element in events(file, *tags):
        if event == "end":
            yield element
            forget(element)


def forget(element: Any) -> None:  # noqa: ANN401 - lxml's own
    """Drop an element from its tree, which would hold the whole file otherwise."""
    parent = element.getparent()
    element.clear()
    if parent is not None:
        while element.getprevious() is not None and element.getprevious().tag == element.tag:
            parent.remove(element.getprevious())


def _refuse_dtd(element: Any) -> None:  # noqa: ANN401
    if element.getroottree().docinfo.internalDTD is not None:
        refuse(1, "ce fichier contient une DTD (DOCTYPE) : elle n'est jamais lue, le fichier est refusé")
