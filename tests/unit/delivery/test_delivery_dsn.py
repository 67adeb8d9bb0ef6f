"""DSN lines: a row for each block of a kind, with what stands above it, never with what is another person's."""

from __future__ import annotations

from pathlib import Path

import pytest
from delivery_files import NIR, OTHER_NIR, Rules

from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.sources import DsnSource
from orchestrator.drivers.deliveries import Delivery, read_delivery

SOURCE = DsnSource(
    pattern="dsn-*.txt",
    each="S21.G00.60",
    within=("S21.G00.11", "S21.G00.30"),
    rubrics={
        "nir": "S21.G00.30.001",
        "birth_name": "S21.G00.30.002",
        "stop_id": "S21.G00.60.600",
        "amount": "S21.G00.65.003",
        "raised_on": "S21.G00.60.002",
    },
    bad_rows="set aside",
)
HEAD = ["S10.G00.00.001,'PRATIQUE'", "S20.G00.05.001,'01'", "S21.G00.11.001,'00012'"]


def person(nir: str = NIR, name: str = "Le Gall") -> list[str]:
    return [f"S21.G00.30.001,'{nir}'", f"S21.G00.30.002,'{name}'", "S21.G00.40.001,'01012020'"]


def stop(number: str, day: str = "24032026", amount: str = "1205.10") -> list[str]:
    return [f"S21.G00.60.002,'{day}'", f"S21.G00.60.600,'{number}'", f"S21.G00.65.003,'{amount}'"]


def read(tmp_path: Path, *parts: list[str], count: int | None = None, tail: bool = True) -> Delivery:
    lines = [line for part in (HEAD, *parts) for line in part]
    end = [f"S90.G00.90.001,'{len(lines) + 2 if count is None else count}'", "S90.G00.90.002,'1'"] if tail else []
    path = tmp_path / "dsn-mars.txt"
    path.write_bytes("".join(f"{line}\r\n" for line in [*lines, *end]).encode("latin-1"))
    return read_delivery(path, Rules(source=SOURCE))


def found(delivery: Delivery) -> list[tuple[int | str, ...]]:
    return [(row.line, *row.values.values()) for row in delivery.rows]


def bad(delivery: Delivery) -> list[tuple[int, str]]:
    return [(row.line, f"{row.code} {row.reason}") for row in delivery.bad]


def test_each_stop_is_a_row_with_its_own_person(tmp_path: Path) -> None:
    first, second = [*person(), *stop("AT1"), *stop("AT2", "25032026", "-5")], person(OTHER_NIR, "D'Arçon")
    delivery = read(tmp_path, first, second, stop("AT3"))

    assert found(delivery) == [
        (7, NIR, "Le Gall", "AT1", "1205,10", "2026-03-24"),
        (10, NIR, "Le Gall", "AT2", "-5,00", "2026-03-25"),
        (16, OTHER_NIR, "D'Arçon", "AT3", "1205,10", "2026-03-24"),
    ]
    assert (delivery.bad, delivery.total_rows) == ([], 3)


def test_a_person_who_does_not_say_a_nir_is_not_given_the_one_before(tmp_path: Path) -> None:
    unknown = [*person(OTHER_NIR)[1:], *stop("AT2")]
    delivery = read(tmp_path, person(), stop("AT1"), unknown, person(), stop("AT3"))

    assert [row.values["stop_id"] for row in delivery.rows] == ["AT1", "AT3"]
    assert bad(delivery) == [
        (12, "VALEUR colonne « N° assuré », rubrique S21.G00.30.001 : valeur obligatoire, vide dans le fichier")
    ]


def test_another_establishment_ends_what_the_persons_before_said(tmp_path: Path) -> None:
    delivery = read(tmp_path, person(), stop("AT1"), ["S21.G00.11.001,'00013'"], stop("AT2"))

    assert ([row.values["stop_id"] for row in delivery.rows], [row.line for row in delivery.bad]) == (["AT1"], [11])


@pytest.mark.parametrize("value", ["AT2", "AT2\x00'", "AT2'x"], ids=["no end", "a control character", "more after it"])
def test_a_value_that_cannot_be_read_costs_the_row_that_needs_it_alone(value: str, tmp_path: Path) -> None:
    broken = [stop("AT2")[0], f"S21.G00.60.600,'{value}", stop("AT2")[2]]
    delivery = read(tmp_path, person(), stop("AT1"), broken, stop("AT3"))

    reason = "colonne « Réf. arrêt », rubrique S21.G00.60.600 : valeur illisible à la ligne 11 : redemander le fichier"
    assert [row.values["stop_id"] for row in delivery.rows] == ["AT1", "AT3"]
    assert bad(delivery) == [(10, f"CARACTERES {reason}")]


def test_a_nir_that_cannot_be_read_costs_every_stop_of_its_person(tmp_path: Path) -> None:
    broken = [f"S21.G00.30.001,'{OTHER_NIR}", *person(OTHER_NIR)[1:]]
    delivery = read(tmp_path, person(), stop("AT1"), broken, stop("AT2"), stop("AT3"))

    reason = "colonne « N° assuré », rubrique S21.G00.30.001 : valeur illisible à la ligne 10 : redemander le fichier"
    assert [row.values["stop_id"] for row in delivery.rows] == ["AT1"]
    assert bad(delivery) == [(13, f"CARACTERES {reason}"), (16, f"CARACTERES {reason}")]


def test_what_stands_beside_a_person_s_stops_is_no_stop_s(tmp_path: Path) -> None:
    delivery = read(tmp_path, [*person(), stop("")[2]], stop("AT1")[:2], ["S21.G00.50.001,'x'", stop("")[2]])

    assert delivery.rows[:] == []
    assert bad(delivery) == [
        (8, "VALEUR colonne « Montant », rubrique S21.G00.65.003 : valeur obligatoire, vide dans le fichier")
    ]


def test_a_value_that_no_field_needs_costs_nothing(tmp_path: Path) -> None:
    delivery = read(tmp_path, [*person()[:2], "S21.G00.40.001,'\x00"], stop("AT1"))

    assert ([row.values["stop_id"] for row in delivery.rows], delivery.bad) == (["AT1"], [])


def test_a_rubric_twice_under_a_row_is_told_with_its_lines(tmp_path: Path) -> None:
    delivery = read(tmp_path, person(), [*stop("AT1"), "S21.G00.66.001,'x'", stop("AT1")[2]])

    reason = "colonne « Montant », rubrique S21.G00.65.003 : une seule attendue, 2 trouvées (lignes 9, 11)"
    assert bad(delivery) == [(7, f"ENREGISTREMENT {reason}")]


@pytest.mark.parametrize(
    ("lines", "count", "tail", "sentence"),
    [
        (["S21.G0.30.001,'x'"], None, True, ("ligne 10 : une rubrique de DSN était attendue, comme S21.G00.30.001,'…' : "
         "on ne sait plus à qui sont les suivantes. Rien n'a été chargé.")),
        ([], 12, True, "ligne 10 : 12 rubriques étaient annoncées, 11 trouvées. Rien n'a été chargé."),
        ([], None, False, "ligne 9 : une rubrique S90.G00.90.001 (nombre de rubriques) était attendue à la fin, elle manque"),
        (["S90.G00.90.001,'onze'"], None, False, "ligne 10 : un nombre de rubriques était attendu en S90.G00.90.001"),
    ],
    ids=["no rubric", "another number", "no number", "not a number"],
)  # fmt: skip
def test_a_file_is_refused_whole(
    lines: list[str], count: int | None, sentence: str, tmp_path: Path, *, tail: bool
) -> None:
    with pytest.raises(BadDelivery) as refused:
        read(tmp_path, person(), stop("AT1"), lines, count=count, tail=tail)

    assert sentence in str(refused.value)
    assert NIR not in str(refused.value)
