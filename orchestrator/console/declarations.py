"""Reading what a person says of each entry of a case taken by hand: one line of number and amount per entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.console.held import Held, HeldLine, Said, Word
from orchestrator.console.typed import Incomplete, read_amount, read_reference
from orchestrator.domain.money import Euros

#: What is said of an entry that was not made, as the form posts it.
OTHERWISE = {"": Word.KEPT, "robot": Word.LEFT, "rien": Word.NOT_DUE}
_NOTE = "texte-done_by_hand"


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What a person says of the entries of a case, checked."""

    #: What changes.
    said: tuple[Said, ...]
    #: How many entries the person still keeps.
    kept: int
    #: How many declared numbers stand then, for a robot to read back.
    standing: int


def read_declaration(form: Mapping[str, str], held: Held, note: str) -> Declaration:
    """Read the lines of the form; raises :class:`Incomplete` with one sentence per wrong field."""
    errors: dict[str, str] = {}
    now: list[tuple[HeldLine, Said]] = []
    for place, line in enumerate(held.lines, start=1):
        if not line.proven:
            now.append((line, _Field(form, place, line, note, errors).read()))
    numbers = [said.reference for _, said in now if said.word is Word.DECLARED]
    for place, line in enumerate(held.lines, start=1):
        number = form.get(f"reference-{place}", "").strip()
        if not line.proven and numbers.count(number) > 1:
            errors.setdefault(f"reference-{place}", "Le même numéro est donné deux fois : chaque saisie a le sien.")
    words = [said.word for _, said in now]
    if not errors and not held.proven and set(words) == {Word.NOT_DUE}:
        errors["sinon-1"] = "Rien à saisir pour tout le dossier : rejetez-le, avec son motif."
    said = tuple(said for line, said in now if _changes(line, said))
    if not errors and not said and Word.KEPT in words:
        errors[f"reference-{words.index(Word.KEPT) + 1}"] = (
            "Donnez le numéro d’au moins une saisie, ou dites ce qu’il en est."
        )
    if errors:
        raise Incomplete(errors)
    return Declaration(said=said, kept=words.count(Word.KEPT), standing=words.count(Word.DECLARED))


@dataclass(frozen=True)
class _Field:
    """The fields of one line."""

    form: Mapping[str, str]
    place: int
    line: HeldLine
    note: str
    errors: dict[str, str]

    def read(self) -> Said:
        otherwise = OTHERWISE.get(self._text("sinon"), Word.KEPT)
        if self._text("reference") or self._text("montant"):
            if otherwise is not Word.KEPT:
                self._wrong("sinon", "Un numéro est donné : la saisie est faite, laissez ce choix vide.")
            return self._declared()
        if self.line.word is Word.DECLARED:
            self._wrong(
                "reference",
                "Un numéro déclaré se remplace par un autre : il n’est retiré que si la relecture ne le trouve pas.",
            )
        if otherwise is Word.NOT_DUE is not self.line.word and not self.note:
            self.errors[_NOTE] = "Note attendue : dites pourquoi il n’y a rien à saisir."
        return Said(entry=self.line.entry, word=otherwise)

    def _declared(self) -> Said:
        number, amount = "", None
        try:
            number = read_reference(self._text("reference"))
        except ValueError as error:
            self._wrong("reference", str(error))
        try:
            amount = read_amount(self._text("montant"))
        except ValueError as error:
            self._wrong("montant", str(error))
        else:
            self._judge(amount)
        return Said(entry=self.line.entry, word=Word.DECLARED, reference=number, amount_c=amount)

    def _judge(self, amount: int | None) -> None:
        """An amount is asked where there is one, and said why when it is another than the robot's."""
        if amount is None and self.line.has_amount:
            self._wrong("montant", "Montant attendu : celui de la saisie, le robot le comparera à l’application.")
        known = self.line.computed_c
        if amount is not None and known is not None and amount not in {known, self.line.amount_c} and not self.note:
            self.errors[_NOTE] = (
                f"Note attendue : le robot aurait saisi {Euros(known)}, dites pourquoi le montant est autre."
            )

    def _text(self, name: str) -> str:
        return self.form.get(f"{name}-{self.place}", "").strip()

    def _wrong(self, name: str, sentence: str) -> None:
        self.errors[f"{name}-{self.place}"] = sentence


def _changes(line: HeldLine, said: Said) -> bool:
    """True when it is not what stands already."""
    same = (line.word, line.reference, line.amount_c) == (said.word, said.reference, said.amount_c)
    return not (same or line.word is said.word is not Word.DECLARED)
