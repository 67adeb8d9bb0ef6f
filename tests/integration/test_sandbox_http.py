"""The three practice applications over real HTTP, served by their own command."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from served_sandbox import REPOSITORY, Served, log_in, serving

from sandbox.cases_domain import A01_NIR
from sandbox.model import ROBOT_LOGIN, Listed
from sandbox.population import build
from sandbox.stores import create

PEOPLE = 200
STOP = "AT26000101"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo's population, served once for the tests that disturb nobody."""
    folder = tmp_path_factory.mktemp("sandbox")
    create(folder, build(PEOPLE, 931, "2026-03-27"))
    with serving(folder) as one:
        yield one


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A small population of one's own."""
    create(tmp_path, build(60, 931, "2026-03-27"))
    with serving(tmp_path) as one:
        yield one


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test inherits the faults of another."""
    yield
    if "served" in request.fixturenames:
        request.getfixturevalue("served").plan()


def post(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Post a form as a browser does on a Latin-1 page."""
    body = urlencode(fields, encoding="cp1252")
    return client.post(path, content=body, headers={"content-type": "application/x-www-form-urlencoded"})


def text_of(page: httpx.Response, name: str) -> str:
    """The text of the element of that id."""
    found = re.search(rf'id="{name}"[^>]*>([^<]*)<', page.text)
    assert found, f"no #{name} on the page"
    return found[1]


def proposal(**changes: str) -> dict[str, str]:
    """The proposal of the worked example."""
    return {
        "nir": A01_NIR, "nature": "ACP-IJ", "reference_arret": STOP, "du": "05/03/2026", "au": "26/03/2026",
        "montant": "697,39", "motif": "Arrêt non payé", "reference_libre": "GLR-TEST", **changes,
    }  # fmt: skip


def test_a_page_without_session_leads_to_the_login(served: Served) -> None:
    with served.browser("bdo", login=None) as client:
        answer = client.get("/recherche")

    assert (answer.status_code, answer.headers["location"]) == (302, "/connexion?motif=expiree")


def test_the_third_wrong_password_locks_the_account_for_good(fresh: Served) -> None:
    with fresh.browser("arpege", login=None) as client:
        codes = [re.findall('data-code="([A-Z]*)"', log_in(client, "A1002", "faux").text)[0] for _ in range(3)]
        right = log_in(client, "A1002", fresh.password("arpege", "A1002"))

    assert codes == ["REFUS", "REFUS", "VERROU"]
    assert right.status_code == 200
    assert text_of(right, "erreur") == "Compte verrouillé : adressez-vous au support."


def test_a_person_is_found_by_number_without_the_number_in_the_address(served: Served) -> None:
    with served.browser("bdo") as client:
        answer = post(client, "/recherche", nir="1 85 02 61 999 001 89")
        page = client.get(answer.headers["location"])

    assert re.fullmatch(r"/dossier/\d+", answer.headers["location"])
    assert page.headers["content-type"] == "text/html; charset=iso-8859-1"
    assert "Application d'entraînement : modèle plausible, ce n'est pas l'application réelle" in page.text
    shown = [text_of(page, name) for name in ("nir", "organisme", "date-du-jour", "mode", "verrou", "certification")]
    assert shown == ["1 85 02 61 999 001 89", "019310000", "27/03/2026", "normal", "", "certifié"]


def test_two_files_and_no_file_are_lists(served: Served) -> None:
    with served.browser("bdo") as client:
        pages = [post(client, "/recherche", nir=nir_of(case)) for case in ("C-04 deux", "C-04 aucun")]

    assert [(page.status_code, text_of(page, "nombre")) for page in pages] == [(200, "2"), (200, "0")]


def test_stops_rights_and_payments_are_pages_of_the_person(served: Served) -> None:
    with served.browser("arpege") as client:
        place = post(client, "/recherche", nir=A01_NIR).headers["location"]
        synthesis, stops, rights = (client.get(place + end) for end in ("", "/arrets", "/droits"))
        unknown = client.get("/assure/1/paiements")

    assert f'src="{place}/arrets"' in synthesis.text
    assert '<td class="debut">02/03/2026</td><td class="fin">05/04/2026</td>' in stops.text
    assert '<td class="revenu">30\N{NO-BREAK SPACE}000,00</td>' in rights.text
    assert unknown.status_code == 404


def test_a_late_payment_shows_at_the_second_reading(served: Served) -> None:
    with served.browser("arpege") as client:
        place = post(client, "/recherche", nir=nir_of("A24")).headers["location"] + "/paiements"
        first, second = client.get(place), client.get(place)

    assert text_of(first, "aucun-paiement") == "Aucun paiement"
    assert '<td class="etat">PAYE</td>' in second.text
    act = json.loads((served.folder / "arpege.ledger.jsonl").read_text().splitlines()[-1])
    assert (act["act"], act["nir"], act["seq"]) == ("PAIEMENT", nir_of("A24"), 1)


def test_a_file_locked_once_is_open_at_the_second_view(served: Served) -> None:
    locks = {}
    with served.browser("bdo") as client:
        for case in ("C-07 une fois", "C-07 toujours"):
            place = post(client, "/recherche", nir=nir_of(case)).headers["location"]
            locks[case] = [bool(text_of(client.get(place), "verrou")) for _ in range(3)]

    assert locks == {"C-07 une fois": [True, False, False], "C-07 toujours": [True, True, True]}


def test_a_stale_file_shows_the_day_before(served: Served) -> None:
    with served.browser("bdo") as client:
        page = client.get(post(client, "/recherche", nir=nir_of("C-12")).headers["location"])

    assert text_of(page, "date-du-jour") == "26/03/2026"


def test_the_date_shown_follows_its_file(fresh: Served) -> None:
    with fresh.browser("arpege") as client:
        before = text_of(client.get("/"), "date-du-jour")
        (fresh.folder / "today").write_text("2026-03-30\n")
        after = text_of(client.get("/"), "date-du-jour")

    assert (before, after) == ("27/03/2026", "30/03/2026")


def test_an_anomaly_is_listed_until_its_stop_is_paid(served: Served) -> None:
    with served.browser("arpege") as client:
        lines = client.get("/anomalies.csv?date=2026-03-27").content.decode("cp1252").split("\r\n")

    assert lines[0] == "N° assuré;Nom de naissance;Réf. arrêt;Code anomalie;Date"
    assert lines[-2:] == [f"FIN;{len(lines) - 3}", ""]
    numbers = {line.split(";")[0] for line in lines[1:-2]}
    assert A01_NIR in numbers
    assert nir_of("C-09") not in numbers


def test_a_proposal_writes_one_line_with_the_right_centimes(fresh: Served) -> None:
    with fresh.browser("compta") as client:
        answer = post(client, "/avances", **proposal())
        page = client.get(answer.headers["location"])
        listed = post(client, "/avances/recherche", nir=A01_NIR)

    assert (answer.status_code, answer.headers["location"]) == (303, "/avances/ACP-2026-000101")
    assert [text_of(page, name) for name in ("montant", "etat", "auteur", "motif", "reference_libre")] == [
        "697,39", "PROPOSEE", ROBOT_LOGIN, "Arrêt non payé", "GLR-TEST",
    ]  # fmt: skip
    assert text_of(listed, "nombre") == "1"
    (line,) = fresh.ledger()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z", line.pop("at"))
    assert line == {
        "seq": 1, "app": "compta", "act": "PROPOSITION", "number": "ACP-2026-000101", "nature": "ACP-IJ",
        "nir": A01_NIR, "stop": STOP, "from": "2026-03-05", "to": "2026-03-26", "amount_c": 69_739,
        "reason": "Arrêt non payé", "free_reference": "GLR-TEST", "author": ROBOT_LOGIN,
    }  # fmt: skip


def test_wrong_values_come_back_with_a_sentence_each(served: Served) -> None:
    with served.browser("compta") as client:
        wrong = proposal(nir="185026199900190", montant="12", du="30/02/2026", motif="déjà dit")
        page = post(client, "/avances", **wrong)

    assert re.findall('data-champ="([a-z_]+)"', page.text) == ["nir", "du", "montant"]
    assert 'value="déjà dit"' in page.text
    assert page.status_code == 200


def test_characters_outside_latin_1_survive_as_entities(served: Served) -> None:
    with served.browser("compta") as client:
        page = post(client, "/avances", **proposal(nir="", motif="cœur – ’ é"))

    assert b"c&#339;ur &#8211; &#8217; \xe9" in page.content


def test_the_same_advance_twice_is_not_refused(fresh: Served) -> None:
    with fresh.browser("compta") as client:
        statuses = [post(client, "/avances", **proposal()).status_code for _ in range(2)]

    assert (statuses, len(fresh.ledger())) == ([303, 303], 2)


def test_two_people_validate_and_never_the_author(fresh: Served) -> None:
    with fresh.browser("compta", "ordonnateur") as first, fresh.browser("compta", "dcf") as second:
        number = post(first, "/avances", **proposal()).headers["location"].rpartition("/")[2]
        own = post(first, "/validation", numero=number, decision="valider")
        with fresh.browser("compta") as robot:
            other = post(robot, "/avances", **proposal()).headers["location"].rpartition("/")[2]
            by_robot = post(robot, "/validation", numero=other, decision="valider")
        post(first, "/validation", numero=other, decision="valider")
        post(second, "/validation", numero=other, decision="valider")
        state = text_of(second.get(f"/avances/{other}"), "etat")

    assert "ne peut pas la valider" in text_of(own, "erreur")
    assert "pas à valider par vous" in text_of(by_robot, "erreur").replace("&#39;", "'")
    assert state == "LIQUIDEE"
    assert [line["act"] for line in fresh.ledger()] == ["PROPOSITION", "PROPOSITION", "VALIDATION", "LIQUIDATION"]


def test_the_entries_of_an_author_come_by_fifty(fresh: Served) -> None:
    with fresh.browser("compta") as client:
        for number in range(52):
            post(client, "/avances", **proposal(reference_arret=f"AT{number}"))
        first = post(client, "/avances/saisies", auteur=ROBOT_LOGIN, du="27/03/2026", au="27/03/2026")
        link = re.findall('id="page-suivante" href="([^"]*)"', first.text)[0].replace("&amp;", "&")
        second = client.get(link)

    assert (text_of(first, "nombre"), first.text.count('class="numero"')) == ("52", 50)
    assert (text_of(second, "page"), second.text.count('class="numero"')) == ("2", 2)
    assert "page-suivante" not in second.text


@pytest.mark.parametrize(("fault", "status", "lines"), [("before", 500, 0), ("after", 500, 1), ("slow", 303, 1)])
def test_a_fault_around_the_commit_leaves_what_it_says(served: Served, fault: str, status: int, lines: int) -> None:
    stop = f"AT-{fault}"
    targets = [{"on": "POST /avances", "stop": stop, "fault": fault, "times": 1, "seconds": 0.3}]
    served.plan(compta=targets)
    with served.browser("compta") as client:
        other = post(client, "/avances", **proposal()).status_code
        began = time.monotonic()
        answer = post(client, "/avances", **proposal(reference_arret=stop))
        lasted = time.monotonic() - began
        written = len([line for line in served.ledger() if line["stop"] == stop])
        again = post(client, "/avances", **proposal(reference_arret=stop)).status_code

    assert (other, answer.status_code, written, again) == (303, status, lines, 303)
    assert (lasted > 0.3) == (fault == "slow")


def test_a_dropped_connection_has_its_line_and_no_answer(served: Served) -> None:
    served.plan(compta=[{"on": "POST /avances", "fault": "drop", "times": 1}])
    with served.browser("compta") as client:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            post(client, "/avances", **proposal(reference_arret="AT-drop"))
        found = post(client, "/avances/recherche", nir=A01_NIR)

    assert [line["stop"] for line in served.ledger()].count("AT-drop") == 1
    assert found.text.count("AT-drop") == 1


def test_an_expired_session_redirects_in_the_middle_and_does_nothing(served: Served) -> None:
    served.plan(compta=[{"on": "POST /avances", "fault": "expiry", "times": 1}])
    with served.browser("compta") as client:
        answer = post(client, "/avances", **proposal(reference_arret="AT-expiry"))
        after = client.get("/avances")

    assert (answer.status_code, answer.headers["location"]) == (302, "/connexion?motif=expiree")
    assert after.status_code == 302
    assert "AT-expiry" not in [line["stop"] for line in served.ledger()]


def test_degraded_mode_stale_date_error_and_refused_login_are_shown(served: Served) -> None:
    with served.browser("bdo") as client:
        served.plan(bdo=[{"fault": "degraded"}, {"on": "GET /recherche", "fault": "stale_date"}, {"fault": "refused"}])
        page = client.get("/recherche")
        refused = log_in(client, ROBOT_LOGIN, served.password("bdo", ROBOT_LOGIN))
        served.plan(bdo=[{"on": "GET /dossier/*", "fault": "error", "times": 1}])
        statuses = [client.get("/dossier/10001").status_code for _ in range(2)]

    assert (text_of(page, "mode"), text_of(page, "date-du-jour")) == ("mode dégradé", "26/03/2026")
    assert 'data-code="REFUS"' in refused.text
    assert statuses == [500, 200]


def test_a_restart_goes_on_where_it_was_and_spends_no_fault_again(tmp_path: Path) -> None:
    create(tmp_path, build(60, 931, "2026-03-27"))
    with serving(tmp_path) as first, first.browser("compta") as client:
        first.plan(compta=[{"on": "POST /avances", "fault": "after", "times": 1}])
        statuses = [post(client, "/avances", **proposal()).status_code]
    with serving(tmp_path, "--today", "2026-03-30") as second, second.browser("compta") as client:
        statuses.append(post(client, "/avances", **proposal()).status_code)
        page = post(client, "/avances/recherche", nir=A01_NIR)

    assert statuses == [500, 303]
    assert [line["number"] for line in second.ledger()] == ["ACP-2026-000101", "ACP-2026-000102"]
    assert (text_of(page, "nombre"), text_of(page, "date-du-jour")) == ("2", "30/03/2026")


def test_faults_by_rate_are_drawn_from_their_seed(tmp_path: Path) -> None:
    create(tmp_path, build(60, 931, "2026-03-27"))
    seen = []
    for _ in range(2):
        faults = ("--faults", "before=0.5,latency=0:1", "--fault-seed", "3")
        with serving(tmp_path, *faults) as one, one.browser("compta") as client:
            seen.append([post(client, "/avances", **proposal()).status_code for _ in range(20)])

    assert seen[0] == seen[1]
    assert {303, 500} == set(seen[0])


def test_a_taken_port_and_a_wrong_fault_are_said_in_one_line(served: Served, tmp_path: Path) -> None:
    port = served.urls["bdo"].rpartition(":")[2]
    command = [sys.executable, "-m", "sandbox", "serve", "--dir", str(served.folder)]

    taken = subprocess.run(
        [*command, "--ports", f"{port},0,0"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    wrong = subprocess.run(
        [*command, "--faults", "fire=1"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert (taken.returncode, wrong.returncode) == (4, 2)
    assert f"port {port} of 127.0.0.1 is taken" in taken.stderr
    assert "unknown fire" in wrong.stderr


def nir_of(case: str) -> str:
    """The NIR of a special case of the demo's population."""
    rows = build(PEOPLE, 931, "2026-03-27").rows
    return next(row.person.nir for row in rows if isinstance(row, Listed) and row.case == case)
