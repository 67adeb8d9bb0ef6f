"""Populations are the same for the same seed, and deliveries have the bytes ARPEGE would write."""

import json
import stat
from datetime import date
from pathlib import Path

import pytest

from sandbox import transfers
from sandbox.__main__ import main
from sandbox.cases_bad_rows import DUPLICATE
from sandbox.controls import same_text
from sandbox.db import Store
from sandbox.delivery import content, read
from sandbox.deposits import ROBOT as PAPERS
from sandbox.followed import ROBOT as FOLLOWER
from sandbox.formats import iban_is_right, nir_is_right, read_date, read_money, show_money, show_nir
from sandbox.households import ROBOT
from sandbox.ledger import Ledger
from sandbox.model import ROBOT_LOGIN, Listed
from sandbox.population import build
from sandbox.stores import create, load
from sandbox.watched import ROBOT as WATCHER

TODAY = "2026-03-27"


def test_the_same_seed_makes_the_same_people_and_another_seed_others() -> None:
    first = build(90, 5, TODAY)
    build.cache_clear()

    assert build(90, 5, TODAY) == first
    assert build(90, 6, TODAY) != first


def test_the_number_of_people_is_the_number_of_data_rows() -> None:
    assert [len(read(content(build(size, 931, TODAY)))) for size in (20, 60, 200, 333)] == [20, 60, 200, 333]


def test_everybody_has_a_valid_fictitious_number_and_only_one_stop_reference() -> None:
    people = build(200, 931, TODAY).people
    references = [stop.reference for person in people for stop in person.stops]

    assert all(nir_is_right(person.nir) and person.nir[7:9] == "99" for person in people)
    assert len({person.nir for person in people}) == len(people)
    assert len(set(references)) == len(references)


def test_only_the_account_made_wrong_on_purpose_is_wrong() -> None:
    rows = [row for row in build(200, 931, TODAY).rows if isinstance(row, Listed) and row.person.bank]

    wrong = [row.case for row in rows if row.person.bank and not iban_is_right(row.person.bank.iban)]

    assert wrong == ["C-08 faux"]


def test_a_delivery_is_cp1252_with_crlf_header_and_trailer() -> None:
    data = content(build(200, 931, TODAY))
    lines = data.decode("cp1252").split("\r\n")

    assert lines[0] == "N° assuré;Nom de naissance;Réf. arrêt;Code anomalie;Date"
    assert data.endswith(b"\r\nFIN;200\r\n")
    assert (len(lines), lines[-1]) == (203, "")
    assert data.count(b"\n") == data.count(b"\r") == 202
    assert b"\x9c" in data  # œ, a control character in Latin-1
    assert b"\x92" in data  # the typographic apostrophe


def test_the_bad_rows_are_the_announced_ones() -> None:
    population = build(200, 931, TODAY)
    problems = {row.case: line.problem for row, line in zip(population.rows, read(content(population)), strict=True)}

    assert {case: problem for case, problem in problems.items() if problem} == {
        "trop courte": "number of fields",
        "trop longue": "number of fields",
        "A19 clé fausse": "number",
        "13 chiffres": "number",
        "notation scientifique": "number",
        "nom mal décodé": "name",
        "arrêt vide": "stop",
        "date impossible": "date",
        DUPLICATE: "key twice",
    }


def test_the_corsican_number_is_delivered_in_small_letters() -> None:
    assert b"\r\n285022a99900109;" in content(build(200, 931, TODAY))


@pytest.mark.parametrize("seed", range(12))
def test_one_changed_row_differs_in_spelling_or_technical_code_only(seed: int) -> None:
    population = build(200, 931, TODAY)
    before, after = read(content(population)), read(content(population, change=seed))

    changed = [(old.fields, new.fields) for old, new in zip(before, after, strict=True) if old != new]

    assert len(changed) == 1
    old, new = changed[0]
    assert (old[0], old[2], old[4]) == (new[0], new[2], new[4])
    assert same_text(old[1]) == same_text(new[1])
    assert new[3].startswith("TECH_")


def test_a_population_is_never_made_twice_in_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["population", "--dir", str(tmp_path), "--people", "60", "--seed", "4"]

    codes = (main(command), main(command))

    assert codes == (0, 3)
    assert "already has a population" in capsys.readouterr().err


def test_accounts_are_private_and_there_is_a_robot_in_each_application(tmp_path: Path) -> None:
    create(tmp_path, build(60, 4, TODAY))
    accounts = json.loads((tmp_path / "accounts.json").read_text())

    assert stat.S_IMODE((tmp_path / "accounts.json").stat().st_mode) == 0o600
    robots = {name: {login for login, one in of.items() if one["role"] == "robot"} for name, of in accounts.items()}
    assert robots == {
        "bdo": {ROBOT_LOGIN, ROBOT, FOLLOWER, WATCHER, PAPERS}, "arpege": {ROBOT_LOGIN, FOLLOWER, WATCHER},
        "compta": {ROBOT_LOGIN, FOLLOWER, WATCHER},
        "c2s": {ROBOT}, "progres": {ROBOT_LOGIN, transfers.ROBOT}, "ged": {ROBOT_LOGIN, ROBOT, FOLLOWER, PAPERS},
        "rniam": {ROBOT_LOGIN},
    }  # fmt: skip
    assert len({one["password"] for of in accounts.values() for one in of.values()}) == sum(map(len, accounts.values()))


def test_the_description_is_rebuilt_from_three_numbers(tmp_path: Path) -> None:
    create(tmp_path, build(60, 4, TODAY))
    build.cache_clear()

    assert load(tmp_path) == build(60, 4, TODAY)


def test_the_commands_write_a_delivery_and_one_verdict_for_each_row(tmp_path: Path) -> None:
    folder = str(tmp_path)
    main(["population", "--dir", folder, "--people", "60"])
    main(["delivery", "--dir", folder, "--date", TODAY, "--out", folder])
    delivered = tmp_path / "anomalies-arpege-20260327.csv"

    code = main(["oracle", "--dir", folder, "--delivery", str(delivered), "--run-date", TODAY, "--out", f"{folder}/o"])

    verdicts = [json.loads(line) for line in (tmp_path / "o").read_text().splitlines()]
    assert code == 0
    assert [one["line"] for one in verdicts] == list(range(2, 62))
    assert all({"line", "outcome", "amount_c", "codes"} <= one.keys() for one in verdicts)


def test_a_folder_without_population_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["delivery", "--dir", str(tmp_path), "--date", TODAY, "--out", str(tmp_path)]) == 3
    assert "python -m sandbox population" in capsys.readouterr().err


def test_a_ledger_line_lost_in_a_crash_is_written_at_the_next_start(tmp_path: Path) -> None:
    create(tmp_path, build(60, 4, TODAY))
    path = tmp_path / "compta.ledger.jsonl"
    store = Store(tmp_path / "compta.db")
    Ledger(path, store).record({"act": "PROPOSITION", "number": "a"})
    path.write_text('{"seq": 1, "cut')

    Ledger(path, store)
    store.close()

    assert [json.loads(line)["number"] for line in path.read_text().splitlines()] == ["a"]


@pytest.mark.parametrize(
    ("text", "centimes"),
    [("697,39", 69_739), ("1 359,04", 135_904), ("1\N{NO-BREAK SPACE}359,04", 135_904), ("12", None), ("1.00", None)],
)
def test_an_amount_is_read_in_french_only(text: str, centimes: int | None) -> None:
    assert read_money(text) == centimes


def test_formats_are_french() -> None:
    assert show_money(135_904) == "1\N{NO-BREAK SPACE}359,04"
    assert show_nir("185026199900189") == "1 85 02 61 999 001 89"
    assert (read_date("30/02/2020"), read_date("27/03/2026")) == (None, date(2026, 3, 27))


@pytest.mark.parametrize(
    "nir", ["185026199900189", "285022A99900109", "285022B99900235", "785026199900180", "185019910000121"]
)
def test_the_verified_numbers_of_the_domain_text_are_right(nir: str) -> None:
    assert nir_is_right(nir)
    assert not nir_is_right(nir[:13] + ("01" if nir[13:] != "01" else "02"))


def test_an_option_may_be_given_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLR_SANDBOX_DIR", str(tmp_path / "made"))
    monkeypatch.setenv("GLR_SANDBOX_PEOPLE", "20")
    assert main(["population"]) == 0
    assert (tmp_path / "made" / "population.json").exists()
