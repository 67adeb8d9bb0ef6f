"""The JSON Schema of sources: one kind per entry, from the same tables as the compiler's."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.domain.ebcdic import EBCDIC
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.language.compile_fixed_width import DATE_FORMATS, LONGEST, PLACE_KEYS, RECORD_KEYS, SIGNS
from orchestrator.language.compile_sources import SOURCE_KEYS
from orchestrator.language.schema_parts import TEXT, Schema, object_of, table_of
from orchestrator.language.shapes import row_of
from orchestrator.language.source_parts import BAD_ROWS

_WHOLE: Schema = {"type": "integer", "minimum": 1, "maximum": LONGEST}
_NEEDED = {
    "csv": ("encoding", "delimiter"),
    "fixed_width": ("encoding", "length", "fields"),
    "xml": ("each", "fields"),
    "dsn": ("each", "fields"),
    "cases": ("ended",),
}
_NAMES = {
    "csv": "Nom des fichiers, comme anomalies-*.csv.",
    "excel": "Nom des classeurs, comme anomalies-*.xlsx.",
    "ods": "Nom des classeurs, comme anomalies-*.ods.",
    "fixed_width": "Nom des fichiers à largeur fixe, comme anomalies-*.txt.",
    "xml": "Nom des fichiers XML, comme camt054-*.xml.",
    "dsn": "Nom des fichiers de lignes DSN, comme dsn-*.txt.",
    "extract": "Mot-clé qui lit la liste dans une application.",
    "cases": "Scénario dont les dossiers finis deviennent ceux de celui-ci.",
    "api": "Nom donné aux livraisons d'une machine.",
}
_PLACE: dict[str, Schema] = {
    "from": _WHOLE,
    "length": _WHOLE,
    "format": {"enum": list(DATE_FORMATS)},
    "decimals": {"type": "integer", "minimum": 0, "maximum": 9},
    "sign": {"enum": list(SIGNS)},
}


def source_schema(keywords: Mapping[str, Keyword]) -> Schema:
    """Return the schema of one entry of ``sources``."""
    return {"oneOf": [_kind(kind, keywords) for kind in SOURCE_KEYS]}


def _kind(kind: str, keywords: Mapping[str, Keyword]) -> Schema:
    lists = sorted(name for name, known in keywords.items() if known.kind is Kind.EXTRACT and row_of(known.returns))
    named = {"enum": lists} if kind == "extract" else TEXT
    keys = {key: _key(kind, key) for key in SOURCE_KEYS[kind]}
    values = {kind: {**named, "description": _NAMES[kind]}, **keys, "bad_rows": {"enum": list(BAD_ROWS)}}
    return object_of(values, (kind, *_NEEDED.get(kind, ())))


def _key(kind: str, key: str) -> Schema:
    special = {
        ("fixed_width", "encoding"): {**TEXT, "description": f"Un octet par caractère ; EBCDIC : {', '.join(EBCDIC)}."},
        ("fixed_width", "fields"): table_of(object_of({key: _PLACE[key] for key in PLACE_KEYS}, ("from", "length")),
                                            "Place de chaque champ."),
        ("fixed_width", "trailer"): object_of({"rows": _at("from", "length"), "total": _total_at()}, ()),
        ("xml", "within"): {**TEXT, "description": "Élément au-dessus de « each », qui en contient au moins un."},
        ("xml", "announced"): object_of({"rows": TEXT, "total": object_of({"of": TEXT, "path": TEXT}, ("of", "path"))}, ()),
    }  # fmt: skip
    return special.get((kind, key)) or _COMMON.get(key, TEXT)


def _at(*keys: str) -> Schema:
    return object_of({key: _PLACE[key] for key in keys}, ("from", "length"))


def _total_at() -> Schema:
    keys = ("from", "length", "decimals", "sign")
    return object_of({"of": TEXT, **{key: _PLACE[key] for key in keys}}, ("of", "from", "length", "decimals"))


_COMMON: Mapping[str, Schema] = {
    "length": _WHOLE,
    "header": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "Ligne de l'en-tête."},
    "line_ends": {"type": "boolean"},
    "trailer": object_of({"rows": {"type": "boolean"}, "total": TEXT}, ()),
    "records": object_of({key: _PLACE.get(key, TEXT) for key in RECORD_KEYS}, ("from", "length", "detail")),
    "fields": table_of(TEXT, "Où est chaque champ."),
    "with": {"type": "object"},
    "ended": {**TEXT, "description": "La fin de ces dossiers, comme candidate."},
    "within": {"type": "array", "items": TEXT, "description": "Blocs au-dessus de « each », du plus haut au plus bas."},
}
