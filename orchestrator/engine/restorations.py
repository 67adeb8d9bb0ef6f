"""A restored house has forgotten what was entered since its backup: robots begin nothing until people have looked (ENTER).

The mark is a row, written in the transaction that brings the house back. While it stands PostgreSQL refuses every intent and
every hand-over, and shows no case to a session. It is lifted by a supervisor once each application in which something was
entered was compared since, and each gap explained; the look before each act then finds what had been entered. (Settling one
entry in doubt is another matter: the doubts of a case.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from orchestrator.domain.civil import PARIS
from orchestrator.domain.errors import HouseRestored, SettingsError
from orchestrator.engine.wake import checked_reason
from orchestrator.store.database import StoreError, Transaction

#: What the database says of a lift while something was not looked at.
_NOT_LOOKED = "GL009"
_BY_HAND = "Base restaurée : regarder ce qui est déjà parti, puis clore à la main (glr close)."


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """A restoration that waits for people, and what is left to do."""

    #: The last instant that the house remembers, and its civil day.
    backup_at: datetime
    since: date
    restored_by: str
    #: Applications that nobody has compared since, and gaps that nobody has explained.
    to_look_at: tuple[str, ...]
    gaps: int

    @property
    def to_do(self) -> str:
        """What is left to do, in French."""
        steps = []
        if self.to_look_at:
            names = ", ".join(each.upper() for each in self.to_look_at)
            steps.append(f"comparer {names} (glr reconcile ; sans liste par auteur : glr resume --restored --looked)")
        if self.gaps:
            steps.append(f"expliquer {self.gaps} écart{'s' if self.gaps > 1 else ''} (console, page Écarts)")
        steps.append("laisser reprendre (glr resume --restored --by IDENTIFIANT)")
        return " ; ".join(steps)

    def __str__(self) -> str:
        return (
            f"Base restaurée de la sauvegarde du {self.backup_at.astimezone(PARIS):%d/%m/%Y à %H:%M} : ce qui a été saisi "
            f"depuis est inconnu, aucun robot ne commence rien. À faire : {self.to_do}."
        )


def marking(
    caisse: str, *, by: str, backup: str, backup_at: datetime, last: int
) -> list[tuple[str, Mapping[str, object]]]:
    """Return the queries that mark a restored house, in their order, for one transaction.

    :param backup: SHA-256 of the backup's manifest; empty: the audit log showed it.
    :param last: the number of the last event in the audit log's files; no event takes it, or a smaller one, again.
    """
    return [
        ("audit.act_as", {"actor": f"cli:{by}"}),
        ("restorations.mark", {"caisse": caisse, "backup_at": backup_at, "backup": backup, "by": by}),
        ("restorations.close_by_hand", {"reason": _BY_HAND}),
        ("restorations.forget_reuse", {"last": last}),
    ]


async def standing(tx: Transaction, caisse: str, applications: Sequence[str] = ()) -> Restoration | None:
    """Return the restoration that waits, or None.

    :param applications: those that must be compared though nothing was entered in them before the backup.
    """
    row = await tx.first("restorations.open", caisse=caisse)
    if row is None:
        return None
    entered = {each["application"] for each in await tx.all("restorations.entered", caisse=caisse)}
    looked = {each["application"] for each in await tx.all("restorations.looked", caisse=caisse)}
    gaps = await tx.first("restorations.gaps", caisse=caisse)
    return Restoration(
        backup_at=row["backup_at"],
        since=row["since"],
        restored_by=row["restored_by"],
        to_look_at=tuple(sorted((entered | set(applications)) - looked)),
        gaps=gaps["gaps"] if gaps else 0,
    )


async def refuse_restored(tx: Transaction, caisse: str) -> None:
    """Raise :class:`HouseRestored` with what to do while a restoration waits."""
    found = await standing(tx, caisse)
    if found is not None:
        raise HouseRestored(str(found))


async def looked_by_person(tx: Transaction, caisse: str, application: str, reason: str, login: str) -> None:
    """Write down that a person compared an application from the day of the backup on; raises ``SettingsError``."""
    reason = checked_reason(reason)
    about = {"caisse": caisse, "application": application, "reason": reason, "login": login}
    if not await tx.run("restorations.look_by_person", **about):
        raise SettingsError("Cette maison n'attend rien : aucune restauration en cours.")


async def lift(tx: Transaction, caisse: str, login: str, applications: Sequence[str]) -> bool:
    """Let robots go on, in the name of a supervisor; False when nothing waits. Raises :class:`HouseRestored` otherwise."""
    found = await standing(tx, caisse, applications)
    if found is None:
        return False
    if found.to_look_at or found.gaps:
        raise HouseRestored(str(found))
    try:
        await tx.run("restorations.lift", caisse=caisse, login=login)
    except StoreError as error:
        if error.state == _NOT_LOOKED:
            raise HouseRestored(str(found)) from None
        raise
    return True
