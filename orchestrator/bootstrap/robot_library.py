"""The house's keywords as a Robot Framework library, from the declarations that YAML scenarios use.

``Library    orchestrator.bootstrap.robot_library.KeywordLibrary    bdo    AS    bdo`` gives a suite the keywords of one
application under their own names, typed and documented. It is a dynamic library: Robot Framework asks for names,
arguments and documentation, so nothing is written twice. Nothing of Robot Framework is imported here.

Pure keywords always run; those that read run where the process has given the library the robot's session (``glr robot
run``), and refuse elsewhere. Keywords of kind ``enter`` always refuse, since only the entry protocol performs an act
(ENTER, Ends).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from orchestrator.bootstrap.applications import application_folders, import_application
from orchestrator.bootstrap.robot_values import CONVERTERS, checked
from orchestrator.domain.errors import GlrError
from orchestrator.domain.keywords import Keyword, Kind, collect
from orchestrator.language.compile_call import GIVEN
from orchestrator.settings import Settings


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


class Session(Protocol):
    """The robot's logged-in session, as a suite's process gives it to its libraries."""

    def call(self, keyword: Keyword, arguments: Mapping[str, object]) -> object:
        """Call a keyword that reads or computes, and return its result."""


class KeywordLibrary:
    """Mots-clés d'une application, les mêmes que dans les scénarios."""

    ROBOT_LIBRARY_SCOPE = "GLOBAL"
    ROBOT_LIBRARY_CONVERTERS = CONVERTERS
    #: Given by the process that owns the robot's desks; None in any other.
    session: Session | None = None

    def __init__(self, application: str) -> None:
        """:param application: folder under ``keywords/``, e.g. ``bdo``; one without keywords is a ``GlrError``."""
        declared = _declared(application).values()
        self._keywords = {word.name: word for word in declared if word.application == application}

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
        if keyword.kind is Kind.ENTER:
            raise EntryOutsideProtocol(name)
        if self.session is None and keyword.kind is not Kind.COMPUTE:
            raise NoSession(name, keyword.application)
        arguments = checked(keyword, named)
        return keyword.function(**arguments) if self.session is None else self.session.call(keyword, arguments)


def _declared(application: str) -> Mapping[str, Keyword]:
    folder = application_folders(Settings().project).get(application)
    if folder is None:
        raise GlrError(f"Aucun mot-clé pour « {application} » : il n'y a pas de dossier keywords/{application}.")
    return collect(import_application(application, folder))


def _shown(keyword: Keyword) -> dict[str, Any]:
    """Return the arguments a suite may give: not the token, which the protocol makes."""
    protocol = {GIVEN} if keyword.entry is not None else set()
    return {name: argument for name, argument in keyword.arguments.items() if name not in protocol}
