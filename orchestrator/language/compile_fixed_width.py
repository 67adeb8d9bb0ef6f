"""A fixed-width source: where each value stands, how numbers and dates are written, what says header, row and trailer."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

from orchestrator.domain.ebcdic import EBCDIC
from orchestrator.domain.sources import FixedWidthSource, Place, RecordKinds, Sign, Total
from orchestrator.language.fields import Field
from orchestrator.language.nodes import Text
from orchestrator.language.sections import Section, whole
from orchestrator.language.source_parts import SourceWords, bad_rows, needed_fields, pattern, total

#: Bytes of the longest line.
LONGEST = 32_760
DATE_FORMATS = ("AAAAMMJJ", "JJMMAAAA", "JJ/MM/AAAA", "AAAA-MM-JJ")
SIGNS: Mapping[str, Sign] = {sign.value: sign for sign in Sign}
PLACE_KEYS = ("from", "length", "format", "decimals", "sign")
RECORD_KEYS = ("from", "length", "header", "detail", "trailer")
_DATES = ("date", "partial_date")
_NUMBERS = ("euros", "decimal", "integer")
_EXAMPLE = "{from: 1, length: 15}"


def compile_fixed_width(source: Section, kind: str, words: SourceWords) -> FixedWidthSource:
    """Return a fixed-width source."""
    source.need("encoding", "cp1252")
    source.need("length", "96")
    length = source.parsed("length", whole(1, LONGEST), LONGEST)
    line_ends = source.choice("line_ends", {"true": True, "false": False}, default=True)
    given = needed_fields(source, words, _EXAMPLE)
    places = {name: _field(given, name, field, length) for name, field in words.fields.items() if name in given}
    _check_overlaps(given, places)
    _check_packed(given, places, line_ends=line_ends)
    records = _records(source, length)
    rows, summed = _trailer(source, records, length, words)
    return FixedWidthSource(
        pattern=pattern(source, kind, "anomalies-*.txt"),
        encoding=source.parsed("encoding", _encoding, "cp1252"),
        length=length,
        line_ends=line_ends,
        places=places,
        records=records,
        rows=rows,
        total=summed,
        bad_rows=bad_rows(source),
    )


def _encoding(text: str) -> str:
    if text in EBCDIC:
        return text
    try:
        single = len("é".encode(codecs.lookup(text).name)) == 1
    except (LookupError, UnicodeEncodeError):
        single = False
    if not single:
        raise ValueError(f"jeu d'un octet par caractère attendu (permis : cp1252, latin-1, {', '.join(EBCDIC)})")
    return codecs.lookup(text).name


def _field(given: Section, name: str, field: Field, length: int) -> Place:
    declared = given.section(name, f"champ {name} de la source", PLACE_KEYS)
    place = _place(declared, length)
    if field.type in _DATES:
        declared.need("format", "AAAAMMJJ")
        place = replace(place, format=_format(declared, place))
    else:
        _not_here(declared, "format", "une date")
    if field.type in _NUMBERS:
        return _number(declared, place, {"euros": 2, "integer": 0}.get(field.type, 9))
    for key in ("decimals", "sign"):
        _not_here(declared, key, "un nombre")
    return place


def _not_here(declared: Section, key: str, of: str) -> None:
    if key in declared:
        declared.faults.add(declared.entries[key][0], f"{declared.what} : « {key} » ne vaut que pour {of}")


def _format(declared: Section, place: Place) -> str | None:
    found = declared.choice("format", {form: form for form in DATE_FORMATS}, None)
    if found is not None and len(found) != place.length and (node := declared.get("format")):
        message = f"{declared.what} : {found} tient sur {len(found)} octets, « length » en dit {place.length}"
        declared.faults.add(node, message)
    return found


def _number(declared: Section, place: Place, most: int) -> Place:
    """A number says its implied decimals: guessing them would move the comma."""
    if most:
        declared.need("decimals", "2")
    decimals = declared.parsed("decimals", whole(0, most), 0)
    sign = declared.choice("sign", SIGNS, Sign.NONE)
    return replace(place, decimals=decimals, sign=sign)


def _place(declared: Section, length: int) -> Place:
    declared.need("from", "1")
    declared.need("length", "15")
    start = declared.parsed("from", whole(1, length), 1)
    width = declared.parsed("length", whole(1, length), 1)
    if start + width - 1 > length and (node := declared.get("length")):
        message = f"{declared.what} : il finit à l'octet {start + width - 1}, la ligne en a {length}"
        declared.faults.add(node, message)
    return Place(start=start, length=width)


def _check_overlaps(given: Section, places: Mapping[str, Place]) -> None:
    ordered = sorted(places.items(), key=lambda each: each[1].start)
    for (before, place), (name, following) in pairwise(ordered):
        if following.start < place.start + place.length:
            message = f"le champ « {name} » commence avant la fin du champ « {before} »"
            given.faults.add(given.entries[name][0], message, "Vérifier from et length.")


def _check_packed(given: Section, places: Mapping[str, Place], *, line_ends: bool) -> None:
    for name, place in places.items():
        if place.sign is Sign.PACKED and line_ends:
            message = f"champ {name} de la source : un nombre condensé peut contenir une fin de ligne"
            given.faults.add(given.entries[name][0], message, "Écrire line_ends: false si le fichier n'en a pas.")


def _records(source: Section, length: int) -> RecordKinds | None:
    if "records" not in source:
        return None
    declared = source.section("records", "records", RECORD_KEYS)
    declared.need("detail", '"001"')
    place = _place(declared, length)
    said = {name: declared.parsed(name, _of_width(place.length), "") for name in ("header", "detail", "trailer")}
    return RecordKinds(place=place, **said)


def _of_width(width: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) != width:
            raise ValueError(f"texte de {width} caractère(s) attendu, comme « length » le dit")
        return text

    return read


def _trailer(
    source: Section, records: RecordKinds | None, length: int, words: SourceWords
) -> tuple[Place | None, Total | None]:
    if "trailer" not in source:
        return None, None
    trailer = source.section("trailer", "trailer", ("rows", "total"))
    if records is None or not records.trailer:
        message = "trailer : rien ne dit quelle ligne est le trailer"
        source.faults.add(
            source.entries["trailer"][0], message, 'Ajouter records: {from: 1, length: 3, trailer: "999", …}.'
        )
    rows = None
    if "rows" in trailer:
        place = _place(trailer.section("rows", "rows", ("from", "length")), length)
        rows = replace(place, decimals=0)
    declared = trailer.section("total", "total", ("of", "from", "length", "decimals", "sign"))
    if "total" not in trailer:
        return rows, None
    of: Text | None = declared.scalar("of") if declared.need("of", "amount") else None
    return rows, total(declared, of, words, _number(declared, _place(declared, length), 2))
