"""The real console, as a person of a campaign uses it: pages and forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import httpx

from orchestrator.campaign.hands import NotNow
from orchestrator.campaign.house import House

_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Console:
    """What one person sees of it; logged in anew after whatever went wrong."""

    house: House
    login: str
    _client: httpx.Client | None = field(default=None, repr=False)

    def page(self, address: str) -> str:
        """Return a page; raises :class:`NotNow` when it is not given."""
        answer = self._logged_in().get(address)
        if answer.status_code != httpx.codes.OK:
            raise NotNow(f"{address} : {answer.status_code}")
        return answer.text

    def post(self, address: str, shown: str, **form: str) -> None:
        """Send a form of a page that was shown; raises :class:`NotNow` when it is refused."""
        answer = self._logged_in().post(address, data={"csrf": _TOKEN.findall(shown)[0], **form})
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise NotNow(f"{address} : {answer.status_code}")

    def leave(self) -> None:
        """Forget the session."""
        self._client = None

    def _logged_in(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(base_url=self.house.console, timeout=30, headers={"origin": self.house.console})
            shown = self._client.get("/connexion").text
            form = {"vers": "", "identifiant": self.login, "mot_de_passe": self.house.people[self.login]}
            self._client.post("/connexion", data={"csrf": _TOKEN.findall(shown)[0], **form})
        return self._client
