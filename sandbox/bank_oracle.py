"""What each transaction of the bank's file must become. The oracle of `retours-banque`.

It reads the file with the standard library and the stores of COMPTA and ARPEGE: nothing that robots use.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree as ET

from sandbox.bank import AMOUNT, RECOVERIES, SPACE, TRANSFERS, centimes, rows
from sandbox.model import Population
from sandbox.stores import numbered_advances

#: Reasons that a robot may note: account, mandate or bank; a death and all others are for a person.
NOTED = frozenset({"AC01", "AC04", "AC06", "AG01", "AG02", "BE04", "MS02", "MS03", "RC01", "RR04"})
_DEATH = "MD07"
_TEXT = re.compile(r".{1,35}")
_NAMED = {"": SPACE}


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """What COMPTA says of a transfer before the file is worked."""

    amount_c: int
    state: str
    #: The bank's reference of a return that is noted; empty when none is.
    noted: str = ""
    #: ARPEGE is to recover it from a payment to come.
    recovered: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a transaction must become."""

    line: int
    #: `entered`, `already_noted`, `exception` or `set_aside`.
    outcome: str
    codes: tuple[str, ...] = ()
    number: str = ""
    amount_c: int | None = None
    reason: str = ""
    reference: str = ""


def known_now(folder: Path) -> dict[str, Transfer]:
    """The transfers that COMPTA's store holds now, by the numbers that they went out under."""
    flagged = {row[0] for row in rows(folder, RECOVERIES, "arpege")}
    return {
        row[0]: Transfer(amount_c=row[1], state=row[2], noted=row[3] or "", recovered=row[0] in flagged)
        for row in rows(folder, TRANSFERS)
    }


def known(population: Population) -> dict[str, Transfer]:
    """The transfers of a population, by the numbers that they went out under."""
    return {
        text: Transfer(amount_c=advance.amount_c, state=advance.state)
        for _, text, _, advance in numbered_advances(population)
    }


def judge(content: bytes, transfers: Mapping[str, Transfer]) -> Iterator[Verdict]:
    """Say what each transaction of a file must become, one after the other: what is noted counts for those that follow."""
    noted: dict[str, str] = {number: one.noted for number, one in transfers.items() if one.noted}
    seen: set[tuple[str, str]] = set()
    booked = ET.fromstring(content).findall(".//Ntry", _NAMED)  # noqa: S314 - ours
    for line, read in enumerate(chain.from_iterable(map(_read, booked)), start=1):
        key = (read.get("number", ""), read.get("reference", ""))
        if not read or key in seen:
            yield Verdict(line=line, outcome="set_aside")
            continue
        seen.add(key)
        verdict = _judged(line, read, transfers.get(read["number"]), noted.get(read["number"]))
        if verdict.outcome == "entered":
            noted[verdict.number] = verdict.reference
        yield verdict


def _judged(line: int, read: Mapping[str, str], sent: Transfer | None, noted: str | None) -> Verdict:
    if sent is None:
        return Verdict(line=line, outcome="exception", codes=("V-INCONNU",))
    amount_c = centimes(read["amount"])
    reasons = {
        "V-DECES": read["reason"] == _DEATH, "V-DEUX": noted not in {None, read["reference"]},
        "V-ETAT": sent.state != "REJETE_BANQUE", "V-MONTANT": sent.amount_c != amount_c,
        "V-MOTIF": read["reason"] not in NOTED | {_DEATH}, "V-RECUP": sent.recovered,
    }  # fmt: skip
    codes = tuple(code for code, holds in reasons.items() if holds)
    if codes:
        return Verdict(line=line, outcome="exception", codes=codes)
    outcome = "already_noted" if noted else "entered"
    return Verdict(
        line=line, outcome=outcome, amount_c=amount_c if outcome == "entered" else None,
        number=read["number"], reason=read["reason"], reference=read["reference"],
    )  # fmt: skip


def _read(entry: ET.Element) -> Iterator[Mapping[str, str]]:
    """What an entry says of each of its transactions; nothing of one that is not whole or not in euros, nor without any."""
    details = entry.findall("NtryDtls/TxDtls", _NAMED)
    if not details:
        yield {}
    for detail in details:
        (amount,) = detail.findall("Amt", _NAMED)
        read = {
            "number": _said(detail, "Refs/EndToEndId"), "reason": _said(detail, "RtrInf/Rsn/Cd"),
            "reference": _said(entry, "AcctSvcrRef"), "amount": (amount.text or "").strip(),
        }  # fmt: skip
        rights = (
            amount.get("Ccy") == "EUR", _said(entry, "CdtDbtInd") == "CRDT", AMOUNT.fullmatch(read["amount"]),
            len(read["reason"]) in range(1, 5), _TEXT.fullmatch(read["number"]), _TEXT.fullmatch(read["reference"]),
        )  # fmt: skip
        yield read if all(rights) else {}


def _said(element: ET.Element, path: str) -> str:
    return (element.findtext(path, "", _NAMED) or "").strip()
