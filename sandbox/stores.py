"""Fill the stores with a population; done once per folder."""

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sandbox import deposits, registry
from sandbox.db import Row, Store
from sandbox.errors import NoPopulationError, PopulationExistsError
from sandbox.formats import read_date, show_date, show_iban, show_money, show_nir, show_yes
from sandbox.households import HOUSEHOLDS, Right, rights
from sandbox.letters import AUTHOR as POST
from sandbox.letters import RETURNED, RETURNED_ON, SCAN, address_of, returned
from sandbox.logins import ACCOUNTS
from sandbox.model import FLAGS, Advance, Listed, Payment, Person, Population, Stop
from sandbox.population import build
from sandbox.witness import ADVANCE, AUTHOR, CHANGE, DOCUMENT, ENTERED_ON, HOUSEHOLD, NIR, RECOVERY, RIGHT, STOP, sheet

APPLICATIONS = ("bdo", "arpege", "compta", "c2s", "ged", "rniam")
_DOSSIER_BASE, _ASSURE_BASE, _ADVANCE_BASE = 10_000, 50_000, 100


def create(folder: Path, population: Population) -> None:
    """Write stores, accounts and description of a population into a folder that has none."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "population.json").exists():
        raise PopulationExistsError(folder)
    accounts = known_accounts(population.seed)
    for application in APPLICATIONS:
        _create_store(folder, application, population, accounts[application])
    _write_private(folder / "accounts.json", json.dumps(accounts, indent=1) + "\n")
    _write_private(folder / "witness.json", json.dumps(sheet(), indent=1) + "\n")
    (folder / "today").write_text(f"{population.today.isoformat()}\n", "ascii")
    description = {"people": population.size, "seed": population.seed, "today": population.today.isoformat()}
    description |= {"evening": True} if population.evening else {}
    (folder / "population.json").write_text(json.dumps(description) + "\n", "ascii")


def load(folder: Path) -> Population:
    """Rebuild the description of everybody from `population.json`: the initial state, not the stores'."""
    path = folder / "population.json"
    if not path.exists():
        raise NoPopulationError(folder)
    description = json.loads(path.read_text("ascii"))
    evening = description.get("evening", False)
    return build(description["people"], description["seed"], description["today"], evening=evening)


def password_hash(salt: str, password: str) -> str:
    """What the store keeps of a password."""
    return hashlib.sha256(f"{salt}:{password}".encode()).hexdigest()


def known_accounts(seed: int) -> dict[str, dict[str, dict[str, str]]]:
    """The accounts of each application, with their passwords."""
    return {
        application: {
            login: {"password": _password(seed, application, login), "role": role} for login, role in people.items()
        }
        for application, people in ACCOUNTS.items()
    }


def _password(seed: int, application: str, login: str) -> str:
    return hmac.new(f"practice {seed}".encode(), f"{application}/{login}".encode(), "sha256").hexdigest()[:16]


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _create_store(folder: Path, application: str, population: Population, accounts: dict[str, dict[str, str]]) -> None:
    path = folder / f"{application}.db"
    for leftover in folder.glob(f"{application}.db*"):
        leftover.unlink()
    store = Store(path)
    store.create(application)
    with store.transaction():
        fill_accounts(store, accounts)
        fill = {
            "bdo": _fill_bdo, "arpege": _fill_arpege, "compta": _fill_compta, "c2s": _fill_c2s, "ged": _fill_ged,
            "rniam": registry.fill,
        }  # fmt: skip
        fill[application](store, population)
    store.close()
    (folder / f"{application}.ledger.jsonl").touch()


def fill_accounts(store: Store, accounts: dict[str, dict[str, str]]) -> None:
    """Write the accounts of one application into its store."""
    store.run_many(
        "INSERT INTO compte (login, sel, empreinte, role) VALUES (?, ?, ?, ?)",
        [(login, login, password_hash(login, one["password"]), one["role"]) for login, one in accounts.items()],
    )


def _fill_bdo(store: Store, population: Population) -> None:
    known = (*population.people, *(right.person for right in rights()))
    files = [person for person in known for _ in range(person.bdo_files)]
    store.run_many(
        "INSERT INTO dossier (id, nir, fiche, compte_bancaire, adresse, verrou, image_de_la_veille)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                _DOSSIER_BASE + n,
                p.nir,
                json.dumps(_bdo_fields(p)),
                json.dumps(_bank_fields(p)),
                address_of(p),
                *_seen(p),
            )
            for n, p in enumerate(files, start=1)
        ],
    )


def _seen(person: Person) -> Row:
    return (person.lock, int(person.stale))


def _bdo_fields(person: Person) -> dict[str, str]:
    return {
        "nir": show_nir(person.nir),
        "certification": "certifié" if person.certified else "non certifié",
        "nom_naissance": person.birth_name,
        "nom_usage": person.usage_name,
        "prenoms": ", ".join(person.first_names),
        "sexe": person.sex,
        "date_naissance": show_date(person.birth),
        "lieu_naissance": person.birth_place,
        "date_deces": show_date(person.death),
        "organisme": person.organism,
        "organisme_depuis": show_date(person.organism_since),
        "droits_debut": show_date(person.rights_start),
        "droits_fin": show_date(person.rights_end),
        "homonymes": str(person.homonyms),
        **{flag: show_yes(flag in person.flags) for flag in FLAGS},
        "personne_sensible": show_yes(person.sensitive),
    }


def _bank_fields(person: Person) -> dict[str, str]:
    if person.bank is None:
        return {}
    return {
        "iban": show_iban(person.bank.iban),
        "bic": person.bank.bic,
        "titulaire": person.bank.holder,
        "date_modification": show_date(person.bank.changed),
        "origine": person.bank.origin,
    }


def _fill_arpege(store: Store, population: Population) -> None:
    listed = {row.stop_reference: row for row in population.rows if isinstance(row, Listed)}
    for number, person in enumerate(population.people, start=_ASSURE_BASE + 1):
        store.run(
            "INSERT INTO assure (id, nir, identite, droits, revenus) VALUES (?, ?, ?, ?, ?)",
            number,
            person.nir,
            json.dumps(_identity(person)),
            json.dumps(_rights(person)),
            json.dumps(_incomes(person)),
        )
        store.run_many(
            "INSERT INTO arret (assure, reference, debut, fin, fiche, anomalie, signalee_le) VALUES (?,?,?,?,?,?,?)",
            [(number, *_stop_row(stop, listed.get(stop.reference))) for stop in person.stops],
        )
        store.run_many(
            "INSERT INTO paiement (assure, nir, reference, du, au, brut_c, csg_c, crds_c, destinataire, date, etat,"
            " code_rejet, tardif, visible) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            list(_payment_rows(number, person)),
        )
    _fill_arpege_witness(store)


def _fill_arpege_witness(store: Store) -> None:
    """The recovery that walks look at."""
    store.run(
        "INSERT INTO recuperation (id, recuperation, avance, reference_arret, du, au, montant_c, note, reference_libre,"
        " auteur, jour) VALUES (0, ?, ?, ?, '2025-09-19', '2025-10-24', 102938, 'Parcours témoin', 'TEMOIN', ?, ?)",
        RECOVERY, ADVANCE, STOP, AUTHOR, ENTERED_ON.isoformat(),
    )  # fmt: skip


def _identity(person: Person) -> dict[str, str]:
    first = person.arpege_first_name or person.first_names[0]
    return {
        "nir": show_nir(person.nir),
        "nom_naissance": person.arpege_birth_name or person.birth_name,
        "prenoms": ", ".join((first, *person.first_names[1:])),
        "date_naissance": show_date(person.arpege_birth or person.birth),
    }


def _rights(person: Person) -> dict[str, str]:
    return {
        "categorie": person.category,
        "affiliation": show_date(person.affiliation),
        "pension_invalidite": show_yes(person.invalidity),
        "avantage_vieillesse": show_yes(person.old_age),
        "echeancier": show_yes(person.schedule),
        "jours_indemnises": str(person.days_paid),
    }


def _incomes(person: Person) -> list[dict[str, str]]:
    return [
        {
            "annee": str(one.year),
            "revenu": show_money(one.income_c),
            "cotisations_dues": show_money(one.due_c),
            "cotisations_payees": show_money(one.paid_c),
        }
        for one in person.incomes
    ]


def _stop_row(stop: Stop, listed: Listed | None) -> Row:
    fields = {
        "reference": stop.reference,
        "nature": stop.nature,
        "debut": show_date(stop.start),
        "fin": show_date(stop.end),
        "prescription": show_date(stop.prescribed),
        "constat": show_date(stop.medical),
        "reception": show_date(stop.received),
        "risque": stop.risk,
        "prescripteur": stop.prescriber,
        "avis_sm": stop.opinion,
        "etat": stop.state,
        "temps_partiel": show_yes(stop.part_time),
        "ald": show_yes(stop.ald),
    }
    anomaly = (listed.anomaly, listed.raised_on.isoformat()) if listed else (None, None)
    return (stop.reference, stop.start.isoformat(), stop.end.isoformat(), json.dumps(fields), *anomaly)


def _payment_rows(number: int, person: Person) -> Iterator[Row]:
    payee = person.bank.holder if person.bank else f"{person.birth_name} {person.first_names[0]}"
    for payment in person.payments:
        yield (number, person.nir, *_payment(payment), payee, *_payment_end(payment), 0, 1)
    if person.late_payment:
        yield (number, person.nir, *_payment(person.late_payment), payee, *_payment_end(person.late_payment), 1, 0)


def _payment(payment: Payment) -> Row:
    start, end = payment.start.isoformat(), payment.end.isoformat()
    return (payment.reference, start, end, payment.gross_c, payment.csg_c, payment.crds_c)


def _payment_end(payment: Payment) -> Row:
    return (payment.paid_on.isoformat(), payment.state, payment.reject_code)


def _fill_compta(store: Store, population: Population) -> None:
    numbered = list(numbered_advances(population))
    for number, text, person, advance in numbered:
        store.run(
            "INSERT INTO avance (id, numero, nir, nature, reference_arret, du, au, montant_c, motif, reference_libre,"
            " auteur, etat, saisie_le, jour_saisie, valide_par, liquide_par, liquidee_le)"
            " VALUES (?, ?, ?, 'ACP-IJ', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            number, text, person.nir, *_advance_row(advance),
        )  # fmt: skip
    last = max(_ADVANCE_BASE, len(numbered))
    store.run("INSERT OR REPLACE INTO sqlite_sequence (name, seq) VALUES ('avance', ?)", last)


def numbered_advances(population: Population) -> Iterator[tuple[int, str, Person, Advance]]:
    """Every advance of a population as COMPTA numbers it: its row, its number, whose it is."""
    held = [(person, advance) for person in population.people for advance in person.advances]
    first = max(_ADVANCE_BASE, len(held)) - len(held) + 1
    for number, (person, advance) in enumerate(held, start=first):
        yield number, f"ACP-{advance.entered_on.year}-{number:06d}", person, advance


def _advance_row(advance: Advance) -> Row:
    day = advance.entered_on
    signed = ("ordonnateur" if advance.state in {"VALIDEE", "LIQUIDEE", "REGULARISEE"} else "",
              "dcf" if advance.state in {"LIQUIDEE", "REGULARISEE"} else "",
              day.isoformat() if advance.state in {"LIQUIDEE", "REGULARISEE", "REJETE_BANQUE"} else "")  # fmt: skip
    return (
        advance.reference, advance.start.isoformat(), advance.end.isoformat(), advance.amount_c, "Arrêt non payé",
        advance.free_reference, advance.author, advance.state, f"{show_date(day)} 10:15", day.isoformat(), *signed,
    )  # fmt: skip


def _fill_c2s(store: Store, population: Population) -> None:  # noqa: ARG001 - its households are the same in all of them
    numbered = [(f"F-{number:03d}", each) for number, each in enumerate(HOUSEHOLDS, start=1)]
    store.run_many(
        "INSERT INTO foyer (numero, organismes, membres, mutation) VALUES (?, ?, ?, ?)",
        [(number, one.managers, one.members + one.others, show_yes(one.transfer)) for number, one in numbered],
    )
    store.run_many(
        "INSERT INTO droit (reference, foyer, nir, nature, debut, fin_origine, fin, renouvellement, recours, fraude,"
        " impayes_c, verrou, second_organisme, second_fin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_right_row(right) for right in rights()],
    )
    store.run_many(
        "INSERT INTO fermeture (fermeture, droit, fermee_le, motif) VALUES (?, ?, ?, ?)",
        [
            (right.closing, right.reference, right.household.closed_on, right.household.closed_for)
            for right in rights()
            if right.household.closed_on
        ],
    )
    _fill_c2s_witness(store)


def _fill_c2s_witness(store: Store) -> None:
    """The household that walks look at: a right whose period was changed and given back, and a closing cancelled."""
    store.run("INSERT INTO foyer (numero, organismes, membres, mutation) VALUES (?, 2, 3, 'oui')", HOUSEHOLD)
    store.run(
        "INSERT INTO droit (reference, foyer, nir, nature, debut, fin_origine, fin, renouvellement, recours, fraude,"
        " impayes_c, verrou, second_organisme, second_fin) VALUES (?, ?, ?, 'C2S_PAID', '13/04/2019', '25/05/2020',"
        " '25/05/2020', 'DEMANDEE', 'oui', 'oui', 123456, 1, '019990000', '26/06/2020')",
        RIGHT, HOUSEHOLD, NIR,
    )  # fmt: skip
    store.run(
        "INSERT INTO periode (id, periode, droit, ancienne_fin, nouvelle_fin, motif, reference_libre, auteur, jour_saisie,"
        " etat) VALUES (0, ?, ?, '25/05/2020', '25/08/2020', 'EXT-C2S-1', 'TEMOIN', ?, ?, 'RAPPELEE')",
        CHANGE, RIGHT, AUTHOR, ENTERED_ON.isoformat(),
    )  # fmt: skip
    store.run("INSERT INTO retablissement (periode, reference_libre, auteur) VALUES (?, 'TEMOIN', ?)", CHANGE, AUTHOR)
    store.run(
        "INSERT INTO fermeture (fermeture, droit, fermee_le, motif, etat, regle, reouvert_au, reference_libre,"
        " auteur, jour_saisie)"
        " VALUES ('FER-TEMOIN', ?, '24/04/2020', 'IMPAYE', 'ANNULEE', 'EXT-C2S-PAY', '25/05/2020', 'TEMOIN', ?, ?)",
        RIGHT, AUTHOR, ENTERED_ON.isoformat(),
    )  # fmt: skip


def _fill_ged(store: Store, population: Population) -> None:
    """The letters that came back, the copies of residence permits, and the document of the witness."""
    digest, day = hashlib.sha256(SCAN).hexdigest(), ENTERED_ON.isoformat()
    store.run(
        "INSERT INTO document (id, document, nir, nature, reference, objet, du, au, empreinte, reference_libre, auteur, jour,"
        " contenu) VALUES (0, ?, ?, 'COURRIER_ACOMPTE', ?, ?, '2025-09-19', '2025-10-24', ?, 'TEMOIN', ?, ?, ?)",
        DOCUMENT, NIR, ADVANCE, STOP, digest, AUTHOR, day, SCAN,
    )  # fmt: skip
    back = RETURNED_ON.isoformat()
    store.run_many(
        "INSERT INTO document (document, nir, nature, reference, objet, du, au, empreinte, reference_libre, auteur, jour,"
        " contenu) VALUES (?, ?, 'TITRE_SEJOUR', ?, ?, '2019-02-13', ?, ?, '', ?, '2019-02-14', ?)",
        [_permit_row(right, last, digest) for right in rights() if (last := read_date(right.household.permit_end))],
    )
    store.run_many(
        "INSERT INTO document (document, nir, nature, reference, objet, du, au, empreinte, reference_libre, auteur, jour,"
        " contenu) VALUES (?, ?, ?, 'COURRIER', 'Pli non distribué', ?, ?, ?, '', ?, ?, ?)",
        [
            (f"GED-{RETURNED_ON.year}-{number:06d}", person.nir, RETURNED, back, back, digest, POST, back, SCAN)
            for number, person in enumerate(returned(population), start=1)
        ],
    )
    store.run_many(
        "INSERT INTO demande (numero, nir, processus, dossier, pieces, demandee_le, etat) VALUES (?, ?, ?, ?, ?, ?, ?)",
        deposits.request_rows(population),
    )


def _permit_row(right: Right, last: date, digest: str) -> Row:
    """The copy of a residence permit: its number, its kind, its last day."""
    number, kind = right.reference.replace("D-", "TITRE-"), right.household.permit
    return (f"GED-2019-{number}", right.person.nir, number, kind, last.isoformat(), digest, POST, SCAN)


def _right_row(right: Right) -> Row:
    one = right.household
    about = (one.renewal, show_yes(one.appeal), show_yes(one.fraud), one.unpaid_c, int(right.locked))
    ends = (one.first_end or one.end, one.end)
    second = (right.second, one.second_end) if right.second else ("AUCUN", "AUCUNE")
    return (right.reference, right.number, right.person.nir, one.kind, "01/04/2019", *ends, *about, *second)
