"""PROGRES as bytes: its drawings, its code page, and what it answers to a terminal that wants TN3270E."""

import asyncio
import itertools
from pathlib import Path

from sandbox.green.codepage import decode, encode
from sandbox.green.layout import layouts
from sandbox.green.server import Green, green_screen
from sandbox.population import build
from sandbox.stores import create
from sandbox.web.legacy import Options

TODAY = "2026-03-27"
_IAC, _DONT, _WILL, _TN3270E = 255, 254, 251, 40


def test_the_code_page_says_accents_and_the_euro_as_french_hosts_do() -> None:
    assert encode("é à ç @ € #") == bytes.fromhex("c0407c40e0404440" + "9f40b1")
    assert decode(encode("LEFÈVRE, ÅÎÛ Ÿ ß {}|~^")) == "LEFÈVRE, ÅÎÛ ? ß {}|~^"


def test_each_drawing_fits_the_terminal_and_no_field_touches_another() -> None:
    for layout in layouts().values():
        taken = sorted((field.cell, field.cell + field.length + 1) for field in layout.fields)

        assert taken[-1][1] < 24 * 80
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(taken)), layout.name


def test_tn3270e_is_refused(tmp_path: Path) -> None:
    create(tmp_path, build(20, 4, TODAY))

    async def ask() -> bytes:
        async with green_screen(Options(folder=tmp_path), Green()) as address:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
            writer.write(bytes((_IAC, _WILL, _TN3270E)))
            answer = await reader.readexactly(6)
            writer.close()
            return answer

    assert asyncio.run(ask())[3:] == bytes((_IAC, _DONT, _TN3270E))
