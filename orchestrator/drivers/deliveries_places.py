"""The values of a fixed-width line, each at its bytes; what is wrong with one is told with its column and its bytes."""

from __future__ import annotations

import re

from orchestrator.domain.ebcdic import decode
from orchestrator.domain.sources import FixedWidthSource, Place
from orchestrator.drivers.deliveries_numbers import by_bytes, french, number_in, number_of
from orchestrator.drivers.deliveries_rules import BadLine, BadRowCode, CaseRules, FieldRules, bad_value

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: How dates are written, and in which order their parts stand.
DATE_FORMATS = {
    "AAAAMMJJ": re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})", re.ASCII),
    "JJMMAAAA": re.compile(r"(?P<d>\d{2})(?P<m>\d{2})(?P<y>\d{4})", re.ASCII),
    "JJ/MM/AAAA": re.compile(r"(?P<d>\d{2})/(?P<m>\d{2})/(?P<y>\d{4})", re.ASCII),
    "AAAA-MM-JJ": re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})", re.ASCII),
}


class Places:
    """Reads lines of one source."""

    def __init__(self, case: CaseRules, source: FixedWidthSource) -> None:
        self._encoding = source.encoding
        self._fields = {name: (rules, source.places[name]) for name, rules in case.fields.items()}
        #: Where each field stands, as people count.
        self.said = {name: f"octets {at.start} à {at.start + at.length - 1}" for name, at in source.places.items()}

    def texts(self, content: bytes) -> dict[str, str]:
        """Return what a French CSV would hold for each field; raises :class:`BadLine`."""
        sound = self._sound(content)
        return {name: self._text(name, content, sound) for name in self._fields}

    def _sound(self, content: bytes) -> str | None:
        """Return the line as text, one character a byte; None when its values must be looked at one by one."""
        try:
            text = decode(content, self._encoding)
        except UnicodeDecodeError:
            return None
        return None if len(text) != len(content) or _CONTROL.search(text) else text

    def _text(self, name: str, content: bytes, sound: str | None) -> str:
        rules, place = self._fields[name]
        start, end = place.start - 1, place.start - 1 + place.length
        try:
            if place.decimals is not None:
                return french(self._number(content[start:end], sound and sound[start:end], place), place)
            text = (sound[start:end] if sound is not None else decode(content[start:end], self._encoding)).strip()
        except UnicodeDecodeError:
            raise self._unreadable(name, rules, f"octet inconnu en {self._encoding}") from None
        except ValueError as error:
            raise bad_value(rules, error, self.said[name]) from None
        if sound is None and _CONTROL.search(text):
            raise self._unreadable(name, rules, "caractère de contrôle")
        return self._date(text, place.format, name) if place.format else text

    def _number(self, content: bytes, sound: str | None, place: Place) -> int:
        if sound is None or by_bytes(place, self._encoding):
            return number_in(content, place, self._encoding)
        return number_of(sound, place)

    def _unreadable(self, name: str, rules: FieldRules, what: str) -> BadLine:
        reason = f"{what} dans la colonne « {rules.column} », {self.said[name]} : redemander le fichier"
        return BadLine(BadRowCode.CHARACTERS, reason)

    def _date(self, text: str, form: str, name: str) -> str:
        if not text:
            return ""
        found = DATE_FORMATS[form].fullmatch(text)
        if not found:
            raise bad_value(self._fields[name][0], f"date attendue au format {form}", self.said[name])
        return f"{found['d']}/{found['m']}/{found['y']}"
