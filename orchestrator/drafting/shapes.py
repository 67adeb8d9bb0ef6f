"""What a text looks like, and which format of ``screens.yaml`` it suggests; a suggestion is never certain."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Iban, Nir


class Shape(Enum):
    """What a text looks like."""

    EMPTY = "vide"
    NIR = "NIR"
    IBAN = "IBAN"
    DATE = "date"
    AMOUNT = "montant"
    YES_NO = "oui ou non"
    INTEGER = "nombre"
    CODE = "code"
    WORDS = "texte"


_DATE = re.compile(r"\d{2}/\d{2}/\d{4}")
_AMOUNT = re.compile(r"-?\d[\d .\u00a0\u202f]*,\d{2}\s*(?:€|EUR)?")
_INTEGER = re.compile(r"0|[1-9]\d{0,8}")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9_./-]*\d[A-Z0-9_./-]*|\d+")


def shape_of(text: str) -> Shape:
    """Return what a text looks like."""
    plain = text.strip()
    if not plain:
        return Shape.EMPTY
    if _parses(Nir.parse, plain):
        return Shape.NIR
    if Iban.parse(plain).valid:
        return Shape.IBAN
    if _DATE.fullmatch(plain):
        return Shape.DATE
    if _AMOUNT.fullmatch(plain) and _parses(Euros.parse, plain):
        return Shape.AMOUNT
    if plain in {"oui", "non"}:
        return Shape.YES_NO
    if _INTEGER.fullmatch(plain):
        return Shape.INTEGER
    return Shape.CODE if _CODE.fullmatch(plain) else Shape.WORDS


@dataclass(frozen=True, kw_only=True)
class Guess:
    """The format suggested for a field, and why, in French."""

    format: str
    why: str


#: Formats that a shape gives by itself.
_BY_SHAPE = {
    Shape.NIR: "nir",
    Shape.IBAN: "iban",
    Shape.DATE: "date",
    Shape.AMOUNT: "euros",
    Shape.YES_NO: "yes_no",
    Shape.INTEGER: "integer",
}
#: Formats that words beside a field suggest when its values do not say, tried in this order.
_BY_WORDS = (
    ("nir", re.compile(r"\bnir\b|n° assur|num[ée]ro de s[ée]cu", re.IGNORECASE)),
    ("iban", re.compile(r"\biban\b", re.IGNORECASE)),
    ("name", re.compile(r"\bnoms?\b|pr[ée]noms?|titulaire|prescripteur|b[ée]n[ée]ficiaire|conjoint|m[ée]decin", re.IGNORECASE)),
    ("date", re.compile(r"\bdate|depuis|\b(le|du|au)$|^(du|au)$|d[ée]but|\bfin\b|jj/mm", re.IGNORECASE)),
    ("euros", re.compile(r"montant|\b(brut|net|total|solde)\b|€", re.IGNORECASE)),
)  # fmt: skip
#: What says something of somebody's health, whatever its values look like.
_HEALTH = re.compile(
    r"\bald\b|invalidit|handicap|maladie|pathologie|diagnostic|affection|avis sm|m[ée]dical|grossesse", re.IGNORECASE
)
_BIRTH = re.compile(r"naiss|d[ée]c[èe]s|\bn[ée]e? le\b", re.IGNORECASE)
#: Numbers that name something rather than count it.
_NAMING = re.compile(
    r"\bcode|organisme|caisse|r[ée]f[ée]rence|t[ée]l[ée]phone|postal|siret|finess|\bbic\b", re.IGNORECASE
)
#: Words of an application about its own matter: nobody is recognised by them.
_PUBLIC = re.compile(
    r"[ée]tat|statut|nature|\btype|\bcode|\bmode\b|origine|cat[ée]gorie|certif|risque|r[ée]f[ée]rence|num[ée]ro|\bbic\b|organisme"
    r"|version|verrou|auteur",
    re.IGNORECASE,
)


def guess(shapes: Collection[Shape], said: str) -> Guess:
    """Suggest the format of a field from the shapes of its values and the words beside it.

    A text that nothing says to be harmless is ``private``: masked until the owner decides otherwise.
    """
    seen = set(shapes) - {Shape.EMPTY}
    if _HEALTH.search(said) and Shape.DATE not in seen:
        return Guess(format="private", why="dit peut-être quelque chose de la santé : masqué")
    if len(seen) == 1:
        found = _of_shape(next(iter(seen)), said)
        if found is not None:
            return found
    elif not seen:
        by_words = _of_words(said)
        if by_words is not None:
            return Guess(format=by_words, why="aucune valeur vue, d'après le libellé")
    if Shape.WORDS in seen and _of_words(said) == "name":
        return Guess(format="name", why="d'après le libellé")
    public = bool(_PUBLIC.search(said))
    why = "texte : paraît sur les captures" if public else "texte : masqué tant que vous ne dites pas text"
    return Guess(format="text" if public else "private", why=why)


def _of_shape(shape: Shape, said: str) -> Guess | None:
    form = _BY_SHAPE.get(shape)
    if form == "date" and _BIRTH.search(said):
        form = "birth_date"
    if form == "integer" and _BIRTH.search(said):
        return Guess(format="private", why="un lieu de naissance : masqué")
    if form == "integer" and _NAMING.search(said):
        return Guess(format="text", why="un numéro qui nomme")
    return Guess(format=form, why="d'après les valeurs vues") if form else None


def _of_words(said: str) -> str | None:
    form = next((each for each, words in _BY_WORDS if words.search(said)), None)
    return "birth_date" if form == "date" and _BIRTH.search(said) else form


def _parses(parse: object, text: str) -> bool:
    try:
        parse(text)  # type: ignore[operator]
    except ValueError:
        return False
    return True
