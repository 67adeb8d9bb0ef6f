"""Code page 1147, the EBCDIC of French hosts with the euro; Python knows 297 and 1147 no more than it knows this host."""

#: The characters of 0x40..0xFF, sixteen to a line; what stands below is control, and never shown.
_SHOWN = (
    " \xa0âä@áãå\\ñ°.<(+!"
    "&{êë}íîïìß§$*);^"
    "-/ÂÄÀÁÃÅÇÑù,%_>?"
    "øÉÊËÈÍÎÏÌµ:£à'=\""
    "Øabcdefghi«»ðýþ±"
    "[jklmnopqrªºæ¸Æ€"
    "`¨stuvwxyz¡¿ÐÝÞ®"
    "¢#¥·©]¶¼½¾¬|¯~´×"
    "éABCDEFGHI\xadôöòóõ"
    "èJKLMNOPQR¹ûü¦úÿ"
    "ç÷STUVWXYZ²ÔÖÒÓÕ"
    "0123456789³ÛÜÙÚ\x9f"
)
_SPACE = 0x40
_BYTES = {character: number for number, character in enumerate(_SHOWN, start=_SPACE)}
_UNKNOWN = _BYTES["?"]


def encode(text: str) -> bytes:
    """What the host sends for a text; a character that the code page lacks is shown as ``?``."""
    return bytes(_BYTES.get(character, _UNKNOWN) for character in text)


def decode(content: bytes) -> str:
    """The text that a terminal sent; nulls and other controls are left out."""
    return "".join(_SHOWN[number - _SPACE] for number in content if number >= _SPACE)
