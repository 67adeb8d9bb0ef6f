"""A list that a keyword reads, in an application or in files, becomes a delivery: same digest, keys and refusals as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from orchestrator.domain.canonical import in_french
from orchestrator.domain.errors import ApplicationClosed, LoginRefused, SettingsError
from orchestrator.domain.keywords import Keyword
from orchestrator.drivers.deliveries import BadRow, Delivery, read_rows
from orchestrator.drivers.deliveries_rules import BadRowCode
from orchestrator.engine.canary import Found, close_application, closed
from orchestrator.engine.grouping import by_row
from orchestrator.engine.work import Workbench
from orchestrator.language.model import ExtractSource, RunInfo
from orchestrator.store.database import Database


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """Reads lists at a robot's desks, or in its workshop."""

    bench: Workbench
    database: Database
    #: The NIRs of the people with whom screens are walked; clear, never to be logged.
    witnesses: frozenset[str] = field(default=frozenset(), repr=False)

    async def read(self, source: ExtractSource, day: date) -> Delivery:
        """Return the list as a delivery, a witness's rows set aside; raises ``ApplicationException``, ``BadDelivery``.

        An application that is closed to robots is not touched; one that refuses the login is closed to all of them.
        Rows that say their ``origin`` name the delivery with it: a list read in files is known by what was read.
        """
        if not source.keyword.at_workshop:
            await self._check_desk(source.keyword.application)
        scenario = self.bench.scenario
        names = {**scenario.parameters, "run": RunInfo(date=day)}
        arguments = {name: value.evaluate(names) for name, value in source.arguments.items()}
        try:
            found = await self._rows(source.keyword, arguments)
        except LoginRefused as error:
            await self._close(error)
            raise
        case = by_row(scenario).case
        rows = [
            {name: in_french(getattr(row, part), case.fields[name].separator) for name, part in source.parts.items()}
            for row in found
        ]
        origin = next((f" ({said})" for row in found if (said := getattr(row, "origin", ""))), "")
        delivery = read_rows(f"{source.keyword.name} du {day:%d/%m/%Y}{origin}", rows, case, source.bad_rows)
        delivery = self._without_witnesses(
            delivery, [name for name, known in case.fields.items() if known.type == "nir"]
        )
        return replace(delivery, open_amounts=dict(enumerate(found, start=1))) if source.open_amounts else delivery

    async def _rows(self, keyword: Keyword, arguments: Mapping[str, object]) -> Any:  # noqa: ANN401 - typed by the keyword
        """Call the keyword; one that reads files has the time of the whole list, not that of one call at a desk."""
        if keyword.at_workshop:
            return await keyword.function(self.bench.workshop, **arguments)
        return await self.bench.call(keyword, arguments)

    def _without_witnesses(self, delivery: Delivery, numbers: Sequence[str]) -> Delivery:
        """Set aside what is a witness's: what a robot enters there would be another screen at the next walk (ADR 17)."""
        theirs = {
            row.line for row in delivery.rows if not self.witnesses.isdisjoint(row.values[name] for name in numbers)
        }
        reason = "témoin des parcours d'écrans : aucun robot ne travaille son dossier"
        bad = [*delivery.bad, *(BadRow(line=line, code=BadRowCode.WITNESS, reason=reason) for line in theirs)]
        rows = [row for row in delivery.rows if row.line not in theirs]
        return replace(delivery, rows=rows, bad=sorted(bad, key=lambda row: row.line)) if theirs else delivery

    async def _check_desk(self, application: str) -> None:
        await self._check_open(application)
        if application not in self.bench.desks:
            raise SettingsError(f"Le robot « {self.bench.robot} » n'a pas de compte dans « {application} ».")

    async def _check_open(self, application: str) -> None:
        caisse = self.bench.scenario.caisse
        async with self.database.transaction(self.bench.actor) as tx:
            shut = application in await closed(tx, caisse, None)
            stopped = await tx.all("sessions.stopped_applications", caisse=caisse)
        if shut:
            why = {row["application"]: row["reason"] for row in stopped}
            raise ApplicationClosed(application, why.get(application, "hors de ses horaires d'ouverture."))

    async def _close(self, error: LoginRefused) -> None:
        async with self.database.transaction(self.bench.actor) as tx:
            await close_application(tx, self.bench.scenario.caisse, Found.of(error))
