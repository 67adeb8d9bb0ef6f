"""A source of DSN lines: the block that is one row, the blocks above it, the rubric of each field."""

from __future__ import annotations

import re
from itertools import pairwise

from orchestrator.domain.sources import DsnSource
from orchestrator.language.sections import Section
from orchestrator.language.source_parts import SourceWords, bad_rows, needed_fields, pattern

_BLOCK = re.compile(r"S\d\d\.G\d\d\.\d\d", re.ASCII)
_RUBRIC = re.compile(rf"{_BLOCK.pattern}\.\d{{3}}", re.ASCII)
BLOCK_WIDTH = len("S21.G00.30")


def compile_dsn(source: Section, kind: str, words: SourceWords) -> DsnSource:
    """Return a source of DSN lines."""
    source.need("each", "S21.G00.60")
    each = source.parsed("each", _block, "")
    within = _within(source, each)
    given = needed_fields(source, words, "S21.G00.30.001")
    rubrics = {name: given.parsed(name, _rubric, "") for name in words.fields}
    for name, rubric in rubrics.items():
        block = rubric[:BLOCK_WIDTH]
        if each and block and block < each and block not in within and (node := given.get(name)):
            message = f"fields de la source : « {name} » est dans le bloc {block}, au-dessus de {each}"
            source.faults.add(node, message, f"Ajouter {block} sous within.")
    return DsnSource(
        pattern=pattern(source, kind, "dsn-*.txt"), each=each, within=within, rubrics=rubrics, bad_rows=bad_rows(source)
    )


def _within(source: Section, each: str) -> tuple[str, ...]:
    found = source.texts("within")
    for one in found:
        if not _BLOCK.fullmatch(one.text):
            source.faults.add(one, f"source : « within » : bloc attendu, comme S21.G00.30, « {one.text} » trouvé")
    blocks = [one.text for one in found]
    if each and any(above >= below for above, below in pairwise([*blocks, each])):
        message = f"source : « within » va du bloc le plus haut au plus bas, tous avant {each}"
        source.faults.add(found[0], message, "Écrire par exemple within: [S21.G00.11, S21.G00.30].")
    return tuple(blocks)


def _block(text: str) -> str:
    if not _BLOCK.fullmatch(text):
        raise ValueError("bloc attendu, comme S21.G00.60")
    return text


def _rubric(text: str) -> str:
    if not _RUBRIC.fullmatch(text):
        raise ValueError("rubrique attendue, comme S21.G00.30.001")
    return text
