"""Civil dates and instants: a date has no time zone, an instant is always UTC, the zone is Europe/Paris."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
#: When what waited for a day goes on, that day.
OPENING = time(8)
_FRENCH = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_PARTIAL = re.compile(
    r"(?P<day>\d{2})/(?P<month>\d{2})/(?P<year>\d{4})|(?P<iso_year>\d{4})-(?P<iso_month>\d{2})-(?P<iso_day>\d{2})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A period of civil days, both ends included (DOMAIN A.3)."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """The number of calendar days; zero when the end is before the start."""
        return max(0, (self.end - self.start).days + 1)

    def overlaps(self, other: Period) -> bool:
        """True when at least one day is in both."""
        return self.start <= other.end and other.start <= self.end

    def __str__(self) -> str:
        return f"du {french_date(self.start)} au {french_date(self.end)}"


class Clock(Protocol):
    """Where instants come from."""

    def now(self) -> datetime:
        """Return the current instant, UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current instant, UTC."""
        return datetime.now(UTC)


def paris_date(instant: datetime) -> date:
    """Return the civil date in Europe/Paris of an instant (a run at 00:30 Paris is still yesterday in UTC)."""
    return instant.astimezone(PARIS).date()


def opening(day: date) -> datetime:
    """Return the instant, UTC, from which that civil day is worked: :data:`OPENING` in Europe/Paris."""
    return datetime.combine(day, OPENING, tzinfo=PARIS).astimezone(UTC)


def parse_french_date(text: str) -> date:
    """Read ``JJ/MM/AAAA``; raises ``ValueError`` that says what was expected (DOMAIN B21, C17: 30/02, 31/04)."""
    found = _FRENCH.fullmatch(text.strip())
    if not found:
        raise ValueError("date attendue au format JJ/MM/AAAA")
    day, month, year = (int(part) for part in found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"date impossible : {text.strip()} n'existe pas au calendrier") from None


def parse_french_period(text: str) -> Period:
    """Read ``du JJ/MM/AAAA au JJ/MM/AAAA`` (``du`` may be missing, ``au`` may be ``-``); raises ``ValueError``."""
    found = re.fullmatch(r"(?:du )?(\S+?) ?(?:au|-) ?(\S+)", text.strip())
    if not found:
        raise ValueError("période attendue, comme « du 05/03/2026 au 26/03/2026 »")
    start, end = (parse_french_date(part) for part in found.groups())
    if end < start:
        raise ValueError("la fin de la période est avant son début")
    return Period(start, end)


@dataclass(frozen=True, kw_only=True)
class PartialDate:
    """A date of which the day, or the day and the month, are unknown, as many birth dates are; no order."""

    year: int
    #: 1 to 12; None when unknown.
    month: int | None
    #: 1 to 31; None when unknown.
    day: int | None

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read ``JJ/MM/AAAA`` or ``AAAA-MM-JJ`` with ``00`` for what is unknown; raises ``ValueError``."""
        found = _PARTIAL.fullmatch(text.strip())
        if not found:
            raise ValueError("date attendue au format JJ/MM/AAAA, 00 pour un jour ou un mois inconnu")
        day, month, year = (int(found[name] or found[f"iso_{name}"]) for name in ("day", "month", "year"))
        if day and not month:
            raise ValueError("un jour connu dans un mois inconnu (00) n'est pas une date")
        try:
            date(year, month or 1, day or 1)
        except ValueError:
            raise ValueError("date impossible au calendrier") from None
        return cls(year=year, month=month or None, day=day or None)

    @property
    def french(self) -> str:
        """Write ``JJ/MM/AAAA``, with ``00`` for what is unknown."""
        return f"{self.day or 0:02d}/{self.month or 0:02d}/{self.year:04d}"

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month or 0:02d}-{self.day or 0:02d}"


def french_date(day: date) -> str:
    """Write ``JJ/MM/AAAA``."""
    return f"{day:%d/%m/%Y}"


def date_of(text: str) -> date:
    """Read an ISO date, ``AAAA-MM-JJ``."""
    return date.fromisoformat(text)
