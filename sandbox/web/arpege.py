"""ARPEGE: stops, rights, payments and anomalies; recoveries of advances are flagged there."""

import json
from datetime import date

from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response

from sandbox.formats import canonical_nir, show_date, show_money
from sandbox.web.legacy import Legacy, Options, Visit
from sandbox.web.recovery import Recoveries
from sandbox.web.watched import Watched

_IDENTITY = {
    "nir": "NIR",
    "nom_naissance": "Nom de naissance",
    "prenoms": "Prénoms",
    "date_naissance": "Date de naissance",
}
_RIGHTS = {
    "categorie": "Catégorie",
    "affiliation": "Affilié depuis le",
    "pension_invalidite": "Pension d'invalidité",
    "avantage_vieillesse": "Avantage vieillesse",
    "echeancier": "Échéancier de cotisations",
    "jours_indemnises": "Jours déjà indemnisés sur 3 ans",
}
_STOP = {
    "reference": "Référence",
    "nature": "Nature",
    "debut": "Début",
    "fin": "Fin",
    "prescription": "Prescrit le",
    "constat": "Constaté le",
    "reception": "Reçu le",
    "risque": "Risque",
    "prescripteur": "Prescripteur",
    "avis_sm": "Avis SM",
    "etat": "État",
    "temps_partiel": "Temps partiel",
    "ald": "ALD",
}
_INCOME = {
    "annee": "Année",
    "revenu": "Revenu",
    "cotisations_dues": "Cotisations dues",
    "cotisations_payees": "Cotisations payées",
}
_PAYMENT = {
    "reference": "Référence arrêt",
    "du": "Du",
    "au": "Au",
    "brut": "Brut",
    "csg": "CSG",
    "crds": "CRDS",
    "net": "Net",
    "destinataire": "Destinataire",
    "date": "Date",
    "etat": "État",
    "code_rejet": "Code rejet",
}
_ANOMALY = {
    "nir": "N° assuré",
    "nom_naissance": "Nom de naissance",
    "reference": "Réf. arrêt",
    "code": "Code anomalie",
    "date": "Date",
}
_UNPAID = (
    "SELECT assure.nir, assure.identite, arret.reference, arret.anomalie, arret.signalee_le FROM arret"
    " JOIN assure ON assure.id = arret.assure WHERE arret.signalee_le <= ? AND NOT EXISTS (SELECT 1 FROM paiement p"
    " WHERE p.assure = assure.id AND p.etat = 'PAYE' AND p.visible AND p.du <= arret.fin AND p.au >= arret.debut)"
    " ORDER BY arret.id"
)


class Arpege(Legacy):
    """The pages of ARPEGE."""

    async def search_form(self, visit: Visit) -> Response:
        """The search form."""
        return self.render("recherche", "Recherche", visit)

    async def search(self, visit: Visit) -> Response:
        """To the person's synthesis, or the list."""
        nir = canonical_nir(visit.form.get("nir", ""))
        rows = self.store.all("SELECT id, identite FROM assure WHERE nir = ? ORDER BY id", nir)
        if len(rows) == 1:
            return RedirectResponse(f"/assure/{rows[0][0]}", 303)
        found = [{"id": row[0], **json.loads(row[1])} for row in rows]
        return self.render("resultats", "Résultats", visit, found=found, kind="assure")

    async def person(self, visit: Visit) -> Response:
        """Identity, with the stops in an iframe."""
        row = self.store.one("SELECT identite FROM assure WHERE id = ?", visit.number)
        if row is None:
            return self.unknown(visit)
        return self.render(
            "synthese", "Synthèse", visit, id=visit.number, fields=json.loads(row[0]), blocks={"Assuré": _IDENTITY},
        )  # fmt: skip

    async def stops(self, visit: Visit) -> Response:
        """The table of stops."""
        if not self._exists(visit.number):
            return self.unknown(visit)
        rows = self.store.all("SELECT fiche FROM arret WHERE assure = ? ORDER BY debut, id", visit.number)
        found = [json.loads(row[0]) for row in rows]
        return self.render("arrets", "Arrêts", visit, id=visit.number, rows=found, columns=_STOP)

    async def rights(self, visit: Visit) -> Response:
        """Rights and yearly incomes."""
        row = self.store.one("SELECT droits, revenus FROM assure WHERE id = ?", visit.number)
        if row is None:
            return self.unknown(visit)
        fields, incomes = json.loads(row[0]), json.loads(row[1])
        return self.render(
            "droits", "Droits", visit, id=visit.number, fields=fields, blocks={"Droits": _RIGHTS}, rows=incomes,
            columns=_INCOME,
        )  # fmt: skip

    async def payments(self, visit: Visit) -> Response:
        """The payments; a late one is made by ARPEGE once this page was seen."""
        if not self._exists(visit.number):
            return self.unknown(visit)
        rows = self.store.all(
            "SELECT reference, du, au, brut_c, csg_c, crds_c, destinataire, date, etat, code_rejet FROM paiement"
            " WHERE assure = ? AND visible ORDER BY du, id",
            visit.number,
        )
        self._pay_late(visit.number)
        found = [_payment(*row) for row in rows]
        return self.render("paiements", "Paiements", visit, id=visit.number, rows=found, columns=_PAYMENT)

    async def anomalies(self, visit: Visit) -> Response:
        """Stops of an anomaly, listed each day until they are paid."""
        day = _asked_day(visit, self.today())
        return self.render(
            "anomalies", "Anomalies", visit, rows=self._unpaid(day), columns=_ANOMALY, day=day.isoformat()
        )

    async def anomalies_csv(self, visit: Visit) -> Response:
        """The same list in the format of a delivery."""
        day = _asked_day(visit, self.today())
        lines = [";".join(row.values()) for row in self._unpaid(day)]
        text = "\r\n".join([";".join(_ANOMALY.values()), *lines, f"FIN;{len(lines)}", ""])
        name = f"anomalies-arpege-{day:%Y%m%d}.csv"
        headers = {
            "content-disposition": f"attachment; filename={name}",
            "content-type": "text/csv; charset=windows-1252",
        }
        return Response(text.encode("cp1252", "replace"), headers=headers)

    def _exists(self, number: int) -> bool:
        return self.store.one("SELECT 1 FROM assure WHERE id = ?", number) is not None

    def _unpaid(self, day: date) -> list[dict[str, str]]:
        return [
            {
                "nir": nir,
                "nom_naissance": json.loads(identity)["nom_naissance"],
                "reference": reference,
                "code": code,
                "date": show_date(date.fromisoformat(raised)),
            }
            for nir, identity, reference, code, raised in self.store.all(_UNPAID, day.isoformat())
        ]

    def _pay_late(self, number: int) -> None:
        late = self.store.one(
            "SELECT id, nir, reference, du, au, brut_c - csg_c - crds_c FROM paiement"
            " WHERE assure = ? AND tardif AND NOT visible",
            number,
        )
        if late is None:
            return
        identifier, nir, reference, start, end, net_c = late
        with self.store.transaction():
            self.store.run("UPDATE paiement SET visible = 1 WHERE id = ?", identifier)
            act = {"app": "arpege", "act": "PAIEMENT", "number": str(identifier), "nir": nir, "stop": reference}
            self.ledger.record({**act, "from": start, "to": end, "amount_c": net_c, "author": "ARPEGE"})
        self.ledger.catch_up()


def application(options: Options) -> Starlette:
    """The web application ARPEGE."""
    arpege = Arpege("arpege", options)
    return arpege.application(
        {
            "GET /recherche": arpege.search_form,
            "POST /recherche": arpege.search,
            "GET /assure/{number:int}": arpege.person,
            "GET /assure/{number:int}/arrets": arpege.stops,
            "GET /assure/{number:int}/droits": arpege.rights,
            "GET /assure/{number:int}/paiements": arpege.payments,
            "GET /anomalies": arpege.anomalies,
            "GET /anomalies.csv": arpege.anomalies_csv,
            **Recoveries(arpege=arpege).pages(),
            **Watched(arpege=arpege).pages(),
        }
    )


def _asked_day(visit: Visit, default: date) -> date:
    try:
        return date.fromisoformat(visit.http.query_params.get("date", ""))
    except ValueError:
        return default


def _payment(
    reference: str, start: str, end: str, gross_c: int, csg_c: int, crds_c: int, payee: str, paid_on: str, *ends: str
) -> dict[str, str]:
    state, reject_code = ends
    return {
        "reference": reference,
        "du": show_date(date.fromisoformat(start)),
        "au": show_date(date.fromisoformat(end)),
        "brut": show_money(gross_c),
        "csg": show_money(csg_c),
        "crds": show_money(crds_c),
        "net": show_money(gross_c - csg_c - crds_c),
        "destinataire": payee,
        "date": show_date(date.fromisoformat(paid_on)),
        "etat": state,
        "code_rejet": reject_code,
    }
