"""Personal and secret values that mask themselves.

``str``, ``repr``, ``format`` and JSON show the mask; only :meth:`Masked.reveal` gives the clear text, so that every
place that needs it can be found by one search. Rules: AUDIT (personal data), DOMAIN §3.1 (NIR) and §3.2 (IBAN).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from stdnum.iso7064 import mod_97_10


class Masked:
    """A value whose clear text never reaches a log, a message or a screen by accident."""

    __slots__ = ("_clear",)
    #: The French name of the type, used in messages.
    title: ClassVar[str] = "valeur masquée"

    def __init__(self, clear: str) -> None:
        self._clear = clear

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the value, or raise ``ValueError`` whose message never repeats the text."""
        return cls(text)

    def reveal(self) -> str:
        """Return the clear text, for typing it into an application or showing it to the claimer."""
        return self._clear

    @property
    def mask(self) -> str:
        """Return what may be shown to anyone."""
        return "••••"

    @property
    def display(self) -> str:
        """Return what whoever has claimed the case may see: the clear text, unless the type is never displayed."""
        return self._clear

    def __str__(self) -> str:
        return self.mask

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.mask})"

    def __format__(self, spec: str) -> str:
        return format(self.mask, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and other._clear == self._clear

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._clear))

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(f"{type(self).__name__} ne se sérialise pas : utiliser reveal() là où c'est permis")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        def validate(value: object) -> Masked:
            if isinstance(value, cls):
                return value
            if isinstance(value, str):
                return cls.parse(value)
            raise ValueError(f"{cls.title} attendu")

        return core_schema.no_info_plain_validator_function(
            validate, serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.mask)
        )


_NIR = re.compile(
    r"(?P<sex>[1-478])(?P<yy>\d{2})(?P<mm>0[1-9]|1[0-2]|[23]\d|4[0-2]|[5-9]\d)"
    r"(?P<dep>0[1-9]|[1-8]\d|9\d|2[AB])(?P<com>\d{3})(?P<rank>\d{3})(?P<key>0[1-9]|[1-8]\d|9[0-7])",
    re.ASCII,
)


class Nir(Masked):
    """A French social-security number with its key, 15 characters, canonical upper case (DOMAIN §3.1)."""

    __slots__ = ()
    title = "NIR"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check structure and key (97 - N mod 97, with 2A as 19 and 2B as 18); spaces and dots are dropped."""
        compact = text if _NIR.fullmatch(text) else re.sub(r"[\s.\u00a0\u202f-]", "", text).upper()
        if re.fullmatch(r"\d[.,]?\d*E\+?\d+", compact):
            raise ValueError("NIR abîmé par un tableur (notation scientifique) : redemander le fichier en texte")
        if re.fullmatch(r"\d[0-9AB]{12}", compact):
            raise ValueError("NIR de 13 caractères sans clé : la clé (2 chiffres) est exigée")
        if len(compact) != 15:
            raise ValueError(f"NIR de 15 caractères attendu, {len(compact)} trouvés")
        if not _NIR.fullmatch(compact):
            raise ValueError("NIR de structure impossible (sexe, mois, département ou clé)")
        if nir_key(compact[:13]) != int(compact[13:]):
            raise ValueError("clé du NIR fausse")
        return cls(compact)

    @property
    def mask(self) -> str:
        """Only the last three characters of the number, as agents know it from their lists."""
        return f"••{self._clear[10:13]}"

    @property
    def provisional(self) -> bool:
        """True for numbers being registered (first digit 3, 4, 7, 8): never paid by a robot (C-02)."""
        return self._clear[0] not in "12"

    @property
    def birth_year(self) -> int:
        """The two digits of the year of birth, whose century the number does not say."""
        return int(self._clear[1:3])

    @property
    def birth_month(self) -> int | None:
        """1 to 12; None for a pseudo-month, given when the month of birth is not known (DOMAIN §3.1)."""
        month = int(self._clear[3:5])
        return month if month <= 12 else None

    @property
    def birth_place(self) -> str:
        """The two characters of the department: 01 to 95, 2A, 2B, 96 to 99 overseas or abroad."""
        return self._clear[5:7]

    @property
    def in_digits(self) -> str:
        """The number without its key as an application without letters keeps it: Corsica is 19 and 18."""
        return in_digits(self._clear[:13])


def nir_key(number: str) -> int:
    """Return the control key of a 13-character NIR, 1..97."""
    return 97 - int(in_digits(number)) % 97


def in_digits(number: str) -> str:
    """Write the Corsican departments 2A and 2B of a 13-character NIR as 19 and 18."""
    return number.replace("2A", "19").replace("2B", "18")


class Iban(Masked):
    """An IBAN, compact upper case; validity is asked, not imposed (a wrong one is the control C-08)."""

    __slots__ = ()
    title = "IBAN"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Drop spaces; any text is kept so that a control can judge it."""
        return cls(re.sub(r"\s", "", text).upper())

    @property
    def mask(self) -> str:
        """Country, and the last four characters."""
        return f"{self._clear[:2]}•• •••• {self._clear[-4:]}"

    @property
    def country(self) -> str:
        """The two letters of the country."""
        return self._clear[:2]

    @property
    def valid(self) -> bool:
        """True when the structure and the mod 97 key are right (no national bank list: TRAPS, French data)."""
        if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", self._clear, re.ASCII):
            return False
        if self.country in {"FR", "MC"} and len(self._clear) != 27:
            return False
        return bool(mod_97_10.is_valid(self._clear[4:] + self._clear[:4]))


class PersonName(Masked):
    """A name of a person, as written by its source."""

    __slots__ = ()
    title = "nom"

    @property
    def mask(self) -> str:
        """The initial."""
        return f"{self._clear[:1]}•••" if self._clear else "(vide)"

    @property
    def first(self) -> PersonName:
        """The first of several given names separated by commas: ``Jean-Luc, Marie`` gives ``Jean-Luc``."""
        return PersonName(self._clear.partition(",")[0].strip())

    @property
    def normalised(self) -> str:
        """Upper case without accents, hyphens and apostrophes as spaces (DOMAIN C.3)."""
        spaced = re.sub(
            r"[-'’`´]", " ", self._clear.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE")
        )
        bare = "".join(c for c in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(c))
        return " ".join(bare.upper().split())


class PrivateText(Masked):
    """A free text or a date that says something of a person (birth date, refusal reason): masked like a name."""

    __slots__ = ()
    title = "texte personnel"


class Health(Masked):
    """Data on health: handed to keywords, never displayed to anybody, nor compared in a condition."""

    __slots__ = ()
    title = "donnée de santé"

    @property
    def display(self) -> str:
        """The mask, whoever asks."""
        return self.mask


class Secret(Masked):
    """A password or key: never stored, never shown."""

    __slots__ = ()
    title = "secret"

    @property
    def display(self) -> str:
        """The mask, whoever asks."""
        return self.mask


_GAP = r"[\s.\u00a0\u202f-]?"
#: The form of a NIR, with or without its key, whatever its key says: one mistyped is somebody's too.
NIR_FORM = re.compile(
    rf"(?<![0-9A-Za-z])[1-478]{_GAP}\d\d{_GAP}\d\d{_GAP}(?:\d\d|2[ABab]){_GAP}\d{{3}}{_GAP}\d{{3}}(?:{_GAP}\d\d)?(?![0-9A-Za-z])"
)
IBAN_FORM = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}\d{2}(?:[ \u00a0]?[A-Za-z0-9]){11,30}(?![0-9A-Za-z])")


def personal_form(text: str) -> bool:
    """True when a text holds what has the form of a NIR, or a valid IBAN: it must not leave the house in clear."""
    return NIR_FORM.search(text) is not None or any(Iban.parse(found[0]).valid for found in IBAN_FORM.finditer(text))
