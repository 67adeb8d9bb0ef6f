"""Regularisations of COMPTA: the advances that people paid and that ARPEGE's payment must cover, and the link between both."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import RedirectResponse, Response

from sandbox.formats import read_date, show_date, show_money, show_nir
from sandbox.web.legacy import Handler, Legacy, Visit

PAGE_SIZE = 50
EMPTY = {"numero": "", "reference_paiement": "", "reference_libre": ""}
#: What an advance is closed from: paid out, and neither netted nor sent back by the bank.
PAID = "LIQUIDEE"
_OPEN_COLUMNS = {
    "numero": "Numéro", "nir": "NIR", "reference_arret": "Référence arrêt", "du": "Du", "au": "Au", "montant": "Montant",
    "jour": "Saisie le", "liquidee_le": "Liquidée le", "auteur": "Auteur", "etat": "État", "code_rejet": "Code rejet",
}  # fmt: skip
_LINK_COLUMNS = {
    "numero": "Numéro", "reference_arret": "Référence arrêt", "du": "Du", "au": "Au", "montant": "Montant",
    "reference_paiement": "Référence du paiement", "reference_regularisation": "Référence libre",
    "regularisee_par": "Auteur", "regularisee_le": "Régularisée le",
}  # fmt: skip
_OPEN = " FROM avance WHERE etat IN ('LIQUIDEE', 'REJETE_BANQUE') AND jour_saisie <= ? ORDER BY jour_saisie, id"
_LIST = (
    "SELECT numero, nir, reference_arret, du, au, montant_c, jour_saisie, liquidee_le, auteur, etat, code_rejet"
    f"{_OPEN} LIMIT ? OFFSET ?"
)
_COUNT = f"SELECT count(*){_OPEN}"
_ADVANCE = "SELECT numero, nir, nature, reference_arret, du, au, montant_c, etat FROM avance WHERE numero = ?"
_LINKS = (
    "SELECT a.numero, a.reference_arret, a.du, a.au, a.montant_c, r.reference_paiement, r.reference_libre, r.auteur,"
    " r.jour FROM regularisation r JOIN avance a ON a.numero = r.numero"
)
_INSERT = (
    "INSERT INTO regularisation (numero, reference_paiement, reference_libre, auteur, jour) VALUES (?, ?, ?, ?, ?)"
)
_CLOSE = "UPDATE avance SET etat = 'REGULARISEE' WHERE numero = ?"


@dataclass(frozen=True, kw_only=True)
class Regularisation:
    """What the form says."""

    number: str
    payment: str
    free_reference: str

    @classmethod
    def of(cls, form: dict[str, str]) -> "Regularisation":
        """The regularisation of a form."""
        number, payment, reference = (form.get(name, "").strip() for name in EMPTY)
        return cls(number=number, payment=payment, free_reference=reference)

    def errors(self, state: str | None) -> dict[str, str]:
        """French sentences by field; `state` is that of the advance, None when there is none of this number."""
        wrong = {
            "numero": (
                state != PAID,
                "Seule une avance liquidée, pas encore régularisée, peut être liée à un paiement.",
            ),
            "reference_paiement": (not 1 <= len(self.payment) <= 60, "Indiquez la référence du paiement d'ARPEGE."),
            "reference_libre": (len(self.free_reference) > 40, "La référence libre a 40 caractères au plus."),
        }
        return {name: sentence for name, (is_wrong, sentence) in wrong.items() if is_wrong}


@dataclass(frozen=True, kw_only=True)
class Regularisations:
    """The pages of COMPTA about open advances and their regularisation."""

    compta: Legacy

    def pages(self) -> dict[str, Handler]:
        """Their addresses."""
        return {
            "GET /avances/ouvertes": self.open_advances,
            "GET /regularisations/nouvelle": self.new,
            "GET /regularisations/saisies": self.by_author,
            "POST /regularisations": self.link,
            "GET /regularisations/{number}": self.linked,
        }

    async def open_advances(self, visit: Visit) -> Response:
        """Every advance that people paid and nothing has netted, entered until a day, 50 a page, the oldest first."""
        asked = visit.http.query_params
        day = _day(asked.get("date", ""), self.compta.today())
        page = max(1, int(asked.get("page", "1")) if asked.get("page", "1").isdigit() else 1)
        count = (self.compta.store.one(_COUNT, day.isoformat()) or (0,))[0]
        rows = self.compta.store.all(_LIST, day.isoformat(), PAGE_SIZE, (page - 1) * PAGE_SIZE)
        return self.compta.render(
            "ouvertes", "Avances ouvertes", visit, rows=[_shown_open(row) for row in rows], columns=_OPEN_COLUMNS,
            count=count, page=page, more=count > page * PAGE_SIZE, day=day.isoformat(),
        )  # fmt: skip

    async def new(self, visit: Visit) -> Response:
        """The regularisation form."""
        return self._form(visit, {**EMPTY}, {})

    async def link(self, visit: Visit) -> Response:
        """Check, then commit one regularisation: an act, with its faults around the commit."""
        asked = Regularisation.of(visit.form)
        row = self.compta.store.one(_ADVANCE, asked.number)
        errors = asked.errors(row[7] if row else None)
        if errors or row is None:
            return self._form(visit, {**EMPTY, **visit.form}, errors)
        if "before" in visit.faults:
            return self.compta.broken(visit)
        self._commit(row, asked, visit.agent.login)
        if "after" in visit.faults:
            return self.compta.broken(visit)
        if "drop" in visit.faults:
            return await self.compta.drop(visit)
        return RedirectResponse(f"/regularisations/{asked.number}", 303)

    async def linked(self, visit: Visit) -> Response:
        """The regularisation of one advance, or that there is none."""
        number = visit.http.path_params["number"]
        rows = self.compta.store.all(f"{_LINKS} WHERE r.numero = ?", number)
        return self._list(visit, rows, number=number)

    async def by_author(self, visit: Visit) -> Response:
        """Every regularisation of an author between two days."""
        asked = visit.http.query_params
        author, start, end = (asked.get(name, "") for name in ("auteur", "du", "au"))
        first, last = (read_date(day) or date.min for day in (start, end))
        where = (author, first.isoformat(), last.isoformat())
        rows = self.compta.store.all(f"{_LINKS} WHERE r.auteur = ? AND r.jour BETWEEN ? AND ? ORDER BY r.id", *where)
        return self._list(visit, rows, number=f"de {author}, du {start} au {end}")

    def _list(self, visit: Visit, rows: list[tuple[Any, ...]], *, number: str) -> Response:
        shown = [_shown_link(row) for row in rows]
        return self.compta.render(
            "regularisation", "Régularisation", visit, number=number, rows=shown, columns=_LINK_COLUMNS
        )

    def _form(self, visit: Visit, values: dict[str, str], errors: dict[str, str]) -> Response:
        return self.compta.render(
            "nouvelle-regularisation", "Nouvelle régularisation", visit, values=values, errors=errors
        )

    def _commit(self, row: tuple[Any, ...], asked: Regularisation, author: str) -> None:
        number, nir, nature, stop, start, end, amount_c, _ = row
        act = {"app": "compta", "act": "REGULARISATION", "number": number, "nir": nir, "nature": nature, "stop": stop}
        said = {"from": start, "to": end, "amount_c": amount_c, "payment": asked.payment}
        with self.compta.store.transaction():
            day = self.compta.today().isoformat()
            self.compta.store.run(_INSERT, asked.number, asked.payment, asked.free_reference, author, day)
            self.compta.store.run(_CLOSE, asked.number)
            clock = f"{datetime.now(ZoneInfo('Europe/Paris')):%H:%M}"
            own = {"free_reference": asked.free_reference, "author": author, "day": day, "hour": clock}
            self.compta.ledger.record({**act, **said, **own})
        self.compta.ledger.catch_up()


def _day(text: str, default: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return default


def _shown_open(row: tuple[Any, ...]) -> dict[str, str]:
    values = dict(zip(_OPEN_COLUMNS, row, strict=True))
    days = {name: show_date(date.fromisoformat(values[name])) for name in ("du", "au", "jour", "liquidee_le")}
    return {**values, **days, "nir": show_nir(values["nir"]), "montant": show_money(values["montant"])}


def _shown_link(row: tuple[Any, ...]) -> dict[str, str]:
    values = dict(zip(_LINK_COLUMNS, row, strict=True))
    days = {name: show_date(date.fromisoformat(values[name])) for name in ("du", "au", "regularisee_le")}
    return {**values, **days, "montant": show_money(values["montant"])}
