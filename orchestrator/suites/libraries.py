"""Which libraries stay inside the guarantee: those that touch no application."""

from __future__ import annotations

from typing import Any

#: What a suite does with any other may act in an application without the entry protocol.
HARMLESS = frozenset({
    "BuiltIn", "Collections", "DateTime", "Dialogs", "Easter", "Reserved", "String", "XML",
    "RPA.Archive", "RPA.Excel.Files", "RPA.JSON", "RPA.PDF", "RPA.Tables",
    "orchestrator.bootstrap.case_library.CaseLibrary", "orchestrator.bootstrap.robot_library.KeywordLibrary",
})  # fmt: skip
_ITS_PACKAGES = {"robot", "RPA", "orchestrator"}


def harmless(library: Any) -> bool:  # noqa: ANN401 - Robot Framework's own model
    """True for one of these libraries itself; a file of the same name beside the suite is not."""
    code = library.code
    module = str(getattr(code, "__module__", None) or getattr(code, "__name__", ""))
    return library.real_name in HARMLESS and module.partition(".")[0] in _ITS_PACKAGES
