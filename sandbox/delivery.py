"""The delivery: the anomaly list of one day as a file, and reading it back."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sandbox.controls import TECHNICAL, same_text
from sandbox.formats import canonical_nir, nir_is_right, read_date
from sandbox.model import Listed, Population
from sandbox.population import fields_of

HEADER = ("N° assuré", "Nom de naissance", "Réf. arrêt", "Code anomalie", "Date")
_WIDTH = len(HEADER)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One data line of a delivery; `problem` says what is wrong with it, or is empty."""

    number: int
    fields: tuple[str, ...]
    problem: str

    @property
    def key(self) -> tuple[str, str]:
        """Person and stop."""
        return canonical_nir(self.fields[0]), self.fields[2].strip()


def file_name(day: date) -> str:
    """The name under which ARPEGE delivers a day."""
    return f"anomalies-arpege-{day:%Y%m%d}.csv"


def content(population: Population, change: int | None = None) -> bytes:
    """The bytes of a delivery; `change` is the seed that chooses the one row to change."""
    rows = [fields_of(row) if isinstance(row, Listed) else row.fields for row in population.rows]
    if change is not None:
        number, fields = _changed(population, random.Random(f"change/{change}"))
        rows[number] = fields
    return encoded(rows)


def encoded(rows: Sequence[tuple[str, ...]]) -> bytes:
    """The bytes of a delivery of these rows."""
    lines = [";".join(fields) for fields in (HEADER, *rows, ("FIN", str(len(rows))))]
    return "".join(f"{line}\r\n" for line in lines).encode("cp1252")


def write(population: Population, day: date, out: Path, change: int | None = None) -> Path:
    """Write the delivery of a day; `out` is a file, or a folder that gets the usual name. Returns the file."""
    path = out / file_name(day) if out.is_dir() else out
    path.write_bytes(content(population, change))
    return path


def read(data: bytes) -> list[Line]:
    """Every data line with its physical number (the header is line 1) and what is wrong with it."""
    texts = data.decode("cp1252").split("\r\n")
    seen: set[tuple[str, str]] = set()
    lines = []
    for number, text in enumerate(texts[1:], start=2):
        if not text or text.startswith("FIN;"):
            continue
        fields = tuple(text.split(";"))
        line = Line(number=number, fields=fields, problem=_problem(fields))
        if not line.problem and line.key in seen:
            line = Line(number=number, fields=fields, problem="key twice")
        elif not line.problem:
            seen.add(line.key)
        lines.append(line)
    return lines


def _problem(fields: tuple[str, ...]) -> str:
    if len(fields) != _WIDTH:
        return "number of fields"
    nir, name, stop, anomaly, day = (one.strip() for one in fields)
    checks = {
        "number": nir_is_right(canonical_nir(nir)),
        "name": bool(name) and not _is_mojibake(name),
        "stop": 1 <= len(stop) <= 20,
        "anomaly": bool(anomaly),
        "date": read_date(day) is not None,
    }
    return next((what for what, right in checks.items() if not right), "")


def _is_mojibake(name: str) -> bool:
    """Whether the name is UTF-8 that somebody read as cp1252."""
    try:
        return name.encode("cp1252").decode("utf-8") != name
    except (UnicodeEncodeError, UnicodeDecodeError):
        return False


def _changed(population: Population, rng: random.Random) -> tuple[int, tuple[str, ...]]:
    """A good row whose decision does not change: another technical code, or the same name spelled otherwise."""
    plain = [(n, row) for n, row in enumerate(population.rows) if isinstance(row, Listed) and row.case == "nominal"]
    number, row = rng.choice(plain)
    nir, name, stop, anomaly, day = fields_of(row)
    spelled = same_text(name)
    if spelled != name and rng.random() < 0.5:
        return number, (nir, spelled, stop, anomaly, day)
    return number, (nir, name, stop, rng.choice(sorted(TECHNICAL - {anomaly})), day)
