"""The reference that ``glr docs`` writes for those who write scenarios: keywords, functions, JSON Schema.

Everything comes from the declarations that ``glr check`` uses, so the reference cannot say anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from orchestrator.domain.keywords import EFFECT_KEY, GIVEN, Keyword, Kind
from orchestrator.language.fields import FIELD_TYPES
from orchestrator.language.functions import COLUMN, FUNCTIONS, LIST, ROWS, Function
from orchestrator.language.json_schema import scenario_schema
from orchestrator.language.shapes import alternatives, fits, french, members, plain, row_of

_WRITTEN = "Écrit par `glr docs` à partir des déclarations ; ne pas modifier à la main."
_KINDS = {
    Kind.CHECK: "vérification (check)",
    Kind.EXTRACT: "extraction (extract)",
    Kind.COMPUTE: "calcul (compute), ne touche aucune application",
    Kind.HAND_OVER: "remise (hand_over), à la clôture d'une exécution seulement",
    Kind.ENTER: "saisie (enter), par le protocole seulement",
}
_TAKEN = {ROWS: "une liste de lignes", LIST: "une liste", COLUMN: "le nom d'un champ entre guillemets"}


def reference(keywords: Mapping[str, Keyword]) -> dict[str, str]:
    """Return the files of the reference: ``{file name: content}``."""
    schema = json.dumps(scenario_schema(keywords), ensure_ascii=False, indent=2)
    return {
        "mots-cles.md": "\n".join(_keywords(keywords)) + "\n",
        "fonctions.md": "\n".join(_functions()) + "\n",
        "types.md": "\n".join(_types()) + "\n",
        "scenario.schema.json": schema + "\n",
    }


def _keywords(keywords: Mapping[str, Keyword]) -> Iterator[str]:
    yield from ("# Mots-clés", "", _WRITTEN, "")
    for name in sorted(keywords):
        yield from _keyword(keywords[name], keywords)


def _keyword(keyword: Keyword, keywords: Mapping[str, Keyword]) -> Iterator[str]:
    yield from (f"## `{keyword.name}`", "", f"{keyword.title} Genre : {_KINDS[keyword.kind]}.", "")
    yield from _table("Argument", _arguments(keyword, keywords))
    if keyword.entry is not None:
        paid = "C'est un paiement" if keyword.entry.payment else "Ce n'est pas un paiement"
        yield f"{paid}. Recherche préalable et relecture : `{keyword.entry.look_up}`. "
        compared = [each for each in (keyword.entry.amount, keyword.entry.period, keyword.entry.subject) if each]
        yield f"Comparés à la relecture : jeton, {', '.join(f'`{each}`' for each in compared)}."
        yield from (
            "",
            f"Rapprochement : `{keyword.entry.made_by}`." if keyword.entry.made_by else "Sans rapprochement.",
            "",
        )
    else:
        yield from _table("Résultat", _results(keyword.returns))


def _arguments(keyword: Keyword, keywords: Mapping[str, Keyword]) -> Iterator[tuple[str, str]]:
    titles = keyword.entry.titles if keyword.entry else {}
    for name, argument in keyword.arguments.items():
        if keyword.entry is None or name != GIVEN:
            title = f" ({titles[name]})" if name in titles else ""
            yield name, _wanted(argument.type, keywords) + title + ("" if argument.required else ", facultatif")
    if keyword.hand_over is not None:
        yield EFFECT_KEY.name, "un texte : ce qui fait que c'est cette remise-là, dans son exécution"


def _wanted(shape: Any, keywords: Mapping[str, Keyword]) -> str:  # noqa: ANN401 - a shape is any annotation
    """Name a type; one that only keywords give is named by them."""
    said = french(shape)
    sources = sorted(name for name, keyword in keywords.items() if fits(keyword.returns, shape))
    return f"le résultat de `{'` ou `'.join(sources)}`" if sources and "champs" in said else said


def _results(shape: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a shape is any annotation
    row = row_of(shape)
    if row is not None:
        yield from ((f"(chaque ligne) {name}", said) for name, said in _results(row))
        return
    titles = _titles(shape)
    for name, kind in (members(shape) or {}).items():
        yield name, french(kind) + (f" ({titles[name]})" if name in titles else "")


def _titles(shape: Any) -> dict[str, str]:  # noqa: ANN401
    found: dict[str, str] = {}
    for kind in alternatives(plain(shape)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= {name: info.title for name, info in kind.model_fields.items() if info.title}
    return found


def _functions() -> Iterator[str]:
    yield from ("# Fonctions des conditions", "", _WRITTEN, "")
    yield "Rien d'autre ne s'appelle dans une condition. Un filtre, comme `state=\"PAYE\"`, ne garde que les lignes qui"
    yield from ("ont cette valeur.", "")
    for name in sorted(FUNCTIONS):
        yield from _function(FUNCTIONS[name])


def _types() -> Iterator[str]:
    yield from ("# Types", "", _WRITTEN, "")
    yield "« Clé » : une valeur de ce type peut identifier un dossier ou une saisie. « Champ », « paramètre » : là où il va."
    yield from ("", "| Type | Sens | Clé | Champ | Paramètre |", "|---|---|---|---|---|")
    for name, known in FIELD_TYPES.items():
        where = (known.identifier, not known.no_field, not known.no_parameter)
        yield f"| `{name}` | {known.doc} | {' | '.join('oui' if each else 'non' for each in where)} |"
    yield from ("", "Une date dit son `format`, un choix ses `choices`, une liste son `separator` :", "", "```yaml")
    yield "state: {type: choice, column: État, choices: [OUVERT, CLOS]}"
    yield 'papers: {type: list, column: Pièces, separator: "|"}'
    yield "```"


def _function(function: Function) -> Iterator[str]:
    takes = ", ".join(_taken(shape) for shape in function.takes)
    filters = ", puis des filtres `champ=valeur`" if function.filters else ""
    yield from (f"## `{function.name}`", "", function.doc, "")
    yield f"Prend : {takes}{filters}. Donne : {_taken(function.gives)}. Exemple : `{function.example}`."
    yield ""


def _taken(shape: Any) -> str:  # noqa: ANN401
    return _TAKEN[shape] if isinstance(shape, str) and shape in _TAKEN else french(shape)


def _table(head: str, rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    yield from (f"| {head} | Ce que c'est |", "|---|---|")
    yield from (f"| `{name}` | {said} |" for name, said in rows)
    yield ""
