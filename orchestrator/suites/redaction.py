"""Taking personal values out of what Robot Framework writes: those that were seen, and whatever has the form of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any

from pydantic import BaseModel

from orchestrator.domain.personal import IBAN_FORM, NIR_FORM, Iban, Masked, Nir

#: Shorter values would blacken every word that holds them.
SHORTEST = 3


class Redactor:
    """Knows every personal value that a run has seen, and what to write in its place."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def learn(self, value: object) -> None:
        """Remember every personal value inside a value: models, lists and mappings are walked."""
        for found in _masked(value):
            clear = found.reveal().strip()
            if len(clear) >= SHORTEST:
                written = {clear, escape(clear), clear.upper(), clear.lower()}
                self._known |= dict.fromkeys(written, found.mask)
                self._pattern = None

    def clean(self, text: str) -> str:
        """Return a text without any of them."""
        if self._pattern is None and self._known:
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")
        if self._pattern is not None:
            text = self._pattern.sub(lambda found: self._known[found[0]], text)
        text = NIR_FORM.sub(lambda found: Nir(re.sub(r"\W", "", found[0])).mask, text)
        return IBAN_FORM.sub(lambda found: _iban(found[0]), text)


def _iban(text: str) -> str:
    account = Iban.parse(text)
    return account.mask if account.valid else text


def _masked(value: object) -> Iterable[Masked]:
    if isinstance(value, Masked):
        yield value
    elif isinstance(value, BaseModel):
        yield from _all(getattr(value, name) for name in type(value).model_fields)
    elif isinstance(value, Mapping):
        yield from _all(value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from _all(value)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _all(getattr(value, item.name) for item in fields(value))


def _all(values: Iterable[Any]) -> Iterable[Masked]:
    for value in values:
        yield from _masked(value)
