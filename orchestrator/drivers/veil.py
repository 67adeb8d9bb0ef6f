"""What of a page may be quoted: words of the release we know, and others only when nothing of the witness is in them.

A changed page may show a value where a label was. What is told of it goes to the database, to the console and into a
proposed ``release.yaml``: there a value is ``•••``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.drivers.contracts import ApplicationContract
from orchestrator.drivers.formats import PUBLIC
from orchestrator.drivers.release import Release
from orchestrator.drivers.witness import Shown, Witness

#: What stands for a text that may be somebody's.
VEILED = "•••"
#: A text with that many digits is a date, an amount or a number of somebody.
_DIGITS = 5
#: Shorter parts of a name are words of the language as well.
_SHORTEST = 3


@dataclass(frozen=True, kw_only=True)
class Veil:
    """Decides which texts of a page are quoted."""

    #: Texts of the release we know.
    known: frozenset[str] = frozenset()
    #: Words of the witness, without accents.
    private: frozenset[str] = frozenset()
    #: True for a person who looks at the release: words that merely stand before a value are taken as its label.
    open: bool = field(default=False)

    def __call__(self, text: str, *, sure: bool = True) -> str:
        """Return a text, or what stands for it.

        :param sure: False for words that merely stand before a value.
        """
        if not text or text in self.known:
            return text
        somebody = self.private & {*_words(text), _plain(text)}
        many = len(re.findall(r"\d", text)) >= _DIGITS
        return VEILED if somebody or many or not (sure or self.open) else text


def veil_of(
    contract: ApplicationContract, witness: Witness, shown: Iterable[Mapping[str, Shown]], *, looked_at: bool = False
) -> Veil:
    """Return the veil of a walk.

    :param shown: what is known of the witness and what the walk has read, by screen.
    :param looked_at: True when a person looks at the release.
    """
    values = [*witness.values.values(), *(text for each in shown for text in _personal(contract, each))]
    words = {word for text in values for word in (*_words(text), _plain(text)) if len(word) >= _SHORTEST}
    return Veil(known=frozenset(_texts(contract.release)), private=frozenset(words), open=looked_at)


def _personal(contract: ApplicationContract, shown: Mapping[str, Shown]) -> Iterable[str]:
    for name, screen in shown.items():
        described = contract.screens.get(name)
        if described is None:
            continue
        for key, value in screen.fields.items():
            if value and key in described.fields and described.fields[key].format not in {*PUBLIC, "private"}:
                yield value
        for key, rows in screen.tables.items():
            columns = described.tables[key].columns if key in described.tables else {}
            for row in rows:
                yield from (
                    v for c, v in row.items() if v and c in columns and columns[c].format not in {*PUBLIC, "private"}
                )


def _texts(release: Release | None) -> Iterable[str]:
    for screen in release.screens.values() if release else ():
        yield from screen.labels.values()
        for table in screen.tables.values():
            yield from table.headings
        for form in screen.forms:
            yield from (text for each in form.fields for text in (each.label, each.hint))
            yield from (choice for each in form.fields for choice in each.choices)
            yield from (each.text for each in form.buttons)


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.upper())
    return "".join(letter for letter in letters if letter.isalnum())


def _words(text: str) -> list[str]:
    return [_plain(word) for word in re.split(r"[\W_]+", text) if word]
