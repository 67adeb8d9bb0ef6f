"""Stopping robots for a scenario or in an application, and letting them go on: a person says so, and why (ADR 26).

A stop is a row. It is asked in the transaction of each intent, by the database itself, and once more just before the first
request of an act: on whatever machine a robot works, none begins an act after it. What was begun is ended and read back; a
case in hand goes back as it was, and nothing of the others is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.domain.errors import SettingsError
from orchestrator.engine.wake import checked_reason
from orchestrator.store.database import Transaction


class UnknownName(SettingsError):
    """Ce nom n'est pas connu ici."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        listed = ", ".join(known) or "aucun"
        super().__init__(f"{kind} « {name} » : inconnu ici. Connus : {listed}.")


async def stop_scenario(tx: Transaction, caisse: str, scenario: str, reason: str, login: str) -> bool:
    """Stop robots for a scenario; False when they were stopped already.

    Raises ``SettingsError`` for a reason that the log cannot keep, :class:`UnknownName`.
    """
    reason = checked_reason(reason)
    _known("Scénario", scenario, [row["scenario"] for row in await tx.all("versions.known_scenarios", caisse=caisse)])
    return bool(await tx.run("versions.stop_by_person", caisse=caisse, scenario=scenario, reason=reason, login=login))


async def stop_application(tx: Transaction, caisse: str, application: str, reason: str, login: str) -> bool:
    """Stop robots in an application, whatever their scenario; as :func:`stop_scenario`."""
    reason = checked_reason(reason)
    await check_application(tx, caisse, application)
    where = {"caisse": caisse, "application": application}
    if not await tx.run("sessions.stop_by_person", reason=reason, login=login, **where):
        return False
    await tx.record(caisse, "application.stopped", application, reason=reason)
    return True


async def resume_scenario(tx: Transaction, caisse: str, scenario: str, login: str) -> bool:
    """Let robots go on with a scenario; False when they were not stopped."""
    return bool(await tx.run("versions.release_scenario", caisse=caisse, scenario=scenario, login=login))


async def resume_application(tx: Transaction, caisse: str, application: str) -> bool:
    """Open an application to robots again; False when it was not closed."""
    if not await tx.run("sessions.reopen_application", caisse=caisse, application=application):
        return False
    await tx.record(caisse, "application.reopened", application)
    return True


async def check_application(tx: Transaction, caisse: str, application: str) -> None:
    """Raise :class:`UnknownName` for an application that nothing here works in."""
    rows = await tx.all("sessions.known_applications", caisse=caisse)
    _known("Application", application, [row["application"] for row in rows])


def standing_stop(row: dict[str, Any]) -> str:
    """Say in French by whom and why robots are stopped, from the row of a scenario."""
    by = f" par {row['stopped_by']}" if row["stopped_by"] else ""
    return f"arrêté{by} : {row['reason']}"


def _known(kind: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise UnknownName(kind, name, known)
