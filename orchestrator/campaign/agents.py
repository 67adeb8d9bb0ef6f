"""The people of a campaign: an agent who settles doubts as the guide says, and a supervisor who approves nothing twice.

They use the real console and the real applications over HTTP, and look nowhere else but in COMPTA.
"""

from __future__ import annotations

import csv
import json
import random
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from checker.evidence import Line, read_ledger
from orchestrator.bootstrap.practice import TODAY
from orchestrator.campaign.house import House

_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="(version|version_dossier)" value="(\d+)">')
_AGENT = "A1001"
#: Stops that people enter before the robots come.
_FIRST = 4


@dataclass
class Agent:
    """Settles doubts: found in COMPTA, closed by its number; not found, entered by hand and closed by the new number."""

    house: House
    #: Seconds after a doubt is shown before it is looked at.
    grace: float
    #: What was settled.
    settled: int = 0
    _console: httpx.Client | None = field(default=None, repr=False)
    _compta: httpx.Client | None = field(default=None, repr=False)

    def settle(self) -> None:
        """Settle what may be; a console that is down is tried again next time."""
        try:
            for doubt in self.house.first("campaign.doubts", grace=self.grace):
                nir, stop = self._row(doubt["file_name"], doubt["line"])
                seen = self._seen(nir, stop)
                number = seen[0].number if seen else self._enter(nir, stop)
                self._close(str(doubt["id"]), number)
                self.settled += 1
        except (httpx.HTTPError, _NotNow):
            self._console = self._compta = None

    def come_first(self, draw: random.Random) -> None:
        """Enter a few stops by hand before any robot works, as people do when nobody told them that one is coming."""
        rows = _rows(self.house.practice.delivery)
        for row in draw.sample(rows[1:-1], _FIRST):
            nir, stop = _effect(row)
            try:
                self._enter(nir, stop)
            except _NotNow:  # a row whose NIR is wrong, or the application failed before it committed
                continue

    # --- in COMPTA ---------------------------------------------------------------------------------------------------

    def _seen(self, nir: str, stop: str) -> list[Line]:
        return [line for line in read_ledger(self.house.ledger) if line.effect == (nir, stop)]

    def _enter(self, nir: str, stop: str) -> str:
        if self._compta is None:
            account = json.loads((self.house.practice.folder / "accounts.json").read_text("utf-8"))["compta"][_AGENT]
            self._compta = httpx.Client(base_url=self.house.address("compta"), timeout=30)
            self._compta.post("/connexion", data={"identifiant": _AGENT, "mot_de_passe": account["password"]})
        day = "/".join(reversed(TODAY.split("-")))
        form = {"nir": nir, "nature": "ACP-IJ", "reference_arret": stop, "du": day, "au": day, "montant": "50,00"}
        with suppress(httpx.HTTPError):  # it may fail after it has committed: a person looks again
            self._compta.post("/avances", data={**form, "motif": "Saisie par un agent", "reference_libre": ""})
        found = self._seen(nir, stop)
        if not found:
            raise _NotNow("COMPTA ne montre pas la saisie")
        return found[-1].number

    # --- in the console ----------------------------------------------------------------------------------------------

    def _close(self, item: str, number: str) -> None:
        address = f"/exceptions/{item}"
        self._post(f"{address}/prendre", self._page(address))
        shown = self._page(address)
        said = {"decision": "done_by_hand", "reference": number}
        self._post(f"{address}/decision", shown, **said, **dict(_HIDDEN.findall(shown)))

    def _page(self, address: str) -> str:
        answer = self._logged_in().get(address)
        if answer.status_code != httpx.codes.OK:
            raise _NotNow(f"{address} : {answer.status_code}")
        return answer.text

    def _post(self, address: str, shown: str, **form: str) -> None:
        answer = self._logged_in().post(address, data={"csrf": _TOKEN.findall(shown)[0], **form})
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise _NotNow(f"{address} : {answer.status_code}")

    def _logged_in(self) -> httpx.Client:
        if self._console is None:
            self._console = httpx.Client(
                base_url=self.house.console, timeout=30, headers={"origin": self.house.console}
            )
            shown = self._console.get("/connexion").text
            form = {"vers": "", "identifiant": "agent", "mot_de_passe": self.house.people["agent"]}
            self._console.post("/connexion", data={"csrf": _TOKEN.findall(shown)[0], **form})
        return self._console

    def _row(self, file: str, line: int) -> tuple[str, str]:
        return _effect(_rows(self.house.deliveries[file])[line - 1])


def _rows(delivery: Path) -> list[list[str]]:
    return list(csv.reader(delivery.read_text("cp1252").splitlines(), delimiter=";"))


def _effect(row: list[str]) -> tuple[str, str]:
    return row[0].replace(" ", "").upper(), row[2].strip()


class _NotNow(Exception):
    """Something answered otherwise than expected: tried again later."""
