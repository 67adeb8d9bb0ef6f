"""COMPTA: advances, their proposal by an author and their two validations by people."""

import asyncio
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.responses import RedirectResponse, Response

from sandbox.formats import canonical_nir, comma_for_point, read_date, show_date, show_money, show_nir
from sandbox.web import cancellation
from sandbox.web.cancellation import Cancellation
from sandbox.web.legacy import Legacy, Options, Visit
from sandbox.web.proposal import EMPTY, Proposal, errors_of
from sandbox.web.regularisation import Regularisations
from sandbox.web.returns import Returns

PAGE_SIZE = 50
_COLUMNS = {
    "numero": "Numéro",
    "nature": "Nature",
    "reference_arret": "Référence arrêt",
    "du": "Du",
    "au": "Au",
    "montant": "Montant",
    "reference_libre": "Référence libre",
    "auteur": "Auteur",
    "etat": "État",
    "saisie_le": "Saisie le",
}
_DETAIL = {
    "numero": "Numéro", "nir": "NIR", "nature": "Nature", "reference_arret": "Référence arrêt", "du": "Du", "au": "Au",
    "montant": "Montant", "motif": "Motif", "reference_libre": "Référence libre", "auteur": "Auteur", "etat": "État",
    "saisie_le": "Saisie le", "valide_par": "Validée par", "liquide_par": "Liquidée par",
}  # fmt: skip
#: The fields of the proposal form: label and width.
_FORM = {
    "nir": ("NIR", 21), "nature": ("Nature", 20), "reference_arret": ("Référence arrêt", 20), "du": ("Période du", 10),
    "au": ("au", 10), "montant": ("Montant", 12), "motif": ("Motif", 60), "reference_libre": ("Référence libre", 42),
}  # fmt: skip
_SELECT = (
    "SELECT numero, nir, nature, reference_arret, du, au, montant_c, motif, reference_libre, auteur, etat, saisie_le,"
    " valide_par, liquide_par FROM avance"
)
_BY_NIR = f"{_SELECT} WHERE nir = ? ORDER BY id"
_BY_NUMBER = f"{_SELECT} WHERE numero = ?"
_BY_STATE = f"{_SELECT} WHERE etat = ? ORDER BY id"
_BY_AUTHOR = f"{_SELECT} WHERE auteur = ? AND jour_saisie BETWEEN ? AND ? ORDER BY id LIMIT ? OFFSET ?"
_COUNT_BY_AUTHOR = "SELECT count(*) FROM avance WHERE auteur = ? AND jour_saisie BETWEEN ? AND ?"
#: What each role looks for, and the state, column and act of its decision.
_STEPS = {
    "ordonnateur": ("PROPOSEE", "VALIDEE", "UPDATE avance SET etat = ?, valide_par = ? WHERE numero = ?", "VALIDATION"),
    "dcf": ("VALIDEE", "LIQUIDEE", "UPDATE avance SET etat = ?, liquide_par = ? WHERE numero = ?", "LIQUIDATION"),
}


class Compta(Legacy):
    """The pages of COMPTA."""

    async def search_form(self, visit: Visit) -> Response:
        """The search form."""
        return self.render("avances", "Avances", visit, rows=None)

    async def search(self, visit: Visit) -> Response:
        """The advances of one person."""
        rows = self.store.all(_BY_NIR, canonical_nir(visit.form.get("nir", "")))
        return self.render("avances", "Avances", visit, rows=[_shown(row) for row in rows], columns=_COLUMNS)

    async def new(self, visit: Visit) -> Response:
        """The proposal form."""
        return self._form(visit, {**EMPTY}, {})

    async def control(self, visit: Visit) -> Response:
        """From release 2 on: check, then show everything once more; nothing is recorded yet."""
        form = self._typed(visit)
        errors = errors_of(form)
        if self.release == "1":
            return self.unknown(visit)
        return self._form(visit, {**EMPTY, **visit.form}, errors) if errors else self._confirmation(visit)

    async def propose(self, visit: Visit) -> Response:
        """Check, then commit one proposal: the act, with its faults around the commit."""
        form = self._typed(visit)
        errors = errors_of(form)
        if errors:
            return self._form(visit, {**EMPTY, **visit.form}, errors)
        if self.release == "2.1" and visit.form.get("confirme") != "oui":
            return self._confirmation(visit)
        if "before" in visit.faults:
            return self.broken(visit)
        if visit.faults.slow_s:
            await asyncio.sleep(visit.faults.slow_s)
        proposal = Proposal.of(form)
        if "alter" in visit.faults:  # another amount is kept than was typed, and nothing says so
            proposal = replace(proposal, amount_c=proposal.amount_c - 1)
        number = self._commit(proposal, visit.agent.login)
        if "after" in visit.faults:
            return self.broken(visit)
        return await self.drop(visit) if "drop" in visit.faults else RedirectResponse(f"/avances/{number}", 303)

    async def advance(self, visit: Visit) -> Response:
        """One advance."""
        row = self.store.one(_BY_NUMBER, visit.http.path_params["number"])
        if row is None:
            return self.unknown(visit)
        return self.render("avance", "Avance", visit, fields=_shown(row), blocks={"Avance": _DETAIL})

    async def new_cancellation(self, visit: Visit) -> Response:
        """The cancellation form."""
        return self._cancellation_form(visit, {**cancellation.EMPTY}, {})

    async def cancel(self, visit: Visit) -> Response:
        """Check, then commit one cancellation: an act, with its faults around the commit."""
        asked = Cancellation.of(visit.form)
        row = self.store.one(_BY_NUMBER, asked.number)
        errors = asked.errors(row[10] if row else None)
        if errors or row is None:
            return self._cancellation_form(visit, {**cancellation.EMPTY, **visit.form}, errors)
        if "before" in visit.faults:
            return self.broken(visit)
        self._commit_cancellation(row, asked, visit.agent.login)
        if "after" in visit.faults:
            return self.broken(visit)
        return (
            await self.drop(visit) if "drop" in visit.faults else RedirectResponse(f"/annulations/{asked.number}", 303)
        )

    async def cancelled(self, visit: Visit) -> Response:
        """The cancellation of one advance, or that there is none."""
        number = visit.http.path_params["number"]
        row, found = self.store.one(_BY_NUMBER, number), self.store.one(cancellation.SELECT, number)
        names = ("motif_annulation", "reference_annulation", "annulee_par")
        rows = [{**_shown(row), **dict(zip(names, found, strict=True))}] if row and found else []
        return self.render("annulation", "Annulation", visit, number=number, rows=rows, columns=cancellation.COLUMNS)

    async def by_author(self, visit: Visit) -> Response:
        """Every advance of an author between two days, 50 a page."""
        asked = QueryParams(visit.form) if visit.form else visit.http.query_params
        author, start, end = (asked.get(name, "") for name in ("auteur", "du", "au"))
        first, last = read_date(start), read_date(end)
        if not (author and first and last):
            return self.render(
                "saisies",
                "Saisies par auteur",
                visit,
                rows=None,
                asked=bool(asked),
                author=author,
                start=start,
                end=end,
            )
        page = max(1, int(asked.get("page", "1")) if asked.get("page", "1").isdigit() else 1)
        where = (author, first.isoformat(), last.isoformat())
        count = (self.store.one(_COUNT_BY_AUTHOR, *where) or (0,))[0]
        rows = self.store.all(_BY_AUTHOR, *where, PAGE_SIZE, (page - 1) * PAGE_SIZE)
        return self.render(
            "saisies", "Saisies par auteur", visit, rows=[_shown(row) for row in rows],
            columns={"nir": "NIR", **_COLUMNS}, author=author, start=start, end=end, page=page, count=count,
            more=count > page * PAGE_SIZE,
        )  # fmt: skip

    async def to_validate(self, visit: Visit) -> Response:
        """What waits for this person's role."""
        return self._validation(visit)

    async def decide(self, visit: Visit) -> Response:
        """One validation or rejection, never by the author."""
        step = _STEPS.get(visit.agent.role)
        row = self.store.one(_BY_NUMBER, visit.form.get("numero", ""))
        if step is None or row is None or row[10] != step[0]:
            return self._validation(visit, "Cette avance n'est pas à valider par vous.")
        if visit.agent.login in (row[9], row[12]):
            return self._validation(visit, "L'auteur d'une proposition ne peut pas la valider.")
        if visit.form.get("decision") not in {"valider", "rejeter"}:
            return self._validation(visit, "Choisissez valider ou rejeter.")
        self._commit_decision(row, visit.agent.login, step, accepted=visit.form["decision"] == "valider")
        return RedirectResponse("/validation", 303)

    def _form(self, visit: Visit, values: dict[str, str], errors: dict[str, str]) -> Response:
        fields = _FORM if self.release == "1" else {"reference_libre": _FORM["reference_libre"], **_FORM}
        return self.render(
            "nouvelle-avance", "Nouvelle avance", visit, values=values, errors=errors, form=fields,
            to="/avances/controle" if self.release == "2" else "/avances",
        )  # fmt: skip

    def _confirmation(self, visit: Visit) -> Response:
        """Everything as it was typed, and a button: what is sent then is recorded."""
        return self.render("confirmation", "Confirmation", visit, values=visit.form, form=_FORM)

    def _typed(self, visit: Visit) -> dict[str, str]:
        """The form of a proposal as release 1 would have been sent it."""
        form = dict(visit.form)
        if self.release != "1":
            form["montant"] = comma_for_point(form.get("montant", ""))
        return form

    def _cancellation_form(self, visit: Visit, values: dict[str, str], errors: dict[str, str]) -> Response:
        return self.render("nouvelle-annulation", "Nouvelle annulation", visit, values=values, errors=errors)

    def _validation(self, visit: Visit, message: str = "") -> Response:
        step = _STEPS.get(visit.agent.role)
        rows = self.store.all(_BY_STATE, step[0]) if step else []
        return self.render(
            "validation", "Validation", visit, rows=[_shown(row) for row in rows], columns=_COLUMNS, message=message,
        )  # fmt: skip

    def _commit(self, proposal: Proposal, author: str) -> str:
        """Insert the proposal and its act in one transaction, then write the ledger line; returns the number."""
        today = self.today()
        clock = datetime.now(ZoneInfo("Europe/Paris"))
        with self.store.transaction():
            identifier = self.store.run(
                "INSERT INTO avance (nir, nature, reference_arret, du, au, montant_c, motif, reference_libre, auteur,"
                " etat, saisie_le, jour_saisie) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'PROPOSEE', ?, ?)",
                proposal.nir, proposal.nature, proposal.stop, proposal.start.isoformat(), proposal.end.isoformat(),
                proposal.amount_c, proposal.reason, proposal.free_reference, author,
                f"{show_date(today)} {clock:%H:%M}", today.isoformat(),
            )  # fmt: skip
            number = f"ACP-{today.year}-{identifier:06d}"
            self.store.run("UPDATE avance SET numero = ? WHERE id = ?", number, identifier)
            self.ledger.record(
                {"app": "compta", "act": "PROPOSITION", "number": number, **proposal.facts(), "author": author}
            )
        self.ledger.catch_up()
        return number

    def _commit_cancellation(self, row: tuple[Any, ...], asked: Cancellation, author: str) -> None:
        clock = datetime.now(ZoneInfo("Europe/Paris"))
        when = f"{show_date(self.today())} {clock:%H:%M}"
        with self.store.transaction():
            self.store.run(cancellation.INSERT, asked.number, asked.reason, asked.free_reference, author, when)
            self.store.run(cancellation.CLOSE, asked.number)
            said = {"reason": asked.reason, "free_reference": asked.free_reference}
            self.ledger.record(
                {
                    "app": "compta",
                    "act": "ANNULATION",
                    "number": row[0],
                    **_known(row).facts(),
                    **said,
                    "author": author,
                }
            )
        self.ledger.catch_up()

    def _commit_decision(
        self, row: tuple[Any, ...], login: str, step: tuple[str, str, str, str], *, accepted: bool
    ) -> None:
        _, state, sql, act = step
        with self.store.transaction():
            self.store.run(sql, state if accepted else "REJETEE", login, row[0])
            name, day = act if accepted else "REJET", self.today().isoformat()
            if name == "LIQUIDATION":
                self.store.run("UPDATE avance SET liquidee_le = ? WHERE numero = ?", day, row[0])
            who = {"author": login, "day": day}
            self.ledger.record({"app": "compta", "act": name, "number": row[0], **_known(row).facts(), **who})
        self.ledger.catch_up()


def application(options: Options) -> Starlette:
    """The web application COMPTA."""
    compta = Compta("compta", options)
    return compta.application(
        {
            "GET /avances": compta.search_form,
            "POST /avances": compta.propose,
            "POST /avances/controle": compta.control,
            "POST /avances/recherche": compta.search,
            "GET /avances/nouvelle": compta.new,
            "GET /avances/saisies": compta.by_author,
            "POST /avances/saisies": compta.by_author,
            **Regularisations(compta=compta).pages(),
            **Returns(compta=compta).pages(),
            "GET /avances/{number}": compta.advance,
            "GET /annulations/nouvelle": compta.new_cancellation,
            "POST /annulations": compta.cancel,
            "GET /annulations/{number}": compta.cancelled,
            "GET /validation": compta.to_validate,
            "POST /validation": compta.decide,
        }
    )


def _known(row: tuple[Any, ...]) -> Proposal:
    return Proposal(
        nir=row[1], nature=row[2], stop=row[3], start=date.fromisoformat(row[4]), end=date.fromisoformat(row[5]),
        amount_c=row[6], reason=row[7], free_reference=row[8],
    )  # fmt: skip


def _shown(row: tuple[Any, ...]) -> dict[str, str]:
    values = dict(zip(_DETAIL, row, strict=True))
    return {
        **values,
        "nir": show_nir(row[1]),
        "du": show_date(date.fromisoformat(row[4])),
        "au": show_date(date.fromisoformat(row[5])),
        "montant": show_money(row[6]),
    }
