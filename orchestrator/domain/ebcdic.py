"""French EBCDIC, which Python does not know: cp297 and cp1147 (cp297 with the euro) as what differs from American cp037.

Source: IBM's code pages 297 and 1147; compared byte by byte with those of the C library.
"""

from __future__ import annotations

from codecs import charmap_decode

#: What a byte is in France where it is something else in America.
_FRENCH = dict(
    zip(
        b"\x44\x48\x4a\x4f\x51\x54\x5a\x5f\x6a\x79\x7b\x7c\x90\xa0\xa1\xb0\xb1\xb5\xba\xbb\xbd\xc0\xd0\xdd\xe0",
        "@\\°!{}§^ùµ£à[`¨¢#]¬|~éè¦ç",
        strict=True,
    )
)
_TABLES = {"cp297": _FRENCH, "cp1147": {**_FRENCH, 0x9F: "€"}}
#: By their name in Python, and our own.
EBCDIC = ("cp037", "cp500", "cp1140", *_TABLES)


def _characters(table: dict[int, str]) -> str:
    american = bytes(range(256)).decode("cp037")
    return "".join(table.get(byte, american[byte]) for byte in range(256))


_DECODED = {name: _characters(table) for name, table in _TABLES.items()}


def decode(content: bytes, encoding: str) -> str:
    """Decode in any encoding, those of French mainframes included; raises ``UnicodeDecodeError``."""
    known = _DECODED.get(encoding)
    return content.decode(encoding) if known is None else charmap_decode(content, "strict", known)[0]


def is_ebcdic(encoding: str) -> bool:
    """Say whether an encoding is one of the mainframes'."""
    return encoding in EBCDIC
