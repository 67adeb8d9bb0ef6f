"""Labels: what a robot asks of the machine that hosts it, and what a machine has."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,29}[a-z0-9])?")
#: What a label is, for who has written another thing.
EXPECTED = "1 à 31 minuscules sans accent, chiffres ou tirets, sans tiret au bord, comme « siege »"


def is_label(text: str) -> bool:
    """True for a label: it stands in a table, in a file and in the options of a connection."""
    return _LABEL.fullmatch(text) is not None


def read_labels(text: str) -> tuple[str, ...]:
    """Read ``web,siege``: each once, in order. Raises ``ValueError`` with the first that is none."""
    found = sorted({each.strip() for each in text.split(",")} - {""})
    for each in found:
        if not is_label(each):
            raise ValueError(f"étiquette « {each} » : {EXPECTED}")
    return tuple(found)


def shown_labels(labels: Iterable[str]) -> str:
    """Return labels as people read them."""
    return ", ".join(sorted(labels))
