"""The bank's camt.054 of returned transfers, written as a bank does: text put together here, good entries and bad ones."""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from sandbox.followed import SENT_BACK, SENT_BACK_ON
from sandbox.formats import iban_of
from sandbox.model import Advance, Population
from sandbox.stores import numbered_advances
from sandbox.witness import NIR as WITNESS

SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
#: What an amount looks like.
AMOUNT = re.compile(r"\d{1,15}(\.\d{1,2})?", re.ASCII)
_ACCOUNT = iban_of("FR", "30004009310009310000154")
#: Number, amount, state of each transfer, and the reference of its return.
TRANSFERS = (
    "SELECT a.numero, a.montant_c, a.etat, r.reference_banque FROM avance a LEFT JOIN retour r ON r.numero = a.numero"
)

RECOVERIES = "SELECT avance FROM recuperation WHERE etat = 'A_RECUPERER'"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A transfer that came back: a transaction of an entry of a notification."""

    #: What is wrong with it, in a word; empty for what is in order.
    case: str = ""
    #: The number that went out with the transfer: COMPTA's own.
    end_to_end: str
    #: As the bank writes it, with a point.
    amount: str
    reason: str = "AC04"
    #: The bank's own reference of the entry.
    reference: str
    currency: str = "EUR"
    direction: str = "CRDT"
    booked_on: date
    #: True when it is booked in the entry of the one before it, whose reference it has.
    batched: bool = False
    #: False for an entry that says nothing of its transaction.
    detailed: bool = True


def sent_back(population: Population) -> list[tuple[str, Advance]]:
    """The transfers of a population that the bank sent back, with the numbers that they went out under."""
    held = ((text, advance) for _, text, _, advance in numbered_advances(population))
    return [one for one in held if one[1].state == "REJETE_BANQUE"]


def made(population: Population) -> list[Entry]:
    """Every entry of the bank for a population, in order, good and bad: always the same."""
    named = zip(sent_back(population), SENT_BACK, strict=False)
    returned = [
        replace(_entry_of(number, one.amount_c, SENT_BACK_ON), case=why, reason=why) for (number, one), why in named
    ]
    if not returned:
        return []
    first, second, *whole, last = returned
    together = replace(second, reference=first.reference, batched=True)
    less = replace(last, case="other amount", amount=text_of(centimes(last.amount) - 1))
    return [first, together, *whole, less, *_wrong(first, _paid(population))]


def _entry_of(number: str, amount_c: int, day: date) -> Entry:
    """What the bank says of a transfer that came back: the same reference, however often it says so."""
    return Entry(end_to_end=number, amount=text_of(amount_c), reference=f"RJT-{number[4:]}", booked_on=day)


def _paid(population: Population) -> str:
    """The number of a transfer that arrived."""
    held = numbered_advances(population)
    return next(text for _, text, person, one in held if one.state == "LIQUIDEE" and person.nir != WITNESS)


def _wrong(good: Entry, paid: str) -> Iterator[Entry]:
    """What is wrong with an entry, each under a reference of its own."""
    changes: dict[str, dict[str, object]] = {
        "twice": {}, "not sent back": {"end_to_end": paid}, "unknown": {"end_to_end": "ACP-2026-999999"},
        "no number of ours": {"end_to_end": "../validation?x=1"}, "salary": {"end_to_end": "SALAIRE MARS/2026"},
        "debit": {"direction": "DBIT"}, "dollars": {"currency": "USD"}, "no reason": {"reason": ""},
        "no detail": {"detailed": False}, "in one entry": {}, "same in that entry": {"batched": True},
    }  # fmt: skip
    reference = ""
    for place, (case, change) in enumerate(changes.items(), start=1):
        reference = reference if "batched" in change else f"RJT-AUTRE-{place:03}"
        yield replace(good, case=case, reference=reference, **change)  # type: ignore[arg-type]


def text_of(amount_c: int) -> str:
    """An amount as the bank writes it."""
    return f"{amount_c // 100}.{amount_c % 100:02}"


def document(entries: Iterable[Entry], day: date, message: str = "AVIS-1") -> bytes:
    """The bytes of a notification: credit of what came back, entries counted and summed."""
    booked = _booked(entries)
    total = sum(map(_amount_c, booked))
    head = f"<MsgId>{escape(message)}</MsgId><CreDtTm>{day}T06:00:00</CreDtTm>"
    summed = f"<TtlNtries><NbOfNtries>{len(booked)}</NbOfNtries><Sum>{text_of(total)}</Sum></TtlNtries>"
    account = f"<Acct><Id><IBAN>{_ACCOUNT}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>', f'<Document xmlns="{SPACE}"><BkToCstmrDbtCdtNtfctn>',
        f"<GrpHdr>{head}</GrpHdr>", f"<Ntfctn><Id>{escape(message)}-1</Id><CreDtTm>{day}T06:00:00</CreDtTm>{account}",
        f"<TxsSummry>{summed}</TxsSummry>", *map(_entry, booked), "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>", "",
    ]  # fmt: skip
    return "\n".join(lines).encode()


def _booked(entries: Iterable[Entry]) -> list[list[Entry]]:
    """The entries of the account, each with its transactions."""
    booked: list[list[Entry]] = []
    for one in entries:
        if one.batched:
            booked[-1].append(one)
        else:
            booked.append([one])
    return booked


def _amount_c(booked: list[Entry]) -> int:
    """The amount of an entry: what of its transactions can be read."""
    return sum(centimes(one.amount) for one in booked if AMOUNT.fullmatch(one.amount))


def _entry(booked: list[Entry]) -> str:
    first = booked[0]
    code = "<Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn>"
    details = "".join(_transaction(one) for one in booked if one.detailed)
    return (
        f'<Ntry><Amt Ccy="{first.currency}">{text_of(_amount_c(booked))}</Amt><CdtDbtInd>{first.direction}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{first.booked_on}</Dt></BookgDt><ValDt><Dt>{first.booked_on}</Dt></ValDt>"
        f"<AcctSvcrRef>{escape(first.reference)}</AcctSvcrRef><BkTxCd>{code}</BkTxCd>"
        f"{f'<NtryDtls>{details}</NtryDtls>' if details else ''}</Ntry>"
    )


def _transaction(one: Entry) -> str:
    refs = f"<Refs><InstrId>VIR</InstrId><EndToEndId>{escape(one.end_to_end)}</EndToEndId></Refs>"
    amount = f'<Amt Ccy="{one.currency}">{one.amount}</Amt><CdtDbtInd>{one.direction}</CdtDbtInd>'
    why = f"<RtrInf><Rsn><Cd>{one.reason}</Cd></Rsn></RtrInf>" if one.reason else ""
    return f"<TxDtls>{refs}{amount}{why}</TxDtls>"


def write(population: Population, out: Path) -> Path:
    """Write what the bank sent back of a population into a folder; returns the file."""
    path = out / f"camt054-{population.today:%Y%m%d}.xml"
    path.write_bytes(document(made(population), population.today))
    return path


def returned_now(folder: Path, day: date) -> list[Entry]:
    """An entry for each transfer that COMPTA's store shows sent back, and of which no return is noted."""
    found = rows(folder, f"{TRANSFERS} WHERE a.etat = 'REJETE_BANQUE' AND r.numero IS NULL ORDER BY a.id")
    return [_entry_of(number, amount_c, day) for number, amount_c, *_ in found]


def write_now(folder: Path, day: date, out: Path) -> Path:
    """Write what COMPTA shows sent back into a folder, as the bank's file of a day; returns the file."""
    path = out / f"camt054-{day:%Y%m%d}.xml"
    path.write_bytes(document(returned_now(folder, day), day))
    return path


def rows(folder: Path, sql: str, application: str = "compta") -> list[tuple[Any, ...]]:
    """Read an application's store."""
    with closing(sqlite3.connect(f"file:{folder / application}.db?mode=ro", uri=True)) as store:
        return store.execute(sql).fetchall()


def centimes(text: str) -> int:
    """An amount that the bank writes, in centimes."""
    euros, _, rest = text.partition(".")
    return int(euros) * 100 + int(rest.ljust(2, "0"))
