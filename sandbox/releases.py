"""The releases of the applications: what an editor changed on each screen, and which release a folder has installed.

Release 1 is what the pages are written for; another one is said as what it changes: names (ids, classes and fields sent),
labels, places, formats, columns. What a release makes of its forms is in :mod:`sandbox.web.compta`; PROGRES draws its own
(``sandbox/green``).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.errors import BadOptionError
from sandbox.formats import iso_for_french, point_for_comma

#: Every release of each application, oldest first. COMPTA 2.1 confirms at the address of the form, 2 at one of its own.
RELEASES = {
    "bdo": ("1",),
    "arpege": ("1", "2"),
    "compta": ("1", "2", "2.1"),
    "c2s": ("1", "2"),
    "ged": ("1", "2"),
    "rniam": ("1",),
    "progres": ("1", "2"),
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a release changed on one screen, by the names of release 1."""

    #: New ids, classes and names of fields.
    names: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    #: What now stands before everything else: names known before, and new ones with their label and text.
    first: tuple[str, ...] = ()
    added: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    #: Dates are shown AAAA-MM-JJ, amounts with a decimal point.
    iso_dates: bool = False
    points: bool = False

    def headings(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Names and labels as this release shows them, in its order."""
        told = {name: label for name, (label, _) in self.added.items()} | {**labels} | {**self.labels}
        order = [*self.added, *self.first, *(name for name in labels if name not in self.first)]
        return {self.names.get(name, name): told[name] for name in order if name in labels or name in self.added}

    def values(self, shown: Mapping[str, str]) -> dict[str, str]:
        """Values as this release shows them."""
        whole = {name: text for name, (_, text) in self.added.items()} | {**shown}
        return {self.names.get(name, name): self._formatted(text) for name, text in whole.items()}

    def page(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that a page of release 1 would be given, as this release shows it."""
        changed = dict(values)
        if values.get("blocks"):
            changed["blocks"] = {heading: self.headings(labels) for heading, labels in values["blocks"].items()}
            changed["fields"] = values["fields"] and self.values(values["fields"])
        if values.get("columns"):
            changed["columns"] = self.headings(values["columns"])
            changed["rows"] = [self.values(row) for row in values["rows"]]
        return changed

    def _formatted(self, text: str) -> str:
        text = iso_for_french(text) if self.iso_dates else text
        return point_for_comma(text) if self.points else text


_ADVANCES = Change(names={"nir": "num_assure"}, added={"guichet": ("Guichet", "B12")}, points=True)
_COMPTA_2 = {
    "avances": _ADVANCES,
    "saisies": Change(added={"guichet": ("Guichet", "B12")}, points=True),
    "nouvelle-avance": Change(names={"motif": "motif_avance"}, labels={"montant": "Montant (point décimal)"}),
    "avance": Change(labels={"auteur": "Saisie par"}, first=("etat",), points=True),
}
_DOCUMENTS = Change(names={"nature": "type"}, added={"service": ("Service", "PRESTATIONS")})
_CHANGES: dict[tuple[str, str], dict[str, Change]] = {
    ("arpege", "2"): {
        "synthese": Change(names={"nom_naissance": "nom_famille"}, labels={"prenoms": "Prénom(s)"}),
        "arrets": Change(names={"debut": "date_debut"}, added={"teletransmis": ("Télétransmis", "oui")}),
        "droits": Change(first=("jours_indemnises",), iso_dates=True),
        "paiements": Change(iso_dates=True),
    },
    ("c2s", "2"): {
        "foyer": Change(added={"guichet": ("Guichet", "B12")}),
        "droit": Change(names={"fin": "date_fin"}, labels={"renouvellement": "Renouvellement en cours"}),
        "modification": Change(names={"nouvelle_fin": "fin_demandee"}, labels={"motif": "Motif réglementaire"}),
    },
    ("ged", "2"): {
        "documents": _DOCUMENTS,
        "objet": _DOCUMENTS,
        "deposes": _DOCUMENTS,
        "document": Change(names={"nature": "type"}, labels={"empreinte": "Empreinte SHA-256"}, first=("etat",)),
        "depot": Change(names={"nature": "type_document"}, labels={"objet": "Dossier concerné"}),
    },
    ("compta", "2"): _COMPTA_2,
    ("compta", "2.1"): _COMPTA_2,
}


def change(application: str, release: str, screen: str) -> Change:
    """What a release changed on a screen since release 1."""
    return _CHANGES.get((application, release), {}).get(screen, Change())


def received(application: str, release: str, form: Mapping[str, str]) -> dict[str, str]:
    """The fields of a form under their names of release 1."""
    changes = _CHANGES.get((application, release), {}).values()
    before = {new: old for one in changes for old, new in one.names.items()}
    return {before.get(name, name): text for name, text in form.items()}


def install(folder: Path, wanted: str) -> None:
    """Install releases in a folder: `2` wherever there is one, or `arpege=2,compta=2.1`; the others stay."""
    path = folder / "releases.json"
    path.with_suffix(".new").write_text(json.dumps({**_installed(folder), **_asked(wanted)}))
    path.with_suffix(".new").replace(path)


def installed(folder: Path, application: str) -> str:
    """The release of an application that a folder has now."""
    return _installed(folder).get(application, "1")


def _installed(folder: Path) -> dict[str, str]:
    path = folder / "releases.json"
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _asked(wanted: str) -> dict[str, str]:
    if "=" not in wanted:
        found = {name: wanted for name, releases in RELEASES.items() if wanted in releases}
    else:
        found = dict(each.partition("=")[::2] for each in wanted.split(","))
    if not found or any(release not in RELEASES.get(name, ()) for name, release in found.items()):
        known = ", ".join(f"{name}={'|'.join(releases)}" for name, releases in RELEASES.items())
        raise BadOptionError(f"--release {wanted}: known releases are {known}")
    return found
