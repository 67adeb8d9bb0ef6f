"""The suite ``ij-acompte.robot`` does what the YAML scenario does: every row, to the code and the centime.

The long version, on the 200 rows of the demo: ``glr demo --scenario ij-acompte-robot``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from demo_house import House
from demo_world import Done


@pytest.fixture(scope="module")
def suite_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """Run the suite on the rows that the YAML scenario had in ``quiet_demo``."""
    house = House(tmp_path_factory.mktemp("suite") / "workspace", cases=24)
    try:
        yield Done(house=house, demo=house.run(*house.demo, "--scenario", "ij-acompte-robot", "--exit"))
    finally:
        house.discard()


def test_every_row_of_the_suite_ends_as_the_oracle_says_and_as_in_yaml(suite_demo: Done, quiet_demo: Done) -> None:
    assert suite_demo.demo.code == 0, suite_demo.demo.err
    rows = suite_demo.house.rows()
    assert rows == suite_demo.house.oracle()
    assert rows == quiet_demo.house.rows()
    assert Counter(row.outcome for row in rows.values())["entered"] > 0


def test_both_leave_the_same_ledger_in_the_application(suite_demo: Done, quiet_demo: Done) -> None:
    by_suite, by_yaml = (
        Counter((line["nir"], line["stop"], line["from"], line["to"], line["amount_c"]) for line in done.house.ledger())
        for done in (suite_demo, quiet_demo)
    )
    assert by_suite == by_yaml
    assert set(by_suite.values()) == {1}
