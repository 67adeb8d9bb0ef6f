"""What a keyword is: a typed function with its kind, declared once.

Kinds (HOUSE, "Three verbs"): ``check`` looks and compares, ``extract`` reads data out, ``enter`` writes, ``compute``
touches no application; ``hand_over`` gives away a file or a mail at the end of a run (ADR 18).

The declaration is attached to the function; nothing is registered at import time.
The bootstrap collects declarations; the language checks scenarios against them.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_type_hints

from orchestrator.domain.ports import Workshop

MARK = "__glr_keyword__"


class Kind(StrEnum):
    """What a keyword may do to a legacy application."""

    #: Looks and compares; may be repeated freely.
    CHECK = "check"
    #: Reads data out; may be repeated freely.
    EXTRACT = "extract"
    #: Prepares an act that writes; performed only by the entry protocol.
    ENTER = "enter"
    #: Touches no application.
    COMPUTE = "compute"
    #: Gives a file or a mail away; only when a run is closed, each once (ADR 18).
    HAND_OVER = "hand_over"


#: What a step of a scenario may do: everything but hand over.
STEP_KINDS = (Kind.CHECK, Kind.EXTRACT, Kind.ENTER, Kind.COMPUTE)


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument of a keyword."""

    #: Its name.
    name: str
    #: Its annotation.
    type: Any
    #: False when the function has a default.
    required: bool


#: The argument of an entry that its protocol gives, never a scenario.
GIVEN = "token"
#: What a closing asks of every hand-over besides its own arguments: what makes it this one, within its run.
EFFECT_KEY = Argument(name="effect_key", type=str, required=True)


@dataclass(frozen=True, kw_only=True)
class EntryRules:
    """What an ``enter`` keyword declares beyond its arguments (ENTER, Identity)."""

    #: True when the entry pays or prepares a payment: a doubt then always goes to a person.
    payment: bool
    #: The name of the look-up keyword that returns ``list[EntrySeen]``.
    look_up: str
    #: The arguments handed to the look-up.
    look_up_with: tuple[str, ...]
    #: The name of the keyword that lists what an author entered between two days, for reconciliation; empty for none.
    made_by: str
    #: The arguments that identify and compare what was entered: the amount (empty when no money is in it) and the period.
    amount: str
    period: str
    #: The argument that names the business object it is about.
    subject: str
    #: What each argument is called on the approval page, in French.
    titles: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class HandOverRules:
    """What a ``hand_over`` keyword declares beyond its arguments."""

    #: True when it can be seen afterwards whether it was made: a file is there or not. Else an interruption is a doubt.
    visible: bool
    #: True when values of a person may be in it: a letter to that person.
    personal: bool = False


@dataclass(frozen=True, kw_only=True)
class Keyword:
    """A declared keyword."""

    #: ``application.word``, e.g. ``bdo.person``.
    name: str
    #: What it does, in French, for those who write scenarios.
    title: str
    #: What it may do.
    kind: Kind
    #: The function; its first parameter is the :class:`~orchestrator.domain.ports.Desk` of its application, or the
    #: :class:`~orchestrator.domain.ports.Workshop` of a generic library; none when it computes.
    function: Callable[..., Any]
    #: Its arguments by name, without the desk.
    arguments: Mapping[str, Argument]
    #: The annotation of its result.
    returns: Any
    #: Its documentation.
    doc: str
    #: Only for ``enter``.
    entry: EntryRules | None = None
    #: Only for ``hand_over``.
    hand_over: HandOverRules | None = None
    #: True for a keyword of a generic library that is given the robot's workshop, and no desk.
    at_workshop: bool = False

    @property
    def application(self) -> str:
        """The part before the dot: the application, or the library of a ``compute``."""
        return self.name.partition(".")[0]


type_of_decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def check(name: str, title: str) -> type_of_decorator:
    """Declare a keyword that looks and compares."""
    return _declare(name, title, Kind.CHECK)


def extract(name: str, title: str) -> type_of_decorator:
    """Declare a keyword that reads data out."""
    return _declare(name, title, Kind.EXTRACT)


def compute(name: str, title: str) -> type_of_decorator:
    """Declare a pure keyword."""
    return _declare(name, title, Kind.COMPUTE)


def enter(
    name: str,
    title: str,
    *,
    payment: bool,
    look_up: str,
    look_up_with: tuple[str, ...],
    made_by: str,
    amount: str,
    period: str,
    subject: str,
    titles: Mapping[str, str],
) -> type_of_decorator:
    """Declare a keyword that prepares an act; it must take ``token`` and return an :class:`~.ports.Act`."""
    rules = EntryRules(
        payment=payment,
        look_up=look_up,
        look_up_with=look_up_with,
        made_by=made_by,
        amount=amount,
        period=period,
        subject=subject,
        titles=titles,
    )
    return _declare(name, title, Kind.ENTER, rules)


def hand_over(name: str, title: str, *, visible: bool, personal: bool = False) -> type_of_decorator:
    """Declare a keyword that gives a file or a mail away; its effect key is asked by the closing, not by the function."""
    rules = HandOverRules(visible=visible, personal=personal)
    return _declare(name, title, Kind.HAND_OVER, hand_over_rules=rules)


def collect(module: object) -> dict[str, Keyword]:
    """Return the keywords declared in a module, by name."""
    found = (getattr(value, MARK, None) for value in vars(module).values())
    return {keyword.name: keyword for keyword in found if isinstance(keyword, Keyword)}


def _declare(
    name: str,
    title: str,
    kind: Kind,
    entry: EntryRules | None = None,
    hand_over_rules: HandOverRules | None = None,
) -> type_of_decorator:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        keyword = Keyword(
            name=name,
            title=title,
            kind=kind,
            function=function,
            doc=inspect.getdoc(function) or "",
            entry=entry,
            hand_over=hand_over_rules,
            **_signature(kind, function),
        )
        setattr(function, MARK, keyword)
        return function

    return decorate


def _signature(kind: Kind, function: Callable[..., Any]) -> dict[str, Any]:
    """Return what the annotations say: arguments, result, and where the keyword works."""
    hints = get_type_hints(function)
    parameters = list(inspect.signature(function).parameters.values())
    given = [] if kind is Kind.COMPUTE else parameters[:1]
    arguments = {
        p.name: Argument(name=p.name, type=hints[p.name], required=p.default is inspect.Parameter.empty)
        for p in parameters[len(given) :]
    }
    at_workshop = any(hints[p.name] is Workshop for p in given)
    return {"arguments": arguments, "returns": _awaited(hints.get("return")), "at_workshop": at_workshop}


def _awaited(annotation: Any) -> Any:  # noqa: ANN401 - annotations are of any type
    origin = getattr(annotation, "__origin__", None)
    return annotation.__args__[-1] if origin is Awaitable else annotation
