"""Every kind of bad row with its line and reason, and every file that is refused whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pytest
from delivery_files import COLUMNS
from delivery_files import Rules as AmountRules
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.sources import CsvSource, Total
from orchestrator.drivers.deliveries import BadRow, BadRowCode, Delivery, read_delivery
from orchestrator.language.case_model import CaseModel
from orchestrator.language.expressions import Expression, parse
from orchestrator.language.fields import Field
from orchestrator.language.templates import Template

HEADER = "N° assuré;Nom de naissance;Réf. arrêt;Code anomalie;Date"
GOOD = "185026199900189;Le Gall;AT26000101;TECH_NON_PAYE;24/03/2026"
OTHER = "2 85 02 61 999 002 38;Cœur-Noël;AT26000102;AUTRE_CODE;25/03/2026"
NIR, STOP = "185026199900189", "AT26000101"


def insert(name: str) -> Expression:
    return Expression(text=name, place="clé", line=1, tree=parse(name))


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the scenario of the advances says of its deliveries."""

    bad_rows: Literal["set aside", "refuse the file"] = "set aside"
    encoding: str = "cp1252"
    trailer: bool = True
    case: CaseModel = field(
        default_factory=lambda: CaseModel(
            key=Template(text="", pieces=("", "/", ""), inserts=(insert("nir"), insert("stop_id"))),
            fields={
                "nir": Field(name="nir", type="nir", column="N° assuré"),
                "birth_name": Field(name="birth_name", type="name", column="Nom de naissance", max=20),
                "stop_id": Field(name="stop_id", type="text", column="Réf. arrêt", max=20),
                "anomaly": Field(name="anomaly", type="text", column="Code anomalie"),
                "raised_on": Field(name="raised_on", type="date", column="Date", format="JJ/MM/AAAA"),
            },
        )
    )

    @property
    def sources(self) -> tuple[CsvSource]:
        """How the file is written."""
        source = CsvSource(
            pattern="*.csv",
            encoding=self.encoding,
            delimiter=";",
            trailer_rows=self.trailer,
            bad_rows=self.bad_rows,
        )
        return (source,)


Read = Callable[..., Delivery]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write bytes to a delivery and read it."""

    def written(content: bytes, rules: Rules | None = None) -> Delivery:
        path = tmp_path / "anomalies-arpege-20260327.csv"
        path.write_bytes(content)
        return read_delivery(path, rules or Rules())

    return written


def file_of(*lines: str | bytes, header: str = HEADER, announced: int | None = None) -> bytes:
    encoded = [line if isinstance(line, bytes) else line.encode("cp1252") for line in (header, *lines)]
    count = len(lines) if announced is None else announced
    return b"\r\n".join([*encoded, f"FIN;{count}".encode(), b""])


def test_good_rows_become_canonical_values_and_keys(read: Read) -> None:
    content = file_of(GOOD, OTHER)
    delivery = read(content)

    assert (delivery.name, delivery.sha256) == ("anomalies-arpege-20260327.csv", sha256(content).hexdigest())
    assert (delivery.total_rows, delivery.bad) == (2, [])
    assert [row.line for row in delivery.rows] == [2, 3]
    assert delivery.rows[1].values == {
        "nir": "285026199900238",
        "birth_name": "Cœur-Noël",
        "stop_id": "AT26000102",
        "anomaly": "AUTRE_CODE",
        "raised_on": "2026-03-25",
    }
    assert delivery.rows[0].key == f"{NIR}/{STOP}"


def test_personal_values_do_not_show_in_a_representation(read: Read) -> None:
    shown = repr(read(file_of(GOOD, "185026199900190;Quéméneur;AT1;X;24/03/2026")))

    assert not any(secret in shown for secret in (NIR, "Le Gall", "185026199900190", "Quéméneur"))


MOJIBAKE = "Guérin".encode()
BAD: list[tuple[str, str | bytes, BadRowCode, str]] = [
    ("too few columns", f"{NIR};Le Gall;{STOP};X", BadRowCode.COLUMNS, "5 colonnes attendues, 4 trouvées"),
    ("too many columns", f"{GOOD};X", BadRowCode.COLUMNS, "5 colonnes attendues, 6 trouvées"),
    ("a delimiter too many at the end", f"{GOOD};", BadRowCode.COLUMNS, "5 colonnes attendues, 6 trouvées"),
    ("no delimiter", "bonjour", BadRowCode.COLUMNS, "5 colonnes attendues, 1 trouvées"),
    (
        "wrong key of the NIR",
        GOOD.replace(NIR, "185026199900190"),
        BadRowCode.VALUE,
        "colonne « N° assuré » : clé du NIR fausse",
    ),
    (
        "NIR without its key",
        GOOD.replace(NIR, NIR[:13]),
        BadRowCode.VALUE,
        "colonne « N° assuré » : NIR de 13 caractères sans clé : la clé (2 chiffres) est exigée",
    ),
    (
        "NIR too short",
        GOOD.replace(NIR, NIR[:12]),
        BadRowCode.VALUE,
        "colonne « N° assuré » : NIR de 15 caractères attendu, 12 trouvés",
    ),
    (
        "NIR of an impossible month",
        GOOD.replace(NIR, "185136199900189"),
        BadRowCode.VALUE,
        "colonne « N° assuré » : NIR de structure impossible (sexe, mois, département ou clé)",
    ),
    (
        "NIR spoilt by a spreadsheet",
        GOOD.replace(NIR, "1,85026E+14"),
        BadRowCode.VALUE,
        "colonne « N° assuré » : NIR abîmé par un tableur (notation scientifique) : redemander le fichier en texte",
    ),
    (
        "UTF-8 read as cp1252",
        f"{NIR};".encode() + MOJIBAKE + f";{STOP};X;24/03/2026".encode(),
        BadRowCode.VALUE,
        "colonne « Nom de naissance » : caractères abîmés (UTF-8 lu dans un autre jeu) : redemander le fichier",
    ),
    (
        "UTF-8 whose end looks like a space",
        f"{NIR};".encode() + "Nicolà".encode() + f";{STOP};X;24/03/2026".encode(),
        BadRowCode.VALUE,
        "colonne « Nom de naissance » : caractères abîmés (UTF-8 lu dans un autre jeu) : redemander le fichier",
    ),
    (
        "a byte that cp1252 does not have",
        f"{NIR};".encode() + "Áron".encode() + f";{STOP};X;24/03/2026".encode(),
        BadRowCode.CHARACTERS,
        "octet 18 de la ligne inconnu en cp1252 : redemander le fichier",
    ),
    (
        "a control character",
        GOOD.replace("Le Gall", "Le\x00Gall"),
        BadRowCode.CHARACTERS,
        "caractère de contrôle dans la ligne : redemander le fichier",
    ),
    (
        "a day that does not exist",
        GOOD.replace("24/03/2026", "30/02/2020"),
        BadRowCode.VALUE,
        "colonne « Date » : date impossible : 30/02/2020 n'existe pas au calendrier",
    ),
    (
        "a date written otherwise",
        GOOD.replace("24/03/2026", "2026-03-24"),
        BadRowCode.VALUE,
        "colonne « Date » : date attendue au format JJ/MM/AAAA",
    ),
    (
        "an empty field",
        GOOD.replace(STOP, "  "),
        BadRowCode.VALUE,
        "colonne « Réf. arrêt » : valeur obligatoire, vide dans le fichier",
    ),
    (
        "a text too long",
        GOOD.replace("Le Gall", "L" * 21),
        BadRowCode.VALUE,
        "colonne « Nom de naissance » : texte trop long : 21 caractères, 20 au plus",
    ),
    (
        "an open quotation mark",
        GOOD.replace("Le Gall", '"Le Gall'),
        BadRowCode.QUOTES,
        "guillemet mal placé ou non refermé",
    ),
    (
        "a quotation mark misplaced",
        GOOD.replace("Le Gall", '"Le" Gall'),
        BadRowCode.QUOTES,
        "guillemet mal placé ou non refermé",
    ),
]


@pytest.mark.parametrize(("bad", "code", "reason"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_bad_row_is_set_aside_alone_with_its_line_and_reason(
    bad: str | bytes, code: BadRowCode, reason: str, read: Read
) -> None:
    delivery = read(file_of(GOOD, bad, OTHER))

    assert delivery.bad == [BadRow(line=3, code=code, reason=reason)]
    assert [row.line for row in delivery.rows] == [2, 4]
    assert delivery.total_rows == 3


def test_a_key_given_twice_keeps_the_first_row_whatever_the_case_of_its_letters(read: Read) -> None:
    corsican = "285022a99900109;Rossi;AT1;X;24/03/2026"
    delivery = read(file_of(corsican, GOOD, "2 85 02 2A 999 001 09;ROSSI;AT1;Y;25/03/2026"))

    assert delivery.bad == [
        BadRow(line=4, code=BadRowCode.TWICE, reason="clé déjà présente à la ligne 2 de cette livraison")
    ]
    assert [row.line for row in delivery.rows] == [2, 3]


def test_a_bad_row_does_not_reserve_its_key(read: Read) -> None:
    delivery = read(file_of(GOOD.replace("24/03/2026", "31/04/2026"), GOOD))

    assert [row.line for row in delivery.rows] == [3]


def test_quoted_cells_and_blank_lines_are_read_and_lines_keep_their_number(read: Read) -> None:
    quoted = f'"{NIR}";"Le ""Gall";{STOP};"A;B";24/03/2026'
    content = f"{HEADER}\n\n{quoted}\n\n{OTHER}\nFIN;2\n\n".encode("cp1252")
    delivery = read(content)

    assert [(row.line, row.values["anomaly"]) for row in delivery.rows] == [(3, "A;B"), (5, "AUTRE_CODE")]
    assert delivery.rows[0].values["birth_name"] == 'Le "Gall'


def test_words_that_pandas_takes_for_nothing_stay_text(read: Read) -> None:
    rows = [
        GOOD.replace("Le Gall", word).replace(STOP, f"AT{number}") for number, word in enumerate(("NA", "null", "NaN"))
    ]
    delivery = read(file_of(*rows))

    assert [row.values["birth_name"] for row in delivery.rows] == ["NA", "null", "NaN"]


def test_leading_zeros_stay(read: Read) -> None:
    assert read(file_of(GOOD.replace(STOP, "000123"))).rows[0].values["stop_id"] == "000123"


REFUSED: list[tuple[str, bytes, str]] = [
    ("an empty file", b"", "ligne 1 : un en-tête de 5 colonnes était attendu, le fichier est vide"),
    ("blank lines alone", b"\r\n\r\n", "ligne 1 : un en-tête de 5 colonnes était attendu, le fichier est vide"),
    (
        "no header",
        file_of(OTHER, header=GOOD),
        f"ligne 1 : l'en-tête « {HEADER} » était attendu, il manque",
    ),
    (
        "another column",
        file_of(GOOD, header=HEADER.replace("Code anomalie", "Motif")),
        f"ligne 1 : l'en-tête « {HEADER} » était attendu, trouvé autre chose : il manque « Code anomalie »",
    ),
    (
        "another order",
        file_of(GOOD, header="Date;N° assuré;Nom de naissance;Réf. arrêt;Code anomalie"),
        f"ligne 1 : l'en-tête « {HEADER} » était attendu, trouvé autre chose : 5 colonnes, ou un autre ordre",
    ),
    (
        "commas instead of semicolons",
        file_of(GOOD.replace(";", ","), header=HEADER.replace(";", ",")),
        f"ligne 1 : l'en-tête « {HEADER} » était attendu, il manque",
    ),
    (
        "no trailer",
        f"{HEADER}\r\n{GOOD}\r\n".encode("cp1252"),
        "ligne 2 : une dernière ligne FIN;<nombre de lignes> était attendue, elle manque : le fichier est incomplet",
    ),
    (
        "rows after the trailer",
        f"{HEADER}\r\nFIN;1\r\n{GOOD}\r\n".encode("cp1252"),
        "ligne 3 : une dernière ligne FIN;<nombre de lignes> était attendue, la ligne 2 a été suivie d'autres",
    ),
    ("a row missing", file_of(GOOD, announced=2), "ligne 3 : 2 lignes étaient annoncées, 1 trouvées"),
    ("a row too many", file_of(GOOD, OTHER, announced=1), "ligne 4 : 1 lignes étaient annoncées, 2 trouvées"),
    (
        "UTF-8",
        f"{HEADER}\r\n{GOOD}\r\nFIN;1\r\n".encode(),
        "ligne 1 : un texte en cp1252 était attendu, ce fichier est en UTF-8",
    ),
    (
        "UTF-8 with its mark",
        f"{HEADER}\r\n{GOOD}\r\nFIN;1\r\n".encode("utf-8-sig"),
        "ligne 1 : un texte en cp1252 était attendu, ce fichier est en UTF-8",
    ),
    (
        "UTF-16",
        f"{HEADER}\r\n{GOOD}\r\nFIN;1\r\n".encode("utf-16"),
        "ligne 1 : un texte en cp1252 était attendu, ce fichier est d'un autre jeu",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_file_is_refused_whole_and_says_what_was_expected(content: bytes, sentence: str, read: Read) -> None:
    with pytest.raises(BadDelivery) as caught:
        read(content)

    assert str(caught.value) == (
        f"Livraison « anomalies-arpege-20260327.csv » refusée, {sentence}. Rien n'a été chargé."
    )


def test_latin_1_says_what_only_cp1252_has(read: Read) -> None:
    delivery = read(file_of(GOOD, OTHER), Rules(encoding="iso8859-1"))

    reason = "caractère que latin-1 n'a pas (œ, €, ’) : le fichier est sans doute en cp1252, à écrire sous encoding"
    assert delivery.bad == [BadRow(line=3, code=BadRowCode.CHARACTERS, reason=reason)]


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", b""), ("utf-8-sig", b"\xef\xbb\xbf"), ("utf-8-sig", b"")])
def test_utf_8_is_read_with_or_without_its_mark_as_declared(encoding: str, mark: bytes, read: Read) -> None:
    delivery = read(mark + file_of(GOOD, OTHER).decode("cp1252").encode(), Rules(encoding=encoding))

    assert [row.values["birth_name"] for row in delivery.rows] == ["Le Gall", "Cœur-Noël"]


@pytest.mark.parametrize(
    ("encoding", "content", "sentence"),
    [
        (
            "utf-8",
            b"\xef\xbb\xbf" + f"{HEADER}\r\nFIN;0\r\n".encode(),
            (
                "un texte en utf-8 sans marque était attendu, ce fichier commence par une marque d'ordre (BOM) : écrire "
                "encoding: utf-8-sig si c'est voulu"
            ),
        ),
        ("utf-8", file_of(GOOD), "un texte en utf-8 était attendu, ce fichier est en cp1252 (ou latin-1)"),
        ("utf-8-sig", file_of(GOOD), "un texte en utf-8-sig était attendu, ce fichier est en cp1252 (ou latin-1)"),
    ],
)
def test_an_undeclared_mark_and_a_wrong_encoding_are_told(
    encoding: str, content: bytes, sentence: str, read: Read
) -> None:
    with pytest.raises(BadDelivery) as caught:
        read(content, Rules(encoding=encoding))

    assert f"refusée, ligne 1 : {sentence}. Rien n'a été chargé." in str(caught.value)


@pytest.mark.parametrize(("total", "refused"), [("1 205,40", False), ("1205,4", False), ("1205,41", True), ("x", True)])
def test_the_total_of_a_trailer_is_verified_to_the_centime(total: str, *, refused: bool, tmp_path: Path) -> None:
    rows = [(NIR, "Le Gall", "AT1", "1205,10", "24/03/2026"), (NIR, "Le Gall", "AT2", "0,30", "24/03/2026")]
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join(map(";".join, [COLUMNS, *rows, ("FIN", "2", total)])).encode("cp1252"))
    source = CsvSource(
        pattern="*.csv",
        encoding="cp1252",
        delimiter=";",
        trailer_rows=True,
        bad_rows="set aside",
        total=Total(of="amount"),
    )
    if refused:
        with pytest.raises(BadDelivery, match="ligne 4 : un total"):
            read_delivery(path, AmountRules(source=source))
    else:
        assert len(read_delivery(path, AmountRules(source=source)).rows) == 2


def test_a_scenario_may_refuse_the_file_for_one_bad_row(read: Read) -> None:
    with pytest.raises(BadDelivery, match=r"ligne 2 : .* 1 mauvaise\(s\) : 5 colonnes attendues, 1 trouvées"):
        read(file_of("bonjour", GOOD), Rules(bad_rows="refuse the file"))


def test_without_a_trailer_every_line_is_a_row(read: Read) -> None:
    delivery = read(f"{HEADER}\n{GOOD}\n{OTHER}".encode("cp1252"), Rules(trailer=False))

    assert delivery.total_rows == 2


@given(line=st.binary(min_size=1, max_size=80).filter(lambda line: b"\n" not in line and line.strip()))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_line_spoils_its_neighbours(line: bytes, read: Read) -> None:
    delivery = read(file_of(GOOD, line, OTHER))

    assert [found.line for found in delivery.rows if found.line != 3] == [2, 4]
    assert delivery.total_rows == 3
