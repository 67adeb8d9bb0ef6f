"""Samples that anybody draws again: the seed says everything, on any machine, in any language."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def draw(references: Sequence[str], seed: str, size: int) -> tuple[str, ...]:
    """Return the first ``size`` references by SHA-256 of ``seed:reference`` (hexadecimal); all when there are fewer.

    The order in which references come does not matter. Raises ``ValueError`` for an empty seed or a size below 1.
    """
    if not seed or size < 1:
        raise ValueError("une graine et une taille d'au moins 1 sont attendues")
    ranked = sorted(set(references), key=lambda each: sha256(f"{seed}:{each}".encode()).hexdigest())
    return tuple(ranked[:size])
