"""PROGRES from another terminal than the robots' own (tnz): what it says is TN3270, not what s3270 makes of it.

The terminal is a person's: it knows no contract and no protocol. What was entered is asked of the host's own ledger.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from green_host import Host, account, green_host, ledger
from tnz.tnz import Tnz, connect

from sandbox.green.codepage import decode, encode

#: Seconds for one screen of the host.
PATIENCE = 20.0
_WIDTH = 80
T = TypeVar("T")


def _codec(name: str) -> codecs.CodecInfo | None:
    """Python does not know the code page of French hosts."""
    if name != "cp1147":
        return None

    def said(content: Any, errors: str = "strict") -> tuple[str, int]:
        return "".join(decode(bytes([byte])) or "\0" for byte in bytes(content)), len(content)

    def sent(text: str, errors: str = "strict") -> tuple[bytes, int]:
        return encode(text), len(text)

    return codecs.CodecInfo(sent, said, name=name)


codecs.register(_codec)


class Person:
    """Somebody at a tnz terminal."""

    def __init__(self, port: int) -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())
        self.terminal: Tnz = connect("127.0.0.1", port, secure=False)
        self.terminal.encoding = "cp1147"

    @property
    def lines(self) -> list[str]:
        """The 24 lines of the screen."""
        shown: str = self.terminal.scrstr(rstrip=False).replace("\0", " ")
        return [shown[start : start + _WIDTH] for start in range(0, len(shown), _WIDTH)]

    def sees(self, *words: str) -> list[str]:
        """Wait for a screen with these words and an unlocked keyboard; return its lines."""
        loop = asyncio.get_event_loop()
        end = loop.time() + PATIENCE
        while self.terminal.pwait or not all(word in "\n".join(self.lines) for word in words):
            assert not self.terminal.seslost, self.terminal.seslost
            assert loop.time() < end, "\n".join(self.lines)
            self.terminal.wait(0.2)
        return self.lines

    def types(self, *texts: str) -> None:
        """Type into one field after the other; from a field that is full the cursor has skipped to the next by itself."""
        for number, text in enumerate(texts):
            self.terminal.key_home()
            for _ in range(number):
                self.terminal.key_tab()
            self.terminal.key_data(text)

    def leaves(self) -> None:
        """Hang up."""
        self.terminal.shutdown()
        asyncio.get_event_loop().close()


@pytest.fixture(autouse=True)
def no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left to itself tnz writes a file where it is started, and sets the logging of the whole process."""
    monkeypatch.setenv("TNZ_LOGGING", "")


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with green_host(tmp_path) as opened:
        yield opened


async def at_a_terminal(host: Host, do: Callable[[Person], T]) -> T:
    """Log in and do that, in a thread: tnz waits in a loop of its own."""
    known, port = account(host.folder, host.address), int(host.address.rpartition(":")[2])

    def worked() -> T:
        person = Person(port)
        try:
            person.sees("PGC0")
            person.types(known.login, known.password.reveal())
            person.terminal.enter()
            person.sees("PGM0")
            return do(person)
        finally:
            person.leaves()

    return await asyncio.to_thread(worked)


async def test_it_reads_a_list_over_its_pages_with_accents(host: Host) -> None:
    nir = host.people()[0][0].reveal()
    accented, name = next((nir.reveal(), name) for nir, name in host.people() if set("ÈÉÏ") & set(name))

    def read(person: Person) -> tuple[list[str], list[str]]:
        person.types("1", nir)
        person.terminal.enter()
        rows = []
        for page in ("1/  3", "2/  3", "3/  3"):
            shown = person.sees("INDEMNITÉS JOURNALIÈRES", page)
            rows += [line.strip() for line in shown[4:16] if line.strip()]
            person.terminal.pf8()
        person.sees("PGI01 PAS D'AUTRE PAGE")
        person.terminal.pf3()
        person.sees("PGM0")
        person.types("1", accented)
        person.terminal.enter()
        return rows, person.sees("PGI1")

    rows, shown = await at_a_terminal(host, read)
    assert (len(rows), len(set(rows))) == (31, 31)
    assert name in shown[1]


async def test_what_it_enters_is_kept_with_its_accents_and_cut_off_nowhere(host: Host, tmp_path: Path) -> None:
    nir, reason = host.people()[0][0].reveal(), "Acompte versé, à régulariser (€ § ç)"

    def note(person: Person) -> list[str]:
        person.types("3", nir)
        person.terminal.enter()
        person.sees("PGN1")
        person.types("AT26000101", "01/03/2026", "09/03/2026", "1359,04", reason, "A LA MAIN")
        person.terminal.enter()
        shown = person.sees("PGN2", "CONFIRMER PAR PF5")
        assert ledger(tmp_path) == []
        person.terminal.pf5()
        person.sees("PGN3")
        return shown

    shown = await at_a_terminal(host, note)
    assert reason in "\n".join(shown)
    (act,) = ledger(tmp_path)
    assert (act["stop"], act["amount_c"], act["reason"]) == ("AT26000101", 135904, reason)


async def test_a_terminal_that_wants_tn3270e_is_served_as_tn3270(host: Host) -> None:
    port = int(host.address.rpartition(":")[2])

    def asked() -> tuple[bool, Any]:
        person = Person(port)
        try:
            person.terminal.use_tn3270e = True
            person.sees("PGC0")
            return person.terminal.tn3270e, person.terminal.seslost
        finally:
            person.leaves()

    assert await asyncio.to_thread(asked) == (False, False)
