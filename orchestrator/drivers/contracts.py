"""Screen contracts: what a screen must show before a robot may use it (DRIVERS, Screen contracts).

Selectors live in ``keywords/<application>/screens.yaml`` and nowhere else. A caisse whose screens differ says only what
differs in ``screens.<caisse>.yaml``, laid over the shared contract; its forms then stand in ``release.<caisse>.yaml`` (ADR 19).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from orchestrator.domain.errors import SettingsError
from orchestrator.drivers.formats import FORMATS, typed_text
from orchestrator.drivers.plain_yaml import plain
from orchestrator.drivers.release import Release, load_release


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldContract(_Strict):
    """One field: where it is and what its text means."""

    #: CSS selector.
    at: str
    #: A name of :data:`~orchestrator.drivers.formats.FORMATS`.
    format: str = "text"

    @field_validator("format")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in FORMATS:
            raise ValueError(f"format inconnu « {value} » ; formats : {', '.join(FORMATS)}")
        return value


class TableContract(_Strict):
    """One table: its rows and typed columns, possibly inside a frame."""

    #: CSS selector of the rows.
    rows: str
    #: Columns by name, each relative to its row.
    columns: Mapping[str, FieldContract]
    #: Name of the frame that holds it, when it is not in the page itself.
    frame: str | None = None
    #: What stands there instead when there is no row; a missing table without it is a changed screen.
    empty: str


class ScreenContract(_Strict):
    """One screen."""

    #: Where it is, when it can be opened by its address; ``{name}`` is filled in.
    path: str | None = None
    #: Its exact title.
    title: str
    #: Selectors that must all be there.
    anchors: tuple[str, ...] = ()
    #: Fields by name.
    fields: Mapping[str, FieldContract] = Field(default_factory=dict)
    #: Fields that may be absent from the page; they are then None.
    optional: tuple[str, ...] = ()
    #: Tables by name.
    tables: Mapping[str, TableContract] = Field(default_factory=dict)
    #: Stateless and server-rendered: a plain request reads the same values (``tests/integration/test_fast_screens.py``).
    http: Literal["proven"] | None = None
    #: Its form may be filled in one in-page call, proven to have the same effect (same test); an act keeps its own click.
    form: Literal["one call"] | None = None


class ActionContract(_Strict):
    """A harmless form: a search."""

    #: The screen it is on.
    screen: str
    #: What is filled.
    fields: Mapping[str, str]
    #: What is clicked.
    submit: str
    #: The screens it may lead to.
    leads_to: tuple[str, ...]


class RequestContract(_Strict):
    """The one request that an act sends."""

    method: Literal["POST", "PUT"] = "POST"
    path: str


class ClickContract(_Strict):
    """One click of an act, and the one request that it sends."""

    #: The element whose click it is; refused by the page until armed.
    element: str
    #: What the application asks before it sends.
    dialog: Literal["confirm", "none"]
    request: RequestContract


class ConfirmationContract(ClickContract):
    """A page between the form and the entry: it shows everything once more, and its own click enters (ADR 20)."""

    #: The screen that stands there; its fields have the names of what was typed, and must show the same values.
    screen: str
    #: What was typed and it does not show.
    not_shown: tuple[str, ...] = ()


class ActContract(ClickContract):
    """An act: a form whose submission is an entry."""

    screen: str
    fields: Mapping[str, str]
    #: The page that asks once more, when there is one: at an address of its own, or at that of the form.
    confirmation: ConfirmationContract | None = None
    leads_to: tuple[str, ...]
    #: Where the application writes why it refused the values.
    errors: str

    @property
    def clicks(self) -> tuple[ClickContract, ...]:
        """Its clicks, in their order."""
        return (self, self.confirmation) if self.confirmation else (self,)


class LoginContract(_Strict):
    """How a robot logs in, under its own name."""

    screen: str
    user: str
    password: str
    submit: str
    #: Where the application says no.
    refused: str
    #: The screen that follows.
    leads_to: str
    #: The address that ends a login, from ``screens.yaml``; without it nothing is known of what a dead session may still send.
    leave: str | None = None


class QuietContract(_Strict):
    """How long an application is left in peace after a doubt: what has not come by then does not come any more (ENTER, 5)."""

    #: Seconds after which the application itself gives a request up.
    time_out: float = Field(default=60.0, gt=0)
    #: Seconds that one request in a thousand exceeds, as measured.
    slowest: float = Field(default=6.0, gt=0)

    @property
    def seconds(self) -> float:
        """The longer of its own time-out and ten times its slowest answers."""
        return max(self.time_out, 10 * self.slowest)


class CanaryStep(_Strict):
    """One step of the walk that compares the screens before a run: a screen is opened, or a search sent."""

    #: The screen opened by its address.
    open: str | None = None
    #: The search sent.
    submit: str | None = None
    #: What is typed or put into the address: ``$name`` is a value of the witness, ``screen.field`` (or
    #: ``screen.table.column``, of the first row) one that an earlier step has read, anything else itself.
    given: Mapping[str, str] = Field(default_factory=dict, alias="with")
    #: The screen that a search must lead to.
    leads_to: str | None = None

    @model_validator(mode="after")
    def _one(self) -> CanaryStep:
        if (self.open is None) == (self.submit is None):
            raise ValueError("une étape du parcours témoin : « open » ou « submit »")
        if self.submit is not None and self.leads_to is None:
            raise ValueError("après « submit », dire l'écran attendu : « leads_to »")
        return self


class ApplicationContract(_Strict):
    """Everything a robot may rely on in one application."""

    application: str
    title: str
    #: Where the version stands on each screen, and which one these contracts were written for.
    version_at: str
    version: str
    login: LoginContract
    #: How long it is left in peace after a doubt.
    quiet: QuietContract = QuietContract()
    #: Parts of each screen that never hold anything personal: they stay readable on a capture.
    public: tuple[str, ...] = ()
    #: Fields that every screen carries (date shown, mode).
    common: Mapping[str, FieldContract] = Field(default_factory=dict)
    screens: Mapping[str, ScreenContract]
    actions: Mapping[str, ActionContract] = Field(default_factory=dict)
    acts: Mapping[str, ActContract] = Field(default_factory=dict)
    #: The walk that compares every screen with the release we know before a run (ADR 17).
    canary: tuple[CanaryStep, ...] = ()
    #: The screens of the release these contracts were written for; without it nothing can be entered.
    release: Release | None = None

    @property
    def filled(self) -> frozenset[str]:
        """The screens whose form a robot fills, or sends again to confirm."""
        forms: list[ActionContract | ActContract] = [*self.actions.values(), *self.acts.values()]
        return frozenset({self.login.screen, *(form.screen for form in forms), *self.confirmed})

    @property
    def confirmed(self) -> frozenset[str]:
        """The screens that ask to confirm an act."""
        return frozenset(act.confirmation.screen for act in self.acts.values() if act.confirmation)

    @property
    def walked(self) -> frozenset[str]:
        """The screens that the walk opens."""
        return frozenset(name for step in self.canary for name in (step.open, step.leads_to) if name)

    def typed(self, screen: str, values: Mapping[str, Any]) -> dict[str, str]:
        """Return what is typed for each value, by selector, in the format that the screen's field there has."""
        formats = {one.at: one.format for one in self.screens[screen].fields.values()}
        return {selector: typed_text(value, formats.get(selector, "text")) for selector, value in values.items()}

    def fields(self, screen: str) -> dict[str, FieldContract]:
        """Return the fields of a screen, those that every screen carries included."""
        common = {} if screen == self.login.screen else self.common
        return {**common, **self.screens[screen].fields}


def load_contract(path: Path, *, caisse: str | None = None, local: Path | None = None) -> ApplicationContract:
    """Read a ``screens.yaml``; raises :class:`SettingsError` that names the file and each fault.

    :param caisse: whose differences are laid over the shared contract, when it has some.
    :param local: the folder that holds them; by default that of the contract.
    """
    own = (local or path.parent) / f"screens.{caisse}.yaml"
    forms = [own.with_name(f"release.{caisse}.yaml"), path.with_name("release.yaml")]
    read = (path, own) if own.exists() else (path,)
    try:
        raw: Any = {}
        for file in read:
            raw = overlaid(raw, plain(file.read_text(encoding="utf-8")))
        release = next((load_release(found) for found in forms if found.exists()), None)
        contract = ApplicationContract.model_validate({**raw, "release": release})
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise SettingsError(f"{', '.join(map(str, read))} : contrat d'écran illisible.\n{error}") from None
    _check_references(contract, read[-1])
    return contract


def overlaid(shared: Any, own: Any) -> Any:  # noqa: ANN401 - YAML
    """Lay what a caisse says over what is shared: tables key by key, ``null`` takes a key out, the rest is replaced."""
    if not isinstance(shared, dict) or not isinstance(own, dict):
        return own
    merged = {**shared, **{key: overlaid(shared.get(key), value) for key, value in own.items()}}
    return {key: value for key, value in merged.items() if value is not None or key not in own}


def stray(shared: Any, own: Any, at: str = "") -> list[str]:  # noqa: ANN401 - YAML
    """Return where a caisse speaks of what the shared contract does not have, as ``screens.file.fields.lock``."""
    if not isinstance(shared, dict) or not isinstance(own, dict):
        return []
    found = [at + key for key in own if key not in shared]
    return found + [each for key in own if key in shared for each in stray(shared[key], own[key], f"{at}{key}.")]


def _check_references(contract: ApplicationContract, path: Path) -> None:
    named = [contract.login.screen, contract.login.leads_to]
    forms: list[ActionContract | ActContract] = [*contract.actions.values(), *contract.acts.values()]
    for form in forms:
        named += [form.screen, *form.leads_to]
    confirmed = {act.confirmation.screen: act for act in contract.acts.values() if act.confirmation}
    named += confirmed
    walked = [name for step in contract.canary for name in (step.open, step.leads_to) if name]
    unknown = sorted({*named, *walked} - set(contract.screens))
    if unknown:
        raise SettingsError(f"{path} : écrans cités mais non décrits : {', '.join(unknown)}")
    left_out = sorted(set(contract.screens) - set(walked) - set(confirmed)) if contract.canary else []
    if left_out:
        raise SettingsError(f"{path} : écrans que le parcours témoin (canary) n'ouvre pas : {', '.join(left_out)}")
    sent = sorted({step.submit for step in contract.canary if step.submit} - set(contract.actions))
    if sent:
        raise SettingsError(f"{path} : recherches du parcours témoin qui ne sont pas décrites : {', '.join(sent)}")
    for screen, act in confirmed.items():
        _check_confirmation(contract.screens[screen], act, f"{path}, écran « {screen} »")
    entered = sorted(act.screen for act in contract.acts.values() if contract.screens[act.screen].http)
    if entered:
        raise SettingsError(f"{path} : un écran de saisie passe toujours par la page : {', '.join(entered)}")


def _check_confirmation(screen: ScreenContract, act: ActContract, where: str) -> None:
    """A page that asks to confirm is compared with what was typed, value by value: what it does not show must be said."""
    hidden = act.confirmation.not_shown if act.confirmation else ()
    unseen = sorted(set(act.fields) - set(screen.fields) - set(hidden))
    if unseen:
        raise SettingsError(
            f"{where} : cette page de confirmation ne dit pas où elle montre {', '.join(unseen)}. L'ajouter à ses champs, "
            "sous le même nom que dans la saisie, ou l'écrire dans « not_shown »."
        )
