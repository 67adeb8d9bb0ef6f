"""The evidence of a run's sample in one file: verified by who knows nothing of ours, altered nowhere without being seen."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from audit_rows import connect
from click.testing import CliRunner, Result
from console_world import Seed
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from secrets_of import make_secrets

from checker.proof import verify
from orchestrator.bootstrap.world import World
from orchestrator.cli import commands
from orchestrator.domain.errors import SettingsError
from orchestrator.domain.sampling import draw
from orchestrator.proofs.evidence import Sample, evidence_of_case, evidence_of_run
from orchestrator.proofs.log import LogAltered
from orchestrator.proofs.sealed import Sealed
from orchestrator.settings import Settings

KEY = Ed25519PrivateKey.generate()
SEED = "3f9c01aa77e2b4d0"


@pytest.fixture
def world(role_url: Mapping[str, str], owner_url: str, vault: Any, seed: Seed, tmp_path: Path) -> World:
    """Give the world of a workspace whose captures and bordereaux are those of the seed."""
    settings = Settings(workspace=tmp_path / "workspace")
    settings.evidence.parent.mkdir(parents=True)
    for ours, theirs in ((settings.evidence, seed.evidence), (settings.bordereaux, tmp_path / "bordereaux")):
        theirs.mkdir()
        ours.symlink_to(theirs)
    return World(settings=settings, urls={**role_url, "owner": owner_url}, vault=vault, keywords={})


@pytest.fixture
async def run(seed: Seed, world: World, accounts: None, owner_url: str) -> Seed:
    """Close a run with five entered cases and one exception, its bordereau sampled and signed."""
    await seed.exception()
    await seed.close([await seed.end(amount_c=60_000 + n) for n in range(5)])
    with connect(owner_url, "agent:d.gris") as connection:
        connection.execute("update bordereau set state = 'signed', decided_by = 'd.gris', decided_at = now()")
    return seed


def _judged(content: bytes, folder: Path, log: Path | None = None) -> tuple[str, ...]:
    path = folder / "preuves.zip"
    path.write_bytes(content)
    return verify(path, log=log).problems


async def test_a_sample_verifies_offline_is_the_same_everywhere_and_holds_nothing_of_a_person(
    run: Seed, world: World, tmp_path: Path
) -> None:
    sealed = await evidence_of_run(world, run.run, Sample(seed=SEED, size=3))
    content = sealed.signed(KEY)
    assert _judged(content, tmp_path, world.settings.audit_log) == ()
    opened = zipfile.ZipFile(io.BytesIO(content))
    said = json.loads(opened.read("tirage.json"))
    assert tuple(said["drawn"]) == draw(said["population"], SEED, 3)
    again = await evidence_of_run(world, run.run, Sample(seed=SEED, size=3))
    assert again.about["cases"] == sealed.about["cases"] == sorted(said["drawn"])
    assert len([name for name in opened.namelist() if name.startswith("captures/")]) == 3
    events = [json.loads(line) for line in opened.read("execution/journal.jsonl").splitlines()]
    assert [event["verb"] for event in events][-3:] == ["run.closed", "bordereau.signed", "evidence.exported"]
    assert events[-1]["details"]["seed"] == SEED
    texts = b"".join(opened.read(name) for name in opened.namelist() if not name.endswith(".png"))
    async with run.database.transaction("test") as tx:
        rows = await tx.all("cases.recorded_of_run", run=run.run)
    fields = [
        run.vault.open(run.vault.data_key(r["id"], r["data_key"]), f"cases:payload:{r['id']}", r["payload"])
        for r in rows
    ]
    personal = {value for row in fields for name, value in row["fields"].items() if name in {"nir", "birth_name"}}
    assert len(personal) == 7
    assert [value for value in personal if value.encode() in texts] == []


async def test_one_byte_changed_anywhere_is_found_and_where(run: Seed, world: World, tmp_path: Path) -> None:
    whole, chosen = (await evidence_of_run(world, run.run, Sample(seed=SEED, size=2))).signed(KEY), Random(931)
    names = zipfile.ZipFile(io.BytesIO(whole)).namelist()
    for place in sorted({0, len(whole) - 1, *(chosen.randrange(len(whole)) for _ in range(150))}):
        changed = bytearray(whole)
        changed[place] ^= 1 << chosen.randrange(8)
        found = _judged(bytes(changed), tmp_path)
        assert found, f"byte {place} is not seen"
        assert any(name in each for each in found for name in (*names, "octet", "répertoire")), (place, found)


def _told(sealed: Sealed, name: str, change: Callable[[Any], Any]) -> Sealed:
    """Return what somebody with our key could sign instead: one file of it says something else."""
    told = json.loads(sealed.files[name])
    changed = json.dumps(change(told), sort_keys=True, separators=(",", ":")).encode()
    return replace(sealed, files={**sealed.files, name: changed})


def _line(sealed: Sealed, case: str, change: Callable[[list[bytes]], list[bytes]]) -> Sealed:
    name = f"dossiers/{case}/journal.jsonl"
    lines = change(sealed.files[name].splitlines(keepends=True))
    return replace(sealed, files={**sealed.files, name: b"".join(lines)})


async def test_what_is_signed_again_with_another_story_is_found_in_what_the_log_says(
    run: Seed, world: World, tmp_path: Path
) -> None:
    sealed = await evidence_of_run(world, run.run, Sample(seed=SEED, size=2))
    first, other = sealed.about["cases"]
    third = next(each for each in run_population(sealed) if each not in sealed.about["cases"])
    book = next(name for name in sealed.files if name.endswith(".xlsx"))
    stories = {
        f"« dossiers/{first}/journal.jsonl », ligne 2": _line(
            sealed, first, lambda lines: [lines[0], lines[1].replace(b"robot", b"ROBOT"), *lines[2:]]
        ),
        "lignes, ": _line(sealed, first, lambda lines: lines[:-1]),
        "il manque le changement d'état": _told(
            sealed, f"dossiers/{other}/dossier.json", lambda told: {**told, "version": told["version"] + 1}
        ),
        "n'est pas celle du journal": _told(
            sealed,
            f"dossiers/{first}/dossier.json",
            lambda told: {**told, "entries": [{**told["entries"][0], "amount_c": 1}]},
        ),
        "ne sont pas ceux que désigne la graine": _told(
            sealed, "tirage.json", lambda told: {**told, "drawn": [first, third]}
        ),
        "la population n'est pas celle du bordereau": _told(
            sealed, "tirage.json", lambda told: {**told, "population": told["drawn"]}
        ),
        "décidé par agent:s.noir": _told(
            sealed, "bordereau/bordereau.json", lambda told: {**told, "decided_by": "s.noir"}
        ),
        "le journal finit par bordereau.signed": _told(
            sealed, "bordereau/bordereau.json", lambda told: {**told, "state": "refused"}
        ),
        "n'est pas le classeur": replace(sealed, files={**sealed.files, book: b"PK another"}),
        "n'est pas la capture": replace(
            sealed, files={name: each for name, each in sealed.files.items() if not name.startswith("captures/")}
        ),
        "n'est pas dans le journal du": replace(sealed, about={**sealed.about, "log": {}}),
        "est illisible": replace(sealed, files={**sealed.files, f"dossiers/{first}/inclusion.json": b"[{}]"}),
    }
    for words, story in stories.items():
        found = _judged(story.signed(KEY), tmp_path)
        assert any(words in problem for problem in found), (words, found)


def run_population(sealed: Sealed) -> list[str]:
    """Return the references that a sample was drawn from."""
    population: list[str] = json.loads(sealed.files["tirage.json"])["population"]
    return population


async def test_a_log_that_was_changed_since_is_found_by_an_older_file(run: Seed, world: World, tmp_path: Path) -> None:
    content = (await evidence_of_run(world, run.run, Sample(seed=SEED, size=2))).signed(KEY)
    async with run.database.transaction("test") as tx:
        await tx.record("cpam-931", "test.written", "later")
    await evidence_of_run(world, run.run, Sample())
    assert _judged(content, tmp_path, world.settings.audit_log) == (), "what comes later changes nothing"
    (day,) = world.settings.audit_log.glob("*.jsonl")
    lines = day.read_bytes().splitlines(keepends=True)
    for changed in ([lines[1], lines[0], *lines[2:]], lines[1:], lines[:3]):
        day.write_bytes(b"".join(changed))
        (problem,) = _judged(content, tmp_path, world.settings.audit_log)
        assert f"journal du {day.stem}" in problem
    day.write_bytes(b"".join([lines[0], b'"a line of a hand"\n', *lines[2:]]))
    with pytest.raises(LogAltered, match="ligne 2 "):
        await evidence_of_run(world, run.run, Sample())


async def test_one_case_verifies_too_wherever_it_stands_and_an_unknown_one_is_refused(
    seed: Seed, world: World, tmp_path: Path
) -> None:
    stopped = await seed.exception("EntryInDoubt", "Saisie en doute", cause="doubt", entry="doubtful")
    sealed = await evidence_of_case(world, stopped.reference)
    assert _judged(sealed.signed(KEY), tmp_path) == ()
    told = json.loads(sealed.files[f"dossiers/{stopped.reference}/dossier.json"])
    assert (told["state"], told["entries"][0]["state"], told["exceptions"][0]["cause"]) == (
        "exception",
        "doubtful",
        "doubt",
    )
    with pytest.raises(SettingsError, match="inconnu"):
        await evidence_of_case(world, "DOS-RIEN")
    with pytest.raises(SettingsError, match="bordereau clos"):
        await evidence_of_run(world, seed.run, Sample())


async def test_a_workbook_that_was_changed_is_not_given_as_evidence(run: Seed, world: World) -> None:
    (book,) = world.settings.bordereaux.glob("*.xlsx")
    book.write_bytes(book.read_bytes() + sha256(b"").digest())
    with pytest.raises(SettingsError, match="n'est plus celui de son empreinte"):
        await evidence_of_run(world, run.run, Sample())


async def test_the_command_draws_from_the_last_closed_run_and_writes_over_nothing(
    run: Seed,
    world: World,
    role_url: Mapping[str, str],
    owner_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_secrets(world.settings.workspace, run.vault, role_url)
    monkeypatch.chdir(tmp_path)
    env = {"GLR_DATABASE_URL": owner_url, "GLR_WORKSPACE": str(world.settings.workspace)}

    async def glr(*words: str) -> Result:
        return await asyncio.to_thread(lambda: CliRunner().invoke(commands, words, env=env))

    asked = ("evidence", "--sample", "60", "--seed", SEED)
    assert "glr robot key" in str((await glr(*asked)).exception)
    assert (await glr("robot", "key")).exit_code == 0
    made, out = await glr(*asked), tmp_path / f"preuves-{str(run.run)[:8]}-{SEED}.zip"
    assert made.output.splitlines()[0] == f"Exécution : {run.run}. Graine : {SEED}"
    assert verify(out, log=world.settings.audit_log).problems == ()
    assert out.stat().st_mode & 0o777 == 0o600
    whole = out.read_bytes()
    for again in (asked, (*asked[:2], "2", "--out", str(out))):
        refused = await glr(*again)
        assert (refused.exit_code, "existe déjà" in refused.output) == (2, True)
    assert out.read_bytes() == whole
