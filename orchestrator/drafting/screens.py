"""From the pages that were seen to the draft of a contract: pure, and every suggestion keeps why it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.drafting.names import identifier
from orchestrator.drafting.selectors import By, Place, lasting
from orchestrator.drafting.shapes import Guess, Shape, guess
from orchestrator.drafting.sight import Sight, TableSeen, ValueSeen
from orchestrator.drafting.walk import LoginSeen, Walk, pattern_of
from orchestrator.drivers.release import FormFacts

#: Links kept as anchors of a screen.
ANCHORS = 3
_SEARCH = re.compile(r"cherch|trouver|lister|consult|afficher|filtrer|interroger", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class FieldDraft:
    """A field or column with the format suggested for it."""

    name: str
    place: Place
    label: str
    guess: Guess
    #: True when some pages of this screen lack it.
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class TableDraft:
    """A table."""

    name: str
    rows: Place
    frame: str | None
    #: What stands there instead; None when no page was seen without rows.
    empty: str | None
    columns: tuple[FieldDraft, ...]


@dataclass(frozen=True, kw_only=True)
class FormDraft:
    """A form that is no login: a search, or what may be an act."""

    name: str
    screen: str
    facts: FormFacts
    #: What is typed, by name.
    fields: tuple[FieldDraft, ...]
    #: Its button.
    submit: str
    #: True for a search by the words of its button, without any question before it is sent.
    search: bool
    #: Screens it may lead to: only a person knows.
    leads_to: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ScreenDraft:
    """A screen."""

    name: str
    #: The pattern of its address.
    path: str
    #: Empty when it could not be written without naming a person.
    title: str
    anchors: tuple[str, ...]
    fields: tuple[FieldDraft, ...] = ()
    tables: tuple[TableDraft, ...] = ()
    forms: tuple[FormFacts, ...] = ()
    #: Pages of it that were seen.
    samples: int = 1
    #: Its parameters that were always whole numbers.
    whole: frozenset[str] = frozenset()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in its address."""
        return tuple(dict.fromkeys(re.findall(r"{(\w+)}", self.path)))


@dataclass(frozen=True, kw_only=True)
class ApplicationDraft:
    """A whole application."""

    name: str
    title: str
    version: tuple[str, str] | None
    login: LoginSeen | None
    #: The screen of the login and the one it leads to.
    first: tuple[str, str]
    common: tuple[FieldDraft, ...]
    screens: tuple[ScreenDraft, ...]
    forms: tuple[FormDraft, ...]
    #: What was left alone, in French.
    left: tuple[str, ...] = field(default=())


def draft(name: str, walked: Walk, also: Sequence[str]) -> ApplicationDraft:
    """Draft an application from a walk.

    :param also: the addresses that the owner named: what a search most likely leads to.
    """
    groups = {path: _same_title(path, sights, walked) for path, sights in walked.seen.items()}
    inside = [sight for sights in groups.values() for sight in sights]
    common = _common(groups)
    named = _names(walked, groups)
    skipped = {each.place.at for each in common}
    screens = tuple(_screen(named[path], path, sights, skipped) for path, sights in groups.items())
    targets = [named[pattern_of(path)] for path in also if pattern_of(path) in named]
    forms = [form for screen in screens for form in _forms(screen, tuple(dict.fromkeys(targets)))]
    login = walked.login
    if login is not None:
        found = _anchors([login.sight], login.sight.forms)
        screens = (ScreenDraft(name=named[""], path=login.path, title=login.sight.title, anchors=found), *screens)
    prefix = _prefix([sight.title for sight in inside])
    return ApplicationDraft(
        name=name,
        title=prefix.strip(" -|:") or name.upper(),
        version=next((sight.version for sight in inside if sight.version), None),
        login=login,
        first=(named[""], named[walked.home]),
        common=common,
        screens=screens,
        forms=_unique(forms),
        left=tuple(walked.left),
    )


def _same_title(path: str, sights: list[Sight], walked: Walk) -> list[Sight]:
    kept = [sight for sight in sights if sight.title == sights[0].title]
    if len(kept) < len(sights):
        walked.leave(f"{path} : un autre titre selon le dossier ; seules les pages du premier titre sont décrites")
    return kept


def _names(walked: Walk, groups: Mapping[str, list[Sight]]) -> dict[str, str]:
    """Return the name of each screen by its pattern; that of the login under the empty one."""
    login = walked.login.sight.title if walked.login else "connexion"
    prefix = _prefix([*(sights[0].title for sights in groups.values()), *([login] if walked.login else [])])
    names = {"": identifier(login.removeprefix(prefix), instead="connexion")}
    for path, sights in groups.items():
        said = sights[0].title.removeprefix(prefix) or path.partition("?")[0].replace("/", " ")
        names[path] = identifier(said, set(names.values()), "ecran")
    return names


def _prefix(titles: Sequence[str]) -> str:
    """Return what all titles begin with, up to a separator: ``BDO - ``."""
    if len(titles) < 2:
        return ""
    first, last = min(titles), max(titles)  # what these two share, all share
    same = next(
        (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first)
    )
    found = re.match(r".*[-|:–] ?", first[:same])
    return found[0] if found else ""


def _common(groups: Mapping[str, list[Sight]]) -> tuple[FieldDraft, ...]:
    """Return the values that every page carries, whatever its kind."""
    if len(groups) < 2:
        return ()
    everywhere = [{value.place.at for value in sight.values} for sights in groups.values() for sight in sights]
    shared = set.intersection(*everywhere)
    sights = [sight for sights in groups.values() for sight in sights]
    return tuple(each for each in _fields(sights, set()) if each.place.at in shared)


def _screen(name: str, path: str, sights: list[Sight], skipped: set[str]) -> ScreenDraft:
    tables = _tables(sights)
    searched = {_at(item.id, item.name) for form in sights[0].forms if _is_search(form) for item in form.fields}
    nothing = {each for sight in sights for each in sight.nothing}
    addresses = [sight.url for sight in sights]
    return ScreenDraft(
        name=name,
        path=path,
        title=sights[0].title,
        anchors=_anchors(sights, sights[0].forms),
        fields=_fields(sights, skipped | searched | nothing) + (() if tables else _messages(sights)),
        tables=tables,
        forms=sights[0].forms,
        samples=len(sights),
        whole=frozenset(each for each in re.findall(r"{(\w+)}", path) if _whole(path, each, addresses)),
    )


def _whole(path: str, parameter: str, addresses: Sequence[str]) -> bool:
    before = path.partition(f"{{{parameter}}}")[0].count("/")
    steps = [address.split("/")[before + 2 :][:1] for address in addresses]
    return "?" not in path and all(step and step[0].isdigit() for step in steps)


def _fields(sights: Sequence[Sight], skipped: set[str]) -> tuple[FieldDraft, ...]:
    seen: dict[str, list[ValueSeen]] = {}
    for sight in sights:
        for value in sight.values:
            if value.place.at not in skipped:
                seen.setdefault(value.place.at, []).append(value)
    found: list[FieldDraft] = []
    for at, values in seen.items():
        label = next((value.label for value in values if value.label), "")
        said = label or (at.lstrip("#") if values[0].place.by is not By.POSITION else "")
        name = identifier(_own_name(at, label), {each.name for each in found})
        suggested = guess({value.shape for value in values}, f"{said} {at.lstrip('#').replace('_', ' ')}")
        optional = len({id(value) for value in values}) < len(sights)
        found.append(FieldDraft(name=name, place=values[0].place, label=label, guess=suggested, optional=optional))
    return tuple(found)


def _messages(sights: Sequence[Sight]) -> tuple[FieldDraft, ...]:
    """Return where a screen without tables says that there is nothing; on the others it stands in for a table."""
    why = Guess(format="text", why="dit qu'il n'y a rien ; un tableau ou des champs manquent sur les pages vues ?")
    places = dict.fromkeys(each for sight in sights for each in sight.nothing)
    return tuple(
        FieldDraft(name=identifier(at), place=Place(at=at, by=By.ID), label="", guess=why, optional=True)
        for at in places
    )


def _own_name(at: str, label: str) -> str:
    return at.lstrip("#") if at.startswith("#") and " " not in at else label or re.sub(r"\W+", " ", at)


def _tables(sights: Sequence[Sight]) -> tuple[TableDraft, ...]:
    seen: dict[tuple[str | None, str], list[TableSeen]] = {}
    for sight in sights:
        for table in sight.tables:
            seen.setdefault((table.frame, table.rows.at), []).append(table)
    found: list[TableDraft] = []
    for (frame, rows), tables in seen.items():
        fullest = max(tables, key=lambda each: sum(len(column.shapes) for column in each.columns))
        empty = _empty(sights, rows)
        name = identifier(fullest.name, {each.name for each in found}, "tableau")
        columns = _columns(fullest, tables)
        found.append(TableDraft(name=name, rows=fullest.rows, frame=frame, empty=empty, columns=columns))
    return tuple(found)


def _empty(sights: Sequence[Sight], rows: str) -> str | None:
    without = [sight for sight in sights if rows not in {table.rows.at for table in sight.tables}]
    return next((each for sight in without for each in sight.nothing), None)


def _columns(fullest: TableSeen, tables: Sequence[TableSeen]) -> tuple[FieldDraft, ...]:
    found: list[FieldDraft] = []
    for column in fullest.columns:
        shapes: set[Shape] = set()
        for table in tables:
            shapes |= {shape for each in table.columns if each.place.at == column.place.at for shape in each.shapes}
        own = column.place.at.removeprefix("td.") if column.place.by is By.CLASS else column.heading
        name = identifier(own, {each.name for each in found}, "colonne")
        suggested = guess(shapes, f"{column.heading} {own.replace('_', ' ')}")
        found.append(FieldDraft(name=name, place=column.place, label=column.heading, guess=suggested))
    return tuple(found)


def _anchors(sights: Sequence[Sight], forms: Sequence[FormFacts]) -> tuple[str, ...]:
    """Return what recognises a screen beside its title: its forms, else the links that all its pages have."""
    found = [f"#{each}" for form in forms for each in _parts(form) if lasting(each)]
    if not found:
        shared = set.intersection(*({link.place.at for link in sight.links} for sight in sights))
        kept = [link for link in sights[0].links if link.place.at in shared and link.place.by is By.ID]
        found = [link.place.at for link in kept if not re.search(r"d[ée]conne|quitter", link.words, re.IGNORECASE)]
    return tuple(dict.fromkeys(found))[:ANCHORS]


def _parts(form: FormFacts) -> Iterator[str]:
    """Yield the ids of a form, of what a search asks for, and of its buttons."""
    yield form.id
    if _is_search(form):
        yield from (item.id for item in form.fields[:1])
    yield from (button.id for button in form.buttons)


def _forms(screen: ScreenDraft, targets: tuple[str, ...]) -> Iterator[FormDraft]:
    for form in screen.forms:
        typed = [item for item in form.fields if item.type != "hidden" and not item.fixed and (item.id or item.name)]
        button = next((each for each in form.buttons if each.type in {"submit", "image"}), None)
        if not typed or button is None:
            continue
        fields = []
        for item in typed:
            suggested = guess((), f"{item.label} {item.id.replace('_', ' ')}")
            place = Place(at=_at(item.id, item.name), by=By.ID if lasting(item.id) else By.NAME)
            fields.append(
                FieldDraft(name=identifier(item.name or item.id), place=place, label=item.label, guess=suggested)
            )
        search = _is_search(form)
        yield FormDraft(
            name=identifier(button.text, instead="envoi"),
            screen=screen.name,
            facts=form,
            fields=tuple(fields),
            submit=f"#{button.id}" if lasting(button.id) else f"form#{form.id} [type=submit]",
            search=search,
            leads_to=(targets or (screen.name,)) if search else (),
        )


def _unique(forms: Sequence[FormDraft]) -> tuple[FormDraft, ...]:
    """Keep each search once: the same form on every page is one search."""
    kept: dict[tuple[str, str, bool], FormDraft] = {}
    for form in forms:
        kept.setdefault((form.facts.path, form.name, form.search), form)
    return tuple(kept.values())


def _is_search(form: FormFacts) -> bool:
    words = " ".join(f"{button.text} {button.id}" for button in form.buttons)
    return not form.asks and bool(_SEARCH.search(words))


def _at(name: str, sent: str) -> str:
    return f"#{name}" if lasting(name) else f'[name="{sent}"]'
