"""What people type about an entry that they made: its number in the application, and its amount."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.domain.personal import Nir

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9/._-]{2,39}", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,9})(?:[,.](\d{1,2}))?", re.ASCII)


class Incomplete(Exception):
    """The decision cannot be taken as typed; nothing was written."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = errors
        super().__init__("décision incomplète")


def read_reference(text: str) -> str:
    """Read a number of the application; raises ``ValueError`` with what to do."""
    if not _REFERENCE.fullmatch(text):
        raise ValueError("Référence attendue : le numéro que l’application affiche (3 à 40 lettres et chiffres).")
    if _is_nir(text):
        raise ValueError("Ceci est un NIR : donnez le numéro de la saisie dans l’application.")
    return text


def read_amount(text: str) -> int | None:
    """Read an amount as people type it, in centimes; None when nothing is typed, ``ValueError`` when it is none."""
    compact = re.sub(r"[\s€]", "", text)
    if not compact:
        return None
    found = _AMOUNT.fullmatch(compact)
    if found is None:
        raise ValueError("Montant attendu en euros, comme 697,39.")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _is_nir(text: str) -> bool:
    try:
        Nir.parse(text)
    except ValueError:
        return False
    return True
