"""One evening of several robots: what each scenario is given, what its rows should become, and the ledgers afterwards.

A scenario joins by one line of `PARTS`. Nothing here asks an engine: rows are judged from the population by the oracle of
each scenario, and each application's own ledger is compared with what follows, act by act.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sandbox import (
    bank,
    bank_oracle,
    delivery,
    deposits,
    extensions,
    followed,
    oracle,
    told,
    transfers,
    unlisted,
    watched,
    waves,
)
from sandbox.households import HOUSEHOLDS, ROBOT
from sandbox.model import ROBOT_LOGIN, Population
from sandbox.stores import numbered_advances

Fields = Mapping[str, object]
#: Households with one case each that the texts name, and one of which the last entry is refused.
_HOUSEHOLDS = (
    "B01", "B04 deux fois", "B04 la seconde", "B07", "B09", "B10 recours", "B18", "B21 impossible", "B22", "fraude",
    "droits de base fermés", "cinq membres",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Book:
    """What one scenario should write into the ledger of an application."""

    application: str
    #: The acts that may be its own, and the field that says what an act is about.
    acts: frozenset[str]
    about: str
    #: The acts that there should be about each of its subjects, with what is compared of them, from population and folder.
    due: Callable[[Population, Path], Mapping[str, Sequence[Fields]]]


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one scenario has to do in an evening."""

    #: Its folder, and its login in the applications.
    robot: str
    login: str
    #: What it is given, in French, for people.
    work: str
    #: Writes its delivery into a folder; None when the robot reads a list in an application.
    deliver: Callable[[Population, Path], Path] | None
    #: `line`, `outcome`, `codes`, `amount_c` and `amount_optional` of each row, from the population and its folder.
    verdicts: Callable[[Population, Path], Iterator[Fields]]
    books: tuple[Book, ...]
    #: True when it is given its work once the others have done theirs: it looks at what they left.
    last: bool = False
    #: The days of which it reads one list each; empty: one, of the evening's day.
    days: tuple[date, ...] = ()
    #: Its scenario, where that has other work beside it and the part has a name of its own.
    scenario: str | None = None
    #: The part whose findings it is given, on the same day.
    after: str | None = None


def account(folder: Path, population: Population, names: Sequence[str]) -> Iterator[Fields]:
    """Compare the ledgers of all applications with what these scenarios should have entered, each act once.

    Gives for each scenario `lines` by application, `duplicates` and `wrong`, sentences; for `scenario` None, acts of nobody.
    """
    ledgers = {path.name.partition(".")[0]: _read(path) for path in sorted(folder.glob("*.ledger.jsonl"))}
    for name in names:
        part, lines = PARTS[name], Counter[str]()
        twice: Counter[tuple[object, ...]] = Counter()
        wrong: list[str] = []
        for book in part.books:
            due, entered = book.due(population, folder), ledgers.get(book.application, [])
            own = [act for act in entered if act["act"] in book.acts and act.get(book.about) in due]
            ledgers[book.application] = [act for act in entered if act not in own]
            lines[book.application] += len(own)
            twice.update((book.application, act[book.about], act["act"]) for act in own)
            wrong += _wrong(book, part.login, due, own)
        yield {"scenario": name, "lines": lines, "duplicates": twice.total() - len(twice), "wrong": wrong}
    left = [f"{str(act['app']).upper()} : {act['act']} sans dossier" for acts in ledgers.values() for act in acts]
    yield {"scenario": None, "lines": {}, "duplicates": 0, "wrong": left}


def _read(path: Path) -> list[dict[str, object]]:
    """The acts of an application's ledger; no mail, which has no author, no look-up, nor what an application does by itself."""
    itself = path.name.partition(".")[0].upper()
    said = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return [act for act in said if act.get("author", itself) != itself and act["act"] != "CONSULTATION"]


def _wrong(book: Book, login: str, due: Mapping[str, Sequence[Fields]], own: Sequence[Fields]) -> Iterator[str]:
    """Say how the acts about each subject differ from those wanted."""
    for subject, wanted in due.items():
        found = [act for act in own if act[book.about] == subject]
        known = [{name: act.get(name) for name in each} for act, each in zip(found, wanted, strict=False)]
        others = {act["author"] for act in found} - {login}
        if len(found) != len(wanted) or known != [dict(each) for each in wanted] or others:
            names = [str(act["act"]) for act in found]
            yield f"registre de {book.application.upper()}, {subject} : {names}, attendu {[each['act'] for each in wanted]}"


def _advances(number: int, name: str, work: str) -> Part:
    """Advances to propose: half of the day's list."""

    def deliver(population: Population, out: Path) -> Path:
        path = out / f"{Path(delivery.file_name(population.today)).stem}-{name}.csv"
        path.write_bytes(unlisted.half(population, number))
        return path

    def judged(population: Population) -> list[oracle.Verdict]:
        return oracle.judge(population, unlisted.half(population, number), population.today)

    def due(population: Population, _: Path) -> dict[str, list[Fields]]:
        lines = {line.number: line for line in delivery.read(unlisted.half(population, number))}
        found: dict[str, list[Fields]] = {}
        for verdict in judged(population):
            line = lines[verdict.line]
            if line.problem:
                continue
            nir, stop = line.key
            act = {"act": "PROPOSITION", "nir": nir, "amount_c": verdict.amount_c}
            found.setdefault(stop, []).extend([act] if verdict.outcome == "entered" else [])
        return found

    def verdicts(population: Population, _: Path) -> Iterator[Fields]:
        return (json.loads(verdict.as_json()) for verdict in judged(population))

    book = Book(application="compta", acts=frozenset({"PROPOSITION"}), about="stop", due=due)
    return Part(
        robot="acompte-ij", login=ROBOT_LOGIN, work=work, deliver=deliver, verdicts=verdicts, books=(book,)
    )  # fmt: skip


def _found_verdicts(population: Population, folder: Path) -> Iterator[Fields]:
    for line, (_row, verdict) in enumerate(unlisted.handed_on(population, folder), start=1):
        yield {**json.loads(verdict.as_json()), "line": line}


def _found_due(population: Population, folder: Path) -> dict[str, list[Fields]]:
    """The advance of the stop that no list had; what the lists had is theirs."""
    return {
        row.stop_reference: [{"act": "PROPOSITION", "nir": row.person.nir, "amount_c": verdict.amount_c}]
        for row, verdict in unlisted.handed_on(population, folder)
        if verdict.outcome == "entered"
    }


def _numbers() -> list[str]:
    return [f"F-{n:03d}" for n, one in enumerate(HOUSEHOLDS, start=1) if one.case in _HOUSEHOLDS]


def _households() -> Iterator[tuple[str, list[extensions.Verdict]]]:
    return ((number, list(extensions.judge(number))) for number in _numbers())


def _rights_due(_: Population, _folder: Path) -> dict[str, list[Fields]]:
    """A change for each right that is extended; a change taken back for the others of a household refused at its last."""
    found: dict[str, list[Fields]] = {}
    for _number, rights in _households():
        for one in rights:
            made = [{"act": "MODIFICATION", "end": one.end}] if one.outcome == "entered" else []
            undone = one.code == "SAISIE" and one is not rights[-1]
            found[one.right] = [{"act": "MODIFICATION"}, {"act": "RAPPEL"}] if undone else list(made)
    return found


def _letters_due(_: Population, _folder: Path) -> dict[str, list[Fields]]:
    """An attestation for each right that is extended."""
    found: dict[str, list[Fields]] = {right.right: [] for _number, of in _households() for right in of}
    for letter in (each for number in _numbers() for each in extensions.attestations(number)):
        found[letter["reference"]].append({"act": "DEPOT", **letter})
    return found


def _rights_verdicts(_: Population, _folder: Path) -> Iterator[Fields]:
    rights = [right for _number, of in _households() for right in of]
    for line, one in enumerate(rights, start=2):
        said = {"line": line, "outcome": one.outcome, "codes": [one.code] if one.code else []}
        yield said | {"amount_c": None, "amount_optional": True}


def _followed_verdicts(population: Population, _: Path) -> Iterator[Fields]:
    for line, one in enumerate(followed.judge(population), start=1):
        amount_c = one.advance.amount_c if one.outcome == "entered" else None
        said = {"line": line, "outcome": one.outcome, "codes": list(one.codes), "amount_c": amount_c}
        yield said | {"amount_optional": one.outcome != "entered"}


def _followed_due(population: Population, _: Path) -> dict[str, list[Fields]]:
    numbers = [(advance, text) for _row, text, _person, advance in numbered_advances(population)]
    found: dict[str, list[Fields]] = {}
    for one in followed.judge(population):
        number = next(text for advance, text in numbers if advance is one.advance)
        act = {"act": "REGULARISATION", "amount_c": one.advance.amount_c, "payment": one.payment}
        found[number] = [act] if one.outcome == "entered" else []
    return found


def _requests(population: Population) -> list[transfers.Transfer]:
    """One of each kind that the texts name, but for the one at which RNIAM is looked again for days."""
    known = transfers.transfers(population.seed, transfers.KINDS, population.today)
    return [one for one in known if one.codes != ("M-04",)]


def _deliver_transfers(population: Population, out: Path) -> Path:
    path = out / f"mutations-entrantes-{population.today:%Y%m%d}.csv"
    path.write_bytes(transfers.delivery(_requests(population)))
    return path


def _transfer_verdicts(population: Population, _: Path) -> Iterator[Fields]:
    """Entered is `waiting`: RNIAM is looked at again in days."""
    for line, one in enumerate(_requests(population), start=2):
        outcome = "set_aside" if one.raw_effect else "exception" if one.codes else "waiting"
        yield {"line": line, "outcome": outcome, "codes": list(one.codes), "amount_c": None, "amount_optional": True}


def _transfers_due(population: Population, _: Path) -> dict[str, list[Fields]]:
    act: Fields = {"act": "MUTATION", "outcome": "OK"}
    return {
        one.reference: [] if one.codes else [{**act, "nir": one.nir, "points": str(one.points)}]
        for one in _requests(population)
    }


def _deposit_verdicts(population: Population, _: Path) -> Iterator[Fields]:
    """What is filed is `filed_unawaited`: no case of this evening waits for it, its request is answered by a person."""
    for line, one in enumerate(deposits.made(population)[0], start=2):
        outcome = "filed_unawaited" if one.outcome == "filed" else one.outcome
        yield {"line": line, "outcome": outcome, "codes": list(one.codes), "amount_c": None, "amount_optional": True}


def _deposits_due(population: Population, _: Path) -> dict[str, list[Fields]]:
    """One filing under each request that was answered rightly, none under any other."""
    made, asked = deposits.made(population)
    found: dict[str, list[Fields]] = {request.number: [] for request in asked}
    for one in made:
        if one.outcome == "filed":
            found[one.request].append({"act": "DEPOT", "nir": one.nir, "kind": one.kind, "digest": one.digest})
    return found


def _told_verdicts(population: Population, folder: Path) -> Iterator[Fields]:
    """What each advance becomes that is paid and not netted, from the applications' own stores."""
    for line, one in enumerate(told.judge(folder, population.today), start=1):
        codes = [one.code] if one.code else []
        yield {"line": line, "outcome": one.outcome, "codes": codes, "amount_c": None, "amount_optional": True}


def _told_due(
    act: str, about: Callable[[told.Told], Iterable[tuple[str, object]]]
) -> Callable[[Population, Path], dict[str, list[Fields]]]:
    """One act about each advance that is told of, none about any other."""

    def due(population: Population, folder: Path) -> dict[str, list[Fields]]:
        known = told.judge(folder, population.today)
        return {one.number: [{"act": act, **dict(about(one))}] if one.outcome == "entered" else [] for one in known}

    return due


def _deliver_waves(population: Population, out: Path) -> Path:
    """Both extracts of each wave into a folder of their own; beside it, what a control must find in them."""
    for number in range(1, len(waves.WAVES) + 1):
        expected = waves.write(out / "vagues", number, people=40, seed=population.seed)
        expected.rename(out / f"vague-{number}-attendu.json")
    return out / "vagues"


def _wave_verdicts(_: Population, folder: Path) -> Iterator[Fields]:
    """Each difference that was planted, in the order of the extracts, then the line that cannot be read; the second wave's
    lines begin after 2000."""
    for number in range(1, len(waves.WAVES) + 1):
        found = json.loads((folder / "deliveries" / f"vague-{number}-attendu.json").read_text("ascii"))["found"]
        found.sort(key=lambda one: (one["before"] or 1 << 40, one["after"] or 0))
        rows = [{"outcome": "exception", "codes": one["codes"]} for one in found]
        for line, row in enumerate([*rows, {"outcome": "set_aside", "codes": []}], start=1000 * number + 1):
            yield {"line": line, **row, "amount_c": None, "amount_optional": True}


def _watched_verdicts(population: Population, folder: Path) -> Iterator[Fields]:
    """What each stop is told as, from the applications' own stores once the others have entered what was due."""
    for line, one in enumerate(unlisted.looked_at(population, folder), start=1):
        yield {
            "line": line,
            "outcome": one.outcome,
            "codes": list(one.codes),
            "amount_c": None,
            "amount_optional": True,
        }


def _returned(population: Population) -> Iterator[bank_oracle.Verdict]:
    content = bank.document(bank.made(population), population.today)
    return bank_oracle.judge(content, bank_oracle.known(population))


def _returned_verdicts(population: Population, _: Path) -> Iterator[Fields]:
    for one in _returned(population):
        said = {"line": one.line, "outcome": one.outcome, "codes": list(one.codes), "amount_c": one.amount_c}
        yield said | {"amount_optional": one.outcome != "entered"}


def _returned_due(population: Population, _: Path) -> dict[str, list[Fields]]:
    """One note on each transfer whose return is explained, none on any other."""
    found: dict[str, list[Fields]] = {number: [] for number, _ in bank.sent_back(population)}
    for one in _returned(population):
        if one.outcome == "entered":
            said = {"reason": one.reason, "bank_reference": one.reference, "amount_c": one.amount_c}
            found[one.number].append({"act": "RETOUR", **said})
    return found


#: The parts of an evening, by the name of their scenario, in the order in which they are given their work.
PARTS: Mapping[str, Part] = {
    "ij-acompte": _advances(0, "yaml", "une anomalie d'ARPEGE sur deux"),
    "ij-acompte-robot": _advances(1, "suite", "l'autre moitié des anomalies : aucun arrêt n'est demandé deux fois"),
    "acompte-suivi": Part(
        robot="suivi-acomptes", login=followed.ROBOT, work="la liste des avances ouvertes, lue dans COMPTA", deliver=None,
        verdicts=_followed_verdicts,
        books=(Book(application="compta", acts=frozenset({"REGULARISATION"}), about="number", due=_followed_due),),
    ),
    "retours-banque": Part(
        robot="suivi-acomptes", login=followed.ROBOT, work="l'avis de la banque (camt.054) : des virements rejetés",
        deliver=bank.write, verdicts=_returned_verdicts,
        books=(Book(application="compta", acts=frozenset({"RETOUR"}), about="number", due=_returned_due),),
    ),
    "acompte-courrier": Part(
        robot="suivi-acomptes", login=followed.ROBOT, work="récupération et courrier des avances restées ouvertes",
        deliver=None, verdicts=_told_verdicts, last=True,
        books=(
            Book(
                application="arpege", acts=frozenset({"RECUPERATION"}), about="advance",
                due=_told_due("RECUPERATION", lambda one: one.recovery),
            ),
            Book(
                application="ged", acts=frozenset({"DEPOT"}), about="reference",
                due=_told_due("DEPOT", lambda one: one.letter),
            ),
        ),
    ),
    "droits-prolongation": Part(
        robot="droits-prolongation", login=ROBOT, work="les droits qui arrivent à échéance, foyer par foyer",
        deliver=lambda population, out: extensions.write(population.today, out, *_numbers()), verdicts=_rights_verdicts,
        books=(
            Book(application="c2s", acts=frozenset({"MODIFICATION", "RAPPEL"}), about="right", due=_rights_due),
            Book(application="ged", acts=frozenset({"DEPOT"}), about="reference", due=_letters_due),
        ),
    ),
    "mutation-entrante": Part(
        robot="mutation-entrante", login=transfers.ROBOT, work="des demandes de mutation, contrôlées dans PROGRES",
        deliver=_deliver_transfers, verdicts=_transfer_verdicts,
        books=(Book(application="progres", acts=frozenset({"MUTATION"}), about="reference", due=_transfers_due),),
    ),
    "controle-vagues": Part(
        robot="controle-vagues", login="", work="les extraits de trois vagues de migration, avant et après la bascule",
        deliver=_deliver_waves, verdicts=_wave_verdicts, books=(), days=tuple(day for day, _lines in waves.WAVES),
    ),
    "depot-pieces": Part(
        robot="depot-pieces", login=deposits.ROBOT, work="les pièces déposées en ligne, bonnes et mauvaises, avec leurs PDF",
        deliver=deposits.write, verdicts=_deposit_verdicts,
        books=(Book(application="ged", acts=frozenset({"DEPOT"}), about="reference", due=_deposits_due),),
    ),
    "arpege-surveillance": Part(
        robot="arpege-surveillance", login=watched.ROBOT, work="les arrêts d'ARPEGE, une fois les autres passés",
        deliver=None, verdicts=_watched_verdicts, books=(), last=True,
    ),
    "ij-acompte (trouvés)": Part(
        robot="acompte-ij", login=ROBOT_LOGIN, work="ce que la surveillance a trouvé impayé, dont un arrêt oublié des listes",
        deliver=None, verdicts=_found_verdicts, scenario="ij-acompte", after="arpege-surveillance",
        books=(Book(application="compta", acts=frozenset({"PROPOSITION"}), about="stop", due=_found_due),),
    ),
}  # fmt: skip
