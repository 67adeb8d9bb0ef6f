"""XML: bank returns read as they go by; whatever is hostile, cut short or of another schema is refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from delivery_files import NIR, OTHER_NIR, Rules

from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.sources import Total, XmlSource
from orchestrator.drivers.deliveries import Delivery, read_delivery

SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
ROOT = "Document/BkToCstmrDbtCdtNtfctn"
SOURCE = XmlSource(
    pattern="camt054-*.xml",
    namespace=SPACE,
    each=f"{ROOT}/Ntfctn/Ntry/NtryDtls/TxDtls",
    within="",
    paths={
        "nir": "RltdPties/Dbtr/Pty/Id/PrvtId/Othr/Id",
        "birth_name": "RltdPties/Dbtr/Pty/Nm",
        "stop_id": "Refs/EndToEndId",
        "amount": "Amt",
        "raised_on": "../../BookgDt/Dt",
    },
    rows=f"{ROOT}/GrpHdr/NbOfTxs",
    total=Total(of="amount", path=f"{ROOT}/GrpHdr/CtrlSum"),
    bad_rows="set aside",
)


def transaction(nir: str = NIR, name: str = "Le Gall", stop: str = "AT1", amount: str = "1205.10") -> str:
    return (
        f'<TxDtls><Refs><EndToEndId>{stop}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt><RltdPties><Dbtr><Pty>'
        f"<Nm>{name}</Nm><Id><PrvtId><Othr><Id>{nir}</Id></Othr></PrvtId></Id></Pty></Dbtr></RltdPties></TxDtls>"
    )


def entry(*transactions: str, day: str = "2026-03-24") -> str:
    return f"<Ntry><BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls>{''.join(transactions)}</NtryDtls></Ntry>"


def document(*entries: str, count: int = 2, total: str = "1200.00", space: str = SPACE, before: str = "") -> bytes:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<Document xmlns="{space}"><BkToCstmrDbtCdtNtfctn><GrpHdr>'
        f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}</CtrlSum></GrpHdr><Ntfctn>{''.join(entries)}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    )
    return text.encode()


GOOD = document(
    entry(transaction()),
    entry(transaction(OTHER_NIR, "C&#339;ur-Noël", "AT2", "-5.1"), day="2026-03-25T00:00:00+01:00"),
)


def read(tmp_path: Path, content: bytes, source: XmlSource = SOURCE) -> Delivery:
    path = tmp_path / "camt054-1.xml"
    path.write_bytes(content)
    return read_delivery(path, Rules(source=source))


def test_each_transaction_is_a_row_with_what_stands_under_and_beside_it(tmp_path: Path) -> None:
    delivery = read(tmp_path, GOOD)

    assert [(row.line, *row.values.values()) for row in delivery.rows] == [
        (1, NIR, "Le Gall", "AT1", "1205,10", "2026-03-24"),
        (2, OTHER_NIR, "Cœur-Noël", "AT2", "-5,10", "2026-03-25"),
    ]
    assert delivery.bad == []


def test_an_attribute_is_a_value(tmp_path: Path) -> None:
    source = replace(SOURCE, paths={**SOURCE.paths, "birth_name": "Amt/@Ccy"})

    assert [row.values["birth_name"] for row in read(tmp_path, GOOD, source).rows] == ["EUR", "EUR"]


_UNVERIFIED = " ; sans son montant, le total annoncé n'est plus vérifié"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (transaction(amount="12.505"), f"colonne « Montant » : montant attendu (ex. 1 359,04){_UNVERIFIED}"),
        (transaction(nir=NIR[:13]), "colonne « N° assuré » : NIR de 13 caractères sans clé : la clé (2 chiffres) est exigée"),
        (transaction(stop=""), "colonne « Réf. arrêt » : valeur obligatoire, vide dans le fichier"),
        (transaction().replace("<Refs>", "<Refs></Refs><Refs>"),
         f"colonne « Réf. arrêt » : un seul élément « Refs » attendu, 2 trouvés{_UNVERIFIED}"),
        (transaction(stop="AT2"), "clé déjà présente à la ligne 1 de cette livraison"),
    ],
)  # fmt: skip
def test_a_bad_element_is_set_aside_with_its_number(bad: str, reason: str, tmp_path: Path) -> None:
    amount = "1205.10" if _UNVERIFIED in reason else "2410.20"
    content = document(entry(transaction(stop="AT2"), bad), total=amount)
    delivery = read(tmp_path, content)

    assert [(row.line, row.reason) for row in delivery.bad] == [(2, reason)]
    assert [row.line for row in delivery.rows] == [1]


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {after} '{f'&{before};' * 10}'>" for before, after in zip("abcdefgh", "bcdefghi", strict=True)
) + "]>"  # fmt: skip
OUTSIDE = "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>"
REFUSED: list[tuple[str, bytes, str]] = [
    ("a bomb", document(entry(transaction(name="&i;")), before=BOMB), "ligne 1 : ce fichier contient une DTD"),
    ("a file of the machine", document(entry(transaction(name="&a;")), before=OUTSIDE),
     "ligne 1 : ce fichier contient une DTD"),
    ("cut short", GOOD[:-40], "ligne 1 : XML illisible à partir d'ici : le fichier est incomplet ou abîmé"),
    ("empty", b"", "ligne 1 : XML illisible à partir d'ici"),
    ("another version of the schema", document(entry(transaction()), space=SPACE.replace("08", "02")),
     f"ligne 1 : une racine « Document » de l'espace de noms {SPACE} était attendue"),
    ("a row missing", document(entry(transaction())), "ligne 1 : 2 lignes étaient annoncées, 1 trouvées"),
    ("another total", document(entry(transaction()), count=1, total="1205.11"),
     "ligne 1 : un total de 1\u00a0205,11\u00a0€ était annoncé, 1\u00a0205,10\u00a0€ trouvé"),
    ("no count", GOOD.replace(b"NbOfTxs", b"Nb"), "ligne 1 : un nombre de lignes était attendu en "),
    ("no total", GOOD.replace(b"CtrlSum", b"Sum"), "ligne 1 : un total était attendu, il ne se lit pas"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "sentence"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_a_file_is_refused_whole(content: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(BadDelivery) as caught:
        read(tmp_path, content)

    assert str(caught.value).startswith(f"Livraison « camt054-1.xml » refusée, {sentence}")
    assert NIR not in str(caught.value)


def test_without_an_announced_number_a_file_without_any_row_is_refused(tmp_path: Path) -> None:
    source = replace(SOURCE, rows="", total=None)
    with pytest.raises(BadDelivery, match="aucun élément trouvé en Document/"):
        read(tmp_path, document(), source)


def test_an_entry_that_holds_no_transaction_is_a_bad_row_and_entries_are_what_is_counted(tmp_path: Path) -> None:
    source = replace(SOURCE, within=f"{ROOT}/Ntfctn/Ntry", total=None)
    both = entry(transaction(), transaction(OTHER_NIR, stop="AT2"))

    delivery = read(tmp_path, document(both, entry(), entry(transaction(stop="AT3")), count=3), source)

    assert [(row.line, row.values["stop_id"]) for row in delivery.rows] == [(1, "AT1"), (2, "AT2"), (4, "AT3")]
    assert [(row.line, row.reason) for row in delivery.bad] == [(3, "« Ntry » sans aucun élément « NtryDtls/TxDtls »")]


def test_without_the_amount_of_an_entry_that_holds_nothing_the_total_is_not_verified(tmp_path: Path) -> None:
    source = replace(SOURCE, within=f"{ROOT}/Ntfctn/Ntry")

    delivery = read(tmp_path, document(entry(), entry(transaction())), source)

    assert [row.reason for row in delivery.bad] == [f"« Ntry » sans aucun élément « NtryDtls/TxDtls »{_UNVERIFIED}"]
