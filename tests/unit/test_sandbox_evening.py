"""The evening of several robots: what each is given, and ledgers that an outsider compares act by act."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.delivery import read
from sandbox.evening import PARTS, account
from sandbox.followed import judge
from sandbox.model import Population
from sandbox.population import build
from sandbox.stores import create
from sandbox.unlisted import handed_on, unlisted

TODAY = "2026-03-27"
PEOPLE = build(20, 931, TODAY, evening=True)
ALL = tuple(PARTS)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the stores of the applications, which some oracles read; the ledgers are written beside them."""
    folder = tmp_path_factory.mktemp("evening") / "practice"
    create(folder, PEOPLE)
    return folder


def due(folder: Path) -> Iterator[dict[str, Any]]:
    """Give every act of an evening that went well, as the ledgers have them."""
    for part in PARTS.values():
        for book in part.books:
            for subject, acts in book.due(PEOPLE, folder).items():
                yield from ({"app": book.application, book.about: subject, "author": part.login, **act} for act in acts)


def told(folder: Path, acts: list[dict[str, Any]]) -> dict[str | None, tuple[int, int, int]]:
    """Return lines, duplicates and differences of each scenario (None: acts of nobody's case)."""
    for application in ("arpege", "compta", "c2s", "progres", "ged"):
        lines = [json.dumps(act) for act in acts if act["app"] == application]
        (folder / f"{application}.ledger.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    found: list[Any] = list(account(folder, PEOPLE, ALL))
    return {each["scenario"]: (sum(each["lines"].values()), each["duplicates"], len(each["wrong"])) for each in found}


def test_two_scenarios_that_propose_advances_never_get_the_same_stop(tmp_path: Path) -> None:
    first, second = (_stops(PEOPLE, name, tmp_path) for name in ("ij-acompte", "ij-acompte-robot"))
    assert not first & second
    assert len(first) > 5
    assert len(second) > 5


def test_one_stop_that_is_due_is_on_no_list_and_the_surveillance_hands_it_on(house: Path, tmp_path: Path) -> None:
    forgotten = unlisted(PEOPLE)
    halves = [PARTS[name].deliver for name in ("ij-acompte", "ij-acompte-robot")]
    before, beside = (deliver(PEOPLE, tmp_path).read_bytes() for deliver in halves if deliver)
    assert forgotten not in {line.key[1] for half in (before, beside) for line in read(half)}
    found = {row.stop_reference: verdict for row, verdict in handed_on(PEOPLE, house)}
    assert found[str(forgotten)].outcome == "entered"
    assert {verdict.codes for verdict in found.values()} >= {("OUVERT",), ("C-09",)}, "open, or another scenario's"
    parts = {name for name, part in PARTS.items() for book in part.books if forgotten in book.due(PEOPLE, house)}
    assert parts == {"ij-acompte (trouvés)"}


def test_what_an_evening_is_given_is_the_same_every_time(tmp_path: Path) -> None:
    written = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        for part in PARTS.values():
            if part.deliver:
                part.deliver(PEOPLE, tmp_path / name)
        paths = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        written.append({path.relative_to(tmp_path / name): path.read_bytes() for path in paths})
    assert [str(path) for path, content in written[0].items() if written[1][path] != content] == []


def test_an_advance_is_followed_to_every_end_that_the_domain_names() -> None:
    ends = [one.codes or (one.outcome,) for one in judge(PEOPLE)]
    assert sorted(ends) == [
        *[("R-AC04",)] * 5, ("R-AUTRE",), ("R-INDU",), ("R-PLUSIEURS",), ("entered",), ("entered",),
        ("set_aside",), ("waiting_for_payment",),
    ]  # fmt: skip


def test_ledgers_of_an_evening_that_went_well_show_nothing(house: Path) -> None:
    acts = list(due(house))
    found = told(house, acts)
    assert {wrong for _, _, wrong in found.values()} == {0}
    assert sum(lines for lines, _, _ in found.values()) == len(acts)
    assert {act["act"] for act in acts} == {
        "PROPOSITION",
        "REGULARISATION",
        "RETOUR",
        "MODIFICATION",
        "RAPPEL",
        "MUTATION",
        "DEPOT",
        "RECUPERATION",
    }


@pytest.mark.parametrize("name", [name for name in ALL if PARTS[name].books])
def test_an_act_that_is_missing_made_twice_other_or_another_s_is_told(name: str, house: Path) -> None:
    acts, book = list(due(house)), PARTS[name].books[-1]
    one = next(act for act in acts if act["act"] in book.acts and act.get(book.about) in book.due(PEOPLE, house))
    others = [act for act in acts if act is not one]
    lines = told(house, acts)[name][0]
    assert told(house, others)[name] == (lines - 1, 0, 1)
    assert told(house, [*acts, one])[name] == (lines + 1, 1, 1)
    assert told(house, [*others, {**one, "author": "A1001"}])[name] == (lines, 0, 1)
    stray = told(house, [*acts, {**one, book.about: "X-1"}])
    assert (stray[name], stray[None]) == ((lines, 0, 0), (0, 0, 1))
    other: dict[str, str] = {name: "1" for name in ("amount_c", "end", "nir") if name in one}
    assert told(house, [*others, one | other])[name] == (lines, 0, 1)


def _stops(population: Population, name: str, folder: Path) -> set[str]:
    deliver = PARTS[name].deliver
    assert deliver is not None
    return {line.key[1] for line in read(deliver(population, folder).read_bytes()) if not line.problem}
