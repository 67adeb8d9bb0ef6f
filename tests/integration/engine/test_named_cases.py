"""Every case of DOMAIN A.8 that one delivery can hold, through the engine on the practice applications, in one delivery.

A02 (the same stop again) is in ``test_redelivery.py``, A25 (a bank reject) in ``test_bank_returns.py``.
"""

from __future__ import annotations

from pathlib import Path

from robot_world import PracticeWorld, robot_world

from orchestrator.store.vault import Vault

NAMED = {
    "A01", "A03", "A05", "A06", "A07", "A08", "A10", "A12", "A13", "A15", "A16", "A17", "A18", "A19", "A20", "A21", "A23",
    "A24", "A26", "A28",
}  # fmt: skip


async def test_each_case_that_the_domain_names_ends_as_its_oracle_says(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    named = practice_world.named
    assert {case[:3] for case in named} == NAMED
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as world:
        loaded = await world.deliver(*named.values())
        await world.work()
        rows = sorted(await world.results(loaded.run), key=lambda row: row.line)
    became = dict(zip(named, rows, strict=True))
    assert {case: row.end or row.outcome.value for case, row in became.items()} == {
        case: row.outcome for case, row in named.items()
    }
    stopped = {case: row for case, row in named.items() if row.outcome == "exception"}
    assert {case: sorted(became[case].codes) for case in stopped} == {
        case: sorted(row.codes) for case, row in stopped.items()
    }
    # what is not worth paying is shown with its steps, not as an amount
    amounts = {case: row.amount_c for case, row in named.items() if row.amount_c and row.outcome != "nothing_to_pay"}
    assert {case: became[case].amount_c for case in amounts} == amounts
    for case, row in named.items():
        due = [row.amount_c] if row.outcome == "entered" else []
        assert [line["amount_c"] for line in practice_world.lines_of(row.stop)] == due, case
