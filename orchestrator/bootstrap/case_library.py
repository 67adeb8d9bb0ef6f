"""What a suite says of the case in hand, as a Robot Framework library: its result, its controls, how it ends.

``Library    orchestrator.bootstrap.case_library.CaseLibrary    AS    case``. Nothing of Robot Framework is imported here.
"""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any, Protocol

from orchestrator.domain.errors import GlrError


class NoCase(GlrError):
    """Aucun dossier n'est en cours."""

    def __init__(self, word: str) -> None:
        super().__init__(
            f"« {word} » parle du dossier en cours : il n'y en a pas ici. L'employer dans une étape « robot: » d'un scénario."
        )


class CaseSession(Protocol):
    """The case in hand, as the process of a suite gives it to this library."""

    def say(self, word: str, *values: Any) -> Any:  # noqa: ANN401 - of the word
        """Do what a word of this library asks."""


class CaseLibrary:
    """Le dossier en cours : ce que la suite en rend, ses contrôles, sa fin."""

    ROBOT_LIBRARY_SCOPE = "GLOBAL"
    ROBOT_AUTO_KEYWORDS = True
    #: Given by the process that works a case; None in any other.
    session: CaseSession | None = None

    def set_result(self, **values: object) -> None:
        """Rend le résultat de l'étape, champ par champ, tel que ``result:`` le déclare dans le scénario.

        Exemple : ``Set Result    amount=${advance.amount}``
        """
        self._say("Set Result", "set_result", values)

    def planned(self, **values: object) -> None:
        """Dit ce qui serait saisi, dès que c'est connu : un agent le voit même si un contrôle arrête la saisie.

        Exemple : ``Planned    amount=${advance.amount}``
        """
        self._say("Planned", "planned", values)

    def control(self, code: str, *conditions: str, severity: str = "") -> None:
        """Vérifie des conditions du langage des scénarios, écrites sur les variables de la suite : dans l'ordre, la première
        fausse suffit.

        Une condition fausse donne son code au dossier, avec la gravité que le scénario déclare (ou ``severity=``) : la lecture
        continue (block, retry), s'arrête (stop), ou seul un constat reste (warn). Rien n'est calculé ni saisi après un contrôle
        en échec.

        Exemple : ``Control    C-05    not person.deceased``
        """
        self._say("Control", "control", code, conditions, severity)

    def controls(self, *codes_and_conditions: str) -> None:
        """Vérifie plusieurs conditions, chacune sous son code : un seul mot-clé, et tous les codes en échec.

        Comme ``Control`` pour chacune, dans l'ordre ; les conditions qui se suivent sous un même code sont un seul contrôle,
        dont la première fausse suffit.

        Exemple :
        | Controls
        | ...    C-05    not person.deceased
        | ...    C-07    not person.locked
        """
        pairs = list(codes_and_conditions)
        if len(pairs) % 2:
            raise GlrError("Controls attend un code, puis sa condition, autant de fois qu'il le faut.")
        for code, found in groupby(zip(pairs[::2], pairs[1::2], strict=True), key=lambda pair: pair[0]):
            self._say("Controls", "control", code, tuple(condition for _, condition in found), "")

    def rules_at(self, day: date) -> object:
        """Rend les règles datées du scénario, telles qu'elles sont à ce jour.

        Exemple : ``${rules}=    Rules At    ${stop.medical_date}``, puis ``Control    C-15    rules.ij.in_force``
        """
        return self._say("Rules At", "rules_at", day)

    def end_case(self, name: str) -> None:
        """Termine le dossier sous ce nom, sans saisie. Sans effet si un contrôle est en échec : c'est lui qui décide.

        Exemple : ``End Case    nothing_to_pay``
        """
        self._say("End Case", "end_case", name)

    def _say(self, title: str, word: str, *values: object) -> object:
        if self.session is None:
            raise NoCase(title)
        return self.session.say(word, *values)
