"""What stands in the database of a history, asked once after each change: most polls find nothing, and need no transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Beside what is asked of it: when the first thing that a sweep looks for can be due.
STANDING = """
select exists (select 1 from exception_item where closed_at is null) as shown,
       exists (select 1 from cases where state in ('ready', 'leased', 'waiting')) as moving,
       array(select distinct scenario from cases where state = 'ready') as ready,
       extract(epoch from least(
           (select min(lease_until) from cases where state = 'leased'),
           (select min(wait_until) from cases where state = 'waiting'),
           (select min(expires_at) from approval where state = 'asked'),
           (select min(last_seen) + interval '30 seconds' from robot_session where ended_at is null)
       ))::double precision as due
"""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a poll would find; a scenario may be ready and stopped, which its poll then says."""

    #: True while people are shown something.
    shown: bool
    #: True while robots have a case, or will have one.
    moving: bool
    #: Scenarios with a case that is ready.
    ready: frozenset[str]
    #: The wall clock before which a sweep finds nothing; None: nothing will be due.
    due: float | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Standing:
        """Return what the database said."""
        return cls(shown=row["shown"], moving=row["moving"], ready=frozenset(row["ready"]), due=row["due"])
