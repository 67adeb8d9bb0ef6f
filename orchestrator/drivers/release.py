"""What the screens of an application look like in the release we know, and how forms have changed (DRIVERS, Screen contracts).

Selectors that still match prove little: two swapped labels, another target or one more field change what is entered while every
selector holds. So screens are described in ``keywords/<application>/release.yaml``, written by ``glr screens record`` when a
person has looked at the release: whole forms where a robot fills them, labels beside what it reads, headings of its tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.plain_yaml import plain


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldFacts(_Facts):
    """One field of a form, never its value."""

    id: str
    name: str
    type: str
    label: str
    #: Longest text, -1 without limit.
    longest: int = -1
    #: Read only or disabled.
    fixed: bool = False
    #: Texts of a list of choices.
    choices: tuple[str, ...] = ()
    #: What the page says of how it is typed, besides its label: in it, beside it, as its title; ``#`` for each digit.
    hint: str = ""
    #: What the page itself demands of what is typed: its pattern, its step, its keyboard.
    demands: str = ""


class ButtonFacts(_Facts):
    """One button of a form."""

    id: str
    type: str
    text: str


class FormFacts(_Facts):
    """One form: where it goes, what it asks before, its fields and buttons in their order."""

    id: str
    method: str
    path: str
    #: The page's own question before it is sent.
    asks: str = ""
    fields: tuple[FieldFacts, ...] = ()
    buttons: tuple[ButtonFacts, ...] = ()


class TableFacts(_Facts):
    """The headings of a table."""

    #: Every heading, in the order of the screen.
    headings: tuple[str, ...]
    #: The heading above each column of the contract.
    columns: Mapping[str, str]


class ScreenFacts(_Facts):
    """One screen, without any value."""

    #: Its forms; kept where a robot fills one.
    forms: tuple[FormFacts, ...] = ()
    #: What stands beside each field of the contract.
    labels: Mapping[str, str] = {}
    #: Its tables by name.
    tables: Mapping[str, TableFacts] = {}


class Release(_Facts):
    """The screens of an application, in the release that a person has looked at."""

    application: str
    version: str
    screens: Mapping[str, ScreenFacts]

    def forms(self, screen: str) -> tuple[FormFacts, ...] | None:
        """Return the forms known of a screen; None when none was described."""
        known = self.screens.get(screen)
        return known.forms if known and known.forms else None


def load_release(path: Path) -> Release:
    """Read a ``release.yaml``; raises :class:`SettingsError` that names the file and what to do."""
    try:
        return Release.model_validate(plain(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        name = path.parent.name
        raise SettingsError(f"{path} illisible : le refaire par glr screens record {name}.\n{error}") from None


def written(release: Release) -> str:
    """Return the text of a ``release.yaml``."""
    head = "# Écrit par glr screens record, après que quelqu'un a regardé cette version de l'application.\n"
    content = release.model_dump(mode="json", exclude_defaults=True)
    return head + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)


@dataclass(frozen=True, kw_only=True)
class FormChange:
    """One difference between two descriptions of a form."""

    #: In French.
    text: str
    #: True for what only stands elsewhere, or was added: it matters where the form enters, not where it searches.
    quiet: bool = False
    #: The id before and now, of a field that has the same label under another id.
    renamed: tuple[str, str] | None = None
    #: True for a form that asked before it was sent, and no longer does.
    silent: bool = False


def form_changes(known: tuple[FormFacts, ...], seen: tuple[FormFacts, ...]) -> list[FormChange]:
    """Return everything that differs between two descriptions of the forms of a screen."""
    found: list[FormChange] = []
    ids = {form.id: form for form in seen}
    for form in known:
        now = ids.get(form.id)
        found += [FormChange(text=f"le formulaire « {form.id} » a disparu")] if now is None else _changes(form, now)
    known_ids = {form.id for form in known}
    new = [form.id for form in seen if form.id not in known_ids]
    return found + [FormChange(text=f"formulaire nouveau « {each} »", quiet=True) for each in new]


_FORM = {"method": "méthode", "path": "adresse d'envoi", "asks": "question avant l'envoi"}
_FIELD = {
    "name": "nom envoyé",
    "type": "genre",
    "label": "libellé",
    "longest": "longueur",
    "fixed": "lecture seule",
    "choices": "choix",
    "hint": "indication",
    "demands": "forme exigée",
}
_BUTTON = {"type": "genre", "text": "texte"}


def _changes(known: FormFacts, seen: FormFacts) -> Iterator[FormChange]:
    yield from _differing(f"formulaire « {known.id} »", known, seen, _FORM)
    yield from _listed("champ", known.fields, seen.fields, _FIELD)
    yield from _listed("bouton", known.buttons, seen.buttons, _BUTTON)


def _listed(what: str, known: Any, seen: Any, words: Mapping[str, str]) -> Iterator[FormChange]:  # noqa: ANN401 - fields or buttons
    before, after = {item.id: item for item in known}, {item.id: item for item in seen}
    renamed = dict(_renamed(before, after)) if what == "champ" else {}
    gone = [each for each in before if each not in after and each not in renamed]
    new = [each for each in after if each not in before and each not in renamed.values()]
    yield from (FormChange(text=f"{what} « {each} » disparu") for each in gone)
    yield from (FormChange(text=f"{what} nouveau « {each} »", quiet=True) for each in new)
    for each, now in renamed.items():
        yield FormChange(text=f"{what} « {each} » : s'appelle maintenant « {now} »", renamed=(each, now))
    kept = [each for each in before if each not in gone]
    for each in kept:
        yield from _differing(f"{what} « {each} »", before[each], after[renamed.get(each, each)], words)
    if [renamed.get(each, each) for each in kept] != [each for each in after if each not in new]:
        yield FormChange(text=f"ordre des {what}s changé", quiet=True)


def _renamed(before: Mapping[str, FieldFacts], after: Mapping[str, FieldFacts]) -> Iterator[tuple[str, str]]:
    """Yield the fields that have the same label under another id, when each label is there once."""
    for name, field in before.items():
        same = [each for each in after if after[each].label == field.label]
        twins = [each for each in before if before[each].label == field.label]
        if name not in after and field.label and len(same) == len(twins) == 1 and same[0] not in before:
            yield name, same[0]


def _differing(what: str, known: BaseModel, seen: BaseModel, words: Mapping[str, str]) -> Iterator[FormChange]:
    for name, word in words.items():
        before, after = getattr(known, name), getattr(seen, name)
        if before != after:
            said = f"{what}, {word} : « {before or 'rien'} » → « {after or 'rien'} »"
            yield FormChange(text=said, silent=name == "asks" and not after)
