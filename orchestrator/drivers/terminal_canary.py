"""The walk of a green screen: each screen is opened and read by its contract, which compares every position and label.

What a walk of web pages keeps beside it (facts, proposed changes, the values of the witness) is not known here: a difference is
told as the first place that is not as in ``screens.yaml``.
"""

from __future__ import annotations

from orchestrator.domain.errors import ScreenChanged, UnknownScreen
from orchestrator.drivers.contracts import CanaryStep
from orchestrator.drivers.differences import Difference
from orchestrator.drivers.terminal_desk import TerminalDesk
from orchestrator.drivers.witness import Witness


async def walk_terminal(desk: TerminalDesk, witness: Witness) -> tuple[Difference, ...]:
    """Walk the screens; raises what an application in trouble raises: that is no difference."""
    found = []
    for step in desk.contract.canary:
        screen = step.leads_to or step.open or ""
        missing = [text[1:] for text in step.given.values() if text.startswith("$") and text[1:] not in witness.values]
        if missing:
            said = f"écran non parcouru : il manque la valeur « {missing[0]} » du témoin (canary.json)"
            found.append(Difference(screen=screen, text=said, alters=False, reached=False))
            continue
        try:
            await _step(desk, witness, step)
        except (ScreenChanged, UnknownScreen) as error:
            found.append(
                Difference(screen=screen, text=str(error), unknown=isinstance(error, UnknownScreen), reached=False)
            )
            await desk.discard()
    return tuple(found)


async def _step(desk: TerminalDesk, witness: Witness, step: CanaryStep) -> None:
    given = {name: witness.values.get(text[1:], text) for name, text in step.given.items()}
    if step.submit is not None:
        await desk.submit(step.submit, **given)
    else:
        await desk.open(step.open or "", **given)
