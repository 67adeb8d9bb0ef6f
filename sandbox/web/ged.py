"""GED: the documents of a person, filed with their digest, listed by person, by case, by author."""

import asyncio
from datetime import date
from typing import Any

from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response

from sandbox.formats import canonical_nir, read_date, show_date, show_nir
from sandbox.web import filing, multipart
from sandbox.web.filing import Filing
from sandbox.web.legacy import Legacy, Options, Visit

PAGE_SIZE = 50
_LISTED = {
    "document": "Document", "nature": "Nature", "reference": "Référence", "objet": "Objet", "du": "Du", "au": "Au",
    "jour": "Classé le", "reference_libre": "Référence libre", "auteur": "Auteur", "etat": "État",
}  # fmt: skip
_SHOWN = {**_LISTED, "nir": "NIR", "empreinte": "Empreinte SHA-256", "taille": "Taille (octets)"}
_FORM = {
    "nir": "NIR", "nature": "Nature", "reference": "Référence", "objet": "Objet", "du": "Du", "au": "Au",
    "empreinte": "Empreinte SHA-256", "reference_libre": "Référence libre",
}  # fmt: skip
_ASKED = {
    "demande": "Demande", "nir": "NIR", "processus": "Processus", "dossier": "Dossier", "pieces": "Pièces attendues",
    "demandee_le": "Demandée le", "age": "Âge (jours)", "etat": "État",
}  # fmt: skip
_REQUESTS = "SELECT numero, nir, processus, dossier, pieces, demandee_le, etat FROM demande"
_REQUEST = f"{_REQUESTS} WHERE numero = ?"
_OPEN_REQUESTS = f"{_REQUESTS} WHERE etat = 'OUVERTE' ORDER BY demandee_le, numero"
_LIST = "SELECT document, nature, reference, objet, du, au, jour, reference_libre, auteur, etat FROM document"
_ONE = (
    "SELECT document, nature, reference, objet, du, au, jour, reference_libre, auteur, etat, nir, empreinte,"
    " length(contenu) FROM document WHERE document = ?"
)
_BY_AUTHOR = f"{_LIST} WHERE auteur = ? AND jour BETWEEN ? AND ? ORDER BY id LIMIT ? OFFSET ?"
_COUNT = "SELECT count(*) FROM document WHERE auteur = ? AND jour BETWEEN ? AND ?"


class Ged(Legacy):
    """The pages of the GED."""

    async def search_form(self, visit: Visit) -> Response:
        """The search form."""
        return self.render("documents", "Documents", visit, rows=None)

    async def search(self, visit: Visit) -> Response:
        """The documents of one person."""
        nir = canonical_nir(visit.form.get("nir", ""))
        rows = self.store.all(f"{_LIST} WHERE nir = ? ORDER BY id", nir)
        return self.render("documents", "Documents", visit, rows=[_shown(row) for row in rows], columns=_LISTED)

    async def about(self, visit: Visit) -> Response:
        """The documents about one case, by its reference."""
        reference = visit.http.path_params["reference"]
        rows = self.store.all(f"{_LIST} WHERE reference = ? ORDER BY id", reference)
        values: dict[str, Any] = {"rows": [_shown(row) for row in rows], "columns": _LISTED, "reference": reference}
        return self.render("objet", "Documents d'un dossier", visit, **values)

    async def by_author(self, visit: Visit) -> Response:
        """Every document of an author between two days, 50 a page."""
        asked = visit.http.query_params
        first, last = read_date(asked.get("du", "")), read_date(asked.get("au", ""))
        days = (first.isoformat(), last.isoformat()) if first and last else ("", "")
        where = (asked.get("auteur", ""), *days)
        page = max(1, int(asked.get("page", "1")) if asked.get("page", "1").isdigit() else 1)
        count = (self.store.one(_COUNT, *where) or (0,))[0]
        rows = [_shown(row) for row in self.store.all(_BY_AUTHOR, *where, PAGE_SIZE, (page - 1) * PAGE_SIZE)]
        more, query = count > page * PAGE_SIZE, {name: asked.get(name, "") for name in ("auteur", "du", "au")}
        return self.render(
            "deposes",
            "Documents par auteur",
            visit,
            rows=rows,
            columns=_LISTED,
            count=count,
            page=page,
            more=more,
            asked=query,
        )

    async def request(self, visit: Visit) -> Response:
        """What was asked of a person under a number, and where it stands: whoever files something closes nothing."""
        number = visit.http.path_params["number"]
        rows = self._requests(_REQUEST, number)
        return self.render("demande", "Demande de pièces", visit, rows=rows, columns=_ASKED, number=number)

    async def requests(self, visit: Visit) -> Response:
        """Every request that waits for an answer, the oldest first, with its age."""
        rows = self._requests(_OPEN_REQUESTS)
        return self.render("demandes", "Demandes en attente", visit, rows=rows, columns=_ASKED)

    def _requests(self, sql: str, *values: str) -> list[dict[str, str]]:
        names = [name for name in _ASKED if name != "age"]
        found = self.store.all(sql, *values)
        return [self._asked(dict(zip(names, map(str, row), strict=True))) for row in found]

    def _asked(self, row: dict[str, str]) -> dict[str, str]:
        asked_on = date.fromisoformat(row["demandee_le"])
        shown = {"nir": show_nir(row["nir"]), "demandee_le": show_date(asked_on)}
        return {**row, **shown, "age": str((self.today() - asked_on).days)}

    async def document(self, visit: Visit) -> Response:
        """One document, without its content."""
        row = self.store.one(_ONE, visit.http.path_params["document"])
        if row is None:
            return self.unknown(visit)
        return self.render("document", "Document", visit, fields=_shown(row, _SHOWN), blocks={"Document": _SHOWN})

    async def preview(self, visit: Visit) -> Response:
        """The page that shows the PDF, where the browser can."""
        row = self.store.one(_ONE, visit.http.path_params["document"])
        return self.render("apercu", "Aperçu", visit, number=row[0]) if row else self.unknown(visit)

    async def pdf(self, visit: Visit) -> Response:
        """The PDF itself."""
        row = self.store.one("SELECT contenu FROM document WHERE document = ?", visit.http.path_params["document"])
        if row is None:
            return self.unknown(visit)
        return Response(row[0], media_type="application/pdf", headers={"cache-control": "no-store"})

    async def new(self, visit: Visit) -> Response:
        """The form that files a document."""
        return self._form(visit, filing.EMPTY, {})

    async def file(self, visit: Visit) -> Response:
        """Check, then file one document: the act, with its faults around the commit."""
        sent = multipart.files(visit.http.headers.get("content-type", ""), await visit.http.body())
        asked = Filing.of(visit.form, sent.get("fichier", b""))
        errors = asked.errors()
        if errors:
            return self._form(visit, {**filing.EMPTY, **visit.form}, errors)
        if "before" in visit.faults:
            return self.broken(visit)
        if visit.faults.slow_s:
            await asyncio.sleep(visit.faults.slow_s)
        number = self._commit(asked, visit.agent.login)
        if "after" in visit.faults:
            return self.broken(visit)
        return await self.drop(visit) if "drop" in visit.faults else RedirectResponse(f"/documents/{number}", 303)

    def _form(self, visit: Visit, values: dict[str, str], errors: dict[str, str]) -> Response:
        return self.render("depot", "Classer un document", visit, values=values, errors=errors, form=_FORM)

    def _commit(self, asked: Filing, author: str) -> str:
        """Insert the document and its act in one transaction, then write the ledger line."""
        today = self.today()
        start, end = read_date(asked.start) or today, read_date(asked.end) or today
        with self.store.transaction():
            identifier = self.store.run(
                "INSERT INTO document (nir, nature, reference, objet, du, au, empreinte, reference_libre, auteur, jour,"
                " contenu) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                asked.nir, asked.kind, asked.reference, asked.subject, start.isoformat(), end.isoformat(), asked.found,
                asked.free_reference, author, today.isoformat(), asked.content,
            )  # fmt: skip
            number = f"GED-{today.year}-{identifier:06d}"
            self.store.run("UPDATE document SET document = ? WHERE id = ?", number, identifier)
            self.ledger.record({"app": "ged", "act": "DEPOT", "number": number, **asked.facts(), "author": author})
        self.ledger.catch_up()
        return number


def application(options: Options) -> Starlette:
    """The web application GED."""
    ged = Ged("ged", options)
    return ged.application(
        {
            "GET /documents": ged.search_form,
            "POST /documents/recherche": ged.search,
            "GET /documents/nouveau": ged.new,
            "POST /documents": ged.file,
            "GET /documents/deposes": ged.by_author,
            "GET /documents/dossier/{reference}": ged.about,
            "GET /documents/{document}": ged.document,
            "GET /demandes": ged.requests,
            "GET /demandes/{number}": ged.request,
            "GET /documents/{document}/apercu": ged.preview,
            "GET /documents/{document}/pdf": ged.pdf,
        }
    )


def _shown(row: tuple[Any, ...], names: dict[str, str] = _LISTED) -> dict[str, str]:
    values = {name: str(value) for name, value in zip(names, row, strict=True)}
    days = {name: show_date(date.fromisoformat(values[name])) for name in ("du", "au", "jour")}
    return {**values, **days, **({"nir": show_nir(values["nir"])} if "nir" in values else {})}
