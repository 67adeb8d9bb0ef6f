"""A robot without a canary, on practice applications: what it would read, and what it would enter, by its selectors alone.

It is the truth of a mutation: where it reads or enters something else, a robot must have been stopped before.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import ValidationError

from orchestrator.bootstrap.practice import Practice
from orchestrator.domain.civil import date_of
from orchestrator.domain.errors import GlrError
from orchestrator.domain.keywords import Keyword
from orchestrator.domain.personal import Nir
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.document import bytes_of_form, parse
from orchestrator.drivers.formats import typed_text
from orchestrator.drivers.reading import ReadingOnly
from orchestrator.drivers.witness import Witness

#: What it types into the proposal: dates that look right either way round.
START, END, CENTIMES = "2026-03-05", "2026-03-07", 69_739


class Refused(Exception):
    """The robot could not go on; nothing was read or entered."""


@dataclass(frozen=True, kw_only=True)
class NaiveRobot:
    """One robot at its desks, for the witness."""

    desks: Mapping[str, WebDesk]
    keywords: Mapping[str, Keyword]
    witnesses: Mapping[str, Witness]
    practice: Practice
    #: NIR of somebody for whom it enters; the witness stays as it is known.
    somebody: str

    async def readings(self, application: str) -> list[object]:
        """Return everything that is read of the witness in an application; raises :class:`Refused`."""
        try:
            return await {
                "bdo": self._bdo, "arpege": self._arpege, "compta": self._compta, "rniam": self._rniam, "c2s": self._c2s,
                "ged": self._ged,
            }[application]()  # fmt: skip
        except (GlrError, ValidationError, TypeError, KeyError, AttributeError):
            raise Refused from None

    async def log_in(self, application: str) -> None:
        """Log in anew; raises :class:`Refused`."""
        desk = self.desks[application]
        other = WebDesk(desk.browser, desk.contract, desk.account)
        try:
            await other.open("home")
        except GlrError:
            raise Refused from None
        finally:
            await other.discard()

    async def entry(self, number: int) -> dict[str, Any] | None:
        """Fill COMPTA's form by its selectors and send it; returns the ledger's line, or None; raises :class:`Refused`."""
        desk, before = self.desks["compta"], len(self.practice.proposals())
        try:
            await desk.open(desk.contract.acts["propose_advance"].screen)
        except GlrError:
            raise Refused from None
        cookies = json.loads(await desk.cookies())
        with suppress(OSError):
            await asyncio.to_thread(self._send, desk, cookies, self.typed(number))
        lines = self.practice.proposals()[before:]
        return lines[0] if lines else None

    def typed(self, number: int) -> dict[str, str]:
        """Return what is typed, by the names of the contract."""
        dates = {"start": typed_text(date_of(START)), "end": typed_text(date_of(END))}
        return {"nir": self.somebody, "stop_id": f"MU{number:08d}", **dates, "amount": f"{CENTIMES // 100},{CENTIMES % 100}",
                "reason": "essai", "token": f"GLR-{number}"}  # fmt: skip

    def expected(self, number: int) -> dict[str, Any]:
        """Return the facts that the ledger's line must have."""
        typed = self.typed(number)
        return {
            "nir": typed["nir"], "stop": typed["stop_id"], "from": START, "to": END, "amount_c": CENTIMES,
            "reason": typed["reason"], "free_reference": typed["token"],
        }  # fmt: skip

    def _send(self, desk: WebDesk, cookies: list[dict[str, str]], typed: Mapping[str, str]) -> None:
        act, place = desk.contract.acts["propose_advance"], urlsplit(desk.account.address)
        headers = {"Cookie": "; ".join(f"{each['name']}={each['value']}" for each in cookies)}
        connection = HTTPConnection(place.hostname or "", place.port, timeout=20)
        try:
            connection.request("GET", str(desk.contract.screens[act.screen].path), headers=headers)
            answer = connection.getresponse()
            form = parse(desk.account.address, answer.getheader("content-type", ""), answer.read())
            sent = form.filled({act.fields[name]: value for name, value in typed.items()}, act.element)
            if isinstance(sent, str):
                return
            method, path, pairs = sent
            body = urlencode([(bytes_of_form(n, form.charset), bytes_of_form(v, form.charset)) for n, v in pairs])
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(method, path, body, headers)
            connection.getresponse().read()
        finally:
            connection.close()

    async def _call(self, name: str, **arguments: object) -> Any:  # noqa: ANN401 - typed by the keyword
        keyword = self.keywords[name]
        return await keyword.function(ReadingOnly(self.desks[keyword.application]), **arguments)

    def _nir(self, application: str, name: str = "nir") -> Nir:
        return Nir.parse(self.witnesses[application].values[name])

    async def _bdo(self) -> list[object]:
        person = await self._call("bdo.person", nir=self._nir("bdo"))
        nobody = await self._call("bdo.person", nir=self._nir("bdo", "nobody"))
        return [person, nobody, await self._call("bdo.bank_account", person=person)]

    async def _rniam(self) -> list[object]:
        names = ("nir", "nobody")
        return [await self._call("rniam.person", nir=self._nir("rniam", name)) for name in names]

    async def _arpege(self) -> list[object]:
        stop_id = self.witnesses["compta"].values["stop"]
        stop = await self._call("arpege.stop", nir=self._nir("arpege"), stop_id=stop_id)
        nobody = await self._call("arpege.stop", nir=self._nir("arpege", "nobody"), stop_id=stop_id)
        rights = await self._call("arpege.rights", insured=stop)
        return [stop, nobody, rights, await self._call("arpege.payments", insured=stop)]

    async def _compta(self) -> list[object]:
        values = self.witnesses["compta"].values
        day = date_of("-".join(reversed(values["day"].split("/"))))
        made = await self._call("compta.made_by", author=values["author"], start=day, end=day)
        seen = await self._call("compta.advances", nir=self._nir("compta"))
        if not seen:
            return [made, seen]
        landed = await self.desks["compta"].open("advance", number=seen[0].number)  # where an act lands
        return [made, seen, [landed[name] for name in self.desks["compta"].contract.screens["advance"].fields]]

    async def _c2s(self) -> list[object]:
        values = self.witnesses["c2s"].values
        household = await self._call("c2s.household", household_id=values["household"])
        right = await self._call("c2s.right", right_id=values["right"])
        seen = await self._call("c2s.periods_seen", right_id=values["right"])
        cancelled = await self._call("c2s.closings_cancelled", right_id=values["right"])
        return [household, right, seen, cancelled, *await self._opened("c2s")]

    async def _ged(self) -> list[object]:
        documents = await self._call("ged.documents", nir=self._nir("ged"))
        filed = await self._call("ged.filed", reference=self.witnesses["ged"].values["advance"])
        return [documents, filed, *await self._opened("ged")]

    async def _opened(self, application: str) -> list[object]:
        """Open every screen that has an address, the forms that enter too, and read all that is described of it."""
        desk, values, found = self.desks[application], self.witnesses[application].values, list[object]()
        for step in desk.contract.canary:
            if step.open in {None, desk.contract.login.screen}:
                continue
            given = {name: values[text[1:]] if text.startswith("$") else text for name, text in step.given.items()}
            screen, described = await desk.open(step.open or "", **given), desk.contract.screens[step.open or ""]
            found += [screen[name] for name in described.fields]
            for name, table in described.tables.items():
                found += [[row[column] for column in table.columns] for row in screen.table(name)]
        return found
