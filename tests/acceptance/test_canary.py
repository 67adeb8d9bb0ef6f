"""The canary: numbers, accounts and names of the delivery are searched in every sink of a demo that crashed on the way."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from base64 import b64encode
from pathlib import Path

import pytest
from canary import Sink, planted, sightings
from console_visitor import Visitor
from demo_house import listens, wait_for
from demo_world import Hit

from orchestrator.store.embedded import Server


@pytest.fixture(scope="module")
def secrets(hit_demo: Hit) -> list[str]:
    """The personal values of everybody in the practice applications."""
    found = planted(hit_demo.house.practice)
    assert len(found) > 45  # two or three for each person
    return found


@pytest.fixture(scope="module")
def pages(hit_demo: Hit) -> list[Sink]:
    """Open the console's pages as an agent who claims nothing; give what it answered."""
    house = hit_demo.house
    people = json.loads((house.workspace / "secrets" / "people.json").read_text("ascii"))
    with house.running("serve", "--no-planner", *house.here):
        wait_for(lambda: listens(house.console), "a console that listens", 60)
        with Visitor(house.console, "superviseur", people["superviseur"]) as supervisor:
            starts = ["/executions", "/exceptions", "/dossiers", "/validations"]
            # opening a validation shows the values to who may approve them, and is recorded: it is not "claiming nothing"
            found = dict(supervisor.crawl(starts, 60, never="/validations/"))
    assert sum(address.startswith("/exceptions/") for address in found) >= 3
    assert sum(address.startswith("/dossiers/") for address in found) >= 3
    return [Sink(name=address, data=text.encode(), text=True) for address, text in found.items()]


@pytest.fixture(scope="module")
def sinks(hit_demo: Hit, pages: list[Sink], tmp_path_factory: pytest.TempPathFactory) -> list[Sink]:
    """Everything the house wrote: its files and their names, its output, the database dumped, PostgreSQL's own log."""
    house = hit_demo.house
    server = house.server()
    dump = _dump(server, tmp_path_factory.mktemp("dump") / "glr.sql")
    delivered = house.delivery.read_bytes()  # put away when its run is closed: what came in is no sink
    witness = house.workspace / "secrets" / "canary.json"  # 0600, kept there on purpose
    files = [path for path in _files(house.workspace) if house.practice not in path.parents and path != witness]
    files = [path for path in files if not path.exists() or path.read_bytes() != delivered]
    own = [*_files(house.outputs), *_files(server.logs), server.logs.parent / "start.log", dump]
    return [*(Sink.of(path) for path in [*files, *own] if path.exists()), *pages]


def test_every_kind_of_sink_is_searched(sinks: list[Sink]) -> None:
    names = [sink.name for sink in sinks]
    for kind in (r"/logs/runner\.log$", r"/logs/console\.log$", r"/logs/evidence/.*\.png$", r"/logs/audit/.*\.jsonl$",
                 r"/glr\.sql$", r"-output/\d+\.err$", r"\.xlsx$", r"/log/postgresql.*\.log$", r"^/exceptions/"):  # fmt: skip
        assert any(re.search(kind, name) for name in names), f"{kind} is not among {names}"
    dump = next(sink for sink in sinks if sink.name.endswith("/glr.sql"))
    assert b"COPY glr.cases" in dump.data


def test_no_number_account_or_name_is_in_any_sink(secrets: list[str], sinks: list[Sink]) -> None:
    assert sightings(secrets, sinks) == []


NIR, IBAN, NAMES = "285026199900189", "FR7630006000011234567890189", ("Legrandier", "Brûlé")


@pytest.mark.parametrize(
    "leak",
    [
        b"nir=285026199900189 lu",
        b"1;2 85 02 61 999 001 89;x",
        "2\N{NO-BREAK SPACE}85\N{NO-BREAK SPACE}02\N{NO-BREAK SPACE}61 999 001 89".encode("latin-1"),
        b"GET /dossier?nir=2%2085%2002%2061%20999%20001%2089",
        b"GET /dossier?nir=2+85+02+61+999+001+89",
        b64encode(b"{nir: 285026199900189}"),
        b64encode(b"x{nir: 285026199900189}"),
        b64encode(b"xy{nir: 285026199900189}"),
        "285026199900189".encode("utf-16-le"),
        b"285026199900189".hex().encode(),
        b"iban fr7630006000011234567890189",
        b"FR76 3000 6000 0112 3456 7890 189",
        b"Legrandier Jean",
        b"legrandier",
        "Brûlé".encode(),
        "BRÛLÉ".encode("cp1252"),
        b"BRULE Jean",
        b'{"name": "Br\\u00fbl\\u00e9"}',
    ],
)
def test_the_search_goes_red_for_each_way_of_writing(leak: bytes, tmp_path: Path) -> None:
    place = tmp_path / "runner.log"
    place.write_bytes(b"begin\n" + leak + b"\nend\n")
    assert len(sightings([NIR, IBAN, *NAMES], [Sink.of(place)])) == 1


def test_the_search_goes_red_for_the_name_of_a_file(tmp_path: Path) -> None:
    place = tmp_path / "capture-285026199900189.png"
    place.write_bytes(b"\x89PNG")
    assert len(sightings([NIR, IBAN, *NAMES], [Sink.of(place)])) == 1


def test_the_search_goes_red_inside_a_spreadsheet(tmp_path: Path) -> None:
    place = tmp_path / "bordereau.xlsx"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", "<t>285026199900189</t>")
    assert len(sightings([NIR, IBAN, *NAMES], [Sink.of(place)])) == 1


def test_the_search_goes_red_for_a_line_added_to_what_the_demo_wrote(
    hit_demo: Hit, secrets: list[str], tmp_path: Path
) -> None:
    copy = tmp_path / "runner.log"
    copy.write_bytes((hit_demo.house.workspace / "logs" / "runner.log").read_bytes() + secrets[0].encode())
    assert [sighting.secret for sighting in sightings(secrets, [Sink.of(copy)])] == [secrets[0]]


def _dump(server: Server, target: Path) -> Path:
    with target.open("wb") as output:
        subprocess.run([server.binaries / "pg_dump", "-d", server.superuser_dsn], stdout=output, check=True)
    return target


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
