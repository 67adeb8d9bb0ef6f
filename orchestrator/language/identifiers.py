"""Identifiers of organisations as deliveries write them: read, checked by their own key, returned compact."""

from __future__ import annotations

import re

from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.fr import siret as known_siret


def organism(text: str) -> str:
    """Read the code of an organism, 9 digits; raises ``ValueError``."""
    if not re.fullmatch(r"\d{9}", text, re.ASCII):
        raise ValueError("code organisme attendu, 9 chiffres (ex. 019310000)")
    return text


def siret(text: str) -> str:
    """Read a SIRET, 14 digits with its two Luhn keys (those of La Poste have their own rule); raises ``ValueError``."""
    compact = text.replace(" ", "")
    if not re.fullmatch(r"\d{14}", compact, re.ASCII):
        raise ValueError("SIRET attendu, 14 chiffres (ex. 732 829 320 00074)")
    try:
        return str(known_siret.validate(compact))
    except ValidationError:
        raise ValueError("la clé du SIRET est fausse") from None


def finess(text: str) -> str:
    """Read a FINESS number, 9 characters with its Luhn key, which is not checked in Corsica; raises ``ValueError``."""
    compact = text.replace(" ", "").upper()
    if not re.fullmatch(r"(\d{2}|2[AB])\d{7}", compact, re.ASCII):
        raise ValueError("numéro FINESS attendu, 9 caractères (ex. 750712184)")
    if compact.isdigit() and not luhn.is_valid(compact):
        raise ValueError("la clé du numéro FINESS est fausse")
    return compact
