"""Reading a server-rendered screen through a plain request: the session's own cookies, no page (DRIVERS, Web).

Only screens whose contract says ``http: proven`` are read so, and only read: this client refuses the request of every
act, because the request gate stands in the browser and would not see it (ENTER, 3c). A read-back may use it: it asks
the server again, without any state of a page that could be mistaken for the server's word.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from playwright.async_api import BrowserContext

from orchestrator.domain.errors import ActRefused, ScreenChanged
from orchestrator.drivers.act_count import ActCount
from orchestrator.drivers.contracts import ActionContract, ApplicationContract
from orchestrator.drivers.document import Document, UnknownEncoding, bytes_of_form, parse
from orchestrator.drivers.screens import WebScreen, read_screen

#: Redirections followed for one screen.
REDIRECTIONS = 5


class NotPlain(Exception):
    """An answer that only a page can deal with (a cookie set, another origin, an unknown encoding): read through the page."""


class PlainFailed(Exception):
    """No usable answer: ``why`` is the French end of the sentence, without details of the request."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass
class PlainReader:
    """Plain requests on behalf of one logged-in browser context."""

    contract: ApplicationContract
    #: ``http(s)://host:port`` of the application; no request goes anywhere else.
    address: str
    #: Longest wait for an answer, seconds.
    timeout: float
    #: Is told of the acts that leave, which none should, and of those that are refused.
    acts: ActCount
    #: What was read last, for the capture.
    shown: Document | None = None
    _connection: HTTPConnection | None = field(default=None, repr=False)

    async def open(self, context: BrowserContext, screen: str, path: str) -> WebScreen:
        """Read a screen at its address; the same errors as through the page, or :class:`NotPlain`."""
        document = await self._get(context, path)
        return await self._read(context, document, (screen,))

    async def submit(self, context: BrowserContext, action: ActionContract, values: Mapping[str, Any]) -> WebScreen:
        """Read the screen of a search, send its form as a browser would, and recognise what came."""
        form = await self._get(context, self._path(action))
        await self._read(context, form, (action.screen,))
        return await self._read(context, await self._sent(context, form, action, values), action.leads_to)

    async def look(self, context: BrowserContext, path: str) -> Document:
        """Return what stands at an address, whatever it is."""
        return await self._whole(context, await self._get(context, path), tuple(self.contract.screens))

    async def look_after(self, context: BrowserContext, action: ActionContract, values: Mapping[str, Any]) -> Document:
        """Send a search and return what came, whatever it is; raises :class:`ScreenChanged` when it cannot be sent."""
        form = await self._get(context, self._path(action))
        return await self._whole(context, await self._sent(context, form, action, values), action.leads_to)

    def _path(self, action: ActionContract) -> str:
        path = self.contract.screens[action.screen].path
        if path is None:
            raise ScreenChanged(self.contract.title, action.screen, "adresse (path)")
        return path

    async def _sent(
        self, context: BrowserContext, form: Document, action: ActionContract, values: Mapping[str, Any]
    ) -> Document:
        typed = self.contract.typed(action.screen, {action.fields[name]: value for name, value in values.items()})
        sent = form.filled(typed, action.submit)
        if isinstance(sent, str):
            raise ScreenChanged(self.contract.title, action.screen, sent)
        method, target, pairs = sent
        body = urlencode(
            [(bytes_of_form(name, form.charset), bytes_of_form(value, form.charset)) for name, value in pairs]
        )
        if method == "POST":
            return await self._fetch(context, "POST", urljoin(form.url, target), body)
        return await self._fetch(context, "GET", urljoin(form.url, target).split("?")[0] + "?" + body, None)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _read(self, context: BrowserContext, document: Document, expected: Sequence[str]) -> WebScreen:
        return await read_screen(await self._whole(context, document, expected), self.contract, expected)

    async def _whole(self, context: BrowserContext, document: Document, expected: Sequence[str]) -> Document:
        """Fetch the frames that the screen reads."""
        titles = {self.contract.screens[name].title: self.contract.screens[name] for name in expected}
        screen = titles.get(document.title)
        for table in screen.tables.values() if screen else ():
            source = document.frame_source(table.frame) if table.frame else None
            if table.frame and source:
                document.frames[table.frame] = await self._fetch(context, "GET", urljoin(document.url, source), None)
        self.shown = document
        return document

    async def _get(self, context: BrowserContext, path: str) -> Document:
        return await self._fetch(context, "GET", self.address + path, None)

    async def _fetch(self, context: BrowserContext, method: str, url: str, body: str | None) -> Document:
        self.shown = None
        for _ in range(REDIRECTIONS + 1):
            self._check(method, url)
            # asked each time: what the page changed in its cookies counts here too
            cookies = {str(item.get("name")): str(item.get("value")) for item in await context.cookies(url)}
            status, headers, content = await self._exchange(method, url, body, cookies)
            if status >= 500:
                with suppress(UnknownEncoding):  # the error page is what a capture has to show
                    self.shown = parse(url, headers.get("content-type", ""), content)
                raise PlainFailed(f"erreur {status} de l'application")
            if "set-cookie" in headers or status in {307, 308}:
                raise NotPlain
            if status not in {301, 302, 303}:
                return parse(url, headers.get("content-type", ""), content)
            method, url, body = "GET", urljoin(url, headers.get("location", "")), None
        raise PlainFailed("trop de redirections")

    def _check(self, method: str, url: str) -> None:
        ours, asked = urlsplit(self.address), urlsplit(url)
        if (ours.scheme, ours.netloc) != (asked.scheme, asked.netloc):
            raise NotPlain
        path = asked.path.removeprefix(ours.path.rstrip("/"))
        acts = [click.request for act in self.contract.acts.values() for click in act.clicks]
        if any((request.method, request.path) == (method, path) for request in acts):
            self.acts.denied()
            raise ActRefused

    async def _exchange(
        self, method: str, url: str, body: str | None, cookies: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        self.acts.sends(method, url)
        try:
            return await asyncio.to_thread(self._blocking, method, url, body, cookies)
        except TimeoutError:
            self.close()
            raise PlainFailed("pas de réponse à temps") from None
        except (OSError, HTTPException):
            self.close()
            raise PlainFailed("connexion impossible ou coupée") from None
        except asyncio.CancelledError:
            self.close()
            raise

    def _blocking(
        self, method: str, url: str, body: str | None, cookies: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if parts.scheme == "http" and _proxy_of(parts):
            target = f"http://{parts.netloc}{target}"  # a proxy is told the whole address
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "Accept-Language": "fr-FR",
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = self._connected()
        connection.request(method, target, body, headers)
        with connection.getresponse() as answer:
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()

    def _connected(self) -> HTTPConnection:
        if self._connection is not None and _ended(self._connection):
            self.close()
        if self._connection is None:
            parts = urlsplit(self.address)
            proxy = _proxy_of(parts)
            to = proxy or parts
            if parts.scheme == "https":
                secure = ssl.create_default_context()
                self._connection = HTTPSConnection(to.hostname or "", to.port, timeout=self.timeout, context=secure)
                if proxy:
                    self._connection.set_tunnel(parts.hostname or "", parts.port or 443)
            else:
                self._connection = HTTPConnection(to.hostname or "", to.port, timeout=self.timeout)
        return self._connection


def _ended(connection: HTTPConnection) -> bool:
    """Say whether the application has closed a kept connection meanwhile: between two answers it has nothing else to say.

    Servers do so after seconds (Apache: 5) without a request; to send into it would count as an incident of the application.
    """
    if connection.sock is None:
        return False
    asked = select.poll()
    asked.register(connection.sock, select.POLLIN)
    return bool(asked.poll(0))


def _proxy_of(address: SplitResult) -> SplitResult | None:
    """Return the proxy that the machine's variables name for an address; None: it is reached directly."""
    proxy = getproxies().get(address.scheme)
    if not proxy or proxy_bypass(address.netloc.rpartition("@")[2]):
        return None
    return urlsplit(proxy)
