"""What the practice applications know of people: plain frozen values; money in integer centimes, civil dates."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

ROBOT_LOGIN = "ROB-931-ACPIJ-1"
CAISSE = "019310000"
FLAGS = ("contentieux", "lcf", "recours_amiable", "opposition", "tutelle", "cession")

Nature = Literal["INITIAL", "PROLONGATION", "RECHUTE"]
Opinion = Literal["SANS", "FAVORABLE", "DEFAVORABLE", "EN_ATTENTE"]
StopState = Literal["ENREGISTRE", "EN_SAISIE", "REJETE"]
PaymentState = Literal["PAYE", "REJETE", "EN_COURS"]
AdvanceState = Literal["PROPOSEE", "VALIDEE", "LIQUIDEE", "REJETEE", "ANNULEE", "REGULARISEE", "REJETE_BANQUE"]
Category = Literal["TI", "PL", "PAMC", "RG", "CONJ_COLLAB"]
Lock = Literal["never", "first view", "always"]


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One sick leave as ARPEGE shows it; both ends are inclusive."""

    reference: str
    start: date
    end: date
    prescribed: date
    #: Date of the medical finding: chooses PASS and income years.
    medical: date
    received: date
    nature: Nature = "INITIAL"
    risk: str = "AS"
    prescriber: str
    opinion: Opinion = "SANS"
    state: StopState = "ENREGISTRE"
    part_time: bool = False
    ald: bool = False


@dataclass(frozen=True, kw_only=True)
class Income:
    """Income of one civil year, with the contributions due and paid on it (centimes)."""

    year: int
    income_c: int
    due_c: int
    paid_c: int


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One payment line of ARPEGE (centimes)."""

    reference: str
    start: date
    end: date
    gross_c: int
    csg_c: int
    crds_c: int
    paid_on: date
    state: PaymentState
    reject_code: str = ""


@dataclass(frozen=True, kw_only=True)
class Advance:
    """An advance that COMPTA holds from the start (centimes)."""

    reference: str
    start: date
    end: date
    amount_c: int
    state: AdvanceState
    author: str
    entered_on: date
    free_reference: str = ""


@dataclass(frozen=True, kw_only=True)
class Bank:
    """The bank account of a person in BDO."""

    iban: str
    bic: str
    holder: str
    changed: date
    origin: Literal["ameli", "papier", "agent"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """One insured person, as BDO and ARPEGE each know them."""

    nir: str
    birth_name: str
    usage_name: str = ""
    #: Civil given names, first one first.
    first_names: tuple[str, ...]
    sex: Literal["M", "F"]
    birth: date
    birth_place: str
    #: Number of files BDO holds under this NIR.
    bdo_files: int = 1
    certified: bool = True
    death: date | None = None
    #: A death that RNIAM alone knows, and the day on which it was told (that of the death when None).
    registry_death: date | None = None
    registry_told: date | None = None
    organism: str = CAISSE
    organism_since: date
    rights_start: date
    rights_end: date | None = None
    homonyms: int = 0
    lock: Lock = "never"
    flags: frozenset[str] = frozenset()
    sensitive: bool = False
    #: BDO shows this file as it was the day before.
    stale: bool = False
    bank: Bank | None = None
    #: Identity in ARPEGE where it differs from BDO.
    arpege_birth_name: str | None = None
    arpege_first_name: str | None = None
    arpege_birth: date | None = None
    category: Category = "TI"
    affiliation: date
    incomes: tuple[Income, ...]
    invalidity: bool = False
    old_age: bool = False
    schedule: bool = False
    days_paid: int = 0
    stops: tuple[Stop, ...]
    payments: tuple[Payment, ...] = ()
    #: A payment that ARPEGE makes after its payments page was viewed once.
    late_payment: Payment | None = None
    advances: tuple[Advance, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A stop that the anomaly list of ARPEGE delivers, and what kind of case it is."""

    #: Case name: an id of the domain text (A01…), a control code, or `nominal`.
    case: str
    person: Person
    stop_reference: str
    anomaly: str
    raised_on: date
    #: How the delivery spells the birth name and the NIR.
    name_as_delivered: str
    nir_as_delivered: str


@dataclass(frozen=True, kw_only=True)
class BadRow:
    """A row of the delivery that is wrong in itself."""

    case: str
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Population:
    """Everybody, and the rows of the delivery in order."""

    size: int
    seed: int
    today: date
    rows: tuple[Listed | BadRow, ...]
    #: People whom the applications hold and no delivery lists.
    others: tuple[Person, ...] = field(default=())
    #: True when several robots have work among them.
    evening: bool = False

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody the applications may hold, in delivery order, once each."""
        listed = {row.person.nir: row.person for row in self.rows if isinstance(row, Listed)}
        return (*listed.values(), *self.others)
