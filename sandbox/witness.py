"""The witness: one fictitious person made for walks, whom no delivery ever lists.

Every date has a day after the 12th and amounts pass a thousand, so that a screen which swaps day and month or changes its
separators cannot look right by chance.
"""

from datetime import date

from sandbox.formats import iban_of, nir_key
from sandbox.maker import incomes
from sandbox.model import Advance, Bank, Payment, Person, Stop

_BODY = "2900361999014"
NIR = _BODY + nir_key(_BODY)
#: A NIR with a right key that nobody has.
NOBODY = "199019900000107"
STOP = "AT25000014"
#: The witness's household, right and change of period in the C2S.
HOUSEHOLD, RIGHT, CHANGE = "F-TEMOIN", "D-TEMOIN", "MOD-2025-000000"
#: The witness's advance as the GED and ARPEGE speak of it, its document and its recovery.
ADVANCE, DOCUMENT, RECOVERY = "ACP-TEMOIN", "GED-2025-000000", "REC-2025-000000"
#: What was asked of the witness, for ever.
REQUEST = "DEM-TEMOIN"
#: Who entered the witness's advance in COMPTA, and when.
AUTHOR, ENTERED_ON = "A1001", date(2025, 10, 28)


def witness() -> Person:
    """The witness, the same in every population."""
    stop = Stop(
        reference=STOP, start=date(2025, 9, 15), end=date(2025, 10, 26), prescribed=date(2025, 9, 16),
        medical=date(2025, 9, 17), received=date(2025, 9, 18), prescriber="Dr Quintard",
    )  # fmt: skip
    paid = Payment(
        reference=STOP, start=date(2025, 9, 19), end=date(2025, 10, 25), gross_c=123_456, csg_c=7_654, crds_c=617,
        paid_on=date(2025, 10, 30), state="PAYE",
    )  # fmt: skip
    advance = Advance(
        reference=STOP, start=date(2025, 9, 19), end=date(2025, 10, 24), amount_c=102_938, state="LIQUIDEE",
        author=AUTHOR, entered_on=ENTERED_ON, free_reference="TEMOIN",
    )  # fmt: skip
    bank = Bank(
        iban=iban_of("FR", "30004009310001234567861"), bic="BNPAFRPPXXX", holder="VAUQUELIN-DARSEY Sidonie",
        changed=date(2024, 5, 23), origin="papier",
    )  # fmt: skip
    return Person(
        nir=NIR, birth_name="Vauquelin-Darsey", usage_name="Ostrowiec", first_names=("Sidonie", "Apolline"), sex="F",
        birth=date(1990, 3, 25), birth_place=NIR[5:10], organism_since=date(2014, 4, 16),
        rights_start=date(2015, 6, 17), rights_end=date(2031, 7, 18), flags=frozenset({"contentieux", "opposition"}),
        bank=bank, category="PL", affiliation=date(2016, 8, 19), invalidity=True, schedule=True, days_paid=37,
        incomes=incomes(2025, (31_415, 27_182, 16_180)), stops=(stop,), payments=(paid,), advances=(advance,),
    )  # fmt: skip


def sheet() -> dict[str, dict[str, str]]:
    """What a caisse notes of its witness to reach it: the values that a walk types, by application."""
    search = {"nir": NIR, "nobody": NOBODY}
    day = f"{ENTERED_ON:%d/%m/%Y}"
    act = {
        "stop": STOP,
        "start": "19/09/2025",
        "end": "24/10/2025",
        "amount": "1029,38",
        "reason": "Parcours témoin",
        "token": "TEMOIN",
    }
    c2s = {"household": HOUSEHOLD, "right": RIGHT, "change": CHANGE, "author": AUTHOR, "day": day}
    entered = {**search, "author": AUTHOR, "day": day}
    arpege, ged = {**entered, "advance": ADVANCE}, {**entered, "advance": ADVANCE, "document": DOCUMENT}
    ged |= {"request": REQUEST}
    return {"bdo": search, "arpege": arpege, "compta": {**entered, **act}, "c2s": c2s, "ged": ged, "rniam": search}
