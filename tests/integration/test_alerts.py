"""Alerts: written with what they tell of, sent at least once by mail and webhook to real servers, never a word of a person."""

from __future__ import annotations

import asyncio
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from console_world import CAISSE, Seed
from office import serving_mail
from robot_world import PROJECT
from secrets_of import make_secrets
from workshops import CONTROL, ROBOT

from orchestrator.bootstrap.alert_channels import SIGNATURE
from orchestrator.bootstrap.alert_sender import AlertSender
from orchestrator.bootstrap.surveillance import Surveillance, load_surveillance, secret_of
from orchestrator.bootstrap.watch import Watch
from orchestrator.bootstrap.world import World, load_keywords
from orchestrator.cli import commands
from orchestrator.domain.errors import SettingsError
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

KEY = "une clé de signature"
GAP = """
    insert into gap (id, caisse, application, kind, fingerprint, case_reference, reference, message)
    values (gen_random_uuid(), %s, 'compta', 'extra', %s, '', 'ACP-1', 'x')
"""


@dataclass
class Supervision:
    """A real HTTP server that keeps what it is sent; ``down`` makes it fail."""

    url: str = ""
    down: bool = False
    came: list[tuple[dict[str, Any], Mapping[str, str], bytes]] = field(default_factory=list)


@contextmanager
def supervision() -> Iterator[Supervision]:
    kept = Supervision()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not kept.down:
                kept.came.append((json.loads(body), dict(self.headers), body))
            self.send_response(503 if kept.down else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/glr"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def secret(settings: Settings, name: str, content: object) -> None:
    settings.secrets.mkdir(parents=True, exist_ok=True)
    path = settings.secrets / name
    path.write_text(json.dumps(content), encoding="utf-8")
    path.chmod(0o600)


@pytest.fixture
def world(tmp_path: Path, orchestrator_url: str, vault: Vault, seed: Seed) -> World:
    settings = Settings(workspace=tmp_path, home=tmp_path, caisse=CAISSE)
    return World(settings=settings, urls={"glr_orchestrator": orchestrator_url}, vault=vault, keywords={})


def declare(world: World, urls: Mapping[str, str], webhook: str) -> Surveillance:
    """Write the file and its secrets."""
    said = {
        "mail": {"to": [CONTROL], "account": "alertes-courriel.json"},
        "webhook": {"url": webhook, "account": "alertes-webhook.json"},
    }
    (world.settings.project / "surveillance.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    password = json.loads((world.settings.workspace / "mail-accounts.json").read_text(encoding="ascii"))[ROBOT]
    secret(world.settings, "alertes-courriel.json", {**urls, "login": ROBOT, "password": password, "sender": ROBOT})
    secret(world.settings, "alertes-webhook.json", {"key": KEY})
    return load_surveillance(world.settings)


def mails(world: World) -> list[Any]:
    box = world.settings.workspace / "mail" / CONTROL / "INBOX"
    return [message_from_bytes(path.read_bytes()) for path in sorted(box.glob("*.eml"))]


async def run(owner: Database, text: str, *values: object) -> list[dict[str, Any]]:
    async with owner.transaction("agent:s.noir") as tx:
        cursor = await tx.connection.execute(text.encode(), values)
        return list(await cursor.fetchall()) if cursor.description else []


async def kinds(owner: Database) -> list[tuple[str, str]]:
    """What was told, in the order of its names: the clock of a machine may be set back between two instants."""
    rows = await run(owner, "select kind, object from alert order by kind, object")
    return [(row["kind"], row["object"]) for row in rows]


async def test_a_stop_and_a_gap_are_told_once_by_both_ways_and_again_until_a_server_has_taken_it(
    world: World, seed: Seed, owner_db: Database, orchestrator_db: Database
) -> None:
    nir = "1 85 02 61 999 001 89"
    await seed.stop_application("compta")
    stop = "insert into scenario_stop (caisse, scenario, reason, stopped_by) values (%s, 'ij-acompte', %s, 's.noir')"
    await run(owner_db, stop, CAISSE, f"Trop payé pour {nir}")
    for number in range(3):
        await run(owner_db, GAP, CAISSE, f"f{number}")
    told = [("application_stopped", "compta"), ("gap", "compta"), ("scenario_stopped", "ij-acompte")]
    assert await kinds(owner_db) == told

    with serving_mail(world.settings.workspace) as urls, supervision() as server:
        rules, sender = declare(world, urls, server.url), AlertSender(world=world, database=orchestrator_db)
        server.down = True
        await sender.send_all(rules)
        assert server.came == []
        failures = await run(owner_db, "select distinct failure from alert_sending where sent_at is null")
        assert failures == [{"failure": "Le webhook a répondu 503 : 2xx attendu."}]
        server.down = False
        await sender.send_all(rules)  # not before its time
        assert server.came == []
        await run(owner_db, "update alert_sending set next_try_at = now() where sent_at is null")
        await asyncio.gather(sender.send_all(rules), sender.send_all(rules))  # two who send at once send one each
        await sender.send_all(rules)  # what was taken is not sent again
        found = mails(world)
    assert sorted((alert["kind"], alert["object"]) for alert, _, _ in server.came) == told
    for alert, headers, body in server.came:
        assert headers[SIGNATURE] == f"sha256={hmac.new(KEY.encode(), body, sha256).hexdigest()}"
        assert headers["X-GLR-Alert"] == alert["id"]
    # of two who send at once, one may be at an alert's mail while the other is at the next one's call
    assert sorted(mail["Message-ID"].strip() for mail in found) == sorted(
        f"<{alert['id']}@go-les-robots>" for alert, _, _ in server.came
    )
    said = json.dumps([alert for alert, _, _ in server.came]) + "".join(mail.as_string() for mail in found)
    assert "Trop" not in said  # nobody's own words leave the house
    assert nir not in said


async def test_the_command_sends_one_by_each_way_and_says_which_has_not_taken_it(
    world: World, owner_url: str, role_url: Mapping[str, str]
) -> None:
    make_secrets(world.settings.workspace, world.vault, role_url)
    env = {"GLR_DATABASE_URL": owner_url, "GLR_HOME": str(world.settings.project), "GLR_CAISSE": CAISSE}
    words = ("alert", "test", "--workspace", str(world.settings.workspace))

    async def glr() -> Any:
        return await asyncio.to_thread(lambda: CliRunner().invoke(commands, words, env=env))

    assert "Aucun canal" in str((await glr()).exception)
    with serving_mail(world.settings.workspace) as urls, supervision() as server:
        declare(world, urls, server.url)
        done = await glr()
        assert (done.exit_code, done.output) == (0, "mail : envoyée\nwebhook : envoyée\n")
        server.down = True
        done = await glr()
        assert (done.exit_code, done.output) == (
            4,
            "mail : envoyée\nwebhook : Le webhook a répondu 503 : 2xx attendu.\n",
        )
        assert [mail["Subject"] for mail in mails(world)] == ["[Go-les-robots] cpam-931 : essai (cpam-931)"] * 2


async def test_what_undoes_its_transaction_tells_nobody(owner_db: Database) -> None:
    async def fails() -> None:
        async with owner_db.transaction("agent:s.noir") as tx:
            await tx.connection.execute(GAP.encode(), [CAISSE, "f"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert await kinds(owner_db) == []


async def test_old_doubts_an_old_backup_and_a_changed_log_are_seen_and_told_once(
    world: World, seed: Seed, owner_db: Database, orchestrator_db: Database
) -> None:
    await seed.exception(cause="doubt", entry="doubtful", capture=False)
    (token,) = await run(owner_db, "select token from entry")
    rules, watch = Surveillance(doubt_minutes=30), Watch.of(world, orchestrator_db)
    await watch.doubts(rules)
    await watch.backup(rules)
    assert await kinds(owner_db) == []  # not old yet
    await run(owner_db, "update entry_attempt set intent_at = now() - interval '31 minutes'")
    await run(owner_db, "update run set started_at = now() - interval '27 hours'")
    day = (datetime.now(UTC) - timedelta(days=3)).date()
    log = world.settings.audit_log / f"{day}.jsonl"
    log.parent.mkdir(parents=True)
    log.write_bytes(b'{"id":1}\n{"id":2}\n')
    await watch.log()
    log.write_bytes(b'{"id":1}\n{"id":2}\n{"id":3}\n')  # an event that left the database late
    await watch.log()
    for _ in range(2):
        await watch.doubts(rules)
        await watch.backup(rules)
    assert await kinds(owner_db) == [("backup", "glr backup"), ("doubt", token["token"])]
    await run(owner_db, "update cases set state = 'rejected' where state = 'exception'")
    for _ in range(2):
        await watch.doubts(rules)  # let go: told once more, and where
    rejected = await run(owner_db, "select reference from cases where state = 'rejected'")
    told = await run(owner_db, "select message from alert where kind = 'doubt'")
    assert sorted(f"dossier {rejected[0]['reference']}, clos sans elle" in row["message"] for row in told) == [
        False,
        True,
    ]
    await run(owner_db, "delete from alert where message like '%%clos sans elle%%'")
    log.write_bytes(b'{"id":1}\n{"id":3}\n')
    await watch.log()
    await run(owner_db, "insert into house_backup values (%s, now())", CAISSE)
    assert (await kinds(owner_db))[2:] == [("log", day.isoformat())]


async def test_a_look_that_fails_keeps_no_other_from_looking(
    world: World, seed: Seed, owner_db: Database, orchestrator_db: Database
) -> None:
    await seed.exception(cause="doubt", entry="doubtful", capture=False)
    await run(owner_db, "update entry_attempt set intent_at = now() - interval '31 minutes'")
    await run(owner_db, "revoke select on house_backup from glr_orchestrator")
    day = date(2026, 3, 27)
    await run(owner_db, "insert into log_day (caisse, day, lines, root) values (%s, %s, 1, %s)", CAISSE, day, "0" * 64)
    await Watch.of(world, orchestrator_db).look(Surveillance(doubt_minutes=30))
    assert [kind for kind, _ in await kinds(owner_db)] == ["doubt", "log"]


def test_a_wrong_file_says_where_and_a_secret_that_others_read_is_refused(world: World) -> None:
    path = world.settings.project / "surveillance.yaml"
    path.write_text("doute: 3\nreconcile: {ij-acompte: 25h}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"(?s)surveillance\.yaml.*heure attendue.*doute"):
        load_surveillance(world.settings)
    secret(world.settings, "alertes-webhook.json", {"key": KEY})
    (world.settings.secrets / "alertes-webhook.json").chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        secret_of(world.settings, "alertes-webhook.json", "key")


async def test_a_start_that_no_run_has_followed_is_told_once(
    world: World, seed: Seed, owner_db: Database, orchestrator_db: Database
) -> None:
    settings = Settings(workspace=world.settings.workspace, home=PROJECT, caisse=CAISSE)
    known = replace(world, settings=settings, keywords=load_keywords(settings))
    watch = replace(Watch.of(known, orchestrator_db), since=datetime(2026, 3, 27, tzinfo=UTC))
    rules = Surveillance(run_minutes=30)
    await run(owner_db, "update run set started_at = '2026-03-27T05:31:00Z'")  # 06:30 in Paris, and the run after it
    await watch.starts(rules, datetime.fromisoformat("2026-03-27T06:31:00+00:00"))
    assert await kinds(owner_db) == []
    for _ in range(2):
        await watch.starts(
            rules, datetime.fromisoformat("2026-03-30T04:59:00+00:00")
        )  # Monday 06:59, summer time has begun
    assert await kinds(owner_db) == []
    for _ in range(2):
        await watch.starts(rules, datetime.fromisoformat("2026-03-30T05:01:00+00:00"))
    assert await kinds(owner_db) == [("not_run", "ij-acompte")]
