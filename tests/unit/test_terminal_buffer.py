"""What ``ReadBuffer`` tells, as rows: where fields begin is seen, what is hidden is not."""

from __future__ import annotations

from orchestrator.drivers.terminal_buffer import ATTRIBUTE, rows_of


def test_accents_nulls_and_the_places_of_fields_are_told() -> None:
    (row,) = rows_of(["SF(c0=f0) 4e c3a9 00 SF(c0=f8,41=f4) 41 SA(42=f1) 42 - e282ac"])
    assert row == f"{ATTRIBUTE}Né {ATTRIBUTE}AB €".ljust(80)


def test_what_is_hidden_is_blank_also_when_its_field_goes_on_at_the_top() -> None:
    assert rows_of(["73 SF(c0=f0) 41", "SF(c0=cc) 73 65"]) == (f" {ATTRIBUTE}A".ljust(80), ATTRIBUTE.ljust(80))
