"""One reader for each way of writing a delivery; all give the same records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from orchestrator.domain.sources import CsvSource, DsnSource, FileSource, FixedWidthSource, SheetSource
from orchestrator.drivers.deliveries_csv import read_csv
from orchestrator.drivers.deliveries_dsn import read_dsn
from orchestrator.drivers.deliveries_fixed import read_fixed_width
from orchestrator.drivers.deliveries_rules import BadRow, CaseRules, Record


def read_records(file: BinaryIO, case: CaseRules, source: FileSource) -> Iterator[Record | BadRow]:
    """Give every row, good or bad, in the order of the file; raises ``RefusedFile``, at any time until the last row.

    The modules of workbooks and XML are imported when such a file is read, never at start-up.
    """
    match source:
        case CsvSource():
            return read_csv(file, case, source)
        case FixedWidthSource():
            return read_fixed_width(file, case, source)
        case DsnSource():
            return read_dsn(file, case, source)
        case SheetSource():
            from orchestrator.drivers.deliveries_sheet import read_sheet  # noqa: PLC0415

            return read_sheet(file, case, source)
    from orchestrator.drivers.deliveries_xml import read_xml  # noqa: PLC0415

    return read_xml(file, case, source)
