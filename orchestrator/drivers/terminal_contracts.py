"""Screen contracts of an application of kind ``terminal``: positions on 24 lines of 80 cells, and the labels beside them.

There is no recorded release beside them (``release.yaml``): what a robot relies on is all here, and looked at each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.drivers.contracts import CanaryStep, QuietContract
from orchestrator.drivers.formats import FORMATS

#: A key that may be pressed; CLEAR and the PA keys say nothing that a contract could rely on.
Key = Literal[
    "Enter", "PF1", "PF2", "PF3", "PF4", "PF5", "PF6", "PF7", "PF8", "PF9", "PF10", "PF11", "PF12"
]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Strict):
    """Where something stands; the first row and the first column are 1."""

    row: int = Field(ge=1, le=24)
    column: int = Field(ge=1, le=80)
    length: int = Field(ge=1, le=80)


class _Formatted(_Strict):
    #: A name of :data:`~orchestrator.drivers.formats.FORMATS`.
    format: str = "text"

    @model_validator(mode="after")
    def _known(self) -> _Formatted:
        if self.format not in FORMATS:
            raise ValueError(f"format inconnu « {self.format} » ; formats : {', '.join(FORMATS)}")
        return self


class TerminalField(Place, _Formatted):
    """One field, shown or typed."""

    #: What stands before it on its row; a field whose label is another is a changed screen.
    label: str = ""


class TerminalColumn(_Formatted):
    """One column of a list."""

    column: int = Field(ge=1, le=80)
    length: int = Field(ge=1, le=80)
    #: Which row of an item it stands on, where an item has several.
    line: int = Field(default=0, ge=0)


class Pages(_Strict):
    """How a list goes on: ``1/3`` stands at a place, a key shows the next page."""

    at: Place
    next: Key


class TerminalTable(_Strict):
    """One list."""

    #: Its first row.
    row: int = Field(ge=1, le=24)
    #: Items of one page.
    items: int = Field(ge=1)
    #: Rows of one item.
    height: int = Field(default=1, ge=1)
    columns: Mapping[str, TerminalColumn]
    #: The row above that names the columns, word by word.
    heading: str
    pages: Pages


class TerminalScreen(_Strict):
    """One screen."""

    #: What stands at ``title_at``: its code.
    title: str
    fields: Mapping[str, TerminalField] = Field(default_factory=dict)
    #: What is never shown when typed.
    hidden: tuple[str, ...] = ()
    tables: Mapping[str, TerminalTable] = Field(default_factory=dict)


class TerminalAction(_Strict):
    """What leads from one screen to another and enters nothing."""

    screen: str
    #: What is typed, by name of the value.
    fields: Mapping[str, str] = Field(default_factory=dict)
    #: What is always typed.
    typed: Mapping[str, str] = Field(default_factory=dict)
    key: Key = "Enter"
    leads_to: tuple[str, ...]


class TerminalConfirmation(_Strict):
    """The screen that shows a form once more; its own key is then the act, the form's key enters nothing."""

    screen: str
    key: Key


class TerminalAct(_Strict):
    """An act: one key on one screen."""

    #: The action that leads to the form, given the values of the same names.
    reached_by: str
    screen: str
    fields: Mapping[str, str]
    key: Key
    confirmation: TerminalConfirmation | None = None
    leads_to: tuple[str, ...]

    @property
    def enters(self) -> tuple[str, Key]:
        """The screen and the key that enter."""
        return (self.confirmation.screen, self.confirmation.key) if self.confirmation else (self.screen, self.key)


class TerminalLogin(_Strict):
    """How a robot logs in, under its own name."""

    screen: str
    user: str
    password: str
    key: Key = "Enter"
    leads_to: str


class TerminalMessages(_Strict):
    """Where an application says no, and by which codes (their first word)."""

    #: The field of each screen that shows them.
    field: str
    #: The data are refused: a person decides.
    refused: tuple[str, ...] = ()
    #: The login is refused.
    login: tuple[str, ...] = ()
    #: Nothing was done and another time is better: night, too many sessions.
    later: tuple[str, ...] = ()


class TerminalContract(_Strict):
    """Everything a robot may rely on in one application of kind terminal."""

    kind: Literal["terminal"]
    application: str
    title: str
    codepage: str
    model: Literal["3279-2", "3278-2"] = "3279-2"
    title_at: Place
    version_at: Place
    version: str
    login: TerminalLogin
    #: The key that leads back to the screen after the login.
    back: Key
    messages: TerminalMessages
    quiet: QuietContract = QuietContract()
    #: Fields that every screen but the login carries.
    common: Mapping[str, TerminalField] = Field(default_factory=dict)
    screens: Mapping[str, TerminalScreen]
    actions: Mapping[str, TerminalAction] = Field(default_factory=dict)
    acts: Mapping[str, TerminalAct] = Field(default_factory=dict)
    #: The walk that looks at each screen before a run.
    canary: tuple[CanaryStep, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> TerminalContract:
        forms: list[TerminalAction | TerminalAct] = [*self.actions.values(), *self.acts.values()]
        named = {self.login.screen, self.login.leads_to, *self.confirmed}
        named |= {name for form in forms for name in (form.screen, *form.leads_to)}
        named |= self.walked
        if unknown := sorted(named - set(self.screens)):
            raise ValueError(f"écrans cités mais non décrits : {', '.join(unknown)}")
        if unknown := sorted({act.reached_by for act in self.acts.values()} - set(self.actions)):
            raise ValueError(f"actions citées mais non décrites : {', '.join(unknown)}")
        for act in self.acts.values():
            self._check_confirmation(act)
        keys = {act.enters for act in self.acts.values()}
        if any((one.screen, one.key) in keys for one in self.actions.values()):
            raise ValueError("une action (actions) a l'écran et la touche d'une saisie (acts)")
        return self

    def _check_confirmation(self, act: TerminalAct) -> None:
        if act.confirmation is None:
            return
        unseen = sorted(set(act.fields) - set(self.screens[act.confirmation.screen].fields))
        if unseen:
            raise ValueError(f"la confirmation {act.confirmation.screen} ne dit pas où elle montre {', '.join(unseen)}")

    @property
    def confirmed(self) -> frozenset[str]:
        """The screens that ask to confirm an act."""
        return frozenset(act.confirmation.screen for act in self.acts.values() if act.confirmation)

    @property
    def walked(self) -> frozenset[str]:
        """The screens that the walk opens."""
        return frozenset(name for step in self.canary for name in (step.open, step.leads_to) if name)

    def fields(self, screen: str) -> dict[str, TerminalField]:
        """Return the fields of a screen, those that every screen carries included."""
        common = {} if screen == self.login.screen else self.common
        return {**common, **self.screens[screen].fields}
