"""A capture shows nothing personal: masked by default, but for what the contract calls public."""

from __future__ import annotations

from pathlib import Path

from one_browser import a_browser
from robot_world import PracticeWorld, desks

from orchestrator.domain.personal import Nir
from orchestrator.drivers.capture import capture, evidence_path


async def test_no_name_number_or_date_of_birth_is_left_on_the_page_when_it_is_captured(
    practice_world: PracticeWorld, tmp_path: Path
) -> None:
    practice_world.fault()
    row = practice_world.take("entered")
    async with a_browser() as browser:
        at = desks(browser, practice_world)
        for name in ("bdo", "arpege", "compta"):
            screen = await at[name].submit("search", nir=Nir.parse(row.nir))
            page = at[name].page
            assert page is not None
            personal = [screen[field].reveal() for field in ("birth_name", "first_names") if name != "compta"]
            taken = await capture(at[name], tmp_path)
            left = " ".join([await frame.inner_text("body") for frame in page.frames])
            typed = await page.eval_on_selector_all("input", "nodes => nodes.map(node => node.value).join(' ')")
            for value in (*personal, row.nir, row.nir[:13]):
                assert value not in (left + typed).replace(" ", "")
            assert "27/03/2026" in left  # the banner stays readable
            assert taken is not None
            assert evidence_path(tmp_path, taken.digest).stat().st_size == taken.size


async def test_a_desk_without_a_page_has_no_capture(practice_world: PracticeWorld, tmp_path: Path) -> None:
    async with a_browser() as browser:
        assert await capture(desks(browser, practice_world)["bdo"], tmp_path) is None
