"""Le dossier stop/go d'une vague : ce que la comparaison a trouvé, ce que des personnes ont expliqué, et les seuils du jour.

Given the results of the run, the rule packs of its version and a summary by lines: nothing of a person.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from robot.api.deco import keyword, library

#: Each difference: the column of its threshold, and what the direction reads.
TITLES = {
    "V-01": ("missing", "Absentes après la bascule"),
    "V-02": ("added", "Absentes avant la bascule"),
    "V-03": ("doubled", "En double"),
    "V-04": ("gap", "Ruptures de droits"),
    "V-05": ("overlap", "Couvertes deux fois"),
    "V-06": ("account", "Compte bancaire non gardé"),
    "V-07": ("name", "Nom différent"),
    "V-08": ("category", "Statut ou centre différent"),
}
UNREAD = "Lignes illisibles"
#: What each declared end says of a difference.
EXPLAINED = {"corrected": "corrigé", "justified": "justifié", "followed": "suivi"}
#: Rows of the list: those without an explanation come first.
LONGEST = 400


@library(scope="SUITE", auto_keywords=False)
class stop_go:  # noqa: N801 - Robot Framework wants the class named as its file
    """Le stop/go d'une vague, et ses tableaux."""

    def __init__(self, results: str, rules: str) -> None:
        self._results, self._rules = results, rules

    @keyword("Jour")
    def day(self, text: str) -> date:
        """Rend un jour écrit AAAA-MM-JJ."""
        return date.fromisoformat(text)

    @keyword("Contrôler La Vague")
    def check(self, wave: Any) -> None:  # noqa: ANN401 - the result of waves.summary
        """Refuse des extraits qui ne sont plus ceux de l'exécution, dont la livraison porte l'empreinte."""
        content = self._content()
        compared = wave.files in content["run"]["delivery"] or not content["rows"]
        if not compared or len(content["rows"]) != len(wave.found) + len(wave.unread):
            raise AssertionError(
                "Les extraits de la vague ne sont plus ceux que l'exécution a comparés : les remettre."
            )

    @keyword("Nombre De Ruptures")
    def gaps(self, wave: Any) -> int:  # noqa: ANN401
        """Rend combien de personnes ont des jours sans droits."""
        return sum("V-04" in one.codes and bool(one.gap) for one in wave.found)

    @keyword("Valeurs Du Dossier")
    def values(self, wave: Any, run: str) -> Mapping[str, Any]:  # noqa: ANN401
        """Rend ce que dit le dossier, tableaux compris."""
        ends = [row["end"] if row["end"] in EXPLAINED else "" for row in self._content()["rows"]]
        rule = self._rule(wave.day)
        differences = list(_differences(wave, ends, rule))
        above = [one["Écart"] for one in differences if one["Avis"] == "STOP"]
        return {
            "verdict": "STOP" if above else "GO",
            "motif": _why(above),
            "vague": wave.wave,
            "jour": wave.day,
            "numero": sum(bool(end) for end in ends),
            "fait_le": date.today(),  # noqa: DTZ011 - the civil day of this machine
            "execution": run,
            "empreinte_avant": wave.before.sha256,
            "empreinte_apres": wave.after.sha256,
            "regle": f"rules/vagues.yaml, seuils depuis le {rule['valid_from']:%d/%m/%Y} ({rule['source']})",
            "sans_ecart": wave.same,
            "extraits": [_extract(one) for one in (wave.before, wave.after)],
            "ecarts": differences,
            "totaux": [_category(one) for one in wave.categories],
            "illisibles": [{"Extrait": one.side, "Ligne": one.line, "Motif": one.reason} for one in wave.unread],
            **self._list(wave, ends),
        }

    def _list(self, wave: Any, ends: list[str]) -> Mapping[str, Any]:  # noqa: ANN401
        references = [row["reference"] or "" for row in self._content()["rows"]]
        rows = [_one(*each) for each in zip(wave.found, ends, references, strict=False)]
        rows.sort(key=lambda row: bool(row["Explication"]))
        left = len(rows) - LONGEST
        more = (
            f"Les {LONGEST} premiers ; {left} autres sont dans la console." if left > 0 else f"{len(rows)} personnes."
        )
        return {"liste": rows[:LONGEST], "note_liste": more}

    def _content(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(Path(self._results).read_text(encoding="utf-8"))

    def _rule(self, day: date) -> Mapping[str, Any]:
        """Return the row of the thresholds in force on the day of the bascule; the pack was checked when it was agreed to."""
        pack = yaml.safe_load((Path(self._rules) / "vagues.yaml").read_text(encoding="utf-8"))
        for row in pack["tables"]["thresholds"]["rows"]:
            if row["valid_from"] <= day <= row.get("valid_to", date.max):
                found: Mapping[str, Any] = row
                return found
        raise AssertionError(f"Aucun seuil au {day:%d/%m/%Y} dans rules/vagues.yaml.")


def _differences(wave: Any, ends: list[str], rule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    found, explained = Counter[str](), Counter[str]()
    for one, end in zip(wave.found, ends, strict=False):
        found.update(one.codes)
        explained.update(one.codes if end else ())
    for code, (column, title) in TITLES.items():
        yield _line(f"{code} {title}", found[code], explained[code], rule[column])
    yield _line(UNREAD, len(wave.unread), 0, rule["unread"])


def _line(what: str, found: int, explained: int, limit: int) -> dict[str, Any]:
    left = found - explained
    said = "STOP" if left > limit else "GO"
    counts = {"Trouvés": found, "Expliqués": explained, "Restent": left, "Seuil": limit}
    return {"Écart": what, **counts, "Avis": said}


def _why(above: list[str]) -> str:
    if not above:
        return "Chaque écart au-delà des seuils est expliqué par une personne."
    return f"Des écarts restent sans explication au-delà des seuils : {', '.join(above)}."


def _extract(facts: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"Extrait": facts.name, "Lues": facts.read, "Bonnes": facts.ok, "Illisibles": facts.read - facts.ok}


def _category(one: Any) -> dict[str, Any]:  # noqa: ANN401
    counts = {"Avant": one.before, "Après": one.after, "Différence": one.after - one.before}
    return {"Sorte": one.title, "Valeur": one.value, **counts}


def _one(found: Any, end: str, reference: str) -> dict[str, Any]:  # noqa: ANN401
    return {
        "Dossier": reference,
        "Avant": str(found.before or "-"),
        "Après": str(found.after or "-"),
        "Écarts": " ".join(found.codes),
        "Jours": "" if found.gap is None else str(found.gap),
        "Explication": EXPLAINED.get(end, ""),
    }
