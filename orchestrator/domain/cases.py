"""A case, its states, and the pure decision that follows each attempt (HOUSE, Case states; issue "The engine")."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from orchestrator.domain.civil import opening
from orchestrator.domain.errors import (
    ApplicationException,
    BusinessException,
    EntryElsewhere,
    EntryInDoubt,
    GlrError,
    LeaseLost,
)


class CaseState(StrEnum):
    """Where a case stands; the database refuses impossible transitions."""

    #: May be claimed by a robot session.
    READY = "ready"
    #: Will be ready at a known instant.
    WAITING = "waiting"
    #: Held by one robot session under a lease.
    LEASED = "leased"
    #: Its entry waits for a second person.
    AWAITING_APPROVAL = "awaiting_approval"
    #: Waits for an agent.
    EXCEPTION = "exception"
    #: Ended under a declared name.
    ENDED = "ended"
    #: An agent rejected it, with a reason.
    REJECTED = "rejected"
    #: Withdrawn by a person before anything was done.
    CANCELLED = "cancelled"


class Cause(StrEnum):
    """Who has to look at an exception."""

    #: Data or a rule: an agent.
    BUSINESS = "business"
    #: An application that failed too often: an agent, then operations.
    APPLICATION = "application"
    #: The entry may have been made: an agent looks in the application.
    DOUBT = "doubt"
    #: The robot itself: its developer.
    ROBOT = "robot"


@dataclass(frozen=True, kw_only=True)
class FailedControl:
    """One control that said no."""

    #: Its code, e.g. ``C-05``.
    code: str
    #: The step that evaluated it.
    step: str
    #: Its French title.
    title: str
    #: Which item of a repeated step it is about, for people; empty for the case itself.
    item: str = ""

    @property
    def sentence(self) -> str:
        """Its title, and the item when there is one."""
        return f"{self.title} ({self.item})" if self.item else self.title


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and when an application incident is tried again."""

    #: Attempts in all, the first included.
    attempts: int = 4
    #: Seconds before the second attempt; doubled each time.
    first_delay: float = 2.0
    #: Upper bound of the delay, seconds.
    longest_delay: float = 300.0

    def delay(self, attempts: int) -> timedelta:
        """Return the wait after that many attempts."""
        return timedelta(seconds=min(self.longest_delay, self.first_delay * 2 ** (attempts - 1)))


@dataclass(frozen=True, kw_only=True)
class Done:
    """The attempt reached a declared end."""

    #: The name of the end: ``entered``, ``already_done``, ``nothing_to_pay``, …
    name: str


@dataclass(frozen=True, kw_only=True)
class Again:
    """When a control that may pass by itself is evaluated again, as its scenario says."""

    #: The instant.
    at: datetime
    #: Tries in all, the first included; an application that fails between two of them costs none.
    tries: int


@dataclass(frozen=True, kw_only=True)
class Controls:
    """Controls said no; an agent sees them all."""

    #: Every failed control, in the order of the scenario.
    failed: tuple[FailedControl, ...]
    #: True when each of them may pass later by itself (a file locked by an agent: C-07, C-12).
    retry: bool = False
    #: Their scenario's own word on when; None for the policy of the engine.
    again: Again | None = None


@dataclass(frozen=True, kw_only=True)
class NeedsApproval:
    """The entry is planned and waits for a second person."""


@dataclass(frozen=True, kw_only=True)
class Waits:
    """The scenario says to wait for a date; the case goes on by itself."""

    #: The waiting step; empty when a wait goes on that a person had ended.
    step: str
    #: The civil date.
    until: date
    #: ``date`` or ``document``.
    waits_for: str = "date"


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The attempt raised."""

    #: What was raised.
    error: Exception


Outcome = Done | Controls | NeedsApproval | Waits | Failed


@dataclass(frozen=True, kw_only=True)
class End:
    """End the case under this name."""

    name: str


@dataclass(frozen=True, kw_only=True)
class RetryIn:
    """Try again after this delay, in the state ``waiting``; the database counts it, for the clocks of hosts differ."""

    delay: timedelta
    reason: str
    #: Business for a control that may pass by itself, application for a failure.
    cause: Cause


@dataclass(frozen=True, kw_only=True)
class RetryAt:
    """Try again when its scenario says, in the state ``waiting``: the next of its tries, with attempts of its own."""

    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class WaitUntil:
    """Wait for a date that the scenario names, in the state ``waiting``."""

    #: The waiting step; empty when a wait goes on that a person had ended.
    step: str
    #: The civil date; the case goes on when that day is opened.
    day: date
    #: ``date`` or ``document``.
    waits_for: str = "date"

    @property
    def at(self) -> datetime:
        """The instant at which it goes on."""
        return opening(self.day)


@dataclass(frozen=True, kw_only=True)
class LookAgain:
    """Look at what is in doubt, in the state ``waiting``: at this instant, its application is left in peace until then, and not
    before this delay, which the database counts.
    """

    at: datetime | None = None
    delay: timedelta | None = None
    #: True when it is another case's doubt, of the same entry: this one has tried nothing.
    elsewhere: bool = False


@dataclass(frozen=True, kw_only=True)
class AskHuman:
    """Open an exception for a person."""

    cause: Cause
    #: The code that groups it: the first failed control, or the class of the error.
    code: str
    #: One French sentence.
    message: str
    #: Every failed control.
    failed: tuple[FailedControl, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class AwaitApproval:
    """Wait for a second person."""


@dataclass(frozen=True, kw_only=True)
class GiveBack:
    """Write nothing: the lease is lost and another may hold the case."""


Decision = End | RetryIn | RetryAt | WaitUntil | LookAgain | AskHuman | AwaitApproval | GiveBack


#: Until when a case waits for another that is about to make, or to settle, the same entry.
_ELSEWHERE = timedelta(seconds=10)


def is_incident(decision: Decision) -> bool | None:
    """Say whether an attempt counts as an application incident; None when it says nothing of the application."""
    match decision:
        case RetryIn(cause=cause) | AskHuman(cause=cause):
            return cause in {Cause.APPLICATION, Cause.DOUBT}
        case LookAgain(elsewhere=elsewhere):
            return None if elsewhere else True
        case GiveBack():
            return None
        case _:
            return False


def decide(outcome: Outcome, attempts: int, policy: RetryPolicy, tries: int = 0) -> Decision:
    """Return what follows an attempt.

    :param attempts: those made since the case was loaded, sent back, or last put off by its scenario, this one included.
    :param tries: how often its scenario has put it off already.
    """
    match outcome:
        case Done(name=name):
            return End(name=name)
        case NeedsApproval():
            return AwaitApproval()
        case Waits(step=step, until=day, waits_for=waits_for):
            return WaitUntil(step=step, day=day, waits_for=waits_for)
        case Controls(failed=failed, retry=True, again=Again(at=at, tries=most)) if tries + 1 < most:
            return RetryAt(at=at, reason=failed[0].code)
        case Controls(failed=failed, retry=True, again=None) if attempts < policy.attempts:
            return RetryIn(delay=policy.delay(attempts), reason=failed[0].code, cause=Cause.BUSINESS)
        case Controls(failed=failed):
            return AskHuman(cause=Cause.BUSINESS, code=failed[0].code, message=failed[0].sentence, failed=failed)
        case Failed(error=error):
            return _after_error(error, attempts, policy)


def after_doubt(decision: Decision, look_at: datetime | None, *, in_peace: bool) -> Decision:
    """Return what follows an attempt that leaves an entry in doubt: it is looked at later, or a person decides.

    :param look_at: when it may be looked at; None once it was.
    :param in_peace: true before that instant.
    """
    match decision:
        case GiveBack():
            return decision
        case RetryIn(delay=delay):  # its application fails
            return LookAgain(at=look_at, delay=delay)
        case RetryAt(at=at):
            return LookAgain(at=max(at, look_at or at))
        case AskHuman(cause=Cause.DOUBT) if look_at is None:
            return decision
        case AskHuman(cause=Cause.DOUBT) if look_at is not None:
            return LookAgain(at=look_at)
        case _ if look_at is not None and in_peace:
            return LookAgain(at=look_at)
        case AskHuman(code=code, message=message, failed=failed):
            return AskHuman(cause=Cause.DOUBT, code=code, message=f"Saisie en doute. {message}", failed=failed)
        case _:
            return AskHuman(cause=Cause.DOUBT, code=EntryInDoubt.__name__, message=str(EntryInDoubt()))


def _after_error(error: Exception, attempts: int, policy: RetryPolicy) -> Decision:
    match error:
        case LeaseLost():
            return GiveBack()
        case EntryElsewhere():
            return LookAgain(delay=_ELSEWHERE, elsewhere=True)
        case EntryInDoubt():
            return AskHuman(cause=Cause.DOUBT, code=error.code, message=str(error))
        case BusinessException():
            return AskHuman(cause=Cause.BUSINESS, code=error.code, message=str(error))
        case ApplicationException() if attempts < policy.attempts:
            return RetryIn(delay=policy.delay(attempts), reason=error.code, cause=Cause.APPLICATION)
        case ApplicationException():
            return AskHuman(cause=Cause.APPLICATION, code=error.code, message=str(error))
        case GlrError():
            return AskHuman(cause=Cause.ROBOT, code=error.code, message=str(error))
        case _:
            # the text of an unknown error may quote personal data: only its class is kept
            name = type(error).__name__
            return AskHuman(cause=Cause.ROBOT, code=name, message=f"Erreur du robot ({name}) : pour son développeur.")
