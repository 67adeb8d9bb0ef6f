"""Under which system account PostgreSQL runs: it refuses root.

An ordinary user runs it as himself. For root, the account is the owner of the workspace when that is not root,
else the system user ``glr-postgres``, created once (``initdb`` refuses a uid without a passwd entry).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.store.embedded_errors import EmbeddedPostgresError

SYSTEM_USER = "glr-postgres"
#: Where root keeps what the system user must reach: programs and data of workspaces it cannot enter.
SHARED_HOME = Path("/var/lib/glr")
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True, kw_only=True)
class Account:
    """The system account of the server's processes and files."""

    #: Its numeric user.
    uid: int
    #: Its numeric primary group.
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether it is somebody else than this process, which then must be root."""
        return self.uid != os.geteuid()

    def run(
        self, command: Sequence[str | Path], *, pass_fds: Sequence[int] = (), session: bool = False
    ) -> tuple[int, str]:
        """Run ``command`` to its end under this account, in ``/``, with a small clean environment.

        :returns: its exit code and all it wrote.
        """
        done = subprocess.run(
            command,
            cwd="/",
            env=_ENVIRONMENT,
            umask=0o077,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=tuple(pass_fds),
            start_new_session=session,
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
            check=False,
        )
        return done.returncode, done.stdout

    def can_enter(self, folder: Path) -> bool:
        """Whether the account can go into ``folder``, found by trying."""
        return self.run(["/bin/sh", "-c", 'cd -- "$0"', folder])[0] == 0

    def can_execute(self, program: Path) -> bool:
        """Whether the account can execute ``program`` and load its libraries, found by trying."""
        try:
            return self.run([program, "--version"])[0] == 0
        except OSError:
            return False

    def give(self, path: Path) -> None:
        """Make the account the owner of ``path`` (a no-op when it is ourselves)."""
        if self.is_other:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def shared_home() -> Path:
    """Make ``/var/lib/glr``, which everybody may cross whatever the umask of its maker, and return it."""
    try:
        SHARED_HOME.mkdir(mode=0o755, parents=True)
    except FileExistsError:
        return SHARED_HOME
    SHARED_HOME.chmod(0o755)
    return SHARED_HOME


def account_for(workspace: Path) -> Account:
    """Return the account that runs the server of ``workspace`` (an existing folder)."""
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid())
    owner = workspace.stat()
    if owner.st_uid != 0:
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    return _system_account()


def _system_account() -> Account:
    """Find or create the system user; two processes may try at once and one of them loses harmlessly."""
    said = ""
    for _ in range(20):
        found = _lookup()
        if found:
            return found
        said = _create()
        time.sleep(0.1)
    raise EmbeddedPostgresError(
        f"PostgreSQL refuse root, et l'utilisateur système « {SYSTEM_USER} » n'a pas pu être créé : {said}"
    )


def _lookup() -> Account | None:
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def _create() -> str:
    useradd = shutil.which("useradd", path=_ENVIRONMENT["PATH"])
    if useradd is None:
        return "la commande useradd manque (paquet passwd)"
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", str(SHARED_HOME)]
    done = subprocess.run(
        [*command, "--shell", "/usr/sbin/nologin", SYSTEM_USER], capture_output=True, text=True, check=False
    )
    return done.stderr.strip()
