"""Where the files of one embedded cluster are, who owns them, and who holds them.

    <workspace>/secrets/postgres.pgpass   the superuser's password, 0600, of the workspace's owner
    <workspace>/pg/start.lock             one starter at a time
    <workspace>/pg/elsewhere              only when the server's account cannot enter the workspace: where HOME is
    HOME = <workspace>/pg, or /var/lib/glr/<hash of the workspace's path>-<random>
    HOME/data  HOME/port  HOME/alive.lock  HOME/start.log  HOME/log/  HOME/postgresql.conf  HOME/pg_hba.conf
    HOME/workspace                        only elsewhere: whose it is

Every folder is 0700, every file 0600. ``alive.lock`` is inherited by ``initdb`` and by every process of the server:
as long as one of them lives the kernel keeps it locked, whatever pids are re-used and in whichever container.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.store.embedded_account import SHARED_HOME, Account, account_for, shared_home
from orchestrator.store.embedded_errors import EmbeddedPostgresError, WorkspaceOfAnother


@dataclass(frozen=True, kw_only=True)
class Place:
    """The folders of one cluster."""

    #: The folder of the user, whose ``pg`` and ``secrets`` are ours.
    workspace: Path
    #: Where the cluster really is.
    home: Path
    #: Who runs the server and owns ``home``.
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "data"

    @property
    def configuration(self) -> Path:
        """Our settings, rewritten at each start, outside the data directory."""
        return self.home / "postgresql.conf"

    @property
    def host_rules(self) -> Path:
        """Who may connect, rewritten at each start."""
        return self.home / "pg_hba.conf"

    @property
    def port_file(self) -> Path:
        """The port of the last start."""
        return self.home / "port"

    @property
    def logs(self) -> Path:
        """The folder of the server's log files, one a day of the week."""
        return self.home / "log"

    @property
    def start_log(self) -> Path:
        """What the server said before its log collector was up."""
        return self.home / "start.log"

    @property
    def password_file(self) -> Path:
        """The superuser's password, as a libpq password file."""
        return self.workspace / "secrets" / "postgres.pgpass"

    @property
    def cluster_name(self) -> str:
        """The name in the titles of all processes of the server."""
        return "glr-" + hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]

    def write(self, path: Path, text: str) -> None:
        """Write a file of ``home`` as a whole, 0600, of the server's account, by one rename."""
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        _write_new(partial, text)
        self.account.give(partial)
        partial.replace(path)

    @contextmanager
    def alive_lock(self) -> Iterator[int | None]:
        """Give the descriptor of the lock that living processes of this cluster hold, or None when one lives."""
        path = self.home / "alive.lock"
        with path.open("a") as lock:
            path.chmod(0o600)
            self.account.give(path)
            yield lock.fileno() if _taken(lock.fileno()) else None


@contextmanager
def locked_place(root: Path, seconds: float) -> Iterator[Place]:
    """Make the folders of the cluster of the workspace ``root`` and give them, to one starter at a time.

    :param seconds: how long to wait for another starter.
    :raises WorkspaceOfAnother: the folder is another account's, or a copy of a workspace that still exists.
    """
    workspace = root.resolve()
    try:
        workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("secrets", "pg"):
            _private_folder(workspace / name)
        with (workspace / "pg" / "start.lock").open("a") as lock:
            Path(lock.name).chmod(0o600)
            _give_to_owner_of(workspace, Path(lock.name))
            _wait_for(lock.fileno(), lock.name, seconds)
            yield _decide(workspace)
    except PermissionError as error:
        raise WorkspaceOfAnother(
            f"{workspace} appartient à un autre compte ({error.filename}). Choisir un autre espace de travail, "
            "ou lancer sous ce compte."
        ) from error


def _decide(workspace: Path) -> Place:
    account = account_for(workspace)
    return Place(workspace=workspace, home=_home(workspace, workspace / "pg", account), account=account)


def _wait_for(descriptor: int, name: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not _taken(descriptor):
        if time.monotonic() > end:
            raise EmbeddedPostgresError(f"Un autre démarrage tient {name} depuis plus de {seconds:.0f} s.")
        time.sleep(0.05)


def superuser_password(place: Place) -> str:
    """Return the superuser's password, made on first use; it lies beside the data, never in an address."""
    path = place.password_file
    if path.exists():
        return path.read_text(encoding="ascii").strip().rsplit(":", 1)[1]
    password = secrets.token_urlsafe(32)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    _write_new(partial, f"127.0.0.1:*:*:postgres:{password}\n")
    _give_to_owner_of(place.workspace, partial)
    partial.replace(path)
    return password


def forsaken_places(place: Place) -> Iterator[Place]:
    """Yield the clusters elsewhere whose workspace no longer points at them: it was deleted, with its keys.

    Their servers should stop; their data stay (a disk that is not mounted looks like a deleted workspace).
    """
    if place.home.parent != SHARED_HOME:
        return
    for note in SHARED_HOME.glob("*/workspace"):
        workspace, home = Path(note.read_text(encoding="utf-8")), note.parent
        if _target(workspace / "pg" / "elsewhere") != home:
            owner = home.stat()
            account = Account(uid=owner.st_uid, gid=owner.st_gid)
            yield Place(workspace=workspace, home=home, account=account)


def _target(pointer: Path) -> Path | None:
    try:
        return Path(json.loads(pointer.read_text(encoding="utf-8"))["home"])
    except OSError:
        return None


def _elsewhere_name(workspace: Path) -> str:
    return hashlib.sha256(os.fsencode(workspace)).hexdigest()[:16]


def _home(workspace: Path, local: Path, account: Account) -> Path:
    pointer = local / "elsewhere"
    if pointer.exists():
        return _pointed(pointer, workspace)
    if not account.is_other or (local / "data").exists() or account.can_enter(workspace):
        account.give(local)
        return local
    home = shared_home() / f"{_elsewhere_name(workspace)}-{secrets.token_hex(4)}"
    home.mkdir(mode=0o700)
    account.give(home)
    _point(pointer, workspace, home)
    return home


def _pointed(pointer: Path, workspace: Path) -> Path:
    """Follow the pointer; a moved workspace takes it along, a copied one may not share the cluster."""
    said = json.loads(pointer.read_text(encoding="utf-8"))
    home, written_for = Path(said["home"]), Path(said["workspace"])
    if not home.is_dir():
        raise EmbeddedPostgresError(f"{pointer} dit que les données sont dans {home}, qui n'existe pas.")
    if written_for != workspace:
        if (written_for / "pg" / "elsewhere").exists():
            raise WorkspaceOfAnother(
                f"{workspace} est une copie de {written_for}, dont les données sont dans {home}. "
                f"Effacer {pointer.parent} pour partir d'une base vide."
            )
        _point(pointer, workspace, home)
    return home


def _point(pointer: Path, workspace: Path, home: Path) -> None:
    """Write where the cluster is, for the workspace, and whose it is, for whoever looks at the cluster."""
    note = home / f".workspace.{secrets.token_hex(4)}"
    _write_new(note, str(workspace))
    note.replace(home / "workspace")
    partial = pointer.with_name(f".{pointer.name}.{secrets.token_hex(4)}")
    _write_new(partial, json.dumps({"workspace": str(workspace), "home": str(home)}))
    partial.replace(pointer)


def _private_folder(path: Path) -> None:
    """Make ``path`` 0700, of its parent's owner, unless it is there."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
        _give_to_owner_of(path.parent, path)


def _give_to_owner_of(folder: Path, path: Path) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _write_new(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
