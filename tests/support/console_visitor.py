"""A person at the console, over HTTP, with the real forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import httpx

_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_LINK = re.compile(r'href="(/(?:exceptions|dossiers|validations|executions)/[A-Za-z0-9-]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="(version|version_dossier)" value="(\d+)">')


class Visitor:
    """One logged-in person."""

    def __init__(self, address: str, login: str, password: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=30, headers={"origin": address})
        form = {"vers": "", "identifiant": login, "mot_de_passe": password}
        self._post("/connexion", self.page("/connexion"), **form)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def page(self, address: str) -> str:
        """Open a page."""
        answer = self._client.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        return answer.text

    def crawl(self, starts: list[str], most: int, *, never: str) -> Iterator[tuple[str, str]]:
        """Open these pages and what they lead to, each once, without posting anything; ``never`` begins what stays shut."""
        seen, ahead = set(starts), list(starts)
        while ahead and len(seen) < most:
            address = ahead.pop(0)
            text = self.page(address)
            yield address, text
            links = dict.fromkeys(_LINK.findall(text))
            ahead += [link for link in links if link not in seen and not link.startswith(never)]
            seen |= {*links}

    def claim(self, item: object) -> None:
        """Claim an exception; nothing happens when it is this person's already."""
        address = f"/exceptions/{item}"
        shown = self.page(address)
        if f'action="{address}/prendre"' in shown:
            self._post(f"{address}/prendre", shown)

    def resend(self, item: object, **corrected: str) -> None:
        """Claim an exception and send it back to the robot, as it is or with corrected fields."""
        self.claim(item)
        address = f"/exceptions/{item}"
        shown = self.page(address)
        fields = {f"champ-{name}": text for name, text in corrected.items()}
        self._post(f"{address}/decision", shown, decision="resend", **fields, **dict(_HIDDEN.findall(shown)))

    def _post(self, address: str, shown: str, **form: str) -> None:
        answer = self._client.post(address, data={"csrf": _TOKEN.findall(shown)[0], **form})
        assert answer.status_code == 303, f"{address}: {answer.status_code} {answer.text[:2000]}"
