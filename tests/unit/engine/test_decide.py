"""What follows an attempt is one pure decision: the table of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.domain.cases import (
    AskHuman,
    AwaitApproval,
    Cause,
    Controls,
    Decision,
    Done,
    End,
    Failed,
    FailedControl,
    GiveBack,
    LookAgain,
    NeedsApproval,
    Outcome,
    RetryAt,
    RetryIn,
    RetryPolicy,
    after_doubt,
    decide,
    is_incident,
)
from orchestrator.domain.errors import (
    BusinessException,
    EntryInDoubt,
    LeaseLost,
    SessionExpired,
    TooSlow,
)

NOW = datetime(2026, 3, 27, 6, 30, tzinfo=UTC)
POLICY = RetryPolicy(attempts=3, first_delay=2.0, longest_delay=3.0)
LOCKED = FailedControl(code="C-07", step="person", title="Dossier ouvert par un agent")
DEAD = FailedControl(code="C-05", step="person", title="Assuré décédé")


def human(cause: Cause, code: str, error: Exception) -> AskHuman:
    return AskHuman(cause=cause, code=code, message=str(error))


TABLE: list[tuple[str, Outcome, int, Decision]] = [
    ("an end ends", Done(name="entered"), 1, End(name="entered")),
    ("an entry to approve waits", NeedsApproval(), 1, AwaitApproval()),
    (
        "a control that may pass by itself is tried again",
        Controls(failed=(LOCKED,), retry=True),
        1,
        RetryIn(delay=timedelta(seconds=2), reason="C-07", cause=Cause.BUSINESS),
    ),
    (
        "the delay doubles up to its bound",
        Controls(failed=(LOCKED,), retry=True),
        2,
        RetryIn(delay=timedelta(seconds=3), reason="C-07", cause=Cause.BUSINESS),
    ),
    (
        "then a person",
        Controls(failed=(LOCKED,), retry=True),
        3,
        AskHuman(cause=Cause.BUSINESS, code="C-07", message=LOCKED.title, failed=(LOCKED,)),
    ),
    (
        "a rule that says no is never tried again",
        Controls(failed=(DEAD, LOCKED)),
        1,
        AskHuman(cause=Cause.BUSINESS, code="C-05", message=DEAD.title, failed=(DEAD, LOCKED)),
    ),
    (
        "business exceptions go to a person at once",
        Failed(error=BusinessException("C-14", "Plafond.")),
        1,
        AskHuman(cause=Cause.BUSINESS, code="C-14", message="Plafond."),
    ),
    (
        "application incidents are tried again",
        Failed(error=TooSlow()),
        1,
        RetryIn(delay=timedelta(seconds=2), reason="TooSlow", cause=Cause.APPLICATION),
    ),
    (
        "then a person, as an incident",
        Failed(error=SessionExpired("BDO")),
        3,
        human(Cause.APPLICATION, "SessionExpired", SessionExpired("BDO")),
    ),
    (
        "a doubt is never tried again",
        Failed(error=EntryInDoubt()),
        1,
        human(Cause.DOUBT, "EntryInDoubt", EntryInDoubt()),
    ),
    ("a lost lease writes nothing", Failed(error=LeaseLost()), 1, GiveBack()),
    (
        "an unknown error goes to the developer, without its text",
        Failed(error=ValueError("185026199900189")),
        1,
        AskHuman(cause=Cause.ROBOT, code="ValueError", message="Erreur du robot (ValueError) : pour son développeur."),
    ),
]


@pytest.mark.parametrize(("outcome", "attempts", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_follows_an_attempt(outcome: Outcome, attempts: int, expected: Decision) -> None:
    assert decide(outcome, attempts, POLICY) == expected


@pytest.mark.parametrize(
    ("decision", "counts"),
    [
        (End(name="entered"), False),
        (AwaitApproval(), False),
        (RetryIn(delay=timedelta(0), reason="C-07", cause=Cause.BUSINESS), False),
        (RetryIn(delay=timedelta(0), reason="TooSlow", cause=Cause.APPLICATION), True),
        (RetryAt(at=NOW, reason="M-04"), False),
        (AskHuman(cause=Cause.BUSINESS, code="C-05", message=""), False),
        (AskHuman(cause=Cause.APPLICATION, code="TooSlow", message=""), True),
        (AskHuman(cause=Cause.DOUBT, code="EntryInDoubt", message=""), True),
        (AskHuman(cause=Cause.ROBOT, code="ValueError", message=""), False),
        (GiveBack(), None),
    ],
)
def test_an_application_that_failed_and_a_doubt_count_as_incidents(decision: Decision, counts: bool | None) -> None:  # noqa: FBT001
    assert is_incident(decision) is counts


def doubt(at: datetime | None = None, *, in_peace: bool = False) -> Callable[[Decision], Decision]:
    return lambda decision: after_doubt(decision, at, in_peace=in_peace)


def test_what_leaves_an_entry_in_doubt_is_looked_at_after_its_quiet_time_and_then_by_a_person() -> None:
    later = NOW + timedelta(seconds=30)
    person = AskHuman(cause=Cause.DOUBT, code="EntryInDoubt", message="…")
    application = AskHuman(cause=Cause.APPLICATION, code="PageFailed", message="La page ne répond pas.")
    retry = RetryIn(delay=timedelta(seconds=2), reason="PageFailed", cause=Cause.APPLICATION)
    assert doubt(later, in_peace=True)(person) == LookAgain(at=later)
    assert doubt(later, in_peace=True)(application) == LookAgain(at=later)
    assert doubt(later, in_peace=True)(retry) == LookAgain(at=later, delay=retry.delay)
    assert doubt()(retry) == LookAgain(delay=retry.delay), "the look failed: it is made again"
    assert doubt(NOW)(RetryAt(at=later, reason="M-04")) == LookAgain(at=later)
    assert doubt(NOW)(application) == replace(
        application, cause=Cause.DOUBT, message=f"Saisie en doute. {application.message}"
    )
    assert doubt()(person) == person, "it was looked at"
    assert doubt(later, in_peace=True)(GiveBack()) == GiveBack()
