"""COMPTA closed by its changed screens, as a session that walked them leaves it."""

from __future__ import annotations

from pathlib import Path

from orchestrator.domain.errors import ReleaseChanged
from orchestrator.drivers.contracts import load_contract
from orchestrator.drivers.differences import Difference, Fix
from orchestrator.drivers.patches import Seen, Target, patch
from orchestrator.drivers.veil import Veil
from orchestrator.engine.canary import Found, close_application
from orchestrator.store.database import Database

COMPTA = Path(__file__).resolve().parents[2] / "keywords" / "compta"
#: Two screens, one of them with what alters nothing, and words of a page that are no page.
DIFFERENCES = (
    Difference(screen="search", text="champ « nir » : s'appelle maintenant « num_assure »"),
    Difference(screen="advances", text="tableau « advances », nouvelle colonne « Guichet »", alters=False),
    Difference(
        screen="advances",
        text="tableau « advances », colonne « amount » : format « euros » attendu, « 9999.99 » affiché",
    ),
    Difference(screen="proposal", text="champ « montant », libellé : « Montant » → « <b>•••</b> »"),
    Difference(
        screen="proposal", text="formulaire « form-avance », adresse d'envoi : « /avances » → « /avances/controle »"
    ),
)
FIXES = (
    Fix(place=("version",), value="2"),
    Fix(place=("actions", "search", "fields", "nir"), value="#num_assure"),
    Fix(place=("screens", "advances", "tables", "advances", "columns", "amount", "format"), value="euros_point"),
)


async def close_compta(database: Database, folder: Path) -> str:
    """Close COMPTA; returns the proposed change."""
    own = folder / "keywords" / "compta"
    target = Target(screens=own / "screens.cpam-931.yaml", release=own / "release.cpam-931.yaml", own=True)
    contract = load_contract(COMPTA / "screens.yaml")
    proposal = patch(target, contract, Seen(fixes=FIXES, documents={}, veil=Veil()))
    error = ReleaseChanged("compta", "search", [each.text for each in DIFFERENCES if each.alters])
    async with database.transaction("robot:acompte-ij") as tx:
        await close_application(tx, "cpam-931", Found(error=error, differences=DIFFERENCES, proposal=proposal))
    return proposal
