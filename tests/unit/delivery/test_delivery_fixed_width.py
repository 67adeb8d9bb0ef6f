"""Fixed width, in cp1252 and in French EBCDIC: implied decimals, signs, header, trailer, and one bad line among thousands."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from delivery_files import NIR, OTHER_NIR, Rules

from orchestrator.domain.ebcdic import EBCDIC, decode
from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.sources import FixedWidthSource, Place, RecordKinds, Sign, Total
from orchestrator.drivers.deliveries import Delivery, read_delivery
from orchestrator.drivers.deliveries_numbers import french, number_in

SOURCE = FixedWidthSource(
    pattern="*.txt",
    encoding="cp1252",
    length=70,
    line_ends=True,
    places={
        "nir": Place(start=4, length=15),
        "birth_name": Place(start=19, length=20),
        "stop_id": Place(start=39, length=15),
        "amount": Place(start=54, length=9, decimals=2, sign=Sign.TRAILING),
        "raised_on": Place(start=63, length=8, format="AAAAMMJJ"),
    },
    records=RecordKinds(place=Place(start=1, length=3), header="000", detail="001", trailer="999"),
    rows=Place(start=4, length=8, decimals=0),
    total=Total(of="amount", place=Place(start=12, length=12, decimals=2)),
    bad_rows="set aside",
)


def detail(
    nir: str = NIR, name: str = "Le Gall", stop: str = "AT1", amount: str = "00120510 ", day: str = "20260324"
) -> str:
    return f"001{nir}{name:<20}{stop:<15}{amount}{day}"


def lines(*details: str, count: int | None = None, total: int = 120510, end: str = "\r\n") -> str:
    number = len(details) if count is None else count
    said = [f"{'000ARPEGE':<70}", *details, f"{f'999{number:08}{total:012}':<70}"]
    return "".join(f"{line}{end}" for line in said)


def read(tmp_path: Path, content: bytes, source: FixedWidthSource = SOURCE) -> Delivery:
    path = tmp_path / "anomalies.txt"
    path.write_bytes(content)
    return read_delivery(path, Rules(source=source))


def values(delivery: Delivery) -> list[tuple[str, ...]]:
    return [tuple(row.values.values()) for row in delivery.rows]


def french_bytes(text: str, encoding: str) -> bytes:
    """Encode by looking the decoded table up: Python has no encoder for the French ones."""
    table = {decode(bytes([byte]), encoding): byte for byte in range(256)}
    return bytes(table[character] for character in text)


def test_values_are_read_at_their_places(tmp_path: Path) -> None:
    content = lines(detail(), detail(OTHER_NIR, "Cœur-Noël", "000123", "00000510-", "20260325"), total=120000)
    delivery = read(tmp_path, content.encode("cp1252"))

    assert values(delivery) == [
        (NIR, "Le Gall", "AT1", "1205,10", "2026-03-24"),
        (OTHER_NIR, "Cœur-Noël", "000123", "-5,10", "2026-03-25"),
    ]
    assert ([row.line for row in delivery.rows], delivery.bad) == ([2, 3], [])


@pytest.mark.parametrize("encoding", EBCDIC)
@pytest.mark.parametrize("end", ["\n", "\x85"], ids=["LF", "NEL"])
def test_mainframe_files_are_read_in_their_own_table(encoding: str, end: str, tmp_path: Path) -> None:
    name = "Guérin§Noël" if encoding != "cp037" else "Guérin Noël"
    content = lines(detail(name=name), end=end)
    ends = {"\n": 0x25, "\x85": 0x15}
    raw = b"".join(
        bytes([ends[character]]) if character in ends else french_bytes(character, encoding) for character in content
    )
    delivery = read(tmp_path, raw, replace(SOURCE, encoding=encoding))

    assert (values(delivery)[0][1], delivery.bad) == (name, [])


def test_the_french_tables_are_those_of_ibm() -> None:
    """Bytes of IBM's code page 297 that differ from the American one, and the euro of 1147 (compared with iconv)."""
    french_297 = bytes.fromhex("c0d07c6ae0487b5a4a44515479b5904fb1bbdd5fbaa0bda1b0")
    assert decode(french_297, "cp297") == "éèàùç\\£§°@{}µ][!#|¦^¬`~¨¢"
    assert (decode(b"\x9f", "cp297"), decode(b"\x9f", "cp1147")) == ("¤", "€")
    assert len({decode(bytes([byte]), "cp297") for byte in range(256)}) == 256


PLACE = Place(start=1, length=5, decimals=2)
NUMBERS: list[tuple[Sign, str, bytes, str]] = [
    (Sign.NONE, "cp1252", b"00510", "5,10"),
    (Sign.NONE, "cp1252", b"  510", "5,10"),
    (Sign.TRAILING, "cp1252", b"0510-", "-5,10"),
    (Sign.TRAILING, "cp1252", b"0510+", "5,10"),
    (Sign.LEADING, "cp1252", b"-0510", "-5,10"),
    (Sign.OVERPUNCH, "cp1252", b"0051{", "5,10"),
    (Sign.OVERPUNCH, "cp1252", b"0051}", "-5,10"),
    (Sign.OVERPUNCH, "cp1252", b"0051I", "5,19"),
    (Sign.OVERPUNCH, "cp1252", b"0051R", "-5,19"),
    (Sign.OVERPUNCH, "cp1252", b"00510", "5,10"),
    # the same bytes read « é » and « è » in France: the zone decides, not the letter
    (Sign.OVERPUNCH, "cp297", b"\xf0\xf0\xf5\xf1\xc0", "5,10"),
    (Sign.OVERPUNCH, "cp297", b"\xf0\xf0\xf5\xf1\xd0", "-5,10"),
    (Sign.OVERPUNCH, "cp1147", b"\xf0\xf0\xf5\xf1\xd9", "-5,19"),
    (Sign.OVERPUNCH, "cp500", b"\xf0\xf0\xf5\xf1\xf9", "5,19"),
    (Sign.PACKED, "cp297", b"\x00\x51\x0c", "5,10"),
    (Sign.PACKED, "cp297", b"\x00\x51\x0d", "-5,10"),
    (Sign.PACKED, "cp297", b"\x00\x51\x0f", "5,10"),
    (Sign.PACKED, "cp297", b"\x00\x00\x0c", "0,00"),
]  # fmt: skip


@pytest.mark.parametrize(("sign", "encoding", "content", "said"), NUMBERS)
def test_numbers_of_legacy_files_are_exact(sign: Sign, encoding: str, content: bytes, said: str) -> None:
    place = replace(PLACE, sign=sign)
    assert french(number_in(content, place, encoding), place) == said


@pytest.mark.parametrize(
    ("sign", "encoding", "content"),
    [
        (Sign.NONE, "cp1252", b"0051-"),
        (Sign.NONE, "cp1252", b"     "),
        (Sign.NONE, "cp1252", "٠٠٥١".encode()[:5]),
        (Sign.TRAILING, "cp1252", b"00510"),
        (Sign.OVERPUNCH, "cp1252", b"0051Z"),
        (Sign.OVERPUNCH, "cp297", b"\xf0\xf0\xf5\xf1\xca"),
        (Sign.PACKED, "cp297", b"\x00\x5a\x0c"),
        (Sign.PACKED, "cp297", b"\x00\x51\x00"),
    ],
)
def test_what_is_no_number_is_refused(sign: Sign, encoding: str, content: bytes) -> None:
    with pytest.raises(ValueError, match="attendu"):
        number_in(content, replace(PLACE, sign=sign), encoding)


_UNVERIFIED = " ; sans son montant, le total annoncé n'est plus vérifié"
BAD: list[tuple[str, str, str]] = [
    ("too short", detail()[:-1], f"LONGUEUR ligne de 70 octets attendue, 69 trouvés{_UNVERIFIED}"),
    ("too long", detail() + " ", f"LONGUEUR ligne de 70 octets attendue, 71 trouvés{_UNVERIFIED}"),
    ("of another kind", "002" + detail()[3:],
     f"ENREGISTREMENT type de ligne inconnu : « 001 » attendu pour un dossier{_UNVERIFIED}"),
    ("an impossible day", detail(day="20260431"),
     "VALEUR colonne « Date », octets 63 à 70 : date impossible : 31/04/2026 n'existe pas au calendrier"),
    ("no date", detail(day="24/03/26"),
     f"VALEUR colonne « Date », octets 63 à 70 : date attendue au format AAAAMMJJ{_UNVERIFIED}"),
    ("no date at all", detail(day=" " * 8),
     "VALEUR colonne « Date », octets 63 à 70 : valeur obligatoire, vide dans le fichier"),
    ("no amount", detail(amount="1205,10  "),
     f"VALEUR colonne « Montant », octets 54 à 62 : nombre attendu, cadré à droite, en chiffres{_UNVERIFIED}"),
    ("another NIR", detail(nir="185026199900190"), "VALEUR colonne « N° assuré », octets 4 à 18 : clé du NIR fausse"),
    ("a control character", detail(name="Le\x00Gall"),
     ("CARACTERES caractère de contrôle dans la colonne « Nom de naissance », octets 19 à 38 : "
     f"redemander le fichier{_UNVERIFIED}")),
    ("the key of a line before", detail(OTHER_NIR, stop="AT2"), "DOUBLON clé déjà présente à la ligne 2 de cette livraison"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "reason"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_a_bad_line_is_set_aside_alone(bad: str, reason: str, tmp_path: Path) -> None:
    first, last = detail(OTHER_NIR, stop="AT2"), detail(OTHER_NIR, stop="AT3")
    total = 2 * 120510 if _UNVERIFIED in reason else 3 * 120510
    delivery = read(tmp_path, lines(first, bad, last, total=total).encode("cp1252"))

    assert [(row.line, f"{row.code} {row.reason}") for row in delivery.bad] == [(3, reason)]
    assert ([row.line for row in delivery.rows], delivery.total_rows) == ([2, 4], 3)


REFUSED: list[tuple[str, bytes, str]] = [
    ("an empty file", b"", "ligne 1 : un en-tête « 000 » était attendu, le fichier est vide"),
    ("no header", lines(detail()).encode()[72:], "ligne 1 : un en-tête « 000 » était attendu"),
    ("no trailer", lines(detail()).encode()[:-72],
     "ligne 2 : un trailer « 999 » était attendu, il manque : le fichier est incomplet"),
    ("lines after the trailer", (lines(detail()) + detail()).encode(),
     "ligne 4 : rien n'était attendu après le trailer de la ligne 3"),
    ("a row missing", lines(detail(), count=2).encode(), "ligne 3 : 2 lignes étaient annoncées, 1 trouvées"),
    ("another total", lines(detail(), total=120511).encode(),
     "ligne 3 : un total de 1\u00a0205,11\u00a0€ était annoncé, 1\u00a0205,10\u00a0€ trouvé"),
    ("no line end", b"0" * 100_000, "ligne 1 : des lignes de 70 octets étaient attendues, aucune fin de ligne trouvée"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "sentence"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_a_file_is_refused_whole(content: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(BadDelivery) as caught:
        read(tmp_path, content)

    assert str(caught.value) == f"Livraison « anomalies.txt » refusée, {sentence}. Rien n'a été chargé."


PACKED = replace(
    SOURCE,
    encoding="cp297",
    length=66,
    line_ends=False,
    places={
        **SOURCE.places,
        "amount": Place(start=54, length=5, decimals=2, sign=Sign.PACKED),
        "raised_on": Place(start=59, length=8, format="AAAAMMJJ"),
    },
)  # fmt: skip


def packed(details: Sequence[str]) -> bytes:
    rows = [
        french_bytes(each[:53], "cp297") + bytes.fromhex("000120510c") + french_bytes(each[62:], "cp297")
        for each in details
    ]
    end = french_bytes(f"{f'999{len(rows):08}{120510 * len(rows):012}':<66}", "cp297")
    return french_bytes(f"{'000ARPEGE':<66}", "cp297") + b"".join(rows) + end


def test_packed_decimals_without_line_ends(tmp_path: Path) -> None:
    delivery = read(tmp_path, packed([detail(), detail(OTHER_NIR, "Hélène")]), PACKED)

    assert [(row.line, row.values["amount"], row.values["birth_name"]) for row in delivery.rows] == [
        (2, "1205,10", "Le Gall"),
        (3, "1205,10", "Hélène"),
    ]
    with pytest.raises(BadDelivery, match=r"ligne 4 : des lignes de 66 octets sans fin de ligne .* il reste 1 octets"):
        read(tmp_path, packed([detail(), detail(OTHER_NIR)])[:-65], PACKED)


def test_one_wrong_line_in_the_middle_of_a_wave_costs_that_line_alone(tmp_path: Path) -> None:
    """DOMAIN C14."""
    wave = [detail(stop=f"AT{number:08}") for number in range(13_200)]
    wave[6_600] = wave[6_600][:-1]
    content = lines(*wave, total=0).encode("cp1252")
    delivery = read(tmp_path, content)
    count = sum(1 for _ in delivery.rows)

    assert [(row.line, row.code) for row in delivery.bad] == [(6_602, "LONGUEUR")]
    assert (count, len(delivery.rows), delivery.total_rows) == (13_199, 13_199, 13_200)


def test_memory_holds_one_digest_for_each_row_and_no_row(tmp_path: Path) -> None:
    content = lines(*(detail(stop=f"AT{number:08}") for number in range(3_000)), total=120510 * 3_000).encode()
    tracemalloc.start()
    try:
        delivery = read(tmp_path, content)
        count = sum(1 for _ in delivery.rows)
        peak = tracemalloc.get_traced_memory()[1] - len(content)  # the bytes that this test itself holds
    finally:
        tracemalloc.stop()

    assert (count, delivery.bad) == (3_000, [])
    assert peak < 300_000  # 16 bytes a row and what is constant; a dict of digests would be 400 000


def test_a_file_that_changes_while_it_is_loaded_is_refused(tmp_path: Path) -> None:
    delivery = read(tmp_path, lines(detail()).encode())
    (tmp_path / "anomalies.txt").write_bytes(lines(detail(name="Un autre")).encode())

    with pytest.raises(BadDelivery, match=r"« anomalies.txt » a changé pendant sa lecture\. Rien n'a été chargé\."):
        list(delivery.rows)
