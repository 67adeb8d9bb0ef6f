"""What both rival suites need besides their library: the job of the bench, and the first and last payable day."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

_DAY = "%d/%m/%Y"
_WAITING = timedelta(days=3)


def load_job(path: str) -> Any:  # noqa: ANN401 - a suite reads it as nested mappings
    """Return the accounts, cases and folder of captures of one round."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def payable_days(start: str, end: str) -> tuple[str, str]:
    """Return the first payable day of a stop and its last, as typed into COMPTA."""
    first = datetime.strptime(start, _DAY) + _WAITING  # noqa: DTZ007 - civil days
    return f"{first:{_DAY}}", f"{max(first, datetime.strptime(end, _DAY)):{_DAY}}"  # noqa: DTZ007
