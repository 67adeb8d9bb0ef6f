"""The docs among themselves: links lead somewhere, decisions are numbered and whole, words of the code are explained."""

from __future__ import annotations

import ast
import re
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = (
    *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md"), ROOT / "sandbox" / "README.md",
)  # fmt: skip
ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
_LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
_CHAPTER = re.compile(r"\b(HOUSE|ENTER|AUDIT|TRAPS|DRIVERS|DOMAIN|LANGUAGE|CONSOLE|MODELS)\b")


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    broken = [target for target in _LINK.findall(path.read_text(encoding="utf-8")) if not _exists(path, target)]
    assert broken == []


def _exists(path: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = path.parent / name if name else path
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a file's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_decisions_are_numbered_in_order_and_listed() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| \[(.+)\]\((.+)\) \|$", index, re.MULTILINE)
    titles = [path.read_text(encoding="utf-8").splitlines()[0] for path in ADRS]
    assert [(f"# {number}. {title}", file) for number, title, file in listed] == [
        (title, path.name) for title, path in zip(titles, ADRS, strict=True)
    ]
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_a_decision_says_context_decision_what_was_rejected_and_consequences(path: Path) -> None:
    headings = re.findall(r"^## (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert [heading.removesuffix("s") for heading in headings] == ["Context", "Decision", "Rejected", "Consequence"]


def test_every_chapter_cited_by_a_docstring_can_be_found() -> None:
    cited = {
        chapter
        for folder in ("orchestrator", "keywords")
        for path in (ROOT / folder).rglob("*.py")
        for text in _docstrings(path)
        for chapter in _CHAPTER.findall(text)
    }
    architecture = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert cited <= set(re.findall(r"^\| ([A-Z]+) \|", architecture, re.MULTILINE))


def _docstrings(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [ast.get_docstring(node) or "" for node in nodes]


def test_files_named_by_the_architecture_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|sql|yaml))`", text))
    missing = {name for name in named if not any((root / name).exists() for root in (ROOT, ROOT / "orchestrator"))}
    missing -= {name for name in missing if (ROOT / "orchestrator" / "store" / name).exists()}
    assert missing == set()


def test_every_room_of_the_architecture_exists_and_every_package_is_in_it() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = set(re.findall(r"^\| `([a-z_/]+)/` \|", text, re.MULTILINE))
    packages = {f"orchestrator/{path.parent.name}" for path in (ROOT / "orchestrator").glob("*/__init__.py")}
    assert {room for room in rooms if not (ROOT / room).is_dir()} == set()
    assert packages <= rooms


def test_the_changelog_tells_the_version_that_is_built() -> None:
    heading = rf"^## {re.escape(version('go-les-robots'))}\b"
    assert re.search(heading, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_both_readmes_make_the_same_promise() -> None:
    french, english = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.en.md"))
    assert (
        "Aucune saisie n'est faite une seconde fois sans qu'une personne l'ait décidé, et chaque doute se voit."
        in french
    )
    assert "No entry is made a second time without a human having decided so, and every doubt is visible." in english
