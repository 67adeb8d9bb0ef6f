"""A reading of open advances as its run leaves it, for pages of the console in a browser."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from console_world import CAISSE, ROOT, Seed, SeededCase
from published import publish

from orchestrator.console import ConsoleWorld
from orchestrator.domain.civil import SystemClock, paris_date
from orchestrator.domain.keywords import collect
from orchestrator.domain.money import Euros
from orchestrator.domain.open_amounts import OpenAmount
from orchestrator.engine.open_amounts import write_open_amounts
from orchestrator.language.load import load_scenario
from orchestrator.store.database import Database

TODAY = paris_date(SystemClock().now())


async def read_advances(world: ConsoleWorld, seed: Seed, owner: Database, *, aside: int) -> list[SeededCase]:
    """Have the console follow advances, and a reading in it: one of each situation, and others whose row was set aside."""
    keywords = {}
    for folder in ("arpege", "compta", "ij"):
        keywords.update(collect(import_module(f"keywords.{folder}")))
    scenario = load_scenario(ROOT / "scenarios" / "acompte-suivi.yaml", keywords=keywords, caisse=CAISSE)
    world.scenarios[scenario.name] = scenario  # type: ignore[index] # a plain dict, of this test alone
    await publish(owner, scenario)
    own = Seed(database=seed.database, vault=seed.vault, scenario=scenario, evidence=seed.evidence)
    await own.begin(5 + aside)
    overpaid = "Acompte plus grand que le paiement : trop versé, une personne décide"
    cases = [
        await own.end("waiting_for_payment"),
        await own.end("entered"),
        await own.exception("R-INDU", overpaid, failed=("R-INDU",), queue="ij-suivi", capture=False),
        await own.exception(
            "R-AC04", "Virement rejeté par la banque", failed=("R-AC04",), queue="ij-indus", capture=False
        ),
        await own.awaiting(),
    ]
    read = {line: _advance(line) for line in range(2, 7 + aside)}
    read[5] = read[5].model_copy(update={"state": "REJETE_BANQUE", "reject_code": "AC04"})
    async with seed.database.transaction("test") as tx:
        await write_open_amounts(tx, CAISSE, own.run, read)
    return cases


def _advance(line: int) -> OpenAmount:
    number, paid = f"ACP-2026-{line:06d}", TODAY - timedelta(days=20 + 9 * line)
    return OpenAmount(number=number, amount=Euros(1_000_003 - 7_001 * line), since=paid, state="LIQUIDEE")
