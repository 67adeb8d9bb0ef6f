"""ARPEGE: advances that the payment of a stop is to recover, each flagged once on its stop with a note."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import RedirectResponse, Response

from sandbox.formats import read_date, read_money, show_date, show_money
from sandbox.web.legacy import Handler, Legacy, Visit

PAGE_SIZE = 50
EMPTY = {
    "avance": "", "reference_arret": "", "du": "", "au": "", "montant": "", "note": "", "reference_libre": "",
}  # fmt: skip
_FORM = {
    "avance": "N° avance", "reference_arret": "Référence arrêt", "du": "Du", "au": "Au", "montant": "Montant",
    "note": "Note", "reference_libre": "Référence libre",
}  # fmt: skip
_COLUMNS = {"recuperation": "Récupération", **_FORM, "auteur": "Auteur", "jour": "Signalée le", "etat": "État"}
_LIST = (
    "SELECT recuperation, avance, reference_arret, du, au, montant_c, note, reference_libre, auteur, jour, etat"
    " FROM recuperation"
)
_BY_AUTHOR = f"{_LIST} WHERE auteur = ? AND jour BETWEEN ? AND ? ORDER BY id LIMIT ? OFFSET ?"
_COUNT = "SELECT count(*) FROM recuperation WHERE auteur = ? AND jour BETWEEN ? AND ?"


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What the form says; days and amount as they are shown."""

    advance: str
    stop: str
    start: str
    end: str
    amount: str
    note: str
    free_reference: str

    @classmethod
    def of(cls, form: dict[str, str]) -> "Recovery":
        """The recovery of a form."""
        advance, stop, start, end, amount, note, free = (form.get(name, "").strip() for name in EMPTY)
        return cls(advance=advance, stop=stop, start=start, end=end, amount=amount, note=note, free_reference=free)

    def errors(self, *, known: bool) -> dict[str, str]:
        """French sentences by field; `known` is whether ARPEGE has that stop."""
        start, end = read_date(self.start), read_date(self.end)
        wrong = {
            "avance": (not 1 <= len(self.advance) <= 20, "Indiquez le numéro de l'avance."),
            "reference_arret": (not known, "Arrêt inconnu."),
            "du": (start is None or end is None or end < start, "La période doit commencer avant de finir."),
            "montant": (not read_money(self.amount), "Montant attendu, avec deux décimales."),
            "note": (not 1 <= len(self.note) <= 120, "Indiquez la note (120 caractères au plus)."),
            "reference_libre": (len(self.free_reference) > 40, "La référence libre a 40 caractères au plus."),
        }
        return {name: sentence for name, (is_wrong, sentence) in wrong.items() if is_wrong}


@dataclass(frozen=True, kw_only=True)
class Recoveries:
    """The pages of ARPEGE about recoveries."""

    arpege: Legacy

    def pages(self) -> dict[str, Handler]:
        """Their addresses."""
        return {
            "GET /recuperations": self.by_author,
            "GET /recuperations/nouvelle": self.new,
            "POST /recuperations": self.flag,
            "POST /recuperations/retrait": self.take_off,
            "GET /recuperations/avance/{number}": self.of_advance,
        }

    async def new(self, visit: Visit) -> Response:
        """The form."""
        return self._form(visit, EMPTY, {})

    async def flag(self, visit: Visit) -> Response:
        """Check, then commit one recovery: an act, with its faults around the commit."""
        asked = Recovery.of(visit.form)
        nir = self.arpege.store.one(
            "SELECT a.nir FROM arret t JOIN assure a ON a.id = t.assure WHERE t.reference = ?", asked.stop
        )
        errors = asked.errors(known=nir is not None)
        if errors or nir is None:
            return self._form(visit, {**EMPTY, **visit.form}, errors)
        if "before" in visit.faults:
            return self.arpege.broken(visit)
        self._commit(asked, nir[0], visit.agent.login)
        if "after" in visit.faults:
            return self.arpege.broken(visit)
        if "drop" in visit.faults:
            return await self.arpege.drop(visit)
        return RedirectResponse(f"/recuperations/avance/{asked.advance}", 303)

    async def of_advance(self, visit: Visit) -> Response:
        """What was flagged for one advance."""
        number = visit.http.path_params["number"]
        rows = self.arpege.store.all(f"{_LIST} WHERE avance = ? ORDER BY id", number)
        return self._list(visit, rows, len(rows), f"Avance {number}")

    async def take_off(self, visit: Visit) -> Response:
        """Take one recovery off, as an agent does whose advance never arrived; no robot may."""
        number = visit.form.get("recuperation", "")
        rows = self.arpege.store.all(f"{_LIST} WHERE recuperation = ? AND etat = 'A_RECUPERER'", number)
        if visit.agent.role != "agent" or not rows:
            return self._list(visit, rows, len(rows), "Cette récupération n'est pas à retirer par vous.")
        (_, advance, stop, *_) = rows[0]
        with self.arpege.store.transaction():
            self.arpege.store.run("UPDATE recuperation SET etat = 'RETIREE' WHERE recuperation = ?", number)
            act = {"app": "arpege", "act": "RETRAIT", "number": number, "stop": stop, "advance": advance}
            self.arpege.ledger.record({**act, "author": visit.agent.login})
        self.arpege.ledger.catch_up()
        return RedirectResponse(f"/recuperations/avance/{advance}", 303)

    async def by_author(self, visit: Visit) -> Response:
        """Everything an author flagged between two days, 50 a page."""
        asked = visit.http.query_params
        author, start, end = (asked.get(name, "") for name in ("auteur", "du", "au"))
        first, last = (read_date(day) or date.min for day in (start, end))
        where = (author, first.isoformat(), last.isoformat())
        page = max(1, int(asked.get("page", "1")) if asked.get("page", "1").isdigit() else 1)
        count = (self.arpege.store.one(_COUNT, *where) or (0,))[0]
        rows = self.arpege.store.all(_BY_AUTHOR, *where, PAGE_SIZE, (page - 1) * PAGE_SIZE)
        return self._list(visit, rows, count, f"De {author}, du {start} au {end}, page {page}")

    def _form(self, visit: Visit, values: dict[str, str], errors: dict[str, str]) -> Response:
        title = "Signaler une récupération"
        return self.arpege.render("recuperation", title, visit, values=values, errors=errors, form=_FORM)

    def _list(self, visit: Visit, rows: list[tuple[Any, ...]], count: int, of: str) -> Response:
        shown = [_shown(row) for row in rows]
        mine = [row["recuperation"] for row in shown if row["etat"] == "A_RECUPERER" and visit.agent.role == "agent"]
        return self.arpege.render(
            "recuperations", "Récupérations", visit, rows=shown, columns=_COLUMNS, count=count, of=of, removable=mine
        )

    def _commit(self, asked: Recovery, nir: str, author: str) -> None:
        """Insert the recovery and its act in one transaction, then write the ledger line."""
        today = self.arpege.today()
        start, end = read_date(asked.start) or today, read_date(asked.end) or today
        amount_c = read_money(asked.amount) or 0
        with self.arpege.store.transaction():
            identifier = self.arpege.store.run(
                "INSERT INTO recuperation (avance, reference_arret, du, au, montant_c, note, reference_libre, auteur, jour)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                asked.advance, asked.stop, start.isoformat(), end.isoformat(), amount_c, asked.note,
                asked.free_reference, author, today.isoformat(),
            )  # fmt: skip
            number = f"REC-{today.year}-{identifier:06d}"
            self.arpege.store.run("UPDATE recuperation SET recuperation = ? WHERE id = ?", number, identifier)
            act = {"app": "arpege", "act": "RECUPERATION", "number": number, "nir": nir, "stop": asked.stop}
            said = {"advance": asked.advance, "from": start.isoformat(), "to": end.isoformat(), "amount_c": amount_c}
            own = {"note": asked.note, "free_reference": asked.free_reference, "author": author}
            self.arpege.ledger.record({**act, **said, **own})
        self.arpege.ledger.catch_up()


def _shown(row: tuple[Any, ...]) -> dict[str, str]:
    values = dict(zip(_COLUMNS, row, strict=True))
    days = {name: show_date(date.fromisoformat(values[name])) for name in ("du", "au", "jour")}
    return {**values, **days, "montant": show_money(values["montant"])}
