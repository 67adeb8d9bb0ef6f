"""The draft as ``screens.yaml``: every suggestion carries its reason, and what a person has to look at."""

from __future__ import annotations

import json
from collections.abc import Iterator

from orchestrator.drafting.screens import ApplicationDraft, FieldDraft, FormDraft, ScreenDraft, TableDraft
from orchestrator.drafting.selectors import By, Place

_HEAD = """\
# Premier jet de {title}, écrit par glr new application d'après les pages que l'on peut ouvrir sans rien envoyer.
# Chaque « à vérifier » est une supposition : la regarder dans l'application, puis enlever la remarque. Aucune valeur n'est ici.
# Ce qui suit une recherche ou une saisie n'a pas pu être vu : le décrire à la main, comme dans keywords/bdo/screens.yaml.
"""
_POSITION = "POSITION : casse si une ligne ou une colonne s'ajoute avant ; demander un identifiant à l'éditeur"


def contract_text(drafted: ApplicationDraft) -> str:
    """Return the text of the contract."""
    return _HEAD.format(title=drafted.title) + "".join(f"{line}\n" for line in _lines(drafted))


def _lines(drafted: ApplicationDraft) -> Iterator[str]:
    yield f"application: {drafted.name}"
    yield f"title: {_quoted(drafted.title)}   # à vérifier"
    at, version = drafted.version or ("#version", "?")
    found = "à vérifier" if drafted.version else "À COMPLÉTER : où l'application écrit sa version"
    yield f"version_at: {_quoted(at)}   # {found}"
    yield f"version: {_quoted(version)}"
    yield from _login(drafted)
    yield "public: []   # parties sans rien de personnel, qui restent lisibles sur une capture : à vous de le dire"
    if drafted.common:
        yield "common:   # sur tous les écrans vus"
        yield from (_field(each, 2) for each in drafted.common)
    yield "screens:"
    for screen in drafted.screens:
        yield from _screen(screen)
    yield from _actions([form for form in drafted.forms if form.search])
    yield from _acts([form for form in drafted.forms if not form.search])


def _login(drafted: ApplicationDraft) -> Iterator[str]:
    screen, home = drafted.first
    login = drafted.login
    places = (login.user, login.password, login.submit) if login else ()
    user, password, submit = [_quoted(place.at) for place in places] or [
        '"#identifiant"',
        '"#mot-de-passe"',
        '"#connexion"',
    ]
    yield "login:" + ("" if login else "   # À COMPLÉTER : aucune page de connexion vue")
    yield f"  screen: {screen}"
    yield f"  user: {user}"
    yield f"  password: {password}"
    yield f"  submit: {submit}"
    yield '  refused: "#erreur"   # À VÉRIFIER : où l\'application refuse ; pas essayé, un compte se bloque'
    yield f"  leads_to: {home}"


def _screen(screen: ScreenDraft) -> Iterator[str]:
    seen = "une page vue" if screen.samples == 1 else f"{screen.samples} pages vues"
    yield f"  {screen.name}:   # {seen}"
    yield f"    path: {_quoted(screen.path)}"
    title = "" if screen.title else "   # À COMPLÉTER : le titre changeait, ou nommait quelqu'un"
    yield f"    title: {_quoted(screen.title or 'À COMPLÉTER')}{title}"
    if screen.anchors:
        yield f"    anchors: [{', '.join(map(_quoted, screen.anchors))}]"
    if screen.fields:
        yield "    fields:"
        yield from (_field(each, 6) for each in screen.fields)
    optional = [each.name for each in screen.fields if each.optional]
    if optional:
        yield f"    optional: [{', '.join(optional)}]   # absents de certaines pages"
    if screen.tables:
        yield "    tables:"
        for table in screen.tables:
            yield from _table(table)


def _table(table: TableDraft) -> Iterator[str]:
    yield f"      {table.name}:"
    if table.frame:
        yield f"        frame: {_quoted(table.frame)}"
    yield f"        rows: {_quoted(table.rows.at)}{_by(table.rows)}"
    missing = "" if table.empty else "   # À COMPLÉTER : aucune page vue sans ligne"
    yield f"        empty: {_quoted(table.empty or '#a-completer')}{missing}"
    yield "        columns:"
    yield from (_field(each, 10) for each in table.columns)


def _field(each: FieldDraft, margin: int) -> str:
    form = "" if each.guess.format == "text" else f", format: {each.guess.format}"
    label = f"« {each.label} », " if each.label else ""
    place = f" ; {_POSITION}" if each.place.by is By.POSITION else ""
    return f"{' ' * margin}{each.name}: {{at: {_quoted(each.place.at)}{form}}}   # {label}{each.guess.why} ; à vérifier{place}"


def _actions(forms: list[FormDraft]) -> Iterator[str]:
    if forms:
        yield "actions:   # des recherches, d'après leur bouton : à vérifier, elles partent sans le protocole de saisie"
    for form in forms:
        yield f"  {form.name}:   # {form.facts.method} {form.facts.path}"
        yield f"    screen: {form.screen}"
        yield f"    fields: {{{_typed(form)}}}"
        yield f"    submit: {_quoted(form.submit)}"
        yield f"    leads_to: [{', '.join(form.leads_to)}]   # À VÉRIFIER : tout ce qui peut suivre, « aucun » aussi"


def _acts(forms: list[FormDraft]) -> Iterator[str]:
    """Write what may be an act as remarks: an act is decided by a person, never found."""
    if forms:
        yield "# Formulaires qui saisissent peut-être. Un acte se décide : le décrire sous acts:, puis glr screens record."
    for form in forms:
        asks = "confirm" if form.facts.asks else "none"
        yield "# acts:"
        yield f"#   {form.name}:"
        yield f"#     screen: {form.screen}"
        yield f"#     fields: {{{_typed(form)}}}"
        yield f"#     element: {_quoted(form.submit)}"
        yield f"#     dialog: {asks}"
        yield f"#     request: {{method: {form.facts.method}, path: {_quoted(form.facts.path)}}}"
        yield "#     leads_to: []   # l'écran qui suit un envoi accepté"
        yield '#     errors: "#erreurs li"   # où l\'application dit pourquoi elle refuse'


def _typed(form: FormDraft) -> str:
    return ", ".join(f"{each.name}: {_quoted(each.place.at)}" for each in form.fields)


def _by(place: Place) -> str:
    return f"   # {_POSITION}" if place.by is By.POSITION else ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
