"""An XML source: the element that is one row, the paths of its fields, what the file announces."""

from __future__ import annotations

import re

from orchestrator.domain.sources import Total, XmlSource
from orchestrator.language.sections import Section
from orchestrator.language.source_parts import SourceWords, bad_rows, needed_fields, pattern, total

_NAME = r"[A-Za-z_][\w.-]*"
_FROM_ROOT = re.compile(rf"{_NAME}(/{_NAME})*", re.ASCII)
_FROM_ROW = re.compile(rf"(\.\./)*(({_NAME})(/{_NAME})*(/@{_NAME})?|@{_NAME})", re.ASCII)


def compile_xml(source: Section, kind: str, words: SourceWords) -> XmlSource:
    """Return an XML source."""
    source.need("each", "Document/BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry/NtryDtls/TxDtls")
    each = source.parsed("each", _from_root, "")
    within = source.parsed("within", _from_root, "")
    if each and within and not each.startswith(f"{within}/") and (node := source.get("within")):
        source.faults.add(node, f"source : « within » est au-dessus de « each » : un début de {each} était attendu")
    given = needed_fields(source, words, "Refs/EndToEndId")
    paths = {name: given.parsed(name, _from_row, "") for name in words.fields}
    deepest = each.count("/")
    for name, path in paths.items():
        if each and path.count("../") > deepest and (node := given.get(name)):
            source.faults.add(node, f"fields de la source : « {name} » remonte au-delà de la racine")
    announced = source.section("announced", "announced", ("rows", "total"))
    return XmlSource(
        pattern=pattern(source, kind, "camt054-*.xml"),
        namespace=source.text("namespace"),
        each=each,
        within=within,
        paths=paths,
        rows=announced.parsed("rows", _from_root, ""),
        total=_total(announced, words),
        bad_rows=bad_rows(source),
    )


def _total(announced: Section, words: SourceWords) -> Total | None:
    if "total" not in announced:
        return None
    declared = announced.section("total", "total", ("of", "path"))
    declared.need("path", "Document/CstmrCdtTrfInitn/GrpHdr/CtrlSum")
    of = declared.scalar("of") if declared.need("of", "amount") else None
    return total(declared, of, words, path=declared.parsed("path", _from_root, ""))


def _from_root(text: str) -> str:
    if not _FROM_ROOT.fullmatch(text):
        raise ValueError("chemin attendu depuis la racine, comme Document/GrpHdr/NbOfTxs")
    return text


def _from_row(text: str) -> str:
    if not _FROM_ROW.fullmatch(text):
        raise ValueError("chemin attendu depuis l'élément répété, comme Refs/EndToEndId, Amt/@Ccy ou ../BookgDt/Dt")
    return text
