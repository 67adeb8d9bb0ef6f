"""What is seen on a page, and what never leaves it: values are shapes, titles and labels that repeat them are dropped."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html

from orchestrator.drafting.names import identifier
from orchestrator.drafting.selectors import By
from orchestrator.drafting.shapes import Shape, guess, shape_of
from orchestrator.drafting.sight import Sight, sight_of
from orchestrator.drafting.walk import pattern_of

NIR = "1 85 02 61 999 001 89"


def seen(body: str, title: str = "Base - Dossier", public: frozenset[str] = frozenset(), **frames: str) -> Sight:
    documents: dict[str, tuple[str, Any]] = {
        name: (f"http://x/{name}", html.document_fromstring(text)) for name, text in frames.items()
    }
    root = html.document_fromstring(f"<html><head><title>{title}</title></head><body>{body}</body></html>")
    return sight_of("http://x/dossier/12", root, (), "ROB-1", public, documents)


def told(sight: Sight) -> dict[str, tuple[str, str, Shape]]:
    return {each.place.at: (each.place.by.value, each.label, each.shape) for each in sight.values}


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (NIR, Shape.NIR),
        ("FR76 3000 4000 0100 0000 0000 136", Shape.IBAN),
        ("27/03/2026", Shape.DATE),
        ("1 359,04 €", Shape.AMOUNT),
        ("oui", Shape.YES_NO),
        ("0", Shape.INTEGER),
        ("019310000", Shape.CODE),
        ("AT260001", Shape.CODE),
        ("DUPONT", Shape.WORDS),
        ("27/03/2026 14:05", Shape.WORDS),
        ("  ", Shape.EMPTY),
    ],
)
def test_what_a_text_looks_like(text: str, shape: Shape) -> None:
    assert shape_of(text) == shape


@pytest.mark.parametrize(
    ("shapes", "said", "form"),
    [
        ({Shape.DATE}, "Date de naissance", "birth_date"),
        ({Shape.DATE, Shape.EMPTY}, "Ouvert le", "date"),
        ({Shape.EMPTY}, "Ouvert le", "date"),
        ({Shape.EMPTY}, "Montant", "euros"),
        ({Shape.INTEGER}, "Homonymes", "integer"),
        ({Shape.INTEGER}, "Code postal", "text"),
        ({Shape.WORDS, Shape.CODE}, "Nom d'usage", "name"),
        ({Shape.WORDS}, "État", "text"),
        ({Shape.WORDS}, "Observations", "private"),
        ({Shape.YES_NO}, "ALD", "private"),
        ({Shape.YES_NO}, "Opposition", "yes_no"),
        ({Shape.DATE, Shape.WORDS}, "Quand", "private"),
        ({Shape.NIR}, "", "nir"),
        (set(), "", "private"),
    ],
)
def test_a_format_is_suggested_and_doubt_is_masked(shapes: set[Shape], said: str, form: str) -> None:
    assert guess(shapes, said).format == form


def test_values_are_found_by_what_lasts_and_by_place_last() -> None:
    found = told(
        seen(
            f"""<table id=fiche><tr><th>NIR</th><td id=nir>{NIR}</td></tr><tr><th>Nom</th><td>DUPONT</td></tr></table>
            <p>Dossier n° <span data-champ=numero>12</span></p><p>Total : <b id=total>12,00</b></p>
            <dl><dt>Depuis le</dt><dd class=x>01/01/2026</dd></dl>
            <label for=motif>Motif</label><input id=motif name=motif value="x"><input name=ville placeholder="Ville">
            <input type=hidden name=jeton value=1><p id=ligne-20260327>rien</p>"""
        )
    )
    assert found == {
        "#nir": ("id", "NIR", Shape.NIR),
        "#fiche > tr:nth-of-type(2) > td:nth-of-type(1)": ("POSITION", "Nom", Shape.WORDS),
        'span[data-champ="numero"]': ("attribut", "Dossier n°", Shape.INTEGER),
        "#total": ("id", "Total", Shape.AMOUNT),
        "body > dl:nth-of-type(1) > dd:nth-of-type(1)": ("POSITION", "Depuis le", Shape.DATE),
        "#motif": ("id", "Motif", Shape.WORDS),
        'input[name="ville"]': ("nom", "Ville", Shape.EMPTY),
        "body > p:nth-of-type(3)": ("POSITION", "", Shape.WORDS),
    }


def test_a_table_has_its_columns_by_class_or_by_place() -> None:
    rows = "<tr><td class=ref>A1</td><td>oui</td><td><button>Voir</button></td></tr>" * 2
    head = "<tr><th>Réf.</th><th>Payé</th><th>Décision</th></tr>"
    (table,) = seen(f"<table id=liste><thead>{head}</thead><tbody>{rows}</tbody></table>").tables
    assert (table.name, table.rows.at, table.rows.by) == ("liste", "table#liste tbody tr", By.ID)
    assert [(each.place.at, each.heading, set(each.shapes)) for each in table.columns] == [
        ("td.ref", "Réf.", {Shape.CODE}), ("td:nth-of-type(2)", "Payé", {Shape.YES_NO}),
    ]  # fmt: skip


def test_a_table_of_a_frame_is_told_with_its_frame() -> None:
    inner = "<table id=arrets><tr><th>Début</th><th>Fin</th></tr><tr><td>01/01/2026</td><td></td></tr></table>"
    (table,) = seen("<iframe name=arrets></iframe>", arrets=inner).tables
    assert (table.frame, table.rows.at) == ("arrets", "table#arrets tr:has(> td)")


def test_nothing_that_names_a_person_leaves_the_page() -> None:
    body = f"""<h1>Dossier de DURAND Zoé</h1><p>Mme DURAND : <span id=etat>actif</span></p>
        <table><tr><th>Nom</th><td id=nom>DURAND</td></tr><tr><th>DURAND, née le</th><td id=nee>03/02/1990</td></tr></table>
        <table id=t><tr><th>Payé à Zoé</th><th>Le</th></tr><tr><td>Zoé</td><td>{NIR}</td></tr></table>
        <p>Assuré 2850261234 <span id=code>A1</span></p>"""
    sight = seen(body, title="Dossier de DURAND Zoé")
    assert sight.title == ""
    assert {each.label for each in sight.values} == {"", "Nom"}
    assert [each.heading for each in sight.tables[0].columns] == ["", "Le"]
    assert not {word for word in ("DURAND", "Zoé", NIR, "1990", "2850261234") if word in repr(sight)}


def test_what_is_shown_before_the_login_names_nobody() -> None:
    body = "<b id=application>Base</b>"
    assert seen(body).title == ""
    assert seen(body, public=frozenset({"base"})).title == "Base - Dossier"


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("http://x/", "/"),
        ("http://x/dossiers/10012/rib", "/dossiers/{dossier}/rib"),
        ("http://x/avances/ACP-2026-000001", "/avances/{avance}"),
        ("http://x/v2/dossier/a1/b2", "/v2/dossier/{dossier}/{dossier_4}"),
        ("http://x/saisies?auteur=A1&du=01/01/2026", "/saisies?auteur={auteur}&du={du}"),
        ("http://x/123", "/{numero}"),
    ],
)
def test_an_address_becomes_the_address_of_its_kind(url: str, pattern: str) -> None:
    assert pattern_of(url) == pattern


def test_names_are_identifiers_that_everything_takes() -> None:
    assert identifier("Nom d'usage") == "nom_usage"
    assert identifier("date_naissance") == "date_naissance"
    assert identifier("Date") == "date_"
    assert identifier("class") == "class_"
    assert identifier("json") == "json_"
    assert identifier("3 derniers mois") == "champ_3_derniers_mois"
    assert identifier("État", {"etat", "etat_2"}) == "etat_3"
    assert identifier("« »") == "champ"
