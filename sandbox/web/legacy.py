"""What the old applications share: pages, login, banner, faults around every request."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.db import Store
from sandbox.faults import Faults, Planned, Rates, Request
from sandbox.formats import show_date
from sandbox.ledger import Ledger
from sandbox.mutations import delay, mutate, received
from sandbox.releases import Change, change, installed
from sandbox.releases import received as under_first_names
from sandbox.web import multipart
from sandbox.web.accounts import Accounts, Agent
from sandbox.web.connections import drop_connection

_PAGES = Environment(loader=PackageLoader("sandbox"), autoescape=True, auto_reload=False, trim_blocks=True)
_LOGIN_ERRORS = {
    "REFUS": "Identifiant ou mot de passe incorrect.",
    "VERROU": "Compte verrouillé : adressez-vous au support.",
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the applications are served."""

    folder: Path
    rates: Rates = field(default_factory=Rates)
    #: Business date that replaces the one of the file `today`.
    today: date | None = None
    idle_seconds: float = 1800.0

    def business_date(self) -> date:
        """The date shown: the option's, else that of the file `today` as it is now."""
        if self.today:
            return self.today
        return date.fromisoformat((self.folder / "today").read_text("ascii").strip())


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request of a logged-in agent."""

    http: HttpRequest
    form: dict[str, str]
    agent: Agent
    faults: Planned

    @property
    def number(self) -> int:
        """The numeric id of the URL."""
        return int(self.http.path_params["number"])


Handler = Callable[[Visit], Awaitable[Response]]


class Legacy:
    """One old application: its store, ledger, accounts and faults."""

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self.options = options
        self.store = Store(options.folder / f"{name}.db")
        self.ledger = Ledger(options.folder / f"{name}.ledger.jsonl", self.store)
        self._accounts = Accounts(self.store, options.idle_seconds)
        self._faults = Faults(name, options.rates, options.folder / "faults.json", self.store)
        self._cookie = f"SESSION_{name.upper()}"

    def today(self) -> date:
        """The business date shown."""
        return self.options.business_date()

    @property
    def release(self) -> str:
        """The release that is installed now."""
        return installed(self.options.folder, self.name)

    def change(self, screen: str) -> Change:
        """What the installed release changed on a screen."""
        return change(self.name, self.release, screen)

    def application(self, pages: dict[str, Handler]) -> Starlette:
        """The web application; `pages` maps `METHOD /path` to a handler of logged-in visits."""
        routes = [
            Route("/connexion", self._login_page, methods=["GET"]),
            Route("/connexion", self._log_in, methods=["POST"]),
            Route("/deconnexion", self._log_out, methods=["GET"]),
            *(self._route(place, handler) for place, handler in {"GET /": self._home, **pages}.items()),
        ]
        return Starlette(routes=routes)

    def render(
        self, screen: str, title: str, visit: Visit | None = None, *, status: int = 200, **values: object
    ) -> Response:
        """A page of the application, in Latin-1."""
        faults = visit.faults if visit else Planned()
        shown = self.today() - timedelta(days=1 if "stale_date" in faults or values.get("stale") else 0)
        template = values.pop("template", None) or screen
        changed = self.change(screen)
        text = _PAGES.get_template(f"{template}.html").render(
            application=self.name.upper(),
            release=self.release,
            screen=screen,
            title=title,
            today=show_date(shown),
            mode="mode dégradé" if "degraded" in faults else "normal",
            agent=visit.agent.login if visit else "",
            named=lambda name: changed.names.get(name, name),
            labelled=changed.labels.get,
            **changed.page(values),
        )
        text = mutate(text, screen, self.name, self.options.folder)
        body = text.encode("iso-8859-1", "xmlcharrefreplace")
        return Response(body, status, {"content-type": "text/html; charset=iso-8859-1", "cache-control": "no-store"})

    def broken(self, visit: Visit) -> Response:
        """The page of an error of the application."""
        return self.render("erreur", "Erreur", visit, status=500, message="Erreur interne de l'application (500).")

    def unknown(self, visit: Visit) -> Response:
        """The page of something that does not exist."""
        return self.render("inconnu", "Introuvable", visit, status=404, template="erreur", message="Élément inconnu.")

    async def drop(self, visit: Visit) -> Response:
        """Close the connection without an answer."""
        await drop_connection(visit.http)
        return Response(status_code=500)

    def _route(self, place: str, handler: Handler) -> Route:
        method, path = place.split(" ")
        return Route(path, self._guarded(handler), methods=[method])

    def _guarded(self, handler: Handler) -> Callable[[HttpRequest], Awaitable[Response]]:
        async def endpoint(http: HttpRequest) -> Response:
            sent = under_first_names(self.name, self.release, await read_form(http))
            form = received(sent, self.name, self.options.folder)
            token = http.cookies.get(self._cookie, "")
            agent = self._accounts.agent(token)
            if agent is None:
                return RedirectResponse("/connexion?motif=expiree", 302)
            faults = await self._suffer(http, form)
            visit = Visit(http=http, form=form, agent=agent, faults=faults)
            if "expiry" in faults:
                self._accounts.end(token)
                return RedirectResponse("/connexion?motif=expiree", 302)
            return self.broken(visit) if "error" in faults else await handler(visit)

        return endpoint

    async def _suffer(self, http: HttpRequest, form: dict[str, str]) -> Planned:
        request = Request(method=http.method, path=http.url.path, stop=form.get("reference_arret", ""))
        faults = self._faults.plan(request)
        if latency := faults.latency_s + delay(self.name, self.options.folder):
            await asyncio.sleep(latency)
        return faults

    async def _home(self, visit: Visit) -> Response:
        return self.render("accueil", "Accueil", visit)

    async def _login_page(self, http: HttpRequest) -> Response:
        return self.render("connexion", "Connexion", expired=http.query_params.get("motif") == "expiree")

    async def _log_in(self, http: HttpRequest) -> Response:
        form = await read_form(http)
        faults = await self._suffer(http, form)
        login, password = form.get("identifiant", ""), form.get("mot_de_passe", "")
        token = "REFUS" if "refused" in faults else self._accounts.log_in(login, password)
        if token in _LOGIN_ERRORS:
            return self.render("connexion", "Connexion", code=token, message=_LOGIN_ERRORS[token])
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, token, httponly=True, path="/")
        return answer

    async def _log_out(self, http: HttpRequest) -> Response:
        self._accounts.end(http.cookies.get(self._cookie, ""))
        return RedirectResponse("/connexion", 302)


async def read_form(http: HttpRequest) -> dict[str, str]:
    """The fields of a form, decoded as a browser encodes them on a Latin-1 page (windows-1252)."""
    if http.method != "POST":
        return {}
    kind = http.headers.get("content-type", "")
    if kind.startswith(multipart.KIND):
        return multipart.texts(kind, await http.body())
    body = (await http.body()).decode("ascii", "replace")
    return dict(parse_qsl(body, keep_blank_values=True, encoding="cp1252", errors="replace"))
