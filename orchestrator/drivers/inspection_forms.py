"""What differs in the forms of a screen, and what of them a robot's contract names that is no longer there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.drivers.contracts import ActContract, ActionContract, ApplicationContract
from orchestrator.drivers.differences import Difference, Fix
from orchestrator.drivers.document import Document, first
from orchestrator.drivers.release import FormFacts, form_changes


@dataclass(frozen=True, kw_only=True)
class Forms:
    """The forms of one screen under comparison."""

    contract: ApplicationContract
    screen: str
    document: Document
    known: tuple[FormFacts, ...]
    seen: tuple[FormFacts, ...]

    def differences(self) -> Iterator[Difference]:
        """Yield what differs from the release we know, then what the contract names and the screen does not have."""
        enters = bool(self._acts())
        for change in form_changes(self.known, self.seen):
            fixes = tuple(self._fixes(*change.renamed)) if change.renamed else self._without_question(change.silent)
            alters = enters or not change.quiet
            yield Difference(screen=self.screen, text=change.text, alters=alters, fixes=fixes)
        renamed = {f"#{change.renamed[0]}" for change in form_changes(self.known, self.seen) if change.renamed}
        for what, selector in self._named():
            if selector not in renamed and first(self.document.root, selector) is None:
                yield Difference(screen=self.screen, text=f"{what} : « {selector} » introuvable")
        yield from self._elsewhere()

    def _fixes(self, before: str, now: str) -> Iterator[Fix]:
        """Yield a change for each place that names a field by its id."""
        for place, selector in _places(self.contract, self.screen):
            if selector == f"#{before}":
                yield Fix(place=place, value=f"#{now}")

    def _without_question(self, silent: bool) -> tuple[Fix, ...]:  # noqa: FBT001
        asking = [name for name, act in self._acts().items() if act.dialog == "confirm"] if silent else []
        return tuple(Fix(place=("acts", name, "dialog"), value="none") for name in asking)

    def _named(self) -> Iterator[tuple[str, str]]:
        """Yield what the searches and acts of this screen fill and click."""
        for name, action in self._actions().items():
            yield from ((f"recherche « {name} », champ « {each} »", at) for each, at in action.fields.items())
            yield f"recherche « {name} », bouton", action.submit
        for name, act in self._acts().items():
            yield from ((f"saisie « {name} », champ « {each} »", at) for each, at in act.fields.items())
            yield f"saisie « {name} », bouton", act.element

    def _elsewhere(self) -> Iterator[Difference]:
        """Yield each act whose form is sent to another address than its contract says: a page in between, perhaps."""
        for name, act in self._acts().items():
            button = first(self.document.root, act.element)
            form = None if button is None else next(button.iterancestors("form"), None)
            sent = next((each.path for each in self.seen if form is not None and each.id == form.get("id", "")), None)
            if sent is not None and sent != act.request.path:
                said = f"saisie « {name} » : le formulaire est envoyé à « {sent} » et non à « {act.request.path} »"
                yield Difference(screen=self.screen, text=f"{said} (une page de confirmation ?)")

    def _actions(self) -> Mapping[str, ActionContract]:
        return {name: one for name, one in self.contract.actions.items() if one.screen == self.screen}

    def _acts(self) -> Mapping[str, ActContract]:
        return {name: one for name, one in self.contract.acts.items() if one.screen == self.screen}


def _places(contract: ApplicationContract, screen: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every place of a contract that names an element of a screen, but for what is only read there."""
    for number, anchor in enumerate(contract.screens[screen].anchors):
        yield ("screens", screen, "anchors", str(number)), anchor
    kinds: dict[str, Mapping[str, ActionContract | ActContract]] = {"actions": contract.actions, "acts": contract.acts}
    for kind, forms in kinds.items():
        for name, form in forms.items():
            if form.screen == screen:
                yield from (((kind, name, "fields", each), at) for each, at in form.fields.items())
    if contract.login.screen == screen:
        yield ("login", "user"), contract.login.user
        yield ("login", "password"), contract.login.password
