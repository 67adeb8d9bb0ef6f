"""The second releases of applications as a caisse would describe them, over the contracts of release 1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from playwright.async_api import Browser
from robot_world import PROJECT, PracticeWorld

from orchestrator.bootstrap.practice import Practice
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.canary import walk
from orchestrator.drivers.contracts import ApplicationContract, load_contract
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.patches import release_after
from orchestrator.drivers.release import written
from orchestrator.drivers.witness import load_witnesses

_ISO = {"format": "iso_date"}
_POINT = {"format": "euros_point"}
_AMOUNT = {"tables": {"advances": {"columns": {"amount": _POINT}}}}

#: What each caisse would write in ``screens.<caisse>.yaml``.
OWN: dict[tuple[str, str], dict[str, Any]] = {
    ("arpege", "2"): {
        "version": "2",
        "screens": {
            "summary": {
                "fields": {"birth_name": {"at": "#nom_famille"}},
                "tables": {"stops": {"columns": {"start": {"at": "td.date_debut"}}}},
            },
            "rights": {"fields": {"affiliated_on": _ISO}},
            "payments": {"tables": {"payments": {"columns": {"start": _ISO, "end": _ISO, "paid_on": _ISO}}}},
        },
    },
    ("compta", "2"): {
        "version": "2",
        "screens": {
            "search": {"anchors": ["#form-recherche", "#num_assure", "#btn-rechercher"]},
            "advances": _AMOUNT,
            "made_by_author": _AMOUNT,
            "advance": {"fields": {"amount": _POINT}},
            "proposal": {
                "anchors": ["#form-avance", "#btn-controler"],
                "fields": {"amount": _POINT, "reason": {"at": "#motif_avance"}},
            },
            "confirmation": {
                "title": "COMPTA - Confirmation",
                "anchors": ["#form-confirmation", "#btn-confirmer"],
                "fields": {
                    "nir": {"at": "#lu_nir", "format": "nir"},
                    "stop_id": {"at": "#lu_reference_arret"},
                    "start": {"at": "#lu_du", "format": "date"},
                    "end": {"at": "#lu_au", "format": "date"},
                    "amount": {"at": "#lu_montant", **_POINT},
                    "reason": {"at": "#lu_motif"},
                    "token": {"at": "#lu_reference_libre"},
                },
            },
        },
        "actions": {"search": {"fields": {"nir": "#num_assure"}}},
        "acts": {
            "propose_advance": {
                "fields": {"reason": "#motif_avance"},
                "element": "#btn-controler",
                "dialog": "none",
                "request": {"path": "/avances/controle"},
                "confirmation": {
                    "screen": "confirmation",
                    "element": "#btn-confirmer",
                    "dialog": "none",
                    "request": {"path": "/avances"},
                },
            }
        },
    },
}
#: The same page at the address of the form.
OWN["compta", "2.1"] = {**OWN["compta", "2"], "version": "2.1", "acts": {"propose_advance": {
    **OWN["compta", "2"]["acts"]["propose_advance"], "request": {"path": "/avances"},
}}}  # fmt: skip

_KIND = {"tables": {"documents": {"columns": {"kind": {"at": "td.type"}}}}}
OWN["c2s", "2"] = {
    "version": "2",
    "screens": {
        "right": {"fields": {"end": {"at": "#date_fin"}}},
        "change": {"fields": {"end": {"at": "#fin_demandee"}}},
    },
    "acts": {"extend_period": {"fields": {"end": "#fin_demandee"}}},
}
OWN["ged", "2"] = {
    "version": "2",
    "screens": {
        **dict.fromkeys(("documents", "about", "filed_by_author"), _KIND),
        "document": {"fields": {"kind": {"at": "#type"}}},
        "filing": {"fields": {"kind": {"at": "#type_document"}}},
    },
    "acts": {"file_letter": {"fields": {"kind": "#type_document"}}},
}


def install(practice: Practice, **releases: str) -> None:
    """Have the applications serve these releases; those that are not named serve the first."""
    (practice.folder / "releases.json").write_text(json.dumps(releases))


async def adopted(
    browser: Browser, world: PracticeWorld, folder: Path, name: str, release: str, account: RobotAccount | None = None
) -> ApplicationContract:
    """Return the contract of a release that is installed now, its screens looked at as ``glr screens record`` does.

    :param account: that of another robot than of advances.
    """
    shared, own = PROJECT / "keywords" / name / "screens.yaml", folder / name
    own.mkdir(parents=True)
    (own / "screens.here.yaml").write_text(yaml.safe_dump(OWN[name, release]), encoding="utf-8")
    contract = load_contract(shared, caisse="here", local=own)
    path = folder / "canary.json"
    world.practice.write_witnesses(path)
    found = await walk(WebDesk(browser, contract, account or world.accounts[name]), load_witnesses(path)[name])
    described = release_after(contract, found.facts, contract.version)
    (own / "release.here.yaml").write_text(written(described), encoding="utf-8")
    return load_contract(shared, caisse="here", local=own)
