"""A file of the trade, as large as wanted, and the same rows as COPY reads them.

Fixed width with header, trailer, count and total, signed amounts, and one bad row in the middle; its people are of a commune
that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestrator.domain.personal import nir_key

SCENARIO = "banc-fichier"
DECLARED = """
scenario: banc-fichier
title: Grande livraison du banc d'essai
author: banc
robot: banc
mode: live
case:
  key: ${nir}/${stop_id}
  fields:
    nir:        {type: nir, column: NIR}
    birth_name: {type: name, column: Nom}
    stop_id:    {type: text, max: 20, column: Arrêt}
    anomaly:    {type: text, max: 20, column: Anomalie}
    raised_on:  {type: date, column: Constat, format: JJ/MM/AAAA}
    amount:     {type: euros, column: Montant}
sources:
  - fixed_width: banc-*.txt
    encoding: cp1252
    length: 108
    fields:
      nir:        {from: 4, length: 15}
      birth_name: {from: 19, length: 30}
      stop_id:    {from: 49, length: 20}
      anomaly:    {from: 69, length: 20}
      raised_on:  {from: 89, length: 8, format: AAAAMMJJ}
      amount:     {from: 97, length: 12, decimals: 2, sign: overpunch}
    records: {from: 1, length: 3, header: "000", detail: "001", trailer: "999"}
    trailer: {rows: {from: 4, length: 8}, total: {of: amount, from: 12, length: 14, decimals: 2}}
steps:
  - {id: nothing, compute: banc.nothing}
exceptions: {queue: banc, codes: {}}
"""
_NAMES = ("Le Gall", "Guérin", "Cœur-Noël", "N'Diaye", "Lefèvre", "Désiré")
_POSITIVE = "{ABCDEFGHI"


@dataclass(frozen=True, kw_only=True)
class LoadFiles:
    """The same rows twice."""

    #: As delivered; its row in the middle is a character too short.
    delivered: Path
    #: As COPY reads them, with all rows good.
    copied: Path


def write_files(folder: Path, number: int, rows: int) -> LoadFiles:
    """Write them; no two numbers share a key."""
    files = LoadFiles(delivered=folder / f"banc-{number}.txt", copied=folder / f"banc-{number}.csv")
    total = 0
    with (
        files.delivered.open("w", encoding="cp1252", newline="\r\n") as out,
        files.copied.open("w", encoding="utf-8") as csv,
    ):
        out.write(f"{'000BANC':<108}\n")
        for place, (texts, centimes) in enumerate(_rows(number, rows)):
            nir, name, stop, anomaly, day = texts
            signed = f"{centimes // 10:011}{_POSITIVE[centimes % 10]}"
            cut = 1 if place == rows // 2 else 0
            out.write(f"001{nir}{name:<30}{stop:<20}{anomaly:<20}{day:%Y%m%d}{signed[cut:]}\n")
            csv.write(f"{nir};{name};{stop};{anomaly};{day};{centimes // 100}.{centimes % 100:02}\n")
            total += centimes
        out.write(f"{f'999{rows:08}{total:014}':<108}\n")
    return files


def _rows(number: int, rows: int) -> Iterator[tuple[tuple[str, str, str, str, date], int]]:
    for row in range(rows):
        stop = f"AT{number:03}-{row:08}"
        day = date(2026, 1, 1) + timedelta(days=row % 80)
        yield (_nir(row), _NAMES[row % len(_NAMES)], stop, f"A{row % 7}", day), 1 + row * 37 % 250_000


def _nir(row: int) -> str:
    rest, rank = divmod(row, 999)
    rest, month = divmod(rest, 12)
    sex, year = divmod(rest % 200, 100)
    known = f"{sex + 1}{year:02}{month + 1:02}61999{rank + 1:03}"
    return f"{known}{nir_key(known):02}"
