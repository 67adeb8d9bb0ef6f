"""ARPEGE: the list of registered stops, paid or not, with the anomaly that was raised for one."""

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from sandbox.formats import show_date
from sandbox.web.legacy import Handler, Legacy, Visit

PAGE_SIZE = 50
_COLUMNS = {
    "nir": "N° assuré",
    "nom_naissance": "Nom de naissance",
    "reference": "Réf. arrêt",
    "du": "Du",
    "au": "Au",
    "recu_le": "Reçu le",
    "code": "Code anomalie",
    "date": "Signalée le",
}
_COUNT = "SELECT count(*) FROM arret t WHERE t.debut <= ? AND json_extract(t.fiche, '$.etat') = 'ENREGISTRE'"
_LIST = (
    "SELECT a.nir, json_extract(a.identite, '$.nom_naissance'), t.reference, t.debut, t.fin,"
    " json_extract(t.fiche, '$.reception'), coalesce(t.anomalie, ''), t.signalee_le"
    " FROM arret t JOIN assure a ON a.id = t.assure WHERE t.debut <= ? AND json_extract(t.fiche, '$.etat') = 'ENREGISTRE'"
    " ORDER BY t.id LIMIT ? OFFSET ?"
)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The page of ARPEGE that lists the stops which began until a day."""

    arpege: Legacy

    def pages(self) -> dict[str, Handler]:
        """Its address."""
        return {"GET /arrets": self.registered}

    async def registered(self, visit: Visit) -> Response:
        """Registered stops that began until a day, 50 a page."""
        asked = visit.http.query_params
        day = _day(asked.get("date", ""), self.arpege.today())
        page = max(1, int(asked.get("page", "1")) if asked.get("page", "1").isdigit() else 1)
        count = (self.arpege.store.one(_COUNT, day.isoformat()) or (0,))[0]
        rows = self.arpege.store.all(_LIST, day.isoformat(), PAGE_SIZE, (page - 1) * PAGE_SIZE)
        return self.arpege.render(
            "suivis", "Arrêts suivis", visit, rows=[_shown(*row) for row in rows], columns=_COLUMNS, count=count,
            page=page, more=count > page * PAGE_SIZE, day=day.isoformat(),
        )  # fmt: skip


def _day(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


def _shown(
    nir: str, name: str, stop: str, start: str, end: str, received: str, code: str, raised: str | None
) -> dict[str, str]:
    days = {"du": start, "au": end, "date": raised}
    shown = {column: show_date(date.fromisoformat(day)) if day else "" for column, day in days.items()}
    return {"nir": nir, "nom_naissance": name, "reference": stop, "recu_le": received, "code": code, **shown}
