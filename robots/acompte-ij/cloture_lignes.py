"""Lignes de la clôture : ce qui a été saisi, et ce que le rapprochement avec COMPTA en dit.

Given the same file of results as the bordereau: references and amounts, nothing of a person.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from robot.api.deco import keyword, library


@library(scope="SUITE", auto_keywords=False)
class cloture_lignes:  # noqa: N801 - Robot Framework wants the class named as its file
    """Les saisies d'une exécution, et les mots de son rapprochement."""

    def __init__(self, results: str) -> None:
        self._path = results

    @keyword("Lignes Saisies")
    def entered(self) -> list[Mapping[str, str]]:
        """Rend la référence applicative et le montant de chaque acompte saisi et relu."""
        rows = json.loads(Path(self._path).read_text(encoding="utf-8"))["rows"]
        return [_line(row) for row in rows if row["outcome"] == "entered"]

    @keyword("Jour")
    def day(self, text: str) -> date:
        """Rend un jour écrit AAAA-MM-JJ."""
        return date.fromisoformat(text)

    @keyword("Bilan Du Rapprochement")
    def balance(self, compared: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - the result of tables.compared
        """Rend les comptes du rapprochement, un par ligne."""
        return [
            {"what": "Lignes identiques", "count": compared.same},
            {"what": "Saisies absentes de COMPTA", "count": compared.missing.count},
            {"what": "Montants différents", "count": len(compared.different)},
            {"what": "Autres acomptes du robot ce jour-là", "count": compared.extra.count},
        ]

    @keyword("Conclusion Du Rapprochement")
    def conclusion(self, compared: Any) -> str:  # noqa: ANN401
        """Rend une phrase ; les acomptes d'autres exécutions du même jour n'y sont pas un écart."""
        gaps = compared.missing.count + len(compared.different)
        return f"ÉCART sur {gaps} acompte(s) : à traiter avant toute validation." if gaps else "aucun écart."

    @keyword("Fichiers")
    def files(self, *files: Any) -> Sequence[Any]:  # noqa: ANN401 - results of files.find
        """Rend la liste de ces fichiers."""
        return list(files)


def _line(row: Mapping[str, Any]) -> Mapping[str, str]:
    whole, cents = divmod(row["amount_c"], 100)
    return {"reference": row["entry_reference"], "amount": f"{whole},{cents:02d}"}
