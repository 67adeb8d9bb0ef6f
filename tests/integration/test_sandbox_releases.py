"""The second releases of the practice applications: what they show and ask otherwise, and the same ledger."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from lxml import html
from served_sandbox import Served, serving

from sandbox.__main__ import main
from sandbox.population import build
from sandbox.stores import create
from sandbox.witness import NIR

FORM = {
    "nir": NIR, "nature": "ACP-IJ", "reference_arret": "AT26000999", "du": "13/03/2026", "au": "26/03/2026",
    "montant": "1697.39", "motif_avance": "essai", "reference_libre": "R-1",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Applications whose editors have delivered their second release."""
    folder = tmp_path_factory.mktemp("releases")
    create(folder, build(20, 931, "2026-03-27"))
    with serving(folder, "--release", "2") as one:
        yield one


def shown(client: httpx.Client, path: str, **data: str) -> html.HtmlElement:
    answer = client.post(path, data=data, follow_redirects=True) if data else client.get(path)
    assert answer.status_code == 200
    return html.document_fromstring(answer.content)


def texts(page: html.HtmlElement, *paths: str) -> list[list[str]]:
    return [[str(text).strip() for text in page.xpath(path)] for path in paths]


def test_arpege_renames_adds_moves_and_writes_dates_otherwise(served: Served) -> None:
    with served.browser("arpege") as client:
        person = shown(client, "/recherche", nir=NIR)
        assert texts(person, "//th/text()", "//td[@id='nom_famille']/text()", "//span[@id='version']/text()") == [
            ["NIR", "Nom de naissance", "Prénom(s)", "Date de naissance"], ["Vauquelin-Darsey"], ["2"],
        ]  # fmt: skip
        number = person.xpath("//span[@id='assure']/text()")[0]
        stops = shown(client, f"/assure/{number}/arrets")
        assert texts(stops, "//th[position()<5]/text()", "//td[@class='date_debut']/text()") == [
            ["Télétransmis", "Référence", "Nature", "Début"], ["15/09/2025"],
        ]  # fmt: skip
        paid = shown(client, f"/assure/{number}/paiements")
        assert texts(paid, "//td[@class='date']/text()", "//td[@class='brut']/text()") == [
            ["2025-10-30"],
            ["1\xa0234,56"],
        ]
        rights = shown(client, f"/assure/{number}/droits")
        assert (
            rights.xpath("//h3[.='Droits']/following-sibling::table[1]//th/text()")[0]
            == "Jours déjà indemnisés sur 3 ans"
        )


def test_compta_asks_to_confirm_at_an_address_of_its_own(served: Served) -> None:
    with served.browser("compta") as client:
        assert client.post("/avances/controle", data={**FORM, "montant": "1697,39"}).text.count("data-champ") == 1
        page = shown(client, "/avances/controle", **FORM)
        assert texts(page, "//title/text()", "//td[@id='lu_montant']/text()") == [
            ["COMPTA - Confirmation"],
            ["1697.39"],
        ]
        assert not [line for line in ledger(served) if line["stop"] == FORM["reference_arret"]]
        sent = {one.get("name"): one.get("value") for one in page.xpath("//form[@id='form-confirmation']/input")}
        advance = shown(client, "/avances", **sent)
        assert texts(advance, "//td[@id='montant']/text()", "//tr[2]/th/text()") == [["1697.39"], ["Numéro"]]
    (line,) = [line for line in ledger(served) if line["stop"] == FORM["reference_arret"]]
    assert (line["amount_c"], line["from"], line["reason"], line["free_reference"]) == (
        169739,
        "2026-03-13",
        "essai",
        "R-1",
    )


def test_the_variant_asks_at_the_address_of_the_form(served: Served) -> None:
    assert (served.folder / "releases.json").exists()
    with served.browser("compta") as client:
        (served.folder / "releases.json").write_text(json.dumps({"compta": "2.1"}))
        form = {**FORM, "reference_arret": "AT26000998"}
        page = shown(client, "/avances", **form)
        assert texts(page, "//title/text()") == [["COMPTA - Confirmation"]]
        assert not [line for line in ledger(served) if line["stop"] == "AT26000998"]
        assert client.post("/avances", data={**form, "confirme": "oui"}).status_code == 303
    assert [line["amount_c"] for line in ledger(served) if line["stop"] == "AT26000998"] == [169739]


def test_a_release_that_no_editor_delivered_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--dir", str(tmp_path), "--release", "bdo=2"]) == 2
    assert capsys.readouterr().err == (
        "sandbox: --release bdo=2: known releases are bdo=1, arpege=1|2, compta=1|2|2.1, c2s=1|2, ged=1|2, rniam=1,"
        " progres=1|2\n"
    )
    assert not (tmp_path / "releases.json").exists()


def ledger(served: Served) -> list[dict[str, object]]:
    path = served.folder / "compta.ledger.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
