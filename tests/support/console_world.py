"""A small house for the console's tests: a run seeded as the runner would, accounts, the console, a browser."""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from case_rows import one_row
from published import publish
from settling import settled

from orchestrator.console import ConsoleWorld, create_console
from orchestrator.domain.civil import SystemClock
from orchestrator.domain.keywords import collect
from orchestrator.domain.personal import nir_key
from orchestrator.drivers.bordereau import BordereauFacts
from orchestrator.engine.closings import ClosingRecord
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.store.accounts import create_account
from orchestrator.store.database import Database, Transaction, array
from orchestrator.store.vault import Vault

ROOT = Path(__file__).parents[2]
CAISSE = "cpam-931"
PASSWORD = "correct cheval pile agrafe"
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def nir_of(number: int) -> str:
    """Return a valid NIR, a different one for each number."""
    body = f"1{60 + number % 30:02d}{number % 12 + 1:02d}75{number % 900 + 1:03d}{number % 990 + 1:03d}"
    return f"{body}{nir_key(body):02d}"


def picture(shade: int = 0) -> bytes:
    """Return a small grey picture, a different one for each shade."""
    width, height = 640, 360
    line = b"\0" + bytes(235 if 40 < x < 600 else 200 for x in range(width))
    lines = [line if 60 < y < 300 else b"\0" + bytes([180 + shade % 60]) * width for y in range(height)]
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"".join(lines))),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*chunks, (b"IEND", b"")]
    )
    return b"\x89PNG\r\n\x1a\n" + body


@dataclass(frozen=True, kw_only=True)
class SeededCase:
    """A case as seeded."""

    id: UUID
    reference: str
    key: bytes
    nir: str
    name: str
    item: UUID | None = None
    approval: UUID | None = None


@dataclass(kw_only=True)
class Seed:
    """Writes what a runner would write, through the runner's own queries and role."""

    database: Database
    vault: Vault
    scenario: Scenario
    evidence: Path
    run: UUID = field(default_factory=uuid4)
    session: UUID = field(default_factory=uuid4)
    count: int = 0

    async def begin(self, rows: int = 20) -> None:
        """Record a version, a delivery, a run and a robot session."""
        delivery, runner = uuid4(), uuid4()
        async with self.database.transaction("robot:acompte-ij") as tx:
            seen = {"file_name": "anomalies-arpege-20260327.csv", "sha256": uuid4().hex, "rows": rows}
            about = {"caisse": CAISSE, "scenario": self.scenario.name}
            await tx.run("runs.record_delivery", id=delivery, **about, **seen)
            launched = {"title": self.scenario.title, "version": self.scenario.hash, "mode": "live"}
            dated = {"robot": "Robot acompte-ij (CPAM 931)", "run_date": date(2026, 3, 27)}
            await tx.run("runs.start", id=self.run, delivery=delivery, **about, **launched, **dated)
            await tx.run("sessions.register_runner", id=runner, host="poste-1", pid=1)
            await tx.run(
                "sessions.begin",
                id=self.session,
                caisse=CAISSE,
                runner=runner,
                robot="acompte-ij",
                scenario="ij-acompte",
            )
        self.delivery = delivery

    async def set_aside(self, line: int, code: str, reason: str) -> None:
        """Set a row of the delivery aside."""
        async with self.database.transaction("robot:acompte-ij") as tx:
            row = {"line": [line], "code": [code], "reason": [reason], "open_case": [None]}
            await tx.run("runs.set_aside", delivery=self.delivery, caisse=CAISSE, **row)

    async def case(self, *, nir: str | None = None, name: str = "ÉTIENNE-LAMBERT", priority: int = 0) -> SeededCase:
        """Load one row of the delivery."""
        self.count += 1
        nir = nir or nir_of(self.count)
        case = uuid4()
        key, wrapped = self.vault.new_data_key(case)
        reference = "DOS-" + "".join(_LETTERS[byte % len(_LETTERS)] for byte in case.bytes[:8])
        fields = {
            "nir": nir,
            "birth_name": name,
            "stop_id": f"A{self.count:06d}",
            "anomaly": "TECH_NON_PAYE",
            "raised_on": "2026-03-26",
        }
        async with self.database.transaction("robot:acompte-ij") as tx:
            row = one_row(
                id=case,
                caisse=CAISSE,
                run=self.run,
                scenario=self.scenario.name,
                line=self.count + 1,
                reference=reference,
                key_digest=self.vault.blind("key", f"{nir}/{self.count}"),
                priority=priority,
                due=date(2026, 3, 31),
                data_key=wrapped,
                payload=self.vault.seal(key, f"cases:payload:{case}", {"fields": fields}),
            )
            await tx.run("cases.insert", **row)
            digest = self.vault.blind("nir", nir)
            await tx.run("cases.insert_blind", case_id=[case], caisse=CAISSE, field=["nir"], digest=[digest])
        return SeededCase(id=case, reference=reference, key=key, nir=nir, name=name)

    async def exception(
        self,
        code: str = "C-03",
        message: str = "Identité différente entre la livraison et les applications",
        *,
        cause: str = "business",
        failed: Sequence[str] = ("C-03",),
        queue: str = "ij",
        entry: str | None = None,
        capture: bool = True,
        **about: Any,
    ) -> SeededCase:
        """Load a row and have the robot stop on it; ``entry``: the state in which its entry is left."""
        case = await self.case(priority=100, **about)
        async with self.database.transaction("robot:acompte-ij") as tx:
            lease = await self._claim(tx)
            if entry:
                await self.entry(tx, case, entry)
            findings = [
                _line("person", "Nom de naissance", "ÉTIENNE LAMBERT-DURAND", "É•••", ok=False),
                _line("person", "Date de décès", "(vide)", "(vide)", ok=True),
                _line("stop", "Arrêt", "du 02/03/2026 au 31/03/2026", "du 02/03/2026 au 31/03/2026", ok=None),
            ]
            sealed = self.vault.seal(case.key, f"cases:findings:{case.id}", {"rows": findings})
            await self._settle(tx, lease, "exception", findings=sealed, outcome=f"exception:{cause}", code=code)
            item = uuid4()
            titles = [{"code": each, "step": "person", "title": self._title(each)} for each in failed]
            row = {"cause": cause, "code": code, "message": message, "failed": titles, "attempt": 1, "amount_c": None}
            where = {"queue": queue, "restricted": queue not in {"ij", "robot"}}
            await tx.run(
                "exceptions.open", id=item, caisse=CAISSE, case_id=case.id, scenario=self.scenario.name, **row, **where
            )
            if capture:
                await self._capture(tx, case, "person")
        return SeededCase(**{**vars(case), "item": item})

    async def awaiting(
        self, amount_c: int = 71_250, *, roles: Sequence[str] = ("supervisor", "accounting")
    ) -> SeededCase:
        """Load a row whose entry waits for a second person."""
        case = await self.case(priority=100)
        values = [
            {"label": "Montant", "value": "712,50 €", "mask": "712,50 €"},
            {"label": "NIR", "value": case.nir, "mask": f"••{case.nir[10:13]}"},
            {"label": "Période", "value": "du 05/03/2026 au 26/03/2026", "mask": "du 05/03/2026 au 26/03/2026"},
        ]
        digest = self.vault.blind("approval", json.dumps(["compta.propose_advance", values], ensure_ascii=False))
        approval = uuid4()
        async with self.database.transaction("robot:acompte-ij") as tx:
            lease = await self._claim(tx)
            entry = await self.entry(tx, case, "planned")
            await tx.run(
                "entries.ask_approval",
                id=approval,
                caisse=CAISSE,
                case_id=case.id,
                entry=entry,
                values_digest=digest,
                payload=self.vault.seal(case.key, f"approval:payload:{approval}", values),
                amount_c=amount_c,
                roles=list(roles),
                author="robot:acompte-ij",
                valid_for=timedelta(days=3),
            )
            await self._settle(tx, lease, "awaiting_approval", outcome="awaiting_approval")
        return SeededCase(**{**vars(case), "approval": approval})

    async def end(self, ended_as: str = "entered", amount_c: int = 69_739) -> SeededCase:
        """Load a row and have the robot end it."""
        case = await self.case(priority=100)
        async with self.database.transaction("robot:acompte-ij") as tx:
            lease = await self._claim(tx)
            if ended_as == "entered":
                await self.entry(tx, case, "confirmed", amount_c)
                await self._capture(tx, case, "proposal", "confirmed")
            await self._settle(tx, lease, "ended", ended_as, outcome=ended_as)
        return case

    async def close(self, entered: Sequence[SeededCase], amount_c: int = 69_739) -> Path:
        """Close the run as its closing does: a workbook, what it says, the end; returns the workbook."""
        book = self.evidence.parent / "bordereaux" / f"2026-03-27-{self.run.hex[:8]}.xlsx"
        book.parent.mkdir(exist_ok=True)
        book.write_bytes(b"PK a workbook of " + self.run.bytes)
        facts = BordereauFacts(
            file_name=book.name,
            sha256=sha256(book.read_bytes()).hexdigest(),
            cases=len(entered),
            total_c=amount_c * len(entered),
            entered_c=amount_c * len(entered),
            entered=tuple(case.reference for case in entered),
            exceptions=2,
            codes={"C-03": 1, "R-SM": 1},
        )
        record = ClosingRecord(holding=self.database, database=self.database, caisse=CAISSE, run=self.run)
        await record.begin()
        await record.write_down(facts)
        await record.done()
        return book

    async def entry(self, tx: Transaction, case: SeededCase, state: str, amount_c: int = 69_739) -> UUID:
        """Plan an entry and bring it to a state."""
        entry = uuid4()
        digest = self.vault.blind("effect", str(entry))
        about = {"scenario": self.scenario.name, "application": "compta", "keyword": "compta.propose_advance"}
        token = "GLR-" + case.reference[4:] + "77"
        await tx.run(
            "entries.plan",
            id=entry,
            caisse=CAISSE,
            effect_digest=digest,
            payment=True,
            token=token,
            case_id=case.id,
            undoes=None,
            **about,
        )
        if state == "planned":
            return entry
        await tx.run("entries.intend", id=entry, amount_c=amount_c, counted="{}")
        attempt = {"entry": entry, "caisse": CAISSE, "case_id": case.id, "epoch": 1, "session": self.session}
        await tx.run("entries.begin_attempt", cookies=b"sealed", values_digest=digest, **attempt)
        if state == "doubtful":
            await tx.run("entries.doubt", id=entry)
        if state == "confirmed":
            await tx.run(
                "entries.confirm", id=entry, reference="AC-000123", amount_c=amount_c, actor="robot:acompte-ij"
            )
        await tx.run("entries.end_attempt", entry=entry, result=state)
        return entry

    async def stop_application(self, application: str) -> None:
        """Close an application to the robots, as a session that saw another screen."""
        async with self.database.transaction("robot:acompte-ij") as tx:
            where = {"caisse": CAISSE, "application": application}
            await tx.run("sessions.stop_application", reason="Un écran a changé.", **where)

    async def claim_one(self) -> str | None:
        """Have the robot claim the next case and keep it; returns its reference, None when it may take none."""
        async with self.database.transaction("robot:acompte-ij") as tx:
            row = await self._next(tx)
            return str(row["reference"]) if row else None

    async def _next(self, tx: Transaction) -> Mapping[str, Any] | None:
        wanted = {"caisse": CAISSE, "scenario": self.scenario.name, "session": self.session, "in_turn": True}
        versions, lease = array([self.scenario.hash]), timedelta(seconds=60)
        return await tx.first("cases.claim", actor="robot:acompte-ij", lease=lease, versions=versions, most=1, **wanted)

    async def _claim(self, tx: Transaction) -> Mapping[str, Any]:
        row = await self._next(tx)
        assert row is not None
        return row

    async def _settle(
        self,
        tx: Transaction,
        lease: Mapping[str, Any],
        state: str,
        ended_as: str | None = None,
        findings: bytes | None = None,
        *,
        outcome: str,
        code: str | None = None,
    ) -> None:
        held = {"id": lease["id"], "epoch": lease["epoch"], "session": self.session}
        how = settled(state, ended_as, actor="robot:acompte-ij", findings=findings, outcome=outcome, code=code)
        assert await tx.run("cases.settle", **held, **how) == 1

    async def _capture(self, tx: Transaction, case: SeededCase, step: str, kind: str = "exception") -> None:
        image = picture(self.count)
        digest = sha256(image).hexdigest()
        path = self.evidence / digest[:2] / f"{digest}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image)
        row = {"digest": digest, "case_id": case.id, "caisse": CAISSE, "attempt": 1, "step": step}
        await tx.run("exceptions.evidence", kind=kind, bytes=len(image), **row)

    def _title(self, code: str) -> str:
        known = self.scenario.code_of(code)
        return known.title if known else code


@dataclass(kw_only=True)
class Person:
    """Somebody at the console, without a browser: follows forms as they are on the page."""

    client: httpx.AsyncClient

    async def get(self, address: str) -> httpx.Response:
        """Open a page, following redirects."""
        return await self.client.get(address, follow_redirects=True)

    async def post(self, address: str, **fields: str) -> httpx.Response:
        """Post a form with the token of this session, and follow."""
        token = await self.token()
        origin = {"origin": str(self.client.base_url)}
        data = {"csrf": token, **fields}
        return await self.client.post(address, data=data, headers=origin, follow_redirects=True)

    async def token(self) -> str:
        """Return the token that the forms of this session carry."""
        page = await self.get("/aide")
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        return found[1] if found else ""

    async def log_in(self, login: str, password: str = PASSWORD) -> httpx.Response:
        """Log in by the form."""
        return await self.post("/connexion", identifiant=login, mot_de_passe=password)


def _line(step: str, label: str, value: str, mask: str, *, ok: bool | None) -> dict[str, Any]:
    return {"step": step, "label": label, "value": value, "mask": mask, "ok": ok}


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """Give the scenario of the project, loaded for the caisse of the tests."""
    keywords = {}
    for folder in ("bdo", "arpege", "compta", "rniam", "ij"):
        keywords.update(collect(import_module(f"keywords.{folder}")))
    return load_scenario(ROOT / "scenarios" / "ij-acompte.yaml", keywords=keywords, caisse=CAISSE)


#: Login, name, role, and whether sensitive cases are shown.
_COLLEAGUES = (
    ("b.petit", "Bruno Petit", "agent", False),
    ("c.roux", "Claire Roux", "agent", True),
    ("s.noir", "Sophie Noir", "supervisor", False),
    ("t.blanc", "Théo Blanc", "supervisor", False),
    ("d.gris", "Dora Gris", "accounting", False),
)


@pytest.fixture
async def accounts(owner_db: Database) -> None:
    """Make an agent, a second agent, one with restricted queues, two supervisors, and the accounting control.

    One password for all, hashed once: a hash is slow on purpose, and most tests begin here.
    """
    async with owner_db.transaction("owner") as tx:
        await create_account(tx, "a.martin", CAISSE, "Alice Martin", "agent", PASSWORD)
        made = await tx.first("console.account_to_check", login="a.martin", caisse=CAISSE)
        assert made is not None
        shared = {"caisse": CAISSE, "password_hash": made["password_hash"]}
        for login, name, role, restricted in _COLLEAGUES:
            about = {"login": login, "display_name": name, "role": role, "restricted_queues": restricted}
            await tx.run("console.create_account", **about, **shared)


@pytest.fixture
async def seed(orchestrator_db: Database, owner_db: Database, vault: Vault, scenario: Scenario, tmp_path: Path) -> Seed:
    """Give a run of a published version that has just been loaded."""
    await publish(owner_db, scenario)
    made = Seed(database=orchestrator_db, vault=vault, scenario=scenario, evidence=tmp_path / "evidence")
    await made.begin()
    return made


@pytest.fixture
async def console_world(
    console_db: Database, vault: Vault, scenario: Scenario, tmp_path: Path, accounts: None
) -> ConsoleWorld:
    """Give what the console lives on."""
    return ConsoleWorld(
        database=console_db,
        vault=vault,
        caisse=CAISSE,
        scenarios={scenario.name: scenario},
        evidence_root=tmp_path / "evidence",
        bordereaux=tmp_path / "bordereaux",
        clock=SystemClock(),
        secure_cookies=False,
        environment="démonstration",
    )


@asynccontextmanager
async def console_client(database: Database, vault: Vault) -> AsyncIterator[httpx.AsyncClient]:
    """Give somebody without a browser at a console on any database, without scenarios."""
    world = ConsoleWorld(
        database=database,
        vault=vault,
        caisse=CAISSE,
        scenarios={},
        evidence_root=Path(),
        bordereaux=Path(),
        clock=SystemClock(),
        secure_cookies=False,
        environment="démonstration",
    )
    transport = httpx.ASGITransport(app=create_console(world))
    async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
        yield client


@pytest.fixture
async def visit(console_world: ConsoleWorld) -> AsyncIterator[Any]:
    """Give a function: ``await visit("a.martin")`` is that person logged in, ``await visit()`` an anonymous one."""
    app = create_console(console_world)
    clients: list[httpx.AsyncClient] = []

    async def arrive(login: str = "") -> Person:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://console.test")
        clients.append(client)
        person = Person(client=client)
        if login:
            answer = await person.log_in(login)
            assert answer.status_code == 200, answer.text
        return person

    yield arrive
    for client in clients:
        await client.aclose()
