"""The tree of a day's lines, against the definition of RFC 6962 written down once more."""

from __future__ import annotations

from hashlib import sha256

import pytest

from checker.proof_cases import _climbed, _root
from orchestrator.audit.merkle import EMPTY, Tree, leaf

LINES = [f"line {number}".encode() for number in range(33)]


def defined(lines: list[bytes]) -> bytes:
    """Return the root as RFC 6962, 2.1, defines it: by halves, the left one the largest power of two."""
    if not lines:
        return sha256(b"").digest()
    if len(lines) == 1:
        return sha256(b"\0" + lines[0]).digest()
    left = 1 << (len(lines) - 1).bit_length() - 1
    return sha256(b"\1" + defined(lines[:left]) + defined(lines[left:])).digest()


@pytest.mark.parametrize("size", range(34))
def test_every_size_has_the_defined_root_and_every_line_its_path(size: int) -> None:
    lines, tree = LINES[:size], Tree(leaf(line) for line in LINES[:size])
    assert tree.root == _root(lines) == defined(lines)
    for index, line in enumerate(lines):
        path = [step.hex() for step in tree.path(index)]
        assert _climbed(line, index, size, path) == tree.root.hex()
        assert _climbed(line + b"x", index, size, path) != tree.root.hex()
        assert _climbed(line, index, size, [*path, "00" * 32]) == ""
        assert _climbed(line, (index + 1) % size, size, path) != tree.root.hex() or size == 1
    with pytest.raises(IndexError):
        tree.path(size)


def test_no_line_has_the_root_of_nothing() -> None:
    assert Tree([]).root == EMPTY
