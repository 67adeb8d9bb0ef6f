"""Judges the evidence of cases in a signed file: lines in the log, nothing left out, the draw, the bordereau, the captures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

Files = Mapping[str, bytes]


def judge(manifest: Mapping[str, Any], files: Files) -> list[str]:
    """Return what does not hold, in French, with its place; anything unreadable is named as well."""
    about = manifest.get("about")
    about = about if isinstance(about, dict) else {}
    days, cases = about.get("log"), about.get("cases")
    days, cases = days if isinstance(days, dict) else {}, cases if isinstance(cases, list) else []
    return [
        *_readable("execution", lambda: list(_run(files, "execution", days))),
        *_readable("tirage.json", lambda: list(_draw(files, about))),
        *_readable("bordereau/bordereau.json", lambda: list(_bordereau(files, about))),
        *(
            problem
            for each in cases
            for problem in _readable(f"dossiers/{each}", partial(_judged, files, str(each), days))
        ),
    ]


def _judged(files: Files, reference: str, days: Mapping[str, Any]) -> list[str]:
    return list(_case(files, reference, days))


def _readable(name: str, check: Callable[[], list[str]]) -> list[str]:
    """Return what a check finds; what it cannot read is a finding too."""
    try:
        return check()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return [f"« {name} » est illisible ou incomplet"]


def altered_log(manifest: Mapping[str, Any], folder: Path) -> list[str]:
    """Compare the log as it is now with what was signed of it then: the first lines of each day must be the same."""
    return _readable("about.log", lambda: list(_days(manifest, folder)))


def _days(manifest: Mapping[str, Any], folder: Path) -> Iterator[str]:
    for day, signed in sorted(manifest["about"]["log"].items()):
        path = folder / f"{day}.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
        if len(lines) < signed["lines"]:
            yield f"journal du {day} : {len(lines)} lignes, {signed['lines']} étaient signées"
        elif _root(lines[: signed["lines"]]).hex() != signed["root"]:
            yield f"journal du {day} : ses {signed['lines']} premières lignes ne sont plus celles qui étaient signées"


def _run(files: Files, folder: str, days: Mapping[str, Any]) -> Iterator[str]:
    """Judge the lines of a folder: each is in the log of its day."""
    lines = files[f"{folder}/journal.jsonl"].split(b"\n")[:-1]
    places = json.loads(files[f"{folder}/inclusion.json"])
    if len(lines) != len(places):
        yield f"« {folder}/journal.jsonl » : {len(lines)} lignes, {len(places)} prouvées"
    for number, (line, place) in enumerate(zip(lines, places, strict=False), start=1):
        day = days.get(place["day"])
        root = _climbed(line, place["index"], day["lines"], place["path"]) if day else ""
        if not day or not root or root != day["root"]:
            yield f"« {folder}/journal.jsonl », ligne {number} : elle n'est pas dans le journal du {place['day']}"


def _case(files: Files, reference: str, days: Mapping[str, Any]) -> Iterator[str]:
    folder = f"dossiers/{reference}"
    yield from _run(files, folder, days)
    told = json.loads(files[f"{folder}/dossier.json"])
    events = [json.loads(line) for line in files[f"{folder}/journal.jsonl"].split(b"\n")[:-1]]
    if told["reference"] != reference or any(reference not in {e["object"], e["details"].get("case")} for e in events):
        yield f"« {folder} » parle d'un autre dossier"
    yield from _whole(folder, told, events)
    for shot in told["captures"]:
        name = f"captures/{shot['digest']}.png"
        if sha256(files.get(name, b"")).hexdigest() != shot["digest"]:
            yield f"« {name} » manque ou n'est pas la capture prise à l'étape {shot['step']}"


def _whole(folder: str, told: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Nothing of the life of a case is left out, and it ends as its file says."""
    life = sorted(
        (e["details"]["version"], e["verb"])
        for e in events
        if e["verb"].startswith("case.") and "version" in e["details"]
    )
    missing = sorted(set(range(told["version"] + 1)) - {version for version, _ in life})
    if missing:
        yield f"« {folder}/journal.jsonl » : il manque le changement d'état n° {missing[0]}"
    elif life[-1] != (told["version"], f"case.{told['state']}"):
        yield f"« {folder}/dossier.json » : état {told['state']}, le journal finit par {life[-1][1]}"
    for entry in told["entries"]:
        said = [e for e in events if e["object"] == entry["token"] and e["verb"].startswith("entry.")]
        last = max(said, key=lambda event: event["id"], default=None)
        facts = (entry["state"], entry["amount_c"], entry["reference"])
        if (
            last is None
            or (last["verb"][6:], last["details"].get("amount_c"), last["details"].get("reference")) != facts
        ):
            yield f"« {folder}/dossier.json » : la saisie {entry['token']} n'est pas celle du journal"


def _draw(files: Files, about: Mapping[str, Any]) -> Iterator[str]:
    """Draw again: the first references by SHA-256 of ``seed:reference``."""
    if "tirage.json" not in files:
        return
    said = json.loads(files["tirage.json"])
    seed, population = said["seed"], said["population"]
    ranked = sorted(set(population), key=lambda each: sha256(f"{seed}:{each}".encode()).hexdigest())
    expected = ranked[: said["size"]] if said["size"] else population
    if said["drawn"] != expected or sorted(expected) != about["cases"]:
        yield "« tirage.json » : les dossiers ne sont pas ceux que désigne la graine"
    if population != json.loads(files["bordereau/bordereau.json"])["entered"]:
        yield "« tirage.json » : la population n'est pas celle du bordereau"


def _bordereau(files: Files, about: Mapping[str, Any]) -> Iterator[str]:
    """The workbook is the one that was written down, and judged as the log says."""
    if "bordereau/bordereau.json" not in files:
        return
    told = json.loads(files["bordereau/bordereau.json"])
    if sha256(files[f"bordereau/{told['file_name']}"]).hexdigest() != told["sha256"]:
        yield f"« bordereau/{told['file_name']} » n'est pas le classeur de l'empreinte écrite"
    lines = [json.loads(line) for line in files["execution/journal.jsonl"].split(b"\n")[:-1]]
    verbs = {f"bordereau.{state}" for state in ("written", "signed", "refused")}
    said = [e for e in lines if e["object"] == about["run"] and e["verb"] in verbs]
    last = max(said, key=lambda event: event["id"])
    if (last["verb"][10:], last["details"]["sha256"]) != (told["state"], told["sha256"]):
        yield f"« bordereau/bordereau.json » : {told['state']}, le journal finit par {last['verb']}"
    by = f"agent:{told['decided_by']}"
    if told["state"] != "written" and last["actor"] != by:
        yield f"« bordereau/bordereau.json » : décidé par {by}, le journal dit {last['actor']}"


def _climbed(line: bytes, index: int, size: int, path: Sequence[str]) -> str:
    """Return the root that a line and its path lead to, hexadecimal; nothing when the path has another length."""
    node, last, left = sha256(b"\0" + line).digest(), size - 1, list(path)
    if not 0 <= index <= last:
        return ""
    while last > 0:
        if index % 2 or index < last:
            if not left:
                return ""
            beside = bytes.fromhex(left.pop(0))
            node = sha256(b"\1" + (beside + node if index % 2 else node + beside)).digest()
        index, last = index // 2, last // 2
    return "" if left else node.hex()


def _root(lines: Sequence[bytes]) -> bytes:
    """Return the root as RFC 6962 defines it: split at the largest power of two below the size."""
    level = [sha256(b"\0" + line).digest() for line in lines]
    if not level:
        return sha256(b"").digest()
    while len(level) > 1:
        pairs = [sha256(b"\1" + level[n] + level[n + 1]).digest() for n in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]
