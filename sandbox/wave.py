"""A migration wave in PROGRES: its people, its file with one row of a wrong length in the middle, and who is right about it."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from sandbox.green.data import NAME, ensure, fill_transfers
from sandbox.registry import add_to
from sandbox.stores import load
from sandbox.transfers import COUNT, Transfer, transfers, wave


def write(folder: Path, rows: int, out: Path) -> None:
    """Put the people of a wave into PROGRES and RNIAM, and write its file."""
    population = load(folder)
    store = ensure(folder, population)
    more = list(transfers(population.seed, max(rows, COUNT), population.today))[COUNT:]
    with store.transaction():
        fill_transfers(store, more)
    store.close()
    add_to(folder, more)
    lines = wave(transfers(population.seed, rows, population.today))
    lines[_short(rows)] = lines[_short(rows)][:-9]
    out.write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))


def judge(folder: Path, rows: int) -> Iterator[Mapping[str, object]]:
    """Say of each row what should become of it, then how PROGRES's own ledger differs from that.

    `waiting`: entered, and looked at again in days; `exception` with every code; `set_aside`.
    """
    expected = list(_expected(folder, rows))
    yield from expected
    acts = _acts(folder)
    wanted = {one["reference"] for one in expected if one["outcome"] == "waiting"}
    yield {
        "ledger": {
            "lines": acts.total(),
            "duplicates": acts.total() - len(acts),
            "missing": len(wanted - acts.keys()),
            "unexpected": len(acts.keys() - wanted),
        }
    }


def _expected(folder: Path, rows: int) -> Iterator[dict[str, object]]:
    population = load(folder)
    for line, one in enumerate(transfers(population.seed, rows, population.today), start=2):
        bad = line == _short(rows) + 1 or one.codes == ("bad",)
        codes = () if bad else _codes(one)
        outcome = "set_aside" if bad else "exception" if codes else "waiting"
        yield {"line": line, "reference": one.reference, "outcome": outcome, "codes": sorted(codes)}


def _codes(one: Transfer) -> tuple[str, ...]:
    """What stops it at its first look: RNIAM is looked at again in days."""
    return tuple(code for code in one.codes if code != "M-04")


def _short(rows: int) -> int:
    """The place of the row that is too short; the first is the header."""
    return rows // 2 + 1


def _acts(folder: Path) -> Counter[str]:
    lines = (folder / f"{NAME}.ledger.jsonl").read_text("utf-8").splitlines()
    return Counter(act["reference"] for act in map(json.loads, lines) if act["act"] == "MUTATION")
