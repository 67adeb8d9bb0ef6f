"""The house's keywords as a Robot Framework library, from the declarations that YAML scenarios use.

``Library    orchestrator.bootstrap.robot_library.KeywordLibrary    bdo    AS    bdo`` gives a suite the keywords of one
application under their own names, typed and documented. It is a dynamic library: Robot Framework asks for names,
arguments and documentation, so nothing is written twice. Nothing of Robot Framework is imported here.

Pure keywords always run; those that read run where the process has given the library the robot's session (``glr robot
run``, a step of a scenario), and refuse elsewhere. Keywords of kind ``enter`` run in a step of a scenario alone, where
the session hands them to the entry protocol, which performs the act (ENTER, Ends); those that hand over run where a
run is closed (ADR 18).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from orchestrator.bootstrap.applications import application_folders, import_application
from orchestrator.bootstrap.far_session import FarSession
from orchestrator.bootstrap.robot_values import CONVERTERS, checked
from orchestrator.domain.errors import GlrError
from orchestrator.domain.keywords import EFFECT_KEY, GIVEN, Keyword, Kind, collect


class EntryOutsideProtocol(GlrError):
    """Une saisie ne passe que par le protocole de saisie."""

    def __init__(self, keyword: str) -> None:
        super().__init__(
            f"« {keyword} » est une saisie : elle ne passe que par le protocole, dans une étape « enter: » d'un "
            "scénario. Rien n'a été saisi."
        )


class NoSession(GlrError):
    """Aucune session du robot n'est ouverte."""

    def __init__(self, keyword: str, application: str) -> None:
        super().__init__(
            f"« {keyword} » lit dans {application.upper()} : aucune session du robot n'est ouverte dans cette suite. "
            "L'essayer par « glr robot run », ou l'utiliser dans une étape « check: » ou « extract: » d'un scénario."
        )


class HandOverOutsideClosing(GlrError):
    """Une remise ne se fait qu'à la clôture d'une exécution."""

    def __init__(self, keyword: str) -> None:
        super().__init__(
            f"« {keyword} » est une remise : elle ne se fait que dans la suite cloture.robot du robot, à la clôture d'une "
            "exécution (glr close). Rien n'a été remis."
        )


class Session(Protocol):
    """The robot's logged-in session, as a suite's process gives it to its libraries."""

    def call(self, keyword: Keyword, arguments: Mapping[str, object]) -> object:
        """Call a keyword, and return its result; an entry goes through the protocol, or is refused.

        One that hands over has its ``effect_key`` among its arguments.
        """

    def say(self, word: str, *values: Any) -> Any:  # noqa: ANN401 - of the word
        """Do what a word of the library of the case asks."""


class KeywordLibrary:
    """Mots-clés d'une application, les mêmes que dans les scénarios."""

    ROBOT_LIBRARY_SCOPE = "GLOBAL"
    ROBOT_LIBRARY_CONVERTERS = CONVERTERS
    #: Given by the process that owns the robot's desks; None in any other.
    session: Session | None = None
    #: Where applications are, in a process that knows; None: where the settings say.
    folders: ClassVar[Mapping[str, Path] | None] = None

    def __init__(self, application: str) -> None:
        """:param application: folder under ``keywords/``, e.g. ``bdo``; one without keywords is a ``GlrError``."""
        folders = self.folders if self.folders is not None else _folders_of_here()
        declared = _declared(application, folders).values()
        self._keywords = {word.name: word for word in declared if word.application == application}

    def open_line(self, descriptor: int) -> None:
        """Take the line to the process that closes a run as session (:mod:`orchestrator.drivers.robot_child`)."""
        self.session = FarSession.on(descriptor)

    def get_keyword_names(self) -> list[str]:
        """Return the names, as scenarios write them."""
        return sorted(self._keywords)

    def get_keyword_arguments(self, name: str) -> list[str | tuple[str, object]]:
        """Return the arguments, all given by name; those of the protocol are not shown."""
        given = inspect.signature(self._keywords[name].function).parameters
        shown = _shown(self._keywords[name])
        return ["*", *(each if shown[each].required else (each, given[each].default) for each in shown)]

    def get_keyword_types(self, name: str) -> dict[str, object]:
        """Return the types of the arguments and, under ``return``, of the result."""
        keyword = self._keywords[name]
        return {each: argument.type for each, argument in _shown(keyword).items()} | {"return": keyword.returns}

    def get_keyword_tags(self, name: str) -> list[str]:
        """Return the kind, so that a suite's reader sees what a keyword may do."""
        return [self._keywords[name].kind.value]

    def get_keyword_documentation(self, name: str) -> str:
        """Return the French title, then the declaration's own documentation."""
        if name.startswith("__"):
            return inspect.getdoc(type(self)) or ""
        return f"{self._keywords[name].title}\n\n{self._keywords[name].doc}"

    def run_keyword(self, name: str, args: Sequence[object], named: Mapping[str, object]) -> object:  # noqa: ARG002 - all named
        """Run a keyword that reads or computes; raises ``EntryOutsideProtocol`` or ``NoSession`` for the others."""
        keyword = self._keywords[name]
        if self.session is None and keyword.kind is Kind.ENTER:
            raise EntryOutsideProtocol(name)
        if keyword.kind is Kind.HAND_OVER and not getattr(self.session, "closes", False):
            raise HandOverOutsideClosing(name)
        if self.session is None and keyword.kind is not Kind.COMPUTE:
            raise NoSession(name, keyword.application)
        arguments = checked(keyword, named)
        return keyword.function(**arguments) if self.session is None else self.session.call(keyword, arguments)


def _declared(application: str, folders: Mapping[str, Path]) -> Mapping[str, Keyword]:
    folder = folders.get(application)
    if folder is None:
        raise GlrError(f"Aucun mot-clé pour « {application} » : il n'y a pas de dossier keywords/{application}.")
    return collect(import_application(application, folder))


def _shown(keyword: Keyword) -> dict[str, Any]:
    """Return the arguments a suite may give: not the token, which the protocol makes; the key, which a closing wants."""
    protocol = {GIVEN} if keyword.entry is not None else set()
    key = {EFFECT_KEY.name: EFFECT_KEY} if keyword.hand_over is not None else {}
    return {name: argument for name, argument in {**keyword.arguments, **key}.items() if name not in protocol}


def _folders_of_here() -> Mapping[str, Path]:
    """Return where applications are for who runs a suite without the house, which gives them otherwise."""
    from orchestrator.settings import Settings  # noqa: PLC0415 - half as much as Robot Framework itself

    return application_folders(Settings().project)
