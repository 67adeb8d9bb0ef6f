"""Which wheels of a lock a bundle needs: those of any patch of its Python, whatever patch it is made with."""

from __future__ import annotations

from orchestrator.bundles.component import Component, bill
from orchestrator.bundles.wheels import rounds

LOCK = r"""
always==1 \
    --hash=sha256:aa
soup==2 ; python_full_version < '3.11.5' \
    --hash=sha256:bb \
    --hash=sha256:bc
soup==4 ; python_full_version >= '3.11.5' \
    --hash=sha256:cc
elsewhere==1 ; sys_platform == 'win32' \
    --hash=sha256:dd
younger==1 ; python_full_version >= '3.12' \
    --hash=sha256:ee
"""


def test_both_of_two_versions_that_patches_tell_apart_are_fetched_and_nothing_for_other_machines() -> None:
    assert rounds(LOCK, (3, 11)) == [
        ["always==1 \\\n    --hash=sha256:aa", "soup==2 \\\n    --hash=sha256:bb \\\n    --hash=sha256:bc"],
        ["soup==4 \\\n    --hash=sha256:cc"],
    ]


def test_the_list_is_the_same_for_the_same_content() -> None:
    each = Component(
        name="a", version="1", purl="pkg:pypi/a@1", file="wheels/a.whl", sha256="0" * 64, licence="MIT", texts={}
    )
    first, second = (bill("1", "abc", "2026-11-26T12:00:00+01:00", [each]) for _ in range(2))
    assert first == second
    assert b'"purl": "pkg:pypi/a@1"' in first
