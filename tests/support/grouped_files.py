"""How test files are dealt out to processes: those that share a house go to the same one, the long ones first."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

#: Files that share a demo, by the fixture that holds it: what costs a minute is made once.
SHARED = {
    "hit_demo": ("test_demo_killed", "test_canary"),
    "quiet_demo": (
        "test_demo",
        "test_closing",
        "test_replay",
        "test_shadow_acts",
        "test_wake",
        "test_redelivery",
    ),
}
_GROUP = {file: name for name, files in SHARED.items() for file in files}


class GroupedFiles(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Deals out files, and those that share a house as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _GROUP.get(PurePosixPath(file).stem, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupedFiles:
    """Deal out by file, whatever ``--dist`` says."""
    return GroupedFiles(config, log)
