"""Types of fields and parameters: how each is read from a delivery, from a scenario, and written canonically."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from orchestrator.domain.canonical import canonical
from orchestrator.domain.civil import PartialDate, Period, parse_french_date, parse_french_period
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Health, Iban, Nir, PersonName, Secret
from orchestrator.language.identifiers import finess, organism, siret

#: Signs of a text in UTF-8 that was read as cp1252 or latin-1: ``Ã©``, ``â€™``, ``Â°``.
_MOJIBAKE = re.compile("[ÂÃ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€|Å[\u0080-\u00bf“”’‘]")
__all__ = ["FIELD_TYPES", "Field", "FieldType", "canonical", "literal_euros"]
_LITERAL_EUROS = re.compile(r"(\d+)\.(\d{2}) EUR", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class FieldType:
    """One type of the language."""

    #: Its name in scenarios.
    name: str
    #: The Python type of its values.
    python: Any
    #: Reads the text of a delivery (French formats); raises ``ValueError`` in French, without personal values.
    read: Callable[[str], Any]
    #: Reads canonical text and the literals of scenarios.
    parse: Callable[[str], Any]
    #: How deliveries write it and what is checked, in French.
    doc: str
    #: True when a value can identify a business object: may stand in a key.
    identifier: bool = False
    #: What a field of this type must say besides its column.
    needs: str = ""
    #: Why no field, or no parameter, is of this type; empty when it may be.
    no_field: str = ""
    no_parameter: str = ""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a case."""

    #: Its name in expressions.
    name: str
    #: The name of its type: ``nir``, ``name``, ``text``, ``date``…
    type: str
    #: The title of its column in the delivery.
    column: str
    #: Longest text allowed.
    max: int | None = None
    #: How the delivery writes it, e.g. ``JJ/MM/AAAA``.
    format: str | None = None
    #: The values that a choice may have.
    choices: tuple[str, ...] = ()
    #: What stands between the items of a list.
    separator: str = ""

    @property
    def python(self) -> Any:  # noqa: ANN401 - any class
        """The Python type of its values."""
        return FIELD_TYPES[self.type].python

    def parse(self, text: str) -> Any:  # noqa: ANN401 - typed by the field
        """Read canonical text (what :class:`~orchestrator.drivers.deliveries.DeliveryRow` and the store keep)."""
        return FIELD_TYPES[self.type].parse(text)

    def read(self, text: str) -> Any:  # noqa: ANN401 - typed by the field
        """Read the text of a delivery; raises ``ValueError``, in French, that never quotes a personal value."""
        clean = text.strip()
        if not clean:
            raise ValueError("valeur obligatoire, vide dans le fichier")
        if not text.isascii() and _MOJIBAKE.search(text):
            raise ValueError("caractères abîmés (UTF-8 lu dans un autre jeu) : redemander le fichier")
        if self.max is not None and len(clean) > self.max:
            raise ValueError(f"texte trop long : {len(clean)} caractères, {self.max} au plus")
        if self.separator:
            return _items(clean, self.separator)
        if self.choices and clean not in self.choices:
            raise ValueError(f"une de ces valeurs attendue : {', '.join(self.choices)}")
        return FIELD_TYPES[self.type].read(clean)


def literal_euros(text: str) -> Euros:
    """Read an amount of a scenario: ``800.00 EUR``; raises ``ValueError``."""
    found = _LITERAL_EUROS.fullmatch(text)
    if not found:
        raise ValueError("montant attendu, écrit avec un point, deux décimales et EUR (ex. 800.00 EUR)")
    return Euros(int(found[1]) * 100 + int(found[2]))


def _euros(text: str) -> Euros:
    return literal_euros(text) if text.endswith("EUR") else Euros.parse(text)


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise ValueError("nombre entier attendu")
    return int(text)


def _decimal(text: str) -> Decimal:
    if not re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", text, re.ASCII):
        raise ValueError("nombre décimal attendu, écrit avec un point (ex. 0.80)")
    return Decimal(text)


def _french_decimal(text: str) -> Decimal:
    if not re.fullmatch(r"-?\d{1,18}(,\d{1,18})?", text, re.ASCII):
        raise ValueError("nombre décimal attendu, écrit avec une virgule (ex. 0,80)")
    return Decimal(text.replace(",", "."))


def _iso_date(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError("date attendue au format AAAA-MM-JJ")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("date impossible au calendrier") from None


def _iso_period(text: str) -> Period:
    start, _, end = text.partition("/")
    return Period(_iso_date(start), _iso_date(end))


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("true ou false attendu")
    return text == "true"


def _french_boolean(text: str) -> bool:
    found = {"oui": True, "o": True, "non": False, "n": False}.get(text.lower())
    if found is None:
        raise ValueError("oui ou non attendu (ou O, N)")
    return found


def _items(text: str, separator: str) -> tuple[str, ...]:
    items = tuple(item.strip() for item in text.split(separator))
    if not all(items):
        raise ValueError(f"élément vide dans la liste (séparateur « {separator} »)")
    return items


def _kept_items(text: str) -> tuple[str, ...]:
    return tuple(str(item) for item in json.loads(text))


def _no_secret(text: str) -> str:  # noqa: ARG001 - never read, never repeated
    raise ValueError("un secret ne se lit ni dans une livraison ni dans un scénario")


_NOWHERE = "un secret n'est jamais conservé : il se met dans les comptes du robot (secrets/), pas ici"
_OF_A_PERSON = "une valeur de ce type est celle d'une personne : elle vient d'un dossier, pas d'un paramètre"
_OF_A_DELIVERY = "ce type ne sert qu'aux champs d'une livraison"


def _type(name: str, python: Any, read: Any, parse: Any = None, **about: Any) -> FieldType:  # noqa: ANN401
    return FieldType(name=name, python=python, read=read, parse=parse or read, **about)


#: Every type of the language by name.
FIELD_TYPES = {
    known.name: known
    for known in (
        _type("nir", Nir, Nir.parse, identifier=True, no_parameter=_OF_A_PERSON,
              doc="15 caractères, espaces permis ; sexe, mois, département et clé vérifiés. Masqué."),
        _type("iban", Iban, Iban.parse, doc="Espaces permis ; une clé fausse se voit par `.valid`. Masqué."),
        _type("name", PersonName, PersonName, no_parameter=_OF_A_PERSON,
              doc="Nom d'une personne, tel qu'écrit ; `same_name` compare sans accents ni traits d'union. Masqué."),
        _type("text", str, str, identifier=True, doc="Tel qu'écrit."),
        _type("choice", str, str, needs="choices", no_parameter=_OF_A_DELIVERY,
              doc="Une des valeurs de `choices`, exactement."),
        _type("date", date, parse_french_date, _iso_date, needs="format",
              doc="`27/03/2026` dans une livraison, `2026-03-27` dans un scénario ; le calendrier est vérifié."),
        _type("period", Period, parse_french_period, _iso_period, no_parameter=_OF_A_DELIVERY,
              doc="`du 05/03/2026 au 26/03/2026`, bornes comprises ; `.start`, `.end`, `.days`."),
        _type("partial_date", PartialDate, PartialDate.parse, no_parameter=_OF_A_PERSON,
              doc="`00/05/1960` : jour, ou jour et mois, inconnus ; `.day` et `.month` manquent alors (`known`)."),
        _type("integer", int, _integer, identifier=True, doc="Nombre entier."),
        _type("decimal", Decimal, _french_decimal, _decimal, doc="`0,80`, et `0.80` dans un scénario ; exact."),
        _type("euros", Euros, Euros.parse, _euros, doc="`1 205,00`, et `1205.00 EUR` dans un scénario ; exact."),
        _type("boolean", bool, _french_boolean, _boolean, doc="`oui`, `non`, `O`, `N` ; `true`, `false` dans un scénario."),
        _type("organism", str, organism, identifier=True, doc="Code d'un organisme, 9 chiffres."),
        _type("siret", str, siret, identifier=True, doc="14 chiffres, espaces permis ; clés vérifiées, La Poste comprise."),
        _type("finess", str, finess, identifier=True, doc="9 caractères ; clé vérifiée, sauf en Corse (2A, 2B)."),
        _type("list", tuple[str, ...], str, _kept_items, needs="separator", no_parameter=_OF_A_DELIVERY,
              doc="Plusieurs textes dans une colonne, séparés par `separator` ; aucun n'est vide."),
        _type("health", Health, Health, no_parameter=_OF_A_PERSON,
              doc="Donnée de santé : remise aux mots-clés, jamais affichée à personne, ni comparée, ni corrigée."),
        _type("secret", Secret, _no_secret, no_field=_NOWHERE, no_parameter=_NOWHERE,
              doc="Jamais conservé : refusé dans un champ et dans un paramètre ; sa place est dans les comptes du robot."),
    )
}  # fmt: skip
#: The types that a field, or a parameter, may have.
OF_FIELDS = tuple(name for name, known in FIELD_TYPES.items() if not known.no_field)
OF_PARAMETERS = tuple(name for name, known in FIELD_TYPES.items() if not known.no_parameter)
