"""A walk through an application under the robot's own login: pages are opened, nothing is sent.

Besides the login, the browser lets no request out that is not a GET to the same application; links that look like leaving
or like acting are not followed, even by GET.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from lxml import html
from playwright.async_api import Browser, BrowserContext, Error, Page, Route

from orchestrator.domain.errors import LoginRefused, SettingsError
from orchestrator.drafting.selectors import Place, place_of
from orchestrator.drafting.sight import LinkSeen, Sight, sight_of, texts_of
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.desk import PAGE_MS
from orchestrator.drivers.facts import forms_of
from orchestrator.drivers.screens import document_of

#: Pages of one kind that are opened: enough to see a field empty once and filled once.
SAMPLES = 3
_LEAVES = re.compile(
    r"d[ée]conne|log-?out|log-?off|sign-?out|\bquitter|\bsortir|fermer la session|fin de session", re.IGNORECASE
)
_ACTS = re.compile(
    r"suppr|effac|annul|valid|approuv|rejet|envoy|transm|confirm|enregistr|cr[ée]er|ajout|modif|payer|liquid|cl[ôo]tur|delete"
    r"|remove|submit|cancel|confirm",
    re.IGNORECASE,
)
_FILE = re.compile(r"\.(csv|pdf|xlsx?|ods|zip|docx?|txt|xml)$", re.IGNORECASE)
#: A step of an address that says which one, not which kind (``v2`` is a kind).
_NUMBER = re.compile(r"(?!v\d+$)[^/]*\d[^/]*")
#: A NIR in an address goes to every log on the way.
_PERSONAL = re.compile(r"\d{13}")


@dataclass(frozen=True, kw_only=True)
class LoginSeen:
    """The page that asks who one is, and what was found there."""

    sight: Sight
    user: Place
    password: Place
    submit: Place
    #: The pattern of its address.
    path: str


@dataclass
class Walk:
    """Everything that was seen, by the pattern of the address, in the order of the walk."""

    login: LoginSeen | None = None
    #: Where one lands after the login, or the first page.
    home: str = ""
    seen: dict[str, list[Sight]] = field(default_factory=dict)
    #: What was not followed or not let out, in French, each once.
    left: list[str] = field(default_factory=list)

    def leave(self, why: str) -> None:
        """Say once what was left alone."""
        if why not in self.left:
            self.left.append(why)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far a walk goes."""

    #: Links away from the first page, and from each page that was named.
    depth: int
    #: Pages in all.
    pages: int


async def walk(browser: Browser, start: str, account: RobotAccount, also: Sequence[str], limits: Limits) -> Walk:
    """Log in and look at the pages that links lead to; raises :class:`SettingsError`, or :class:`LoginRefused`."""
    context = await browser.new_context(service_workers="block", locale="fr-FR", accept_downloads=False)
    context.set_default_timeout(PAGE_MS)
    fence = _Fence(address=account.address)
    try:
        await context.route("**/*", fence.judge)
        walker = _Walker(page=await context.new_page(), account=account, fence=fence, limits=limits)
        return await walker.walk(start, also)
    finally:
        await _close(context)


async def _close(context: BrowserContext) -> None:
    await context.unroute_all(behavior="ignoreErrors")
    await context.close()


def pattern_of(url: str) -> str:
    """Return the address of a kind of page: ``/dossier/12/rib`` gives ``/dossier/{dossier}/rib``; a query keeps its names."""
    parts = urlsplit(url)
    steps: list[str] = []
    for step in parts.path.split("/"):
        which = f"{{{_named(steps[-1] if steps else '')}}}"
        which = f"{which[:-1]}_{len(steps)}}}" if which in steps else which
        steps.append(which if step and _NUMBER.fullmatch(step) else step)
    asked = "&".join(f"{name}={{{_named(name)}}}" for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    return "/".join(steps) + (f"?{asked}" if asked else "")


def _named(word: str) -> str:
    plain = re.sub(r"\W+", "_", word.strip("{}"), flags=re.ASCII).strip("_").lower()
    plain = plain.removesuffix("s") if len(plain) > 3 else plain
    return plain if plain.isidentifier() else "numero"


@dataclass
class _Fence:
    """What the browser may ask for."""

    address: str
    #: True while the login is sent: the one POST of a walk.
    open: bool = False
    refused: list[str] = field(default_factory=list)

    async def judge(self, route: Route) -> None:
        """Let reading through, and the login."""
        request = route.request
        ours = _origin(request.url) == _origin(self.address)
        if ours and (request.method in {"GET", "HEAD"} or self.open):
            await route.continue_()
            return
        self.refused.append("une requête vers une autre adresse" if not ours else f"un envoi ({request.method})")
        await route.abort()


@dataclass
class _Walker:
    page: Page
    account: RobotAccount
    fence: _Fence
    limits: Limits
    found: Walk = field(default_factory=Walk)
    opened: set[str] = field(default_factory=set)
    #: What the application shows before the login.
    public: frozenset[str] = frozenset()

    async def walk(self, start: str, also: Sequence[str]) -> Walk:
        self.page.on("dialog", lambda dialog: dialog.dismiss())
        first = await self._look(start)
        if first is None:
            raise SettingsError(f"{start} ne s'ouvre pas : vérifier l'adresse.")
        if await self._asks_who():
            first = await self._log_in()
        self.found.home = pattern_of(first.url)
        self._keep(first)
        queue = [*self._next(first, 0), *((self.account.address + path, 0) for path in also)]
        while queue:
            address, depth = queue.pop(0)
            sight = await self._visit(address)
            if sight is not None:
                queue += self._next(sight, depth)
        for refused in self.fence.refused:
            self.found.leave(f"la page a voulu faire {refused} : refusé")
        return self.found

    def _next(self, sight: Sight, depth: int) -> list[tuple[str, int]]:
        links = self._followed(sight.links)
        return [(link.address, depth + 1) for link in links] if depth < self.limits.depth else []

    def _followed(self, links: Sequence[LinkSeen]) -> Iterator[LinkSeen]:
        for link in links:
            path = urlsplit(link.address).path
            shown = pattern_of(link.address)
            if _origin(link.address) != _origin(self.account.address):
                self.found.leave("un lien vers une autre adresse : non suivi")
            elif _PERSONAL.search(link.address):
                self.found.leave("un lien dont l'adresse contient un long numéro (NIR ?) : non suivi")
            elif link.download or _FILE.search(path):
                self.found.leave(f"{shown} : un fichier, non suivi")
            elif _LEAVES.search(link.words) or _LEAVES.search(path):
                self.found.leave(f"{shown} : ferme la session, non suivi")
            elif _ACTS.search(link.words) or _ACTS.search(path):
                self.found.leave(
                    f"{shown} : ressemble à un acte, non suivi ; le nommer avec --also si c'est une lecture"
                )
            else:
                yield link

    async def _visit(self, address: str) -> Sight | None:
        pattern = pattern_of(address)
        if address in self.opened or len(self.found.seen.get(pattern, ())) >= SAMPLES:
            return None
        if len(self.opened) >= self.limits.pages:
            self.found.leave(f"plus de {self.limits.pages} pages : le reste n'a pas été ouvert (--pages)")
            return None
        sight = await self._look(address)
        if sight is None:
            return None
        if await self._asks_who():
            raise SettingsError(f"{pattern} a fermé la session : le parcours s'arrête, rien n'a été écrit.")
        self._keep(sight)
        return sight

    async def _look(self, address: str) -> Sight | None:
        self.opened.add(address)
        try:
            answer = await self.page.goto(address, wait_until="load", timeout=PAGE_MS)
        except Error:
            self.found.leave(f"{pattern_of(address)} : pas de réponse lisible")
            return None
        if answer is None or answer.status >= 400:
            self.found.leave(f"{pattern_of(address)} : erreur {answer.status if answer else ''}")
            return None
        return await self._sight()

    def _keep(self, sight: Sight) -> None:
        self.found.seen.setdefault(pattern_of(sight.url), []).append(sight)

    async def _sight(self) -> Sight:
        page = self.page
        frames = {
            each.name: (each.url, html.document_fromstring(await each.content())) for each in page.frames if each.name
        }
        root = html.document_fromstring(await page.content())
        return sight_of(page.url, root, forms_of(await document_of(page)), self.account.login, self.public, frames)

    async def _asks_who(self) -> bool:
        return await self.page.locator("input[type=password]").count() > 0

    async def _log_in(self) -> Sight:
        page = self.page
        root = html.document_fromstring(await page.content())
        self.public = texts_of(root)
        login = self.found.login = _login(await self._sight(), root)
        await page.fill(login.user.at, self.account.login)
        await page.fill(login.password.at, self.account.password.reveal())
        self.fence.open = True
        try:
            async with page.expect_navigation(wait_until="load", timeout=PAGE_MS):
                await page.click(login.submit.at)
        except Error:
            raise SettingsError("La connexion n'a pas abouti : pas de réponse à temps. Rien n'a été écrit.") from None
        finally:
            self.fence.open = False
        if await self._asks_who():
            raise LoginRefused(urlsplit(self.account.address).netloc, "la page de connexion est revenue")
        return await self._sight()


def _login(sight: Sight, root: html.HtmlElement) -> LoginSeen:
    password = root.xpath("//input[@type='password']")[0]
    form = next(password.iterancestors("form"), root)
    before = [each for each in form.iter("input") if each.get("type", "text").lower() in {"text", "email", "tel"}]
    buttons = form.xpath(".//button[not(@type) or @type='submit'] | .//input[@type='submit' or @type='image']")
    if not before or not buttons:
        raise SettingsError(
            "La page de connexion n'a pas d'identifiant ou pas de bouton reconnaissable. Rien n'a été écrit."
        )
    user, password, submit = (place_of(root, node) for node in (before[0], password, buttons[0]))
    return LoginSeen(sight=sight, user=user, password=password, submit=submit, path=urlsplit(sight.url).path)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
