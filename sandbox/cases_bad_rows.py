"""Rows of a delivery that are wrong in themselves; they concern nobody that the applications hold."""

from collections.abc import Callable
from datetime import timedelta

from sandbox.formats import show_date
from sandbox.maker import Maker
from sandbox.model import BadRow

BadCase = Callable[[Maker], BadRow]
#: The case whose row repeats the key of a good row: the population adds it after that row.
DUPLICATE = "clé en double"
_WRONG_KEY = "185026199900190"


def _row(maker: Maker, case: str, **changes: str) -> BadRow:
    day = maker.today - timedelta(days=6)
    stop = maker.stop(day - timedelta(days=20), day)
    good = {
        "nir": maker.fresh_nir("F", day.replace(year=1984, day=1)),
        "name": "Quéméneur",
        "stop": stop.reference,
        "anomaly": "TECH_NON_PAYE",
        "date": show_date(day),
    }
    return BadRow(case=case, fields=tuple({**good, **changes}.values()))


def _too_few(maker: Maker) -> BadRow:
    row = _row(maker, "trop courte")
    return BadRow(case=row.case, fields=row.fields[:4])


def _too_many(maker: Maker) -> BadRow:
    row = _row(maker, "trop longue")
    return BadRow(case=row.case, fields=(*row.fields, "X"))


def _without_key(maker: Maker) -> BadRow:
    row = _row(maker, "13 chiffres")
    return BadRow(case=row.case, fields=(row.fields[0][:13], *row.fields[1:]))


BAD_CASES: tuple[BadCase, ...] = (
    lambda maker: _row(maker, "A19 clé fausse", nir=_WRONG_KEY),
    _too_few,
    lambda maker: _row(maker, "notation scientifique", nir="1,85026E+14"),
    lambda maker: _row(maker, "date impossible", date="30/02/2020"),
    _without_key,
    lambda maker: _row(maker, "nom mal décodé", name="Guérin".encode().decode("cp1252")),
    lambda maker: _row(maker, "arrêt vide", stop=""),
    _too_many,
)
