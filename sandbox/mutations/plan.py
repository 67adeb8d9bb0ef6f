"""Which change a seed asks for: an application, a screen, a kind that fits it."""

import random
from collections.abc import Sequence

from sandbox.errors import SandboxError
from sandbox.mutations import forms, pages, reads
from sandbox.mutations.parts import Change

EVERYWHERE: dict[str, Change] = {
    "css": pages.css, "banner": pages.banner, "slow": pages.slow, "retitle": pages.retitle, "relink": pages.relink,
    "other_version": pages.other_version,
}  # fmt: skip
FORM: dict[str, Change] = {
    "swap_fields": forms.swap_fields, "swap_labels": forms.swap_labels, "rename_id": forms.rename_id,
    "rename_name": forms.rename_name, "move_field": forms.move_field, "add_field": forms.add_field,
    "confirmation_page": forms.confirmation_page, "date_format": forms.date_format,
    "amount_format": forms.amount_format, "no_question": forms.no_question,
}  # fmt: skip
VALUES: dict[str, Change] = {
    "value.rename_id": reads.rename_id, "value.drop": reads.drop_field, "value.move": reads.move_field,
    "value.swap_ids": reads.swap_fields, "value.swap_labels": reads.swap_labels,
}  # fmt: skip
LIST: dict[str, Change] = {
    "list.add_column": reads.add_column, "list.swap_columns": reads.swap_columns, "list.swap_cells": reads.swap_cells,
    "list.swap_classes": reads.swap_classes, "list.rename_class": reads.rename_class,
    "list.drop_column": reads.drop_column, "list.rename": reads.rename_list,
}  # fmt: skip
DATES: dict[str, Change] = {"shown.date_format": reads.date_format}
AMOUNTS: dict[str, Change] = {"shown.amount_format": reads.amount_format}
#: Of the page that asks to confirm: no seed asks for them, since release 1 has no such page.
CONFIRMATION: dict[str, Change] = {"confirm.other_sent": forms.other_sent, "confirm.one_to_fill": forms.one_to_fill}
KINDS: dict[str, Change] = {**EVERYWHERE, **FORM, **VALUES, **LIST, **DATES, **AMOUNTS, **CONFIRMATION}

_LOGIN = ("rename_id", "rename_name", "swap_fields", "move_field")
_SEARCH = ("rename_id", "rename_name", "confirmation_page", "add_field")
_COUNT = ("value.rename_id",)
_LISTED = (*LIST, *DATES)
#: The screens of each application, with what can happen to each besides what can happen everywhere.
SCREENS: dict[str, dict[str, tuple[str, ...]]] = {
    "bdo": {
        "connexion": _LOGIN,
        "accueil": (),
        "recherche": _SEARCH,
        "resultats": _COUNT,
        "dossier": (*VALUES, *DATES),
        "rib": (*VALUES, *DATES),
    },
    "arpege": {
        "connexion": _LOGIN,
        "accueil": (),
        "recherche": _SEARCH,
        "resultats": _COUNT,
        "synthese": (*VALUES, *DATES),
        "arrets": (*LIST, *DATES),
        "droits": (*VALUES, *LIST, *DATES, *AMOUNTS),
        "paiements": (*LIST, *DATES, *AMOUNTS),
    },
    "compta": {
        "connexion": _LOGIN,
        "accueil": (),
        "avances": (*_SEARCH, *_COUNT, *LIST, *DATES, *AMOUNTS),
        "nouvelle-avance": tuple(FORM),
        "avance": (*VALUES, *DATES, *AMOUNTS),
        "saisies": ("rename_id", "rename_name", *_COUNT, *LIST, *DATES, *AMOUNTS),
    },
    "rniam": {
        "connexion": _LOGIN,
        "accueil": (),
        "recherche": _SEARCH,
        "resultats": _COUNT,
        "personne": (*VALUES, *DATES),
    },
    "c2s": {
        "connexion": _LOGIN,
        "accueil": (),
        "foyer": _LISTED,
        "droit": (*VALUES, *_LISTED),
        "modifications": _LISTED,
        "annulees": _LISTED,
        "modification": tuple(FORM),
        "annulation-fermeture": tuple(FORM),
        "rappel": tuple(FORM),
        "rappels": (*VALUES, *_LISTED),
    },
    "ged": {
        "connexion": _LOGIN,
        "accueil": (),
        "documents": (*_SEARCH, *_LISTED),
        "objet": _LISTED,
        "deposes": _LISTED,
        "document": (*VALUES, *DATES),
        "demande": _LISTED,
        "depot": tuple(FORM),
    },
}
#: Changes that leave every robot alone, drawn less often than those that may not.
_QUIET = ("css", "banner", "slow")
_OTHERS = ("retitle", "relink", "other_version")
#: The forms that enter.
_ENTERING = ("nouvelle-avance", "modification", "annulation-fermeture", "rappel", "depot")


def asked(seed: int, applications: Sequence[str]) -> dict[str, object]:
    """The change of a seed: screens of these applications in turn, the kind by chance; always the same."""
    places = _places(applications)
    chance = random.Random(f"mutation/{seed}")
    application, screen = places[seed % len(places)]
    own = SCREENS[application][screen]
    kind = chance.choice(own) if own and chance.random() < 0.8 else chance.choice((*_QUIET, *_OTHERS))
    return {"application": application, "screen": screen, "kind": kind, "seed": seed}


def _places(applications: Sequence[str]) -> list[tuple[str, str]]:
    """Screens that hold more stand there more often: more of them can change."""
    found = [
        (application, screen)
        for application in applications
        for screen, own in SCREENS.get(application, {}).items()
        for _ in range(3 if screen in _ENTERING else 2 if len(own) > 4 else 1)
    ]
    if not found:
        raise SandboxError(f"no screen of {', '.join(applications)} changes here; known: {', '.join(SCREENS)}")
    return found
