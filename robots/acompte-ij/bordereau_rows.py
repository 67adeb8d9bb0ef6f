"""Mots-clés du bordereau : contrôle les résultats d'une exécution et en fait les lignes du classeur.

Given one JSON file (``orchestrator/drivers/bordereau.py``) and nothing else: no database, no name, no NIR. Amounts are
whole centimes, and text with two decimals beside them; a spreadsheet never gets to round money.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robot.api.deco import keyword, library

Row = list[str | int | None]

#: Every outcome a row may have, with its French title, in the order of the bordereau.
OUTCOMES = {
    "entered": "Saisis et relus",
    "awaiting_approval": "En attente de validation",
    "nothing_to_pay": "Rien à payer",
    "already_done": "Déjà faits",
    "exception": "Exceptions à traiter",
    "rejected": "Rejetés par une personne",
    "set_aside": "Lignes mises de côté",
    "other_end": "Autres fins déclarées",
    "running": "Encore en cours",
}
#: Those whose amount is in the control total.
COUNTED = ("entered", "awaiting_approval")
HEADER: Row = ["Dossier", "Référence applicative", "Montant (€)", "Montant (centimes)", "État"]
_VERSION = 1
_FORMULA = ("=", "+", "-", "@", "\t")


@library(scope="SUITE", auto_keywords=False)
class bordereau_rows:  # noqa: N801 - Robot Framework wants the class named as its file
    """Les résultats d'une exécution, contrôlés puis mis en lignes."""

    def __init__(self, results: str) -> None:
        self._path = results

    @keyword("Contrôler Les Résultats")
    def check_results(self) -> None:
        """Refuse des résultats incomplets ou contradictoires, en disant lesquels."""
        content = self._content
        if content["v"] != _VERSION:
            raise AssertionError(f"Format {_VERSION} attendu pour les résultats, {content['v']} reçu.")
        expected, found = content["run"]["delivery_rows"], len(content["rows"])
        if found != expected:
            raise AssertionError(
                f"La livraison compte {expected} lignes et les résultats {found} : il en manque ou il y en a trop. "
                "Relancer le bordereau quand l'exécution est finie."
            )
        faults = [fault for row in content["rows"] if (fault := _fault(row))]
        if faults:
            raise AssertionError(" ".join(faults[:5]))

    @keyword("Lignes Des Totaux")
    def total_rows(self) -> list[Row]:
        """Rend l'en-tête de l'exécution, une ligne par issue, puis le total de contrôle."""
        run = self._content["run"]
        about: list[Row] = [
            ["Exécution", run["id"]],
            ["Date d'exécution", run["run_date"]],
            ["Scénario", _text(f"{run['scenario']} : {run['title']}")],
            ["Empreinte du scénario", run["version"]],
            ["Robot", _text(run["robot"])],
            ["Livraison", _text(run["delivery"])],
            ["Empreinte de la livraison (SHA-256)", run["delivery_sha256"]],
            ["Lignes de la livraison", run["delivery_rows"]],
        ]
        if run["outside"]:  # rien de cela n'est relu, ni passé par le protocole de saisie
            about.append(["HORS GARANTIE", _text(", ".join(run["outside"]))])
        titles: Row = ["Issue", "Dossiers", "Montant (€)", "Montant (centimes)"]
        counted = Counter(row["outcome"] for row in self._rows)
        outcomes = [self._outcome(name, title, counted[name]) for name, title in OUTCOMES.items()]
        shown = [row for row in outcomes if row[1] or row[0] in {OUTCOMES[name] for name in COUNTED}]
        total = self.control_total()
        number = sum(counted[name] for name in COUNTED)
        last: Row = ["Total de contrôle (saisis + en attente)", number, euros(total), total]
        return [*about, [None], titles, *shown, last]

    @keyword("Lignes Des Dossiers")
    def case_rows(self) -> list[Row]:
        """Rend une ligne par dossier saisi ou en attente, avec ses références et son montant."""
        return [HEADER, *(_case(row) for row in self._rows if row["outcome"] in COUNTED)]

    @keyword("Lignes Des Exceptions")
    def exception_rows(self) -> list[Row]:
        """Rend le nombre de dossiers par code ; un dossier compte sous chacun de ses codes."""
        doubts = sum(row["doubtful"] for row in self._rows)
        stopped = [row for row in self._rows if row["outcome"] in {"exception", "set_aside"}]
        codes = Counter((OUTCOMES[row["outcome"]], code) for row in stopped for code in row["codes"])
        counted: list[Row] = [[title, _text(code), count] for (title, code), count in sorted(codes.items())]
        return [["Issue", "Code", "Dossiers"], *counted, ["Saisies en doute", None, doubts]]

    @keyword("Total De Contrôle")
    def control_total(self) -> int:
        """Rend la somme, en centimes, des montants saisis et en attente."""
        return sum(row["amount_c"] for row in self._rows if row["outcome"] in COUNTED)

    @keyword("Contrôler Le Total Relu")
    def check_read_back(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Refuse un classeur dont les lignes relues ne donnent pas le total de contrôle, en nombre ou en centimes."""
        expected = (sum(row["outcome"] in COUNTED for row in self._rows), self.control_total())
        found = (len(rows), sum(int(row["Montant (centimes)"]) for row in rows))
        texts = sum(cents(str(row["Montant (€)"])) for row in rows)
        if found != expected or texts != expected[1]:
            raise AssertionError(
                f"Classeur relu : {found[0]} lignes et {found[1]} centimes (en toutes lettres {texts}), "
                f"attendu {expected[0]} lignes et {expected[1]} centimes. Le classeur n'est pas rendu."
            )

    def _outcome(self, name: str, title: str, count: int) -> Row:
        if name not in COUNTED:
            return [title, count, None, None]
        amount = sum(row["amount_c"] for row in self._rows if row["outcome"] == name)
        return [title, count, euros(amount), amount]

    @property
    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._content["rows"]
        return rows

    @property
    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(Path(self._path).read_text(encoding="utf-8"))
        return content


def euros(centimes: int) -> str:
    """Write centimes as euros with two decimals: 69739 gives ``697,39``."""
    return f"{centimes // 100},{centimes % 100:02d}"


def cents(text: str) -> int:
    """Read such a text back."""
    whole, _, rest = text.partition(",")
    return int(whole) * 100 + int(rest)


def _fault(row: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a row, in one sentence."""
    line, outcome = row["line"], row["outcome"]
    if outcome not in OUTCOMES:
        return f"Ligne {line} : issue « {outcome} » inconnue (attendu : {', '.join(OUTCOMES)})."
    if outcome in COUNTED and (row["amount_c"] is None or row["amount_c"] < 0):
        return f"Ligne {line} : « {OUTCOMES[outcome]} » sans montant."
    if outcome in COUNTED and not row["reference"]:
        return f"Ligne {line} : « {OUTCOMES[outcome]} » sans référence de dossier."
    if outcome == "entered" and not row["entry_reference"]:
        return f"Ligne {line} : saisie sans référence applicative, donc sans relecture."
    return None


def _case(row: Mapping[str, Any]) -> Row:
    amount = row["amount_c"]
    title = OUTCOMES[row["outcome"]]
    return [_text(row["reference"]), _text(row["entry_reference"] or ""), euros(amount), amount, title]


def _text(value: str) -> str:
    """Keep a text that comes from elsewhere a text: no formula, no invisible character."""
    shown = "".join(c if c.isprintable() else "?" for c in value)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
