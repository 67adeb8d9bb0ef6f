"""Handing over once: the intent is committed before, the result after; what nobody can say is a doubt (ADR 18).

An entry can be looked up in its application; a mail that has left cannot. The rule is therefore the smallest one: a
hand-over is identified by its run and its effect key, and an interruption is judged by what can still be seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from orchestrator.domain.errors import AlreadyThere, BusinessException, GlrError, NotHandedOver, SettingsError
from orchestrator.domain.keywords import Keyword
from orchestrator.domain.wire import clear
from orchestrator.store.database import Database


class HandOverState(StrEnum):
    """Where a hand-over stands; each is also a state in the database."""

    #: The intent is committed: from here on it may have been made.
    INTENDED = "intended"
    MADE = "made"
    #: For certain: it may be tried again.
    NOT_MADE = "not_made"
    #: It may have been made: a person looks.
    DOUBTFUL = "doubtful"


#: The result of a hand-over that was made as a person says.
SETTLED: dict[str, Any] = {}


class HandOverInDoubt(GlrError):
    """Une remise a peut-être eu lieu."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"La remise « {key} » a peut-être eu lieu : elle n'est pas refaite. Regarder chez le destinataire, puis le dire : "
            f"glr close EXECUTION --settle {key} --made (ou --not-made) --by IDENTIFIANT --reason « … »."
        )


@dataclass(frozen=True, kw_only=True)
class HandOvers:
    """The hand-overs of one run, each in a transaction of its own."""

    database: Database
    caisse: str
    run: UUID
    #: How the audit log names who does it.
    actor: str

    async def once(self, key: str, keyword: Keyword, make: Callable[[], Awaitable[object]]) -> Any:  # noqa: ANN401 - JSON
        """Make a hand-over unless it was made; returns its result as JSON, the recorded one when it was.

        None when a person has said that it was: what it would have given is not known.

        Raises :class:`HandOverInDoubt`, ``SettingsError`` for a key that names another keyword, or what ``make`` raises.
        """
        fresh = await self._intend(key, keyword)
        if not fresh:
            known = await self._known(key, keyword)
            if known["state"] == HandOverState.MADE:
                return None if known["result"] == SETTLED else known["result"]
        visible = keyword.hand_over is not None and keyword.hand_over.visible
        if not fresh and not visible:
            await self._end(key, HandOverState.DOUBTFUL)
            raise HandOverInDoubt(key)
        try:
            result = clear(await make())
        except AlreadyThere as error:
            if fresh or error.result is None:
                await self._end(key, HandOverState.NOT_MADE)
                raise
            result = clear(error.result)  # interrupted after it was made: it can be seen
        except (BusinessException, NotHandedOver, SettingsError):  # said before anything is given away
            await self._end(key, HandOverState.NOT_MADE)
            raise
        except Exception:
            if visible:
                raise  # stays intended: the next closing looks
            await self._end(key, HandOverState.DOUBTFUL)
            raise HandOverInDoubt(key) from None
        async with self.database.transaction(self.actor) as tx:
            await tx.run("hand_overs.made", run=self.run, effect_key=key, result=result)
        return result

    async def all(self) -> list[Mapping[str, Any]]:
        """Return what the run gave away so far, in order: effect key, keyword, state, result."""
        async with self.database.transaction(self.actor) as tx:
            return [*await tx.all("hand_overs.of_run", run=self.run)]

    async def _intend(self, key: str, keyword: Keyword) -> bool:
        async with self.database.transaction(self.actor) as tx:
            about = {"caisse": self.caisse, "run": self.run, "effect_key": key, "keyword": keyword.name}
            return bool(await tx.run("hand_overs.intend", **about))

    async def _known(self, key: str, keyword: Keyword) -> dict[str, Any]:
        async with self.database.transaction(self.actor) as tx:
            known = await tx.first("hand_overs.one", run=self.run, effect_key=key)
        if known is None or known["keyword"] != keyword.name:
            raise SettingsError(
                f"La clé d'effet « {key} » sert déjà à une autre remise de cette exécution : en changer."
            )
        if known["state"] == HandOverState.DOUBTFUL:
            raise HandOverInDoubt(key)
        return dict(known)

    async def _end(self, key: str, state: HandOverState) -> None:
        async with self.database.transaction(self.actor) as tx:
            await tx.run("hand_overs.failed", run=self.run, effect_key=key, state=state)
