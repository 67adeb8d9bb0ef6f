"""Bank returns of COMPTA: transfers that the bank sent back, and the reason noted on each. No money moves here."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import RedirectResponse, Response

from sandbox.formats import read_date, show_date, show_money, show_nir
from sandbox.web.legacy import Handler, Legacy, Visit

#: The fields of the form.
EMPTY = {"numero": "", "motif_rejet": "", "reference_banque": "", "date_comptable": "", "reference_libre": ""}
#: What a return is noted on: sent back, as COMPTA's own bank statement says.
SENT_BACK = "REJETE_BANQUE"
_TRANSFER_COLUMNS = {
    "numero": "Numéro", "nir": "NIR", "reference_arret": "Référence arrêt", "du": "Du", "au": "Au", "montant": "Montant",
    "etat": "État",
}  # fmt: skip
_COLUMNS = {
    "numero": "Numéro", "du": "Du", "au": "Au", "montant": "Montant", "motif_rejet": "Motif du rejet",
    "reference_banque": "Référence de la banque", "date_comptable": "Date comptable",
    "reference_retour": "Référence libre", "note_par": "Auteur", "note_le": "Noté le",
}  # fmt: skip
_TRANSFER = "SELECT numero, nir, reference_arret, du, au, montant_c, etat FROM avance WHERE numero = ?"
_ADVANCE = "SELECT numero, nir, nature, reference_arret, du, au, montant_c, etat FROM avance WHERE numero = ?"
_NOTED = (
    "SELECT a.numero, a.du, a.au, a.montant_c, r.motif, r.reference_banque, r.date_comptable, r.reference_libre, r.auteur,"
    " r.jour FROM retour r JOIN avance a ON a.numero = r.numero"
)
_INSERT = (
    "INSERT INTO retour (numero, motif, reference_banque, date_comptable, reference_libre, auteur, jour)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_MARK = "UPDATE avance SET code_rejet = ? WHERE numero = ?"


@dataclass(frozen=True, kw_only=True)
class Return:
    """What the form says."""

    number: str
    reason: str
    bank_reference: str
    booked_on: date | None
    free_reference: str

    @classmethod
    def of(cls, form: dict[str, str]) -> "Return":
        """The return of a form."""
        number, reason, bank_reference, booked_on, reference = (form.get(name, "").strip() for name in EMPTY)
        return cls(
            number=number, reason=reason, bank_reference=bank_reference, booked_on=read_date(booked_on),
            free_reference=reference,
        )  # fmt: skip

    def errors(self, state: str | None, noted: int) -> dict[str, str]:
        """French sentences by field; `state` is that of the advance, None when there is none of this number."""
        wrong = {
            "numero": (
                state != SENT_BACK or bool(noted),
                "Seul un virement rejeté par la banque, dont aucun retour n'est noté, peut l'être.",
            ),
            "motif_rejet": (
                not re.fullmatch(r"[A-Z0-9]{4}", self.reason, re.ASCII),
                "Indiquez le motif de la banque, 4 caractères.",
            ),
            "reference_banque": (not 1 <= len(self.bank_reference) <= 35, "Indiquez la référence de la banque."),
            "date_comptable": (self.booked_on is None, "Indiquez la date comptable, JJ/MM/AAAA."),
            "reference_libre": (len(self.free_reference) > 40, "La référence libre a 40 caractères au plus."),
        }
        return {name: sentence for name, (is_wrong, sentence) in wrong.items() if is_wrong}


@dataclass(frozen=True, kw_only=True)
class Returns:
    """The pages of COMPTA about transfers that the bank sent back."""

    compta: Legacy

    def pages(self) -> dict[str, Handler]:
        """Their addresses."""
        return {
            "GET /retours/nouveau": self.new,
            "GET /retours/saisies": self.by_author,
            "POST /retours": self.note,
            "GET /retours/{number}": self.of_transfer,
        }

    async def new(self, visit: Visit) -> Response:
        """The form."""
        return self._form(visit, {**EMPTY}, {})

    async def note(self, visit: Visit) -> Response:
        """Check, then commit one return: an act, with its faults around the commit."""
        asked = Return.of(visit.form)
        row = self.compta.store.one(_ADVANCE, asked.number)
        noted = self.compta.store.all(f"{_NOTED} WHERE r.numero = ?", asked.number)
        errors = asked.errors(row[7] if row else None, len(noted))
        if errors or row is None or asked.booked_on is None:
            return self._form(visit, {**EMPTY, **visit.form}, errors)
        if "before" in visit.faults:
            return self.compta.broken(visit)
        self._commit(row, asked, asked.booked_on, visit.agent.login)
        if "after" in visit.faults:
            return self.compta.broken(visit)
        if "drop" in visit.faults:
            return await self.compta.drop(visit)
        return RedirectResponse(f"/retours/{asked.number}", 303)

    async def of_transfer(self, visit: Visit) -> Response:
        """The transfer of that number and what is noted of its return; or that there is none."""
        number = visit.http.path_params["number"]
        rows = self.compta.store.all(f"{_NOTED} WHERE r.numero = ?", number)
        return self._list(visit, rows, transfers=self.compta.store.all(_TRANSFER, number), number=number)

    async def by_author(self, visit: Visit) -> Response:
        """Every return that an author noted between two days."""
        asked = visit.http.query_params
        author, start, end = (asked.get(name, "") for name in ("auteur", "du", "au"))
        first, last = (read_date(day) or date.min for day in (start, end))
        where = (author, first.isoformat(), last.isoformat())
        rows = self.compta.store.all(f"{_NOTED} WHERE r.auteur = ? AND r.jour BETWEEN ? AND ? ORDER BY r.id", *where)
        return self._list(visit, rows, transfers=[], number=f"de {author}, du {start} au {end}")

    def _list(
        self, visit: Visit, rows: list[tuple[Any, ...]], *, transfers: list[tuple[Any, ...]], number: str
    ) -> Response:
        return self.compta.render(
            "retour", "Retour", visit, number=number, rows=[_shown(row) for row in rows], columns=_COLUMNS,
            transfers=[_shown_transfer(row) for row in transfers], transfer_columns=_TRANSFER_COLUMNS,
        )  # fmt: skip

    def _form(self, visit: Visit, values: dict[str, str], errors: dict[str, str]) -> Response:
        return self.compta.render("nouveau-retour", "Nouveau retour", visit, values=values, errors=errors)

    def _commit(self, row: tuple[Any, ...], asked: Return, booked_on: date, author: str) -> None:
        number, nir, nature, stop, start, end, amount_c, _ = row
        about = {"app": "compta", "act": "RETOUR", "number": number, "nir": nir, "nature": nature, "stop": stop}
        said = {"from": start, "to": end, "amount_c": amount_c, "reason": asked.reason}
        bank = {"bank_reference": asked.bank_reference, "booked_on": booked_on.isoformat()}
        with self.compta.store.transaction():
            day = self.compta.today().isoformat()
            self.compta.store.run(
                _INSERT, number, asked.reason, *bank.values(), asked.free_reference, author, day
            )  # fmt: skip
            self.compta.store.run(_MARK, asked.reason, number)
            clock = f"{datetime.now(ZoneInfo('Europe/Paris')):%H:%M}"
            own = {"free_reference": asked.free_reference, "author": author, "day": day, "hour": clock}
            self.compta.ledger.record({**about, **said, **bank, **own})
        self.compta.ledger.catch_up()


def _shown_transfer(row: tuple[Any, ...]) -> dict[str, str]:
    values = dict(zip(_TRANSFER_COLUMNS, row, strict=True))
    days = {name: show_date(date.fromisoformat(values[name])) for name in ("du", "au")}
    return {**values, **days, "nir": show_nir(values["nir"]), "montant": show_money(values["montant"])}


def _shown(row: tuple[Any, ...]) -> dict[str, str]:
    values = dict(zip(_COLUMNS, row, strict=True))
    days = {name: show_date(date.fromisoformat(values[name])) for name in ("du", "au", "date_comptable", "note_le")}
    return {**values, **days, "montant": show_money(values["montant"])}
