"""Makes fictitious people: a nominal person, and the same person with what a case changes."""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, Literal

from sandbox.formats import iban_of, nir_key
from sandbox.model import Bank, Income, Listed, Person, Stop
from sandbox.names import BANKS, BIRTH_NAMES, FEMALE_NAMES, MALE_NAMES, PRESCRIBERS

Sex = Literal["M", "F"]
_ORIGINS: Final[tuple[Literal["ameli", "papier", "agent"], ...]] = ("ameli", "papier", "agent")
_DEPARTMENTS = ("93", "61", "38", "75", "59", "33", "13", "44")
TECHNICAL_CODES = ("TECH_NON_PAYE", "TECH_REJET_LOT", "TECH_CALCUL", "TECH_FLUX")
#: Worked example A01 of the domain text.
A01_INCOMES = (30_000, 36_000, 27_000)


class Maker:
    """Draws people from one seed; NIRs and stop references are never drawn twice."""

    def __init__(self, seed: int, today: date) -> None:
        self.random = random.Random(f"people/{seed}")
        self.today = today
        self._nirs: set[str] = set()
        self._stops = 100

    def person(self, stop: Stop, *, nir: str | None = None, **changes: Any) -> Person:  # noqa: ANN401 - any field
        """A person in order whose stop this is; `changes` replace any field of `Person`."""
        sex, nir, birth = self._civil_status(nir)
        given = tuple(self.random.sample(MALE_NAMES if sex == "M" else FEMALE_NAMES, self.random.choice((1, 2, 3))))
        name = self.random.choice(BIRTH_NAMES)
        usage = self.random.choice(BIRTH_NAMES) if sex == "F" and self.random.random() < 0.4 else ""
        settled = date(self.random.randint(2005, 2018), self.random.randint(1, 12), self.random.randint(1, 28))
        named = {"birth_name": name, "usage_name": usage, "first_names": given, **changes}
        bank = self.bank(named["usage_name"] or named["birth_name"], named["first_names"][0])
        values: dict[str, Any] = {
            "sex": sex, "birth": birth, "birth_place": nir[5:10], "organism_since": settled, "rights_start": settled,
            "affiliation": settled, "stops": (stop,), "incomes": incomes(stop.medical.year, A01_INCOMES), "bank": bank,
        }  # fmt: skip
        return Person(nir=nir, **{**values, **named})

    def worked(self, *, stop: dict[str, Any] | None = None, **changes: Any) -> Person:  # noqa: ANN401 - any field
        """The worked example A01 (697.39 on 27 March 2026), with changes to its stop and to its person."""
        return self.person(self.stop(date(2026, 3, 2), date(2026, 4, 5), **(stop or {})), **changes)

    def stop(self, start: date, end: date, **changes: Any) -> Stop:  # noqa: ANN401 - any field
        """A stop in order, found and prescribed on its first day and received the day after."""
        self._stops += 1
        kept = Stop(
            reference=f"AT{start:%y}{self._stops:06d}", start=start, end=end, prescribed=start, medical=start,
            received=start + timedelta(days=1), prescriber=self.random.choice(PRESCRIBERS),
        )  # fmt: skip
        return replace(kept, **changes)

    def bank(self, name: str, first_name: str) -> Bank:
        """A French account of that holder, unchanged for months."""
        code, bic = self.random.choice(BANKS)
        changed = self.today - timedelta(days=self.random.randint(90, 2000))
        holder = f"{name.upper()} {first_name}" if self.random.random() < 0.5 else f"{name} {first_name}"
        origin = self.random.choice(_ORIGINS)
        return Bank(iban=iban_of("FR", self._account(code)), bic=bic, holder=holder, changed=changed, origin=origin)

    def listed(self, case: str, person: Person, **changes: Any) -> Listed:  # noqa: ANN401 - any field
        """The row of the delivery for the person's last stop."""
        stop = person.stops[-1]
        raised = min(stop.received + timedelta(days=self.random.randint(3, 12)), self.today - timedelta(days=1))
        kept = Listed(
            case=case, person=person, stop_reference=stop.reference, anomaly="TECH_NON_PAYE", raised_on=raised,
            name_as_delivered=person.birth_name, nir_as_delivered=person.nir,
        )  # fmt: skip
        return replace(kept, **changes)

    def fresh_nir(self, sex: Sex, birth: date) -> str:
        """A NIR with a right key in a commune that does not exist."""
        while True:
            place = f"{self.random.choice(_DEPARTMENTS)}99{self.random.randint(0, 9)}"
            body = f"{1 if sex == 'M' else 2}{birth:%y%m}{place}{self.random.randint(10, 999):03d}"
            if body not in self._nirs:
                self._nirs.add(body)
                return body + nir_key(body)

    def _civil_status(self, nir: str | None) -> tuple[Sex, str, date]:
        if nir is None:
            sex: Sex = self.random.choice(("M", "F"))
            birth = date(self.random.randint(1961, 1999), self.random.randint(1, 12), self.random.randint(1, 28))
            return sex, self.fresh_nir(sex, birth), birth
        self._nirs.add(nir[:13])
        day = self.random.randint(1, 28)
        return ("M" if nir[0] in "17" else "F"), nir, date(1900 + int(nir[1:3]), int(nir[3:5]), day)

    def _account(self, bank: str) -> str:
        branch, account = f"{self.random.randint(0, 99999):05d}", f"{self.random.randint(0, 10**11 - 1):011d}"
        key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * int(account)) % 97
        return f"{bank}{branch}{account}{key:02d}"


def incomes(year: int, euros: tuple[int, ...]) -> tuple[Income, ...]:
    """Incomes (euros) of the years before, oldest first, contributions paid in full."""
    return incomes_c(year, tuple(value * 100 for value in euros))


def incomes_c(year: int, centimes: tuple[int, ...]) -> tuple[Income, ...]:
    """The same, in centimes."""
    first = year - len(centimes)
    shares = ((first + n, value, value * 22 // 100) for n, value in enumerate(centimes))
    return tuple(Income(year=y, income_c=value, due_c=due_c, paid_c=due_c) for y, value, due_c in shares)
