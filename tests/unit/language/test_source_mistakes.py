"""One mistake at a time in each kind of source: the whole French sentence, at its line and column (``‸``)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from orchestrator.domain.keywords import Keyword
from orchestrator.domain.sources import (
    ApiSource,
    DsnSource,
    FixedWidthSource,
    Place,
    RecordKinds,
    SheetSource,
    Sign,
    Total,
    XmlSource,
)
from orchestrator.language.compile_sources import SOURCE_KEYS
from orchestrator.language.faults import ScenarioErrors
from orchestrator.language.model import ExtractSource, RunInfo, Scenario

_BLOCK = re.compile(r"sources:\n(  .*\n)+")
_AMOUNT = "    amount:     {type: euros, column: Montant}\n"
FIXED = """\
  - fixed_width: anomalies-*.txt
    encoding: cp1147
    length: 99
    line_ends: false
    fields:
      nir:        {from: 4, length: 15}
      birth_name: {from: 19, length: 30}
      stop_id:    {from: 49, length: 20}
      anomaly:    {from: 69, length: 14}
      raised_on:  {from: 83, length: 8, format: AAAAMMJJ}
      amount:     {from: 91, length: 5, decimals: 2, sign: packed}
    records: {from: 1, length: 3, header: "000", detail: "001", trailer: "999"}
    trailer: {rows: {from: 4, length: 8}, total: {of: amount, from: 12, length: 12, decimals: 2}}
    bad_rows: set aside
"""
XML = """\
  - xml: camt054-*.xml
    namespace: urn:iso:std:iso:20022:tech:xsd:camt.054.001.08
    each: Document/Ntry/TxDtls
    within: Document/Ntry
    fields:
      nir: Id/Othr
      birth_name: Nm
      stop_id: Refs/EndToEndId
      anomaly: RtrInf/Rsn/Cd
      raised_on: ../BookgDt/Dt
      amount: Amt
    announced: {rows: Document/NbOfTxs, total: {of: amount, path: Document/CtrlSum}}
"""
DSN = """\
  - dsn: dsn-*.txt
    each: S21.G00.60
    within: [S21.G00.11, S21.G00.30]
    fields:
      nir: S21.G00.30.001
      birth_name: S21.G00.30.002
      stop_id: S21.G00.30.019
      anomaly: S21.G00.60.001
      raised_on: S21.G00.60.002
      amount: S21.G00.65.003
"""
EXCEL = """\
  - excel: anomalies-*.xlsx
    sheet: Anomalies
    header: 3
    trailer: {rows: true, total: amount}
    bad_rows: refuse the file
"""
CSV = """\
  - csv: anomalies-*.csv
    encoding: cp1252
    delimiter: ";"
"""
EXTRACT = """\
  - extract: arpege.unpaid_stops
    with:
      day: ${run.date}
    fields:
      amount: stop_id
"""


@pytest.fixture
def with_sources(text: str, load: Callable[[str], Scenario]) -> Callable[[str], Scenario]:
    """Load the real scenario, which has an amount as well, with other sources."""

    def loaded(sources: str) -> Scenario:
        changed = text.replace("    anomaly:    {type", f"{_AMOUNT}    anomaly:    {{type", 1)
        return load(_BLOCK.sub(lambda _: f"sources:\n{sources}", changed, count=1))

    return loaded


def test_each_kind_of_source_is_read_whole(with_sources: Callable[[str], Scenario]) -> None:
    summed = Total(of="amount")
    found = with_sources(
        EXCEL + EXCEL.replace("excel", "ods").replace("xlsx", "ods") + FIXED + XML + DSN + "  - api: flux\n"
    )

    excel = SheetSource(
        kind="excel",
        pattern="anomalies-*.xlsx",
        sheet="Anomalies",
        header=3,
        trailer_rows=True,
        bad_rows="refuse the file",
        total=summed,
    )
    fixed = FixedWidthSource(
        pattern="anomalies-*.txt",
        encoding="cp1147",
        length=99,
        line_ends=False,
        places={
            "nir": Place(start=4, length=15),
            "birth_name": Place(start=19, length=30),
            "stop_id": Place(start=49, length=20),
            "amount": Place(start=91, length=5, decimals=2, sign=Sign.PACKED),
            "anomaly": Place(start=69, length=14),
            "raised_on": Place(start=83, length=8, format="AAAAMMJJ"),
        },
        records=RecordKinds(place=Place(start=1, length=3), header="000", detail="001", trailer="999"),
        rows=Place(start=4, length=8, decimals=0),
        total=Total(of="amount", place=Place(start=12, length=12, decimals=2)),
        bad_rows="set aside",
    )
    xml = XmlSource(
        pattern="camt054-*.xml",
        namespace="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08",
        each="Document/Ntry/TxDtls",
        within="Document/Ntry",
        paths={
            "nir": "Id/Othr",
            "birth_name": "Nm",
            "stop_id": "Refs/EndToEndId",
            "amount": "Amt",
            "anomaly": "RtrInf/Rsn/Cd",
            "raised_on": "../BookgDt/Dt",
        },
        rows="Document/NbOfTxs",
        total=Total(of="amount", path="Document/CtrlSum"),
        bad_rows="set aside",
    )
    dsn = DsnSource(
        pattern="dsn-*.txt",
        each="S21.G00.60",
        within=("S21.G00.11", "S21.G00.30"),
        rubrics={
            "nir": "S21.G00.30.001",
            "birth_name": "S21.G00.30.002",
            "stop_id": "S21.G00.30.019",
            "amount": "S21.G00.65.003",
            "anomaly": "S21.G00.60.001",
            "raised_on": "S21.G00.60.002",
        },
        bad_rows="set aside",
    )
    api = ApiSource(name="flux", bad_rows="set aside")
    assert found.sources == (excel, replace(excel, kind="ods", pattern="anomalies-*.ods"), fixed, xml, dsn, api)
    assert found.patterns == ("anomalies-*.xlsx", "anomalies-*.ods", "anomalies-*.txt", "camt054-*.xml", "dsn-*.txt")


def test_a_list_read_in_an_application_gives_each_field_the_part_of_its_name(
    text: str, load: Callable[[str], Scenario], known_keywords: dict[str, Keyword]
) -> None:
    sources = "sources:\n  - extract: arpege.unpaid_stops\n    with: {day: '${run.date}'}\n"
    (source,) = load(_BLOCK.sub(lambda _: sources, text, count=1)).sources

    assert isinstance(source, ExtractSource)
    assert source.keyword == known_keywords["arpege.unpaid_stops"]
    assert source.parts == {name: name for name in ("nir", "birth_name", "stop_id", "anomaly", "raised_on")}
    assert source.arguments["day"].evaluate({"run": RunInfo(date=date(2026, 3, 27))}) == date(2026, 3, 27)


GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "sources.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\nsources:\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.split(":")[0].strip(" -") for example in EXAMPLES])
def test_what_the_guide_shows_is_right(
    example: str, text: str, load: Callable[[str], Scenario], with_sources: Callable[[str], Scenario]
) -> None:
    found = (
        with_sources(example)
        if "amount" in example
        else load(_BLOCK.sub(lambda _: f"sources:\n{example}", text, count=1))
    )

    assert len(found.sources) == example.count("\n  - ") + 1


def test_the_guide_shows_every_kind_of_source() -> None:
    shown = set(re.findall(r"^  - (\w+):", "".join(EXAMPLES), re.MULTILINE))

    assert shown == set(SOURCE_KEYS)


_KINDS = "csv, excel, ods, fixed_width, xml, dsn, extract, cases, api"
MISTAKES: list[tuple[str, str, str, str]] = [
    # --- which kind
    (CSV, "csv: ano", "‸cvs: ano", "source : clé « cvs » inconnue. Écrire « csv » ?"),
    (
        CSV,
        "encoding:",
        "‸excel: a.xlsx\n    encoding:",
        f"une source est d'une seule sorte. N'en garder qu'une : {_KINDS}.",
    ),
    (
        CSV,
        "csv: anomalies-*.csv\n    ",
        "‸",
        f"source : d'où viennent les dossiers ? Écrire une de ces clés : {_KINDS}.",
    ),
    (
        CSV,
        "delimiter:",
        "‸sheet: x\n    delimiter:",
        "source : clé « sheet » inconnue. Possible ici : bad_rows, csv, delimiter, encoding, trailer.",
    ),
    (
        CSV + CSV,
        CSV + "  - ",
        CSV + "  - ‸",
        ("source déjà donnée à la ligne 31 : rien ne les distingue. En enlever une, ou donner un autre motif de nom."),
    ),
    (
        CSV,
        CSV,
        "  - api: un\n  - ‸api: deux\n",
        ("source déjà donnée à la ligne 31 : rien ne les distingue. En enlever une, ou donner un autre motif de nom."),
    ),
    (
        CSV,
        "anomalies-*",
        "‸entrée/anomalies-*",
        ("source : un motif de nom est attendu, sans dossier. Écrire par exemple anomalies-arpege-*.csv."),
    ),
    # --- encodings
    (
        CSV,
        "cp1252",
        "‸utf-16",
        (
            "source : « encoding » : ce jeu ne s'écrit pas ligne à ligne dans un CSV (permis : cp1252, "
            "utf-8, utf-8-sig, latin-1…), « utf-16 » trouvé"
        ),
    ),
    (
        CSV,
        "cp1252",
        "‸cp037",
        (
            "source : « encoding » : ce jeu ne s'écrit pas ligne à ligne dans un CSV (permis : cp1252, "
            "utf-8, utf-8-sig, latin-1…), « cp037 » trouvé"
        ),
    ),
    (
        FIXED,
        "cp1147",
        "‸utf-8",
        (
            "source : « encoding » : jeu d'un octet par caractère attendu (permis : cp1252, latin-1, "
            "cp037, cp500, cp1140, cp297, cp1147), « utf-8 » trouvé"
        ),
    ),
    # --- trailers
    (
        CSV,
        "delimiter:",
        "trailer: {‸total: amount}\n    delimiter:",
        "trailer : le total suit le nombre de lignes. Ajouter rows: true.",
    ),
    (
        CSV,
        "delimiter:",
        "trailer: {rows: true, total: ‸nir}\n    delimiter:",
        "trailer : le total est celui d'un champ en euros, « nir » n'en est pas un. Possible ici : amount.",
    ),
    (
        CSV,
        "delimiter:",
        "trailer: {rows: ‸oui}\n    delimiter:",
        "trailer : « rows » ne peut pas être « oui ». Possible ici : false, true.",
    ),
    # --- workbooks
    (
        EXCEL,
        "anomalies-*.xlsx",
        "‸anomalies-*.xls",
        "source : « excel » lit des fichiers .xlsx. Finir le motif par .xlsx.",
    ),
    (EXCEL, "header: 3", "header: ‸0", "source : « header » : nombre entier de 1 à 1000 attendu, « 0 » trouvé"),
    (
        EXCEL,
        "refuse the file",
        "‸refuse",
        ("source : « bad_rows » ne peut pas être « refuse ». Possible ici : refuse the file, set aside."),
    ),
    # --- fixed width
    (FIXED, "    length: 99\n", "", "source : il manque « length ». Ajouter par exemple length: 96"),
    (
        FIXED,
        "      stop_id:    {from: 49, length: 20}\n",
        "",
        ("fields de la source : il manque « stop_id ». Ajouter par exemple stop_id: {from: 1, length: 15}"),
    ),
    (FIXED, "      nir: ", "      ‸nirr: ", "fields de la source : clé « nirr » inconnue. Écrire « nir » ?"),
    (
        FIXED,
        "{from: 4, length: 15}",
        "‸{length: 15}",
        ("champ nir de la source : il manque « from ». Ajouter par exemple from: 1"),
    ),
    (
        FIXED,
        "{from: 91, length: 5",
        "{from: 91, length: ‸15",
        ("champ amount de la source : il finit à l'octet 105, la ligne en a 99"),
    ),
    (
        FIXED,
        "      birth_name: {from: 19",
        "      ‸birth_name: {from: 18",
        ("le champ « birth_name » commence avant la fin du champ « nir ». Vérifier from et length."),
    ),
    (
        FIXED,
        "AAAAMMJJ",
        "‸AAMMJJ",
        ("champ raised_on de la source : « format » ne peut pas être « AAMMJJ ». Écrire « AAAAMMJJ » ?"),
    ),
    (
        FIXED,
        "AAAAMMJJ",
        "‸AAAA-MM-JJ",
        "champ raised_on de la source : AAAA-MM-JJ tient sur 10 octets, « length » en dit 8",
    ),
    (
        FIXED,
        "{from: 83, length: 8, format: AAAAMMJJ}",
        "‸{from: 83, length: 8}",
        ("champ raised_on de la source : il manque « format ». Ajouter par exemple format: AAAAMMJJ"),
    ),
    (
        FIXED,
        "{from: 4, length: 15}",
        "{from: 4, length: 15, ‸format: AAAAMMJJ}",
        ("champ nir de la source : « format » ne vaut que pour une date"),
    ),
    (
        FIXED,
        "{from: 4, length: 15}",
        "{from: 4, length: 15, ‸sign: packed}",
        ("champ nir de la source : « sign » ne vaut que pour un nombre"),
    ),
    (
        FIXED,
        "{from: 91, length: 5, decimals: 2",
        "‸{from: 91, length: 5",
        ("champ amount de la source : il manque « decimals ». Ajouter par exemple decimals: 2"),
    ),
    (
        FIXED,
        "decimals: 2, sign",
        "decimals: ‸3, sign",
        ("champ amount de la source : « decimals » : nombre entier de 0 à 2 attendu, « 3 » trouvé"),
    ),
    (
        FIXED,
        "sign: packed",
        "sign: ‸comp3",
        (
            "champ amount de la source : « sign » ne peut pas être « comp3 ». Possible ici : "
            "leading, none, overpunch, packed, trailing."
        ),
    ),
    (
        FIXED,
        "    line_ends: false\n    fields:\n",
        "    fields:\n",
        (
            "champ amount de la source : un nombre condensé peut contenir "
            "une fin de ligne. Écrire line_ends: false si le fichier n'en a pas."
        ),
    ),
    (
        FIXED,
        'detail: "001"',
        'detail: ‸"1"',
        ("records : « detail » : texte de 3 caractère(s) attendu, comme « length » le dit, « 1 » trouvé"),
    ),
    (
        FIXED,
        '    records: {from: 1, length: 3, header: "000", detail: "001", trailer: "999"}\n    trailer',
        "    ‸trailer",
        'trailer : rien ne dit quelle ligne est le trailer. Ajouter records: {from: 1, length: 3, trailer: "999", …}.',
    ),
    # --- XML
    (
        XML,
        "Document/Ntry/TxDtls",
        "‸//TxDtls",
        ("source : « each » : chemin attendu depuis la racine, comme Document/GrpHdr/NbOfTxs, « //TxDtls » trouvé"),
    ),
    (
        XML,
        "nir: Id/Othr",
        "nir: ‸Id/Othr[1]",
        (
            "fields de la source : « nir » : chemin attendu depuis l'élément répété, comme "
            "Refs/EndToEndId, Amt/@Ccy ou ../BookgDt/Dt, « Id/Othr[1] » trouvé"
        ),
    ),
    (
        XML,
        "within: Document/Ntry",
        "within: ‸Document/PmtInf",
        "source : « within » est au-dessus de « each » : un début de Document/Ntry/TxDtls était attendu",
    ),
    (XML, "../BookgDt/Dt", "‸../../../BookgDt/Dt", "fields de la source : « raised_on » remonte au-delà de la racine"),
    (
        XML,
        "of: amount",
        "of: ‸stop_id",
        ("total : le total est celui d'un champ en euros, « stop_id » n'en est pas un. Possible ici : amount."),
    ),
    # --- DSN
    (
        DSN,
        "nir: S21.G00.30.001",
        "nir: ‸S21.G00.30",
        "fields de la source : « nir » : rubrique attendue, comme S21.G00.30.001, « S21.G00.30 » trouvé",
    ),
    (
        DSN,
        "[S21.G00.11, S21.G00.30]",
        "[‸S21.G00.30, S21.G00.11]",
        (
            "source : « within » va du bloc le plus haut au plus bas, tous avant S21.G00.60. "
            "Écrire par exemple within: [S21.G00.11, S21.G00.30]."
        ),
    ),
    (
        DSN,
        "stop_id: S21.G00.30.019",
        "stop_id: ‸S21.G00.40.009",
        (
            "fields de la source : « stop_id » est dans le bloc S21.G00.40, au-dessus de S21.G00.60. "
            "Ajouter S21.G00.40 sous within."
        ),
    ),
    # --- a list read in an application
    (
        EXTRACT,
        "arpege.unpaid_stops",
        "‸arpege.unpaid_stop",
        ("mot-clé « arpege.unpaid_stop » inconnu. Écrire « arpege.unpaid_stops » ?"),
    ),
    (
        EXTRACT,
        EXTRACT,
        "  - extract: ‸arpege.stop\n",
        (
            "« arpege.stop » ne lit pas une liste : il ne peut pas donner des "
            "dossiers. Possible ici : arpege.flagged_by, arpege.payments, arpege.un…"
        ),
    ),
    (
        EXTRACT,
        "stop_id",
        "‸amount",
        (
            "« arpege.unpaid_stops » ne donne pas « amount » pour le champ « amount ». Écrire "
            "sous fields amount: un de anomaly, birth_name, nir, raised_on, stop_id."
        ),
    ),
    (
        EXTRACT,
        "amount: stop_id",
        "amount: ‸stop_id",
        "le champ « amount » attend un montant en euros, « stop_id » est un texte",
    ),
]


@pytest.mark.parametrize(
    ("sources", "right", "wrong", "message"), MISTAKES, ids=[f"{n} {m[2].strip()[:30]}" for n, m in enumerate(MISTAKES)]
)
def test_one_mistake_gives_one_sentence_at_its_place(
    sources: str, right: str, wrong: str, message: str, with_sources: Callable[[str], Scenario]
) -> None:
    assert right in sources
    marked = sources.replace(right, wrong, 1)
    with pytest.raises(ScenarioErrors) as caught:
        with_sources(marked.replace("‸", ""))

    said = str(caught.value)
    place = re.match(r"ij-acompte\.yaml:(\d+):(\d+): ", said)
    assert place is not None
    found = said[place.end() :]
    assert (found[: len(message) - 1] + "…" if message.endswith("…") else found) == message
    assert len(caught.value.faults) == 1
    if "‸" in marked:
        before = marked[: marked.index("‸")]
        first = 31  # the line of the first source, below the amount
        assert (int(place[1]), int(place[2])) == (
            first + before.count("\n"),
            len(before) - before.rfind("\n"),
        )
