"""Which libraries stay inside the guarantee: those that touch no application."""

from __future__ import annotations

#: What a suite does with any other may act in an application without the entry protocol.
HARMLESS = frozenset({
    "BuiltIn", "Collections", "DateTime", "Dialogs", "Easter", "Reserved", "String", "XML",
    "RPA.Archive", "RPA.Excel.Files", "RPA.JSON", "RPA.PDF", "RPA.Tables",
    "orchestrator.bootstrap.case_library.CaseLibrary", "orchestrator.bootstrap.robot_library.KeywordLibrary",
})  # fmt: skip
