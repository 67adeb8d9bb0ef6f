"""Documents that people deposited on a site: the requests of the GED they answer, the list and its PDFs, what each must become.

Nothing is checked here: each deposit is made with what is wrong with it, and what it must become is said as it was made.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path

from sandbox import witness
from sandbox.model import Listed, Person, Population
from sandbox.papers import encrypted, paper

#: The robot's login.
ROBOT = "ROB-931-PIECES-1"
#: What may be asked for, by process.
ASKED = {
    "C2S": ("AVIS_IMPOSITION", "JUSTIFICATIF_RESSOURCES"),
    "PE": ("ATTESTATION_SALAIRE", "BULLETIN_SALAIRE"),
    "AME": ("JUSTIFICATIF_RESIDENCE", "PASSEPORT"),
}
DEPOSITED = tuple(kind for kinds in ASKED.values() for kind in kinds)
HEADER = (
    "N° dépôt", "N° assuré", "Nom de naissance", "Déposant", "Processus", "Nature", "Demande", "Dossier", "Fichier",
    "Empreinte", "Déposé le",
)  # fmt: skip
#: Bytes that the robot of the shipped scenario still takes.
LARGEST = 3_000_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One request of the GED for documents of a person, who has not sent them yet."""

    number: str
    nir: str
    process: str
    file: str
    kinds: tuple[str, ...]
    asked_on: date
    state: str = "OUVERTE"


@dataclass(frozen=True, kw_only=True)
class Deposit:
    """One deposit, and what it must become: `filed`, `exception` or `set_aside`, with the codes of what is wrong."""

    case: str
    number: str
    person: Person
    nir: str
    by: str = "ASSURE"
    process: str
    kind: str
    request: str
    file: str
    name: str
    #: None: no such file came.
    content: bytes | None
    digest: str
    outcome: str = "filed"
    codes: tuple[str, ...] = ()

    def row(self, day: date) -> tuple[str, ...]:
        """Its line of the list."""
        who = (self.number, self.nir, self.person.birth_name, self.by)
        return (*who, self.process, self.kind, self.request, self.file, self.name, self.digest, f"{day:%d/%m/%Y}")


Change = Callable[[Deposit], Deposit]


def _refused(*codes: str, **changes: object) -> Change:
    return lambda one: replace(one, outcome="exception", codes=codes, **changes)  # type: ignore[arg-type] # fields of it


def _holding(content: bytes, *codes: str) -> Change:
    digest = hashlib.sha256(content).hexdigest()
    return _refused(*codes, content=content, digest=digest)


#: What is wrong with a deposit, by the name of its case.
_WRONG: dict[str, Change] = {
    "image": lambda one: _holding(b"\xff\xd8\xff\xe0 JFIF " + one.number.encode(), "D-PDF")(one),
    "encrypted": lambda one: _holding(encrypted(paper(one.number)), "D-PROTEGE")(one),
    "empty": _holding(b"", "D-PDF"),
    "too big": lambda one: _holding(paper(one.number, LARGEST), "D-TAILLE")(one),
    "cut short": lambda one: _holding(paper(one.number)[:60], "D-PDF")(one),
    "no file": _refused("D-FICHIER", content=None),
    "another folder": _refused("D-FICHIER", content=None, name="../population.json"),
    "changed since": lambda one: _refused("D-EMPREINTE", content=paper(f"{one.number} bis"))(one),
    "another kind": _refused("D-NATURE", kind="PASSEPORT"),
    "another process": _refused("D-PROCESSUS", process="AME"),
    "unknown request": _refused("D-DEMANDE", request="DEM-2026-9999"),
    "another file": _refused("D-DOSSIER", file="AT99999999"),
    "another name": lambda one: _refused("C-03", person=replace(one.person, birth_name="Vandenbroucke"))(one),
    "third party": _refused("D-TIERS", by="TIERS"),
    "wrong NIR": lambda one: replace(one, nir=_wrong(one.nir), outcome="set_aside"),
}
#: What is wrong with the request or the person, where the deposit itself is in order.
_OTHERS = {"another's": "D-PERSONNE", "answered": "D-CLOSE", "dead": "C-05", "sensitive": "D-SENSIBLE"}


def made(population: Population, again: str = "") -> tuple[list[Deposit], list[Wanted]]:
    """Every deposit of a population with the requests of the GED, in order: always the same.

    :param again: a word that makes other papers for the same requests.
    """
    plain = cycle(reversed(_people(population, lambda row: row.case == "nominal" and row.person.lock == "never")))
    dead = _people(population, lambda row: _alone(row.person) and row.person.death is not None)
    sensitive = _people(population, lambda row: _alone(row.person) and row.person.sensitive and not row.person.death)
    whose = {"dead": iter(dead), "sensitive": iter(sensitive)}
    deposits: list[Deposit] = []
    requests: list[Wanted] = []
    for place, case in enumerate(("PE", "C2S", "AME", *_WRONG, *_OTHERS), start=1):
        person = next(whose.get(case, plain), None)
        if person is None:  # a small population has nobody like that
            continue
        request = _request(place, case, person, population.today)
        requests.append(request)
        deposits.append(_deposit(place, case, request, person, next(plain), again))
    twice = replace(deposits[0], case="twice", number=f"DEP-2026-{99:04}", outcome="set_aside")
    return [*deposits, twice], requests


def request_rows(population: Population) -> list[tuple[str, ...]]:
    """Return the requests as the GED keeps them, and that of the witness."""
    _, wanted = made(population)
    mine = Wanted(
        number=witness.REQUEST, nir=witness.NIR, process="PE", file=witness.STOP, kinds=ASKED["PE"],
        asked_on=witness.ENTERED_ON,
    )  # fmt: skip
    return [
        (one.number, one.nir, one.process, one.file, ", ".join(one.kinds), one.asked_on.isoformat(), one.state)
        for one in (*wanted, mine)
    ]


def write(population: Population, out: Path, again: str = "", only: Collection[str] = ()) -> Path:
    """Write the list into a folder, its PDFs into `depots` beside, and what each must become; returns the list.

    :param only: the cases to write; none given: all.
    """
    files, day = out / "depots", population.today
    files.mkdir(parents=True, exist_ok=True)
    deposits = [one for one in made(population, again)[0] if not only or one.case in only]
    for one in deposits:
        if one.content is not None:
            (files / one.name).write_bytes(one.content)
    lines = [HEADER, *(one.row(day) for one in deposits), ("FIN", str(len(deposits)))]
    suffix = f"-{again}" if again else ""
    path = out / f"depots-{day:%Y%m%d}{suffix}.csv"
    path.write_bytes("".join(f"{';'.join(line)}\r\n" for line in lines).encode("cp1252"))
    path.with_name(f"{path.stem}-attendu.json").write_text(json.dumps(list(_expected(deposits)), indent=1), "ascii")
    return path


def _expected(deposits: list[Deposit]) -> Iterator[dict[str, object]]:
    for line, one in enumerate(deposits, start=2):
        about = {"case": one.case, "nir": one.nir, "request": one.request, "kind": one.kind, "digest": one.digest}
        yield {"line": line, **about, "outcome": one.outcome, "codes": one.codes}


def _people(population: Population, fits: Callable[[Listed], bool]) -> list[Person]:
    return [row.person for row in population.rows if isinstance(row, Listed) and fits(row)]


def _alone(person: Person) -> bool:
    return person.bdo_files == 1 and person.lock == "never" and not person.stale


def _request(place: int, case: str, person: Person, today: date) -> Wanted:
    process = case if case in ASKED else "PE"
    file = {"PE": person.stops[-1].reference, "C2S": f"F-9{place:02}", "AME": f"AME26{place:04}"}[process]
    state = "REPONDUE" if case == "answered" else "OUVERTE"
    return Wanted(
        number=f"DEM-2026-{place:04}", nir=person.nir, process=process, file=file, kinds=ASKED[process],
        asked_on=today - timedelta(days=3 * place), state=state,
    )  # fmt: skip


def _deposit(place: int, case: str, request: Wanted, person: Person, another: Person, again: str) -> Deposit:
    who = another if case == "another's" else person
    content = paper(f"DEP-2026-{place:04} {again}")
    right = Deposit(
        case=case, number=f"DEP-2026-{place:04}", person=who, nir=who.nir, process=request.process, kind=request.kinds[0],
        request=request.number, file=request.file, name=f"depot-{place:04}.pdf", content=content,
        digest=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    if case in _OTHERS:
        return replace(right, outcome="exception", codes=(_OTHERS[case],))
    return _WRONG[case](right) if case in _WRONG else right


def _wrong(nir: str) -> str:
    """A NIR with another key."""
    return f"{nir[:13]}{(int(nir[13:]) + 1) % 97:02}"
