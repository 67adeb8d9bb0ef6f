"""Households of the C2S: a handful of families, each with a case of the domain text, the same in every population."""

from dataclasses import dataclass
from datetime import date

from sandbox.formats import nir_key
from sandbox.model import Person

#: Who extends rights.
ROBOT = "ROB-931-DROITS-1"
_NAMES = ("Abelin", "Brocard", "Cazelle", "Dorange", "Esnard", "Fourtou", "Guilhem", "Hourdin", "Jaulin", "Kerbrat")


@dataclass(frozen=True, kw_only=True)
class Household:
    """What its members' rights have in common; ends are texts, since a screen may show impossible ones."""

    #: A case of the domain text (B01…), or what it shows.
    case: str
    #: What the rights end on now, and before any extension (empty: the same).
    end: str
    first_end: str = ""
    kind: str = "C2S_FREE"
    #: The extension that the request is about.
    rule: str = "EXT-C2S-1"
    members: int = 1
    #: People of the household who have no right here.
    others: int = 0
    managers: int = 1
    transfer: bool = False
    renewal: str = "AUCUNE"
    appeal: bool = False
    fraud: bool = False
    unpaid_c: int = 0
    #: Day on which each right was closed, and why; empty while it is open.
    closed_on: str = ""
    closed_for: str = "IMPAYE"
    #: Kind and last day of the residence permit that the GED holds of each member; empty without one.
    permit: str = ""
    permit_end: str = ""
    #: An agent changes the last member's right: the form refuses everybody else's change.
    last_locked: bool = False
    #: The organism of the other parent, with which the last member, a child, has rights too, and the end that it has there.
    second: str = ""
    second_end: str = ""
    death: date | None = None
    #: Last day of the base rights in BDO; None while they are open.
    base_until: date | None = None


HOUSEHOLDS = (
    Household(case="B01", end="31/03/2020"),
    Household(case="B02 la veille", end="11/03/2020"),
    Household(case="B02", end="12/03/2020", kind="CMUC"),
    Household(case="B04 une fois", end="29/07/2020"),
    Household(case="B04 deux fois", end="30/07/2020", rule="EXT-C2S-2"),
    Household(case="B04 la seconde", end="30/10/2020", first_end="30/07/2020", rule="EXT-C2S-2"),
    Household(case="B05 la veille", end="29/10/2020", rule="EXT-C2S-2"),
    Household(case="B05", end="30/10/2020", rule="EXT-C2S-2"),
    Household(case="B07", end="30/04/2020", members=2),
    Household(case="B08", end="16/02/2021", rule="EXT-C2S-2"),
    Household(case="B08 le lendemain", end="17/02/2021", rule="EXT-C2S-2"),
    Household(case="B09", end="31/03/2020", renewal="ACCEPTEE"),
    Household(case="B10", end="31/03/2020", renewal="REFUSEE"),
    Household(case="B10 recours", end="31/03/2020", renewal="REFUSEE", appeal=True),
    Household(case="B13", end="05/11/2020", kind="AME", rule="EXT-AME-2"),
    Household(case="B18", end="30/06/2020", first_end="31/03/2020"),
    Household(case="B21 sans fin", end="31/12/2099"),
    Household(case="B21 impossible", end="30/02/2020"),
    Household(case="B21 zéros", end="00/00/0000"),
    Household(case="B22", end="31/03/2020", death=date(2020, 4, 20)),
    Household(case="fin changée à la main", end="15/06/2020", first_end="31/03/2020"),
    Household(case="droits de base fermés", end="31/03/2020", base_until=date(2020, 5, 31)),
    Household(case="fraude", end="31/03/2020", fraud=True),
    Household(case="deux organismes", end="31/03/2020", managers=2),
    Household(case="foyer modifié", end="31/03/2020", others=1),
    Household(case="mutation en cours", end="31/03/2020", transfer=True),
    Household(case="impayés", end="31/03/2020", kind="C2S_PAID", unpaid_c=2_400),
    Household(case="B11", end="31/05/2020", kind="C2S_PAID", unpaid_c=2_400, closed_on="01/04/2020"),
    Household(
        case="B11 fermeture seule", end="30/06/2021", kind="C2S_PAID", rule="EXT-C2S-PAY", unpaid_c=1_600,
        closed_on="01/12/2020",
    ),
    Household(
        case="fermé hors des périodes", end="31/12/2020", kind="C2S_PAID", rule="EXT-C2S-2", unpaid_c=800,
        closed_on="01/09/2020",
    ),
    Household(
        case="fermé pour un autre motif", end="31/05/2020", kind="C2S_PAID", closed_on="01/04/2020", closed_for="RADIATION",
    ),
    Household(case="B14", end="30/04/2020", permit="TS", permit_end="16/03/2020"),
    Household(case="B14 la veille", end="30/04/2020", permit="TS", permit_end="15/03/2020"),
    Household(case="B15", end="31/07/2020", permit="RECEPISSE", permit_end="15/06/2020"),
    Household(case="B15 le lendemain", end="31/07/2020", permit="RECEPISSE", permit_end="16/06/2020"),
    Household(case="asile échu", end="30/06/2020", permit="ASILE", permit_end="16/03/2020"),
    Household(case="asile valable", end="31/07/2020", permit="ASILE", permit_end="15/06/2020"),
    Household(case="titre diplomatique", end="30/04/2020", permit="DIPLO", permit_end="31/12/2020"),
    Household(case="B20", end="31/03/2020", members=2, second="017310000", second_end="31/03/2020"),
    Household(case="B20 prolongé ailleurs", end="31/03/2020", members=2, second="017310000", second_end="30/06/2020"),
    Household(case="B20 conflit", end="31/03/2020", members=2, second="017310000", second_end="31/05/2020"),
    Household(case="cinq membres", end="31/05/2020", members=5, last_locked=True),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Right:
    """One right of one member."""

    reference: str
    number: str
    person: Person
    household: Household
    locked: bool

    @property
    def second(self) -> str:
        """The organism with which it has rights too, by the other parent; empty without one."""
        return self.household.second if self.reference.endswith(f"-{self.household.members}") else ""

    @property
    def closing(self) -> str:
        """The number of its closing."""
        return self.reference.replace("D-", "FER-")


def rights() -> tuple[Right, ...]:
    """Every right of every household, in the order of a delivery."""
    return tuple(
        Right(
            reference=f"D-{number:03d}-{member}",
            number=f"F-{number:03d}",
            person=_person(number, member, household),
            household=household,
            locked=household.last_locked and member == household.members,
        )
        for number, household in enumerate(HOUSEHOLDS, start=1)
        for member in range(1, household.members + 1)
    )


def _person(number: int, member: int, household: Household) -> Person:
    """A member, of a commune that does not exist, known to BDO alone."""
    birth = date(1950 + number, 1 + member, 14)
    body = f"2{birth:%y%m}93998{number * 10 + member:03d}"
    return Person(
        nir=body + nir_key(body), birth_name=_NAMES[number % len(_NAMES)], first_names=("Maëlys",), sex="F", birth=birth,
        birth_place=body[5:10], death=household.death, organism_since=date(2010, 1, 1), rights_start=date(2010, 1, 1),
        rights_end=household.base_until, affiliation=date(2010, 1, 1), incomes=(), stops=(),
    )  # fmt: skip
