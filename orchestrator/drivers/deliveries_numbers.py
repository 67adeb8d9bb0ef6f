"""Numbers as legacy files write them: implied decimals, a sign before, after or inside the last digit, packed decimals.

Exact: a whole number of the smallest unit, then text. Sources: DOMAIN §3.2; IBM's zoned and packed decimals.
"""

from __future__ import annotations

import re

from orchestrator.domain.ebcdic import decode, is_ebcdic
from orchestrator.domain.sources import Place, Sign

#: The last digit with its sign, as text (the bytes C0…C9 and D0…D9 of American EBCDIC).
_OVERPUNCHED = {
    **{character: (digit, 1) for digit, character in enumerate("{ABCDEFGHI")},
    **{character: (digit, -1) for digit, character in enumerate("}JKLMNOPQR")},
}
_POSITIVE, _NEGATIVE = {0xC, 0xF}, {0xD}


def number_in(content: bytes, place: Place, encoding: str) -> int:
    """Read a number in its smallest unit; raises ``ValueError`` in French, without quoting it."""
    if place.sign is Sign.PACKED:
        return _packed(content)
    if place.sign is Sign.OVERPUNCH and is_ebcdic(encoding):
        return _zoned(content)
    return number_of(decode(content, encoding), place)


def by_bytes(place: Place, encoding: str) -> bool:
    """Say whether a number is read by its bytes, not as text."""
    return place.sign is Sign.PACKED or (place.sign is Sign.OVERPUNCH and is_ebcdic(encoding))


def number_of(text: str, place: Place) -> int:
    """Read a number that is written as text; raises ``ValueError`` in French, without quoting it."""
    match place.sign:
        case Sign.OVERPUNCH:
            return _overpunched(text)
        case Sign.TRAILING:
            return _signed(text[:-1], text[-1:])
        case Sign.LEADING:
            return _signed(text[1:], text[:1])
    return _digits(text)


def french(units: int, place: Place) -> str:
    """Write a number in French: ``-1205,10``; without decimals a whole number."""
    decimals = place.decimals or 0
    sign, digits = "-" if units < 0 else "", str(abs(units)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]},{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def _digits(text: str) -> int:
    if not re.fullmatch(r" *[0-9]+", text):
        raise ValueError("nombre attendu, cadré à droite, en chiffres")
    return int(text)


def _signed(digits: str, sign: str) -> int:
    if sign not in {"+", "-", " "}:
        raise ValueError("signe attendu : +, - ou un blanc")
    return -_digits(digits) if sign == "-" else _digits(digits)


def _overpunched(text: str) -> int:
    if text[-1:].isdigit():
        return _digits(text)
    if text[-1:] not in _OVERPUNCHED:
        raise ValueError("dernier chiffre signé attendu (0 à 9, { A à I, } J à R)")
    digit, sign = _OVERPUNCHED[text[-1]]
    return sign * _digits(f"{text[:-1]}{digit}")


def _zoned(content: bytes) -> int:
    """Zoned decimals by their bytes: which letter a byte is depends on the national table, its halves do not."""
    zone, digit = divmod(content[-1], 16)
    if zone not in _POSITIVE | _NEGATIVE or digit > 9:
        raise ValueError("dernier chiffre signé attendu")
    whole = _digits(content[:-1].decode("cp037") + str(digit))
    return -whole if zone in _NEGATIVE else whole


def _packed(content: bytes) -> int:
    digits, sign = content.hex()[:-1], content[-1] % 16
    if not digits.isdigit() or sign not in _POSITIVE | _NEGATIVE:
        raise ValueError("nombre condensé (COMP-3) attendu : des chiffres, puis le signe C, D ou F")
    return -int(digits) if sign in _NEGATIVE else int(digits)
