"""RNIAM: who a person is, where they belong, whether they are dead. Look-ups only; each is a line of the ledger."""

from starlette.applications import Starlette
from starlette.responses import Response

from sandbox.formats import canonical_nir
from sandbox.registry import NAME, Known, find
from sandbox.web.legacy import Legacy, Options, Visit

_IDENTITY = {
    "nir": "NIR",
    "certification": "Certification",
    "nom_naissance": "Nom de naissance",
    "prenoms": "Prénoms",
    "date_naissance": "Date de naissance",
    "lieu_naissance": "Commune de naissance",
    "date_deces": "Date de décès",
}
_WHERE = {"organisme": "Organisme de rattachement", "organisme_depuis": "Rattaché depuis le"}


class Rniam(Legacy):
    """The pages of RNIAM."""

    async def search_form(self, visit: Visit) -> Response:
        """The search form."""
        return self.render("recherche", "Recherche", visit)

    async def search(self, visit: Visit) -> Response:
        """The person of a NIR, or that there is none."""
        nir = canonical_nir(visit.form.get("nir", ""))
        known = find(self.store, self.options.folder / "progres.db", nir, self.today())
        self._keep(nir, visit.agent.login, found=known is not None)
        if known is None:
            return self.render("resultats", "Résultats", visit, found=[], kind="personne")
        blocks = {"Identité": _IDENTITY, "Rattachement": _WHERE}
        return self.render("personne", "Personne", visit, fields=_shown(known), blocks=blocks)

    def _keep(self, nir: str, login: str, *, found: bool) -> None:
        """Who asked for whom: the registry is national, and every look-up in it can be accounted for."""
        with self.store.transaction():
            self.ledger.record({"app": NAME, "act": "CONSULTATION", "nir": nir, "found": found, "author": login})
        self.ledger.catch_up()


def application(options: Options) -> Starlette:
    """The web application RNIAM."""
    rniam = Rniam(NAME, options)
    return rniam.application({"GET /recherche": rniam.search_form, "POST /recherche": rniam.search})


def _shown(known: Known) -> dict[str, str]:
    where = {"organisme": known.organism, "organisme_depuis": known.since}
    return {**known.identity, **where, "date_deces": known.death}
