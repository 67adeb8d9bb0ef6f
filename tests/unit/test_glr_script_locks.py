"""What the ``glr`` script takes for granted about the lock files."""

from __future__ import annotations

import re
from pathlib import Path

import orchestrator

LOCKS = Path(orchestrator.__file__).parents[1] / "locks"


def pins(name: str) -> set[str]:
    return set(
        re.findall(r"^[\w.\-\[\],]+==\S+(?: ; [^\\\n]+)?", (LOCKS / name).read_text(encoding="utf-8"), re.MULTILINE)
    )


def test_what_it_takes_to_test_contains_what_it_takes_to_run_at_the_same_versions() -> None:
    assert len(pins("runtime.txt")) > 50
    assert pins("runtime.txt") - pins("dev.txt") == set()


def test_every_pin_has_a_hash_and_no_lock_names_a_host() -> None:
    for name in ("runtime.txt", "dev.txt"):
        text = (LOCKS / name).read_text(encoding="utf-8")
        blocks = re.split(r"\n(?=[\w.\-]+==)", text)
        assert [block.splitlines()[0] for block in blocks if "==" in block and "--hash=sha256:" not in block] == []
        assert re.findall(r"^\s*--(?:index-url|extra-index-url|find-links).*|https?://\S+", text, re.MULTILINE) == []


def test_what_needs_a_compiler_or_shadows_our_tests_stays_out() -> None:
    unwanted = {"evdev", "pynput", "pynput-robocorp-fork", "o365", "stringcase"}
    assert {pin.split("==")[0] for pin in pins("runtime.txt")}.isdisjoint(unwanted)
