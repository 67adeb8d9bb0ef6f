"""C2S: households, the rights of their members, changes of a right's period with their motive, closings cancelled."""

from typing import Any

from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response

from sandbox.formats import canonical_nir, read_date, show_money, show_nir
from sandbox.web import closing, period
from sandbox.web.closing import Cancelling
from sandbox.web.legacy import Legacy, Options, Visit
from sandbox.web.period import Change

_HOUSEHOLD = {
    "foyer": "N° foyer",
    "organismes": "Organismes gestionnaires",
    "membres": "Membres",
    "mutation": "Mutation en cours",
}
_RIGHT = {
    "droit": "Réf. droit", "foyer": "N° foyer", "nir": "NIR bénéficiaire", "nature": "Droit", "debut": "Début",
    "fin_origine": "Fin d'origine", "fin": "Fin", "renouvellement": "Renouvellement", "recours": "Recours",
    "fraude": "Fermé pour fraude", "impayes": "Participations impayées",
    "second_organisme": "Second rattachement", "second_fin": "Fin au second rattachement",
}  # fmt: skip
_PERIOD = {
    "periode": "Modification", "droit": "Réf. droit", "ancienne_fin": "Ancienne fin", "nouvelle_fin": "Nouvelle fin",
    "motif": "Motif", "reference_libre": "Référence libre", "auteur": "Auteur", "etat": "État",
}  # fmt: skip
_BACK = {**_PERIOD, "reference_rappel": "Référence du rappel", "auteur_rappel": "Rappelée par"}
_CLOSING = {
    "fermeture": "Fermeture", "droit": "Réf. droit", "fermee_le": "Fermé le", "motif_fermeture": "Motif de fermeture",
    "etat_fermeture": "État de la fermeture", "regle_annulation": "Règle d'annulation", "reouvert_au": "Rouvert jusqu'au",
    "reference_annulation": "Référence de l'annulation", "annulee_par": "Annulée par",
}  # fmt: skip
_RIGHTS = (
    "SELECT reference, foyer, nir, nature, debut, fin_origine, fin, renouvellement, recours, fraude, impayes_c,"
    " second_organisme, second_fin FROM droit"
)
_ONE = f"{_RIGHTS} WHERE reference = ?"
_OF_HOUSEHOLD = f"{_RIGHTS} WHERE foyer = ? ORDER BY reference"
_PERIODS = "SELECT periode, droit, ancienne_fin, nouvelle_fin, motif, reference_libre, auteur, etat FROM periode"
_OF_RIGHT = f"{_PERIODS} WHERE droit = ? ORDER BY id"
_PERIOD_OF = f"{_PERIODS} WHERE periode = ?"
_CLOSINGS = (
    "SELECT fermeture, droit, fermee_le, motif, etat, regle, reouvert_au, reference_libre, auteur FROM fermeture"
)
_CLOSINGS_OF = f"{_CLOSINGS} WHERE droit = ? ORDER BY fermeture"
_IN_FORCE = (
    "SELECT motif, fin, reference, fermee_le, impayes_c FROM fermeture JOIN droit ON reference = droit"
    " WHERE fermeture = ? AND etat = 'EN_VIGUEUR'"
)
_CANCELLED_BY = f"{_CLOSINGS} WHERE auteur = ? AND jour_saisie BETWEEN ? AND ? ORDER BY fermeture"
_BY_AUTHOR = f"{_PERIODS} WHERE auteur = ? AND jour_saisie BETWEEN ? AND ? ORDER BY id"


class C2s(Legacy):
    """The pages of the C2S."""

    async def search_form(self, visit: Visit) -> Response:
        """The search form."""
        return self.render("recherche", "Recherche", visit)

    async def search(self, visit: Visit) -> Response:
        """To the household of a person, or the page of nobody."""
        row = self.store.one("SELECT foyer FROM droit WHERE nir = ?", canonical_nir(visit.form.get("nir", "")))
        if row is None:
            return self.render("resultats", "Résultats", visit, found=[], kind="foyer")
        return RedirectResponse(f"/foyer/{row[0]}", 303)

    async def household(self, visit: Visit) -> Response:
        """A household and the rights of its members."""
        number = visit.http.path_params["number"]
        row = self.store.one("SELECT numero, organismes, membres, mutation FROM foyer WHERE numero = ?", number)
        if row is None:
            return self.unknown(visit)
        fields = {name: str(value) for name, value in zip(_HOUSEHOLD, row, strict=True)}
        rows = [_right(each) for each in self.store.all(_OF_HOUSEHOLD, number)]
        return self.render(
            "foyer", "Foyer", visit, blocks={"Foyer": _HOUSEHOLD}, fields=fields, rows=rows, columns=_RIGHT
        )

    async def right(self, visit: Visit) -> Response:
        """A right, every change of its period, and its closings."""
        reference = visit.http.path_params["reference"]
        row = self.store.one(_ONE, reference)
        if row is None:
            return self.unknown(visit)
        rows = [_period(each) for each in self.store.all(_OF_RIGHT, reference)]
        closings = [_closing(each) for each in self.store.all(_CLOSINGS_OF, reference)]
        return self.render(
            "droit", "Droit", visit, blocks={"Droit": _RIGHT}, fields=_right(row), rows=rows, columns=_PERIOD,
            closings=closings, closing_columns=_CLOSING,
        )  # fmt: skip

    async def new(self, visit: Visit) -> Response:
        """The form of a change of period."""
        return self._form(visit, period.EMPTY, {})

    async def change_period(self, visit: Visit) -> Response:
        """Check, then commit one change: the act, with its faults around the commit."""
        asked = Change.of(visit.form)
        row = self.store.one("SELECT fin, verrou FROM droit WHERE reference = ?", asked.right)
        closed = any(each[4] == "EN_VIGUEUR" for each in self.store.all(_CLOSINGS_OF, asked.right))
        errors = asked.errors(row[0] if row else None, locked=bool(row and row[1]), closed=closed)
        if errors:
            return self._form(visit, {**period.EMPTY, **visit.form}, errors)
        if "before" in visit.faults:
            return self.broken(visit)
        self._commit(asked, visit.agent.login)
        return await self._answered(visit, f"/droit/{asked.right}")

    async def new_back(self, visit: Visit) -> Response:
        """The form that gives a right its former end again."""
        return self.render("rappel", "Rappel d'une modification", visit, values=period.BACK, errors={})

    async def take_back(self, visit: Visit) -> Response:
        """Check, then take the last change of a right back: an act, with its faults around the commit."""
        number, reference = (visit.form.get(name, "").strip() for name in period.BACK)
        row = self.store.one(_PERIOD_OF, number)
        right = self.store.one(_ONE, row[1]) if row else None
        if row is None or right is None or row[7] != "EN_VIGUEUR" or right[6] != row[3]:
            errors = {"periode": "Seule la dernière modification d'un droit, encore en vigueur, peut être rappelée."}
            return self.render(
                "rappel", "Rappel d'une modification", visit, values={**period.BACK, **visit.form}, errors=errors
            )
        if "before" in visit.faults:
            return self.broken(visit)
        self._commit_back(row, reference, visit.agent.login)
        return await self._answered(visit, f"/rappels/{number}")

    async def taken_back(self, visit: Visit) -> Response:
        """What took a change back, or that nothing did."""
        number = visit.http.path_params["number"]
        row = self.store.one(_PERIOD_OF, number)
        found = self.store.one("SELECT reference_libre, auteur FROM retablissement WHERE periode = ?", number)
        back = dict(zip(("reference_rappel", "auteur_rappel"), found or (), strict=False))
        rows = [{**_period(row), **back}] if row and found else []
        return self.render("rappels", "Rappel", visit, number=number, rows=rows, columns=_BACK)

    async def new_cancelling(self, visit: Visit) -> Response:
        """The form that cancels a closing."""
        return self._cancelling(visit, closing.EMPTY, {})

    async def cancel_closing(self, visit: Visit) -> Response:
        """Check, then cancel one closing for unpaid participation: an act, with its faults around the commit."""
        asked = Cancelling.of(visit.form)
        row = self.store.one(_IN_FORCE, asked.closing)
        errors = asked.errors(*row[:2] if row else (None, ""))
        if row is None or errors:
            return self._cancelling(visit, {**closing.EMPTY, **visit.form}, errors)
        if "before" in visit.faults:
            return self.broken(visit)
        self._commit_cancelling(asked, row, visit.agent.login)
        return await self._answered(visit, f"/droit/{row[2]}")

    async def by_author(self, visit: Visit) -> Response:
        """Every change by an author between two days, on one page."""
        rows = [_period(row) for row in self.store.all(_BY_AUTHOR, *_asked_of(visit))]
        return self.render("modifications", "Modifications par auteur", visit, rows=rows, columns=_PERIOD)

    async def cancelled_by(self, visit: Visit) -> Response:
        """Every closing that an author cancelled between two days, on one page."""
        rows = [_closing(row) for row in self.store.all(_CANCELLED_BY, *_asked_of(visit))]
        return self.render("annulees", "Fermetures annulées par auteur", visit, rows=rows, columns=_CLOSING)

    def _cancelling(self, visit: Visit, values: dict[str, str], errors: dict[str, str]) -> Response:
        title = "Annulation de fermeture"
        return self.render("annulation-fermeture", title, visit, values=values, errors=errors, form=_CLOSING)

    def _form(self, visit: Visit, values: dict[str, str], errors: dict[str, str]) -> Response:
        return self.render("modification", "Modification de période", visit, values=values, errors=errors, form=_PERIOD)

    async def _answered(self, visit: Visit, to: str) -> Response:
        if "after" in visit.faults:
            return self.broken(visit)
        return await self.drop(visit) if "drop" in visit.faults else RedirectResponse(to, 303)

    def _commit(self, asked: Change, author: str) -> None:
        """Insert the change and its act in one transaction, then write the ledger line."""
        today = self.today()
        with self.store.transaction():
            identifier = self.store.run(
                "INSERT INTO periode (droit, ancienne_fin, nouvelle_fin, motif, reference_libre, auteur, jour_saisie)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                asked.right, asked.former_end, asked.end, asked.motive, asked.free_reference, author, today.isoformat(),
            )  # fmt: skip
            number = f"MOD-{today.year}-{identifier:06d}"
            self.store.run("UPDATE periode SET periode = ? WHERE id = ?", number, identifier)
            self.store.run("UPDATE droit SET fin = ? WHERE reference = ?", asked.end, asked.right)
            act = {"app": "c2s", "act": "MODIFICATION", "number": number}
            self.ledger.record({**act, **asked.facts(), "author": author})
        self.ledger.catch_up()

    def _commit_cancelling(self, asked: Cancelling, row: tuple[Any, ...], author: str) -> None:
        """Cancel the closing and write its act in one transaction; what is owed is not touched."""
        _reason, _end, right, closed_on, unpaid_c = row
        with self.store.transaction():
            self.store.run(
                "UPDATE fermeture SET etat = 'ANNULEE', regle = ?, reouvert_au = ?, reference_libre = ?, auteur = ?,"
                " jour_saisie = ? WHERE fermeture = ?",
                asked.rule, asked.until, asked.free_reference, author, self.today().isoformat(), asked.closing,
            )  # fmt: skip
            self.ledger.record(
                {
                    "app": "c2s", "act": "ANNULATION_FERMETURE", "number": asked.closing, "right": right,
                    "closed_on": closed_on, "end": asked.until, "motive": asked.rule, "unpaid_c": unpaid_c,
                    "free_reference": asked.free_reference, "author": author,
                }
            )  # fmt: skip
        self.ledger.catch_up()

    def _commit_back(self, row: tuple[Any, ...], reference: str, author: str) -> None:
        with self.store.transaction():
            self.store.run(
                "INSERT INTO retablissement (periode, reference_libre, auteur) VALUES (?, ?, ?)",
                row[0],
                reference,
                author,
            )
            self.store.run("UPDATE periode SET etat = 'RAPPELEE' WHERE periode = ?", row[0])
            self.store.run("UPDATE droit SET fin = ? WHERE reference = ?", row[2], row[1])
            act = {
                "app": "c2s",
                "act": "RAPPEL",
                "number": row[0],
                "right": row[1],
                "former_end": row[3],
                "end": row[2],
            }
            self.ledger.record({**act, "free_reference": reference, "author": author})
        self.ledger.catch_up()


def application(options: Options) -> Starlette:
    """The web application C2S."""
    c2s = C2s("c2s", options)
    return c2s.application(
        {
            "GET /recherche": c2s.search_form,
            "POST /recherche": c2s.search,
            "GET /foyer/{number}": c2s.household,
            "GET /droit/{reference}": c2s.right,
            "GET /modifications": c2s.by_author,
            "POST /modifications": c2s.change_period,
            "GET /modifications/nouvelle": c2s.new,
            "GET /fermetures": c2s.cancelled_by,
            "POST /fermetures": c2s.cancel_closing,
            "GET /fermetures/annulation": c2s.new_cancelling,
            "POST /rappels": c2s.take_back,
            "GET /rappels/nouveau": c2s.new_back,
            "GET /rappels/{number}": c2s.taken_back,
        }
    )


def _right(row: tuple[Any, ...]) -> dict[str, str]:
    return {**dict(zip(_RIGHT, row, strict=True)), "nir": show_nir(row[2]), "impayes": show_money(row[10])}


def _period(row: tuple[Any, ...]) -> dict[str, str]:
    return dict(zip(_PERIOD, row, strict=True))


def _closing(row: tuple[Any, ...]) -> dict[str, str]:
    return dict(zip(_CLOSING, row, strict=True))


def _asked_of(visit: Visit) -> tuple[str, str, str]:
    """The author asked for, and the two days as the store has them; without both, none."""
    asked = visit.http.query_params
    first, last = read_date(asked.get("du", "")), read_date(asked.get("au", ""))
    return (asked.get("auteur", ""), *((first.isoformat(), last.isoformat()) if first and last else ("", "")))
