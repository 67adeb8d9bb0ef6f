"""The control total of a delivery: the exact sum of one field over all its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.domain.money import Euros
from orchestrator.domain.sources import Total
from orchestrator.drivers.deliveries_rules import BadLine, BadRow, CaseRules, bad_value, refuse


class Sum:
    """The sum of one field; without a declared total it does nothing.

    A row whose amount cannot be read makes the announced total impossible to verify: that row says so, and the count of
    rows still holds.
    """

    def __init__(self, total: Total | None, case: CaseRules) -> None:
        self._field = total.of if total else ""
        self._case = case
        self._centimes = 0
        self._complete = True

    def add(self, texts: Mapping[str, str]) -> None:
        """Count a row; raises :class:`BadLine` for an amount that cannot be read."""
        if not self._field:
            return
        rules = self._case.fields[self._field]
        try:
            self._centimes += rules.read(texts[self._field]).centimes
        except ValueError as error:
            raise bad_value(rules, error) from None

    def without(self, error: BadLine, line: int) -> BadRow:
        """Return a row set aside, its amount unknown."""
        bad = error.at(line)
        if not self._field:
            return bad
        self._complete = False
        return replace(bad, reason=f"{bad.reason} ; sans son montant, le total annoncé n'est plus vérifié")

    def check(self, line: int, announced: str | None) -> None:
        """Refuse the file when the announced total, a French amount, is another."""
        if not self._field:
            return
        try:
            expected = Euros.parse(announced or "")
        except ValueError:
            refuse(line, "un total était attendu, il ne se lit pas")
        found = Euros(self._centimes)
        if self._complete and expected != found:
            refuse(line, f"un total de {expected} était annoncé, {found} trouvé")
