"""Migration waves: the former scheme's extract compared with the new one's, person by person (DOMAIN §6, item 10)."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from keywords.files import placed
from keywords.files.models import FoundFile
from keywords.waves import joining
from keywords.waves.joining import Comparison
from keywords.waves.layout import Extract, Line
from keywords.waves.models import Difference, Found, Kinds, Pair, Summary, fingerprint
from orchestrator.domain.civil import french_date
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import compute, extract, hand_over
from orchestrator.domain.ports import Workshop

_CODES = tuple(f"V-0{number}" for number in range(1, 9))
#: What a person says of a difference instead of this one.
UNEXPLAINED = "A EXPLIQUER"
#: The columns of a delivery of ``mutation-entrante``.
_COLUMNS = (
    "Réf. mutation", "N° assuré", "Nom de naissance", "Né le", "Organisme cédant", "Organisme prenant", "Date d'effet",
    "Reçue le", "Fin des droits", "Soins en cours", "C2S ou AME", "Enfant de moins de 2 ans",
)  # fmt: skip
_TOLD = {
    joining.MISSING: "absente après la bascule",
    joining.ADDED: "absente avant la bascule",
    joining.DOUBLED: "en double, le reste n'est pas comparé",
    joining.ACCOUNT: "compte bancaire non gardé",
    joining.NAME: "nom de naissance différent",
    joining.CATEGORY: "statut ou centre différent",
}


@extract("waves.differences", "Personnes d'une vague qui diffèrent avant et après la bascule.")
async def differences(workshop: Workshop, *, folder: str, day: date) -> list[Difference]:
    """Compare ``vague-AAAAMMJJ-avant.txt`` with ``vague-AAAAMMJJ-apres.txt``, person by person; rights are civil days.

    Gap: new start - former end - 1; positive, days without rights; negative, days covered twice. Names are compared
    after normalisation, accounts by digests. A line that cannot be read comes last, without a number of a person.
    Raises ``BusinessException`` FICHIER-ABSENT, VAGUE-CADRE (header, day or count), VAGUE-PAIRE (two waves),
    FICHIER-CHANGE (while it was read). Source: DOMAIN C.3 and §6, item 10.
    Example: ``extract: waves.differences`` with ``folder: vagues`` and ``day: ${run.date}``.
    """
    return await asyncio.to_thread(_differences, _Compared.of(workshop, folder, day))


@extract("waves.summary", "Une vague avant et après la bascule : comptes, totaux, écarts par ligne.")
async def summary(workshop: Workshop, *, folder: str, day: date) -> Summary:
    """Count both extracts and say where they differ, by lines: nothing of anybody. Raises as ``waves.differences``.

    Example: ``waves.summary    folder=vagues    day=${jour}``.
    """
    compared = _Compared.of(workshop, folder, day)
    return await asyncio.to_thread(compared.summary)


@extract("waves.pair", "Les deux extraits d'une vague tels qu'ils sont maintenant.")
async def pair(workshop: Workshop, *, folder: str, day: date) -> Pair:
    """Read the digests of both extracts: what was compared is still what lies there, or not.

    Raises ``BusinessException`` FICHIER-ABSENT. Example: ``extract: waves.pair`` then ``V-00: pair.files == files``.
    """
    compared = _Compared.of(workshop, folder, day)
    return Pair(files=fingerprint(compared.before.sha256(), compared.after.sha256()))


@compute("waves.kinds", "Ce qui diffère pour une personne.")
def kinds(*, found: str) -> Kinds:
    """Tell the codes of a difference apart, ``V-01 V-06``; an unknown one is a ``BusinessException`` VAGUE-CODE.

    Example: ``compute: waves.kinds`` with ``found: ${found}``, then ``V-01: not kinds.missing``.
    """
    codes = dict(zip(_CODES, Kinds.model_fields, strict=True))
    said = found.split()
    if not said or set(said) - set(codes):
        raise BusinessException("VAGUE-CODE", f"Codes attendus : {', '.join(codes)}, séparés par des blancs.")
    return Kinds(**{name: code in said for code, name in codes.items()})


@hand_over(
    "waves.priority_list",
    "Liste prioritaire des ruptures de droits, pour mutation-entrante.",
    visible=True,
    personal=True,
)
async def priority_list(workshop: Workshop, *, folder: str, day: date, to: str, name: str) -> FoundFile:
    """Write the people with days without rights as a delivery of ``mutation-entrante``, the longest gap first.

    :param to: the declared folder where it is put; never over another file.
    Raises as ``waves.differences``, and FICHIER-PRESENT. Example: ``waves.priority_list    folder=vagues    day=${jour}
    to=arrivees    name=mutations-entrantes-vague-20200118.csv    effect_key=liste-prioritaire``.
    """
    draft = workshop.drafts() / "liste.csv"
    await asyncio.to_thread(_write_list, _Compared.of(workshop, folder, day), draft)
    return placed(workshop, to, name, draft)


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """Both extracts of a day, and where their comparison is made."""

    before: Extract
    after: Extract
    draft: Path

    @classmethod
    def of(cls, workshop: Workshop, folder: str, day: date) -> _Compared:
        """Find both; raises ``BusinessException`` FICHIER-ABSENT."""
        paths = [workshop.existing(folder, f"vague-{day:%Y%m%d}-{side}.txt") for side in ("avant", "apres")]
        return cls(
            before=Extract(path=paths[0], side="AVANT", day=day),
            after=Extract(path=paths[1], side="APRES", day=day),
            draft=workshop.drafts() / "vague.sqlite",
        )

    def summary(self) -> Summary:
        """Compare them; what was read must be what lies there afterwards."""
        with suppress(FileNotFoundError):
            self.draft.unlink()
        return Comparison(self.before, self.after, self.draft).summary()

    def people(self, found: Sequence[Found]) -> tuple[Mapping[int, Line], Mapping[int, Line]]:
        """Return the people of these lines of both extracts."""
        wanted = {one.before for one in found}, {one.after for one in found}
        return _of(self.before, wanted[0]), _of(self.after, wanted[1])

    def check(self, found: Summary) -> None:
        """Raise ``BusinessException`` FICHIER-CHANGE unless both are what was compared."""
        if (self.before.sha256(), self.after.sha256()) != (found.before.sha256, found.after.sha256):
            raise BusinessException("FICHIER-CHANGE", "Un extrait a changé pendant sa lecture. Rien n'est comparé.")


def _of(side: Extract, wanted: set[int | None]) -> dict[int, Line]:
    return {line.number: line for line in side.lines() if line.number in wanted and isinstance(line, Line)}


def _differences(compared: _Compared) -> list[Difference]:
    found = compared.summary()
    before, after = compared.people(found.found)
    rows = [_row(found, one, (before, after)) for one in found.found]
    compared.check(found)
    return [*rows, *_unread(found)]


def _row(found: Summary, one: Found, people: tuple[Mapping[int, Line], Mapping[int, Line]]) -> Difference:
    person = people[0].get(one.before or 0) or people[1][one.after or 0]
    return Difference(
        wave=found.wave,
        nir=person.nir,
        birth_name=person.birth_name,
        before_line=str(one.before or "-"),
        after_line=str(one.after or "-"),
        found=" ".join(one.codes),
        details=", ".join(_told(one)),
        files=found.files,
        explanation=UNEXPLAINED,
    )


def _told(one: Found) -> Iterator[str]:
    for code in one.codes:
        if code == joining.GAP:
            yield f"{one.gap} jours sans droits" if one.gap else "droits qui ne s'ouvrent à aucune date"
        elif code == joining.OVERLAP:
            yield (
                f"{-one.gap} jours couverts deux fois" if one.gap else "anciens droits qui ne se ferment à aucune date"
            )
        else:
            yield _TOLD[code]


def _unread(found: Summary) -> Iterator[Difference]:
    """Give the lines set aside: without a number of a person, a delivery sets them aside too."""
    for one in found.unread:
        lines = (str(one.line), "-") if one.side == "AVANT" else ("-", str(one.line))
        yield Difference(
            wave=found.wave, nir=None, birth_name=None, before_line=lines[0], after_line=lines[1], found="ILLISIBLE",
            details=one.reason, files=found.files, explanation=UNEXPLAINED,
        )  # fmt: skip


def _write_list(compared: _Compared, path: Path) -> None:
    found = compared.summary()
    broken = [one for one in found.found if joining.GAP in one.codes and one.gap]
    broken.sort(key=lambda one: (-(one.gap or 0), one.after))
    before, after = compared.people(broken)
    rows = [_transfer(found, before[one.before or 0], after[one.after or 0]) for one in broken]
    compared.check(found)
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerows([_COLUMNS, *rows, ("FIN", len(rows))])


def _transfer(found: Summary, before: Line, after: Line) -> list[str]:
    days = [french_date(day) if day else "" for day in (after.rights, found.day, before.rights)]
    facts = ["oui" if flag == "O" else "non" for flag in after.flags]
    who = (after.nir.reveal(), after.birth_name.reveal(), after.born)
    return [f"VAG{found.wave}-{after.number:06}", *who, before.organism, after.organism, *days, *facts]
