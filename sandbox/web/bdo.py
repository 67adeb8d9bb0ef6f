"""BDO: identity, rights, bank account and address of a beneficiary. Read only."""

import json

from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response

from sandbox.formats import canonical_nir
from sandbox.web.legacy import Legacy, Options, Visit

_IDENTITY = {
    "nir": "NIR",
    "certification": "Certification",
    "nom_naissance": "Nom de naissance",
    "nom_usage": "Nom d'usage",
    "prenoms": "Prénoms",
    "sexe": "Sexe",
    "date_naissance": "Date de naissance",
    "lieu_naissance": "Commune de naissance",
    "date_deces": "Date de décès",
}
_RIGHTS = {
    "organisme": "Organisme de rattachement",
    "organisme_depuis": "Rattaché depuis le",
    "droits_debut": "Droits de base ouverts le",
    "droits_fin": "Droits de base fermés le",
}
_SIGNALS = {
    "homonymes": "Homonymes signalés",
    "verrou": "Verrou",
    "contentieux": "Contentieux",
    "lcf": "Lutte contre la fraude",
    "recours_amiable": "Recours amiable",
    "opposition": "Opposition",
    "tutelle": "Tutelle ou curatelle",
    "cession": "Cession",
    "personne_sensible": "Personne sensible",
}
_BANK = {
    "iban": "IBAN",
    "bic": "BIC",
    "titulaire": "Titulaire",
    "date_modification": "Dernière modification",
    "origine": "Origine",
}
_LOCK = "Dossier ouvert par l'agent A1002"


class Bdo(Legacy):
    """The pages of BDO."""

    async def search_form(self, visit: Visit) -> Response:
        """The search form."""
        return self.render("recherche", "Recherche", visit)

    async def search(self, visit: Visit) -> Response:
        """To the file, or the list of none or several."""
        nir = canonical_nir(visit.form.get("nir", ""))
        rows = self.store.all("SELECT id, fiche FROM dossier WHERE nir = ? ORDER BY id", nir)
        if len(rows) == 1:
            return RedirectResponse(f"/dossier/{rows[0][0]}", 303)
        found = [{"id": row[0], **json.loads(row[1])} for row in rows]
        return self.render("resultats", "Résultats", visit, found=found, kind="dossier")

    async def dossier(self, visit: Visit) -> Response:
        """One file; some are locked by an agent, for ever or for the first view."""
        row = self.store.one("SELECT fiche, verrou, image_de_la_veille, vues FROM dossier WHERE id = ?", visit.number)
        if row is None:
            return self.unknown(visit)
        fields, lock, stale, views = json.loads(row[0]), *row[1:]
        first = lock == "first view" and not views
        if first:
            self.store.run("UPDATE dossier SET vues = 1 WHERE id = ?", visit.number)
        fields["verrou"] = _LOCK if first or lock == "always" else ""
        blocks = {"Identité": _IDENTITY, "Rattachement et droits": _RIGHTS, "Signalements": _SIGNALS}
        values = {"id": visit.number, "fields": fields, "blocks": blocks, "stale": bool(stale)}
        return self.render("dossier", "Dossier", visit, **values)

    async def bank(self, visit: Visit) -> Response:
        """The bank account of a file."""
        row = self.store.one("SELECT compte_bancaire FROM dossier WHERE id = ?", visit.number)
        if row is None:
            return self.unknown(visit)
        values = {"id": visit.number, "fields": json.loads(row[0]), "blocks": {"Compte": _BANK}}
        return self.render("rib", "Coordonnées bancaires", visit, **values)

    async def address(self, visit: Visit) -> Response:
        """The address of a file, or that there is none."""
        row = self.store.one("SELECT adresse FROM dossier WHERE id = ?", visit.number)
        if row is None:
            return self.unknown(visit)
        fields = {"adresse": row[0]} if row[0] else {}
        blocks = {"Adresse": {"adresse": "Adresse"}}
        return self.render("adresse", "Adresse", visit, id=visit.number, fields=fields, blocks=blocks)


def application(options: Options) -> Starlette:
    """The web application BDO."""
    bdo = Bdo("bdo", options)
    return bdo.application(
        {
            "GET /recherche": bdo.search_form,
            "POST /recherche": bdo.search,
            "GET /dossier/{number:int}": bdo.dossier,
            "GET /dossier/{number:int}/rib": bdo.bank,
            "GET /dossier/{number:int}/adresse": bdo.address,
        }
    )
