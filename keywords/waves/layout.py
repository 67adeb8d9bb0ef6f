"""The two extracts of a wave, line by line: fixed width, cp1252, a header, a person a line, a trailer that counts them.

A model: the real layout of a bascule's extracts is not published (DOMAIN §6, item 10). Positions count from 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from orchestrator.domain.errors import BusinessException
from orchestrator.domain.personal import Iban, Nir, PersonName

#: Characters of a line.
WIDTH = 118
HEADER, PERSON, TRAILER = "000", "001", "999"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One person in one extract."""

    #: Its number in the file, from 1; the header is 1.
    number: int
    nir: Nir
    birth_name: PersonName
    #: ``JJ/MM/AAAA``, as written: it may be partial.
    born: str = field(repr=False)
    #: Nine digits: who manages the person on that side.
    organism: str
    status: str
    centre: str
    #: Last day of the former rights, or first day of the new ones; None: not said.
    rights: date | None
    iban: Iban
    #: Care under way, C2S or AME, a child under two: ``O`` or ``N`` each.
    flags: str


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A line that is no person: set aside alone, with its reason."""

    number: int
    #: In French; quotes nothing of the line.
    reason: str


@dataclass(frozen=True, kw_only=True)
class Extract:
    """One of the two files, whose frame must be right before a line counts."""

    path: Path
    #: ``AVANT`` or ``APRES``, as its header says.
    side: str
    day: date

    def sha256(self) -> str:
        """Return the digest of its bytes."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def wave(self) -> str:
        """Return the number of the wave; raises ``BusinessException`` VAGUE-CADRE for a header of another side or day."""
        with self.path.open(encoding="cp1252", newline="") as file:
            head = file.readline().rstrip("\r\n")
        if not head.startswith(HEADER) or head[5:10] != self.side or head[10:18] != f"{self.day:%Y%m%d}":
            expected = f"« {HEADER}, vague, {self.side}, {self.day:%Y%m%d} » attendu"
            raise self._refused(1, f"en-tête de l'extrait : {expected}")
        return head[3:5].strip()

    def lines(self) -> Iterator[Line | Unread]:
        """Give its people one by one; raises ``BusinessException`` VAGUE-CADRE when the trailer counts others."""
        self.wave()
        count, announced, number = 0, "", 1
        with self.path.open(encoding="cp1252", errors="replace", newline="") as file:
            next(file)
            for number, raw in enumerate(file, start=2):
                text = raw.rstrip("\r\n")
                if announced:
                    raise self._refused(number, "une ligne suit la dernière (999)")
                if text.startswith(TRAILER):
                    announced = text[3:11]
                    continue
                count += 1
                yield _read(number, text)
        if announced != f"{count:08}":
            raise self._refused(number, f"{count} lignes lues, et la dernière (999) n'en annonce pas autant")

    def _refused(self, line: int, why: str) -> BusinessException:
        said = f"« {self.path.name} », ligne {line} : {why}. Rien n'est comparé : redemander l'extrait."
        return BusinessException("VAGUE-CADRE", said)


def _read(number: int, text: str) -> Line | Unread:
    if len(text) != WIDTH:
        return Unread(number=number, reason=f"longueur {len(text)}, {WIDTH} attendue")
    if not text.startswith(PERSON):
        return Unread(number=number, reason=f"enregistrement {PERSON} attendu")
    if "\N{REPLACEMENT CHARACTER}" in text:
        return Unread(number=number, reason="caractère qui n'est pas du jeu cp1252")
    try:
        return Line(
            number=number,
            nir=Nir.parse(text[3:18]),
            birth_name=_needed(text[18:48]),
            born=text[48:58],
            organism=text[58:67],
            status=text[67:69].strip(),
            centre=text[69:73].strip(),
            rights=_day(text[73:81]),
            iban=Iban.parse(text[81:115]),
            flags=_flags(text[115:118]),
        )
    except ValueError as error:
        return Unread(number=number, reason=str(error))


def _needed(text: str) -> PersonName:
    if not text.strip():
        raise ValueError("nom de naissance absent")
    return PersonName(text.strip())


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise ValueError("date des droits impossible") from None


def _flags(text: str) -> str:
    if set(text) - {"O", "N"}:
        raise ValueError("indicateurs O ou N attendus")
    return text
