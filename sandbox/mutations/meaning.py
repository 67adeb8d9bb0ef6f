"""What an application makes of a form once a release has changed what its fields mean."""

import re
from collections.abc import Mapping
from typing import Any

_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})")


def read_otherwise(form: dict[str, str], meaning: Mapping[str, Any]) -> dict[str, str]:
    """The same form, as it is now read."""
    changed = dict(form)
    if "swap" in meaning and all(name in form for name in meaning["swap"]):
        first, second = meaning["swap"]
        changed[first], changed[second] = form[second], form[first]
    for name in ("du", "au"):
        if name in changed and "dates" in meaning:
            changed[name] = _date(changed[name], meaning["dates"])
    if "montant" in changed and "amounts" in meaning:
        changed["montant"] = _amount(changed["montant"], meaning["amounts"])
    return changed


def _date(text: str, order: str) -> str:
    """The date as the rest of the application writes it."""
    if order == "us":
        return _DATE.sub(r"\2/\1/\3", text)
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
    return f"{found[3]}/{found[2]}/{found[1]}" if found else "00/00/0000"


def _amount(text: str, style: str) -> str:
    """The amount as the rest of the application writes it: a comma is now for thousands, or what follows it is lost."""
    if style == "point":
        whole, _, cents = text.replace(",", "").partition(".")
        return f"{whole},{cents.ljust(2, '0')}"
    return f"{text.partition(',')[0]},00"
