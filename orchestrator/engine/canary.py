"""Before a session works anything, the screens of its applications are walked with their witness and compared (ADR 17).

Sessions that start together walk once: the first one takes the walk, the others wait for what it finds. What has passed is
good for two minutes, for the same version, contract and witness.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import Enum, auto
from uuid import UUID

from orchestrator.domain.errors import ApplicationException, GlrError, LoginRefused, ReleaseChanged
from orchestrator.drivers.applications import AnyContract
from orchestrator.drivers.canary import Walked, further, walk
from orchestrator.drivers.desks import AnyDesk
from orchestrator.drivers.differences import Difference
from orchestrator.drivers.witness import Witness
from orchestrator.engine.work import Workbench
from orchestrator.store.database import Transaction, array

#: Writes the change of an application's files that would follow a walk.
Propose = Callable[[AnyContract, Walked], str]
#: Seconds between two looks at a walk that another session makes.
PAUSE = 0.5


class _Turn(Enum):
    """Who walks an application."""

    #: This session does.
    MINE = auto()
    #: Another has a moment ago, and nothing was found.
    PASSED = auto()
    #: Nobody does any more: the application was closed meanwhile, or this session is asked to stop.
    OVER = auto()


@dataclass(frozen=True, kw_only=True)
class Found:
    """Why an application may not be used."""

    error: ReleaseChanged | LoginRefused
    #: Every difference, for the person who looks.
    differences: tuple[Difference, ...] = ()
    #: The change that would follow; empty for none.
    proposal: str = ""

    @classmethod
    def of(cls, error: ReleaseChanged | LoginRefused) -> Found:
        """Return what an error says by itself."""
        said = error.changes if isinstance(error, ReleaseChanged) else ()
        screen = error.screen if isinstance(error, ReleaseChanged) else ""
        return cls(error=error, differences=tuple(Difference(screen=screen, text=text) for text in said))


@dataclass(frozen=True, kw_only=True)
class Canary:
    """The walks of one session."""

    session: UUID
    #: How the screens of each application are walked; one without a witness is not walked.
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    propose: Propose | None = None

    async def changed(self, bench: Workbench, stopping: asyncio.Event) -> Found | None:
        """Return the first application that has changed in a way that could alter an entry; None when all may be used.

        An application without a witness is not walked: its forms are still compared before each act. What could alter
        nothing is told to the audit log. Raises what an application in trouble raises: then nothing is known.
        """
        for name, witness in self.witnesses.items():
            used = name in bench.desks and name in bench.scenario.applications
            turn = await self._turn(bench, name, witness, stopping) if used else _Turn.PASSED
            found = await self._walk(bench, name, witness) if turn is _Turn.MINE else None
            if found is not None or turn is _Turn.OVER:
                return found
        return None

    async def _turn(self, bench: Workbench, name: str, witness: Witness, stopping: asyncio.Event) -> _Turn:
        """Wait until this session is to walk, or another has."""
        where = self._where(bench, name, witness)
        while not stopping.is_set():
            async with bench.database.transaction(bench.actor) as tx:
                mine = await tx.first("sessions.begin_walk", session=self.session, **where)
                # asked afterwards: who closes an application forgets its walks in the same transaction
                if name in await closed(tx, bench.scenario.caisse, self.session):
                    await tx.run("sessions.forget_walks", caisse=bench.scenario.caisse, application=name)
                    return _Turn.OVER
                if mine:
                    return _Turn.MINE
                state = await tx.first("sessions.walk_passed", **where)
            if state is not None and state["passed"]:
                return _Turn.PASSED
            await asyncio.sleep(PAUSE)
        return _Turn.OVER

    async def _walk(self, bench: Workbench, name: str, witness: Witness) -> Found | None:
        desk, caisse = bench.desks[name], bench.scenario.caisse
        try:
            walked = await walk(desk, witness)
        except ApplicationException:
            async with bench.database.transaction(bench.actor) as tx:
                await tx.run("sessions.forget_walks", caisse=caisse, application=name)
            raise
        async with bench.database.transaction(bench.actor) as tx:
            if walked.differences:
                screens = sorted({each.screen for each in walked.differences})
                await tx.record(caisse, "screens.differ", name, screens=screens, alter=len(walked.stopping))
            if not walked.stopping:
                unseen = array(walked.unseen)
                await tx.run(
                    "sessions.pass_walk", session=self.session, unseen=unseen, **self._where(bench, name, witness)
                )
                return None
        return await self._told(desk, witness, walked)

    async def _told(self, desk: AnyDesk, witness: Witness, walked: Walked) -> Found:
        """Say everything that a person needs; the application is closed even when no change can be proposed."""
        proposal = ""
        with suppress(GlrError):
            more = await further(desk, witness, walked)
            walked = more if more.stopping else walked  # what the first walk found is never taken back
            proposal = self.propose(desk.contract, walked) if self.propose else ""
        error = ReleaseChanged(
            desk.contract.application, walked.stopping[0].screen, [each.text for each in walked.stopping]
        )
        return Found(error=error, differences=walked.differences, proposal=proposal)

    def _where(self, bench: Workbench, name: str, witness: Witness) -> dict[str, str]:
        """Say what a walk stands for: another version, contract or witness is another walk."""
        known = {screen: asdict(shown) for screen, shown in witness.known.items()}
        looked_for = repr((sorted(witness.values.items()), sorted(known.items())))
        contract = bench.desks[name].contract.model_dump_json()
        basis = bench.vault.blind("walk", f"{bench.scenario.hash}\0{contract}\0{looked_for}").hex()
        return {"caisse": bench.scenario.caisse, "application": name, "basis": basis}


async def closed(tx: Transaction, caisse: str, session: UUID | None) -> set[str]:
    """Return the applications in which a session may not work now: stopped, out of hours, or for another to try again."""
    rows = await tx.all("sessions.closed_applications", caisse=caisse, session=session)
    return {row["application"] for row in rows}


async def close_application(tx: Transaction, caisse: str, found: Found) -> None:
    """Close an application to every robot, once, with everything that a person needs to know why."""
    name = found.error.application
    await tx.run("sessions.forget_walks", caisse=caisse, application=name)
    if not await tx.run("sessions.stop_application", caisse=caisse, application=name, reason=str(found.error)):
        return
    await tx.run("sessions.keep_proposal", caisse=caisse, application=name, proposal=found.proposal)
    for place, each in enumerate(found.differences):
        told = {"place": place, "screen": each.screen, "said": each.text, "alters": each.alters}
        await tx.run("sessions.keep_difference", caisse=caisse, application=name, **told)
    screens = sorted({each.screen for each in found.differences if each.alters})
    counted = {"screens": screens, "alter": sum(each.alters for each in found.differences)} if screens else {}
    await tx.record(caisse, "application.stopped", name, reason=found.error.code, **counted)
