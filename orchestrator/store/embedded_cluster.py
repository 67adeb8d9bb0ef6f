"""Making a data directory that is whole or absent, and the settings every start imposes."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from orchestrator.store.embedded_binaries import Programs, find_major
from orchestrator.store.embedded_errors import OtherMajorVersion, ServerDidNotStart
from orchestrator.store.embedded_place import Place, superuser_password

#: Rewritten at each start. Personal values reach PostgreSQL only as bind parameters; none may reach its log:
#: an error's own sentence can quote one (« invalid input syntax … »), so errors of statements are told to the
#: client alone (log_min_messages = log drops them and keeps what concerns the server).
_SETTINGS = """\
# Written by Go-les-robots at each start: changes here are lost. ALTER SYSTEM settings are kept.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
password_encryption = 'scram-sha-256'

shared_buffers = '128MB'
huge_pages = off
# Not in /dev/shm: small in containers, and emptied by systemd when an ordinary user logs out.
dynamic_shared_memory_type = mmap
max_parallel_workers_per_gather = 0
jit = off
random_page_cost = 1.1

fsync = on
full_page_writes = on
synchronous_commit = on
idle_in_transaction_session_timeout = '5s'

timezone = 'UTC'
lc_messages = 'C.UTF-8'

logging_collector = on
log_filename = 'postgresql-%a.log'
log_file_mode = 0600
log_rotation_age = '1d'
log_rotation_size = 0
log_truncate_on_rotation = on
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_statement = 'none'
log_duration = off
log_min_duration_statement = -1
log_min_duration_sample = -1
log_transaction_sample_rate = 0
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
log_min_messages = log
log_min_error_statement = panic
log_checkpoints = off
"""

_NATURE = ("--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--data-checksums", "--no-instructions")

_HOST_RULES = """\
# Written by Go-les-robots at each start.
local all all                scram-sha-256
host  all all 127.0.0.1/32   scram-sha-256
"""


def make_data(place: Place, programs: Programs, held: int) -> None:
    """Make the data directory under another name, then give it its own by one rename.

    ``initdb`` inherits the lock ``held``, so that if we are killed the next starter waits for its end.
    """
    for leftover in place.home.glob("init-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    draft = place.home / f"init-{secrets.token_hex(4)}"
    draft.mkdir(mode=0o700)
    place.account.give(draft)
    password = draft / "password"
    place.write(password, superuser_password(place) + "\n")
    command: list[str | Path] = [
        programs.initdb,
        "-D",
        draft / "data",
        "-U",
        "postgres",
        f"--pwfile={password}",
        *_NATURE,
    ]
    code, said = place.account.run(command, pass_fds=[held])
    if code != 0:
        raise ServerDidNotStart(f"initdb a échoué (code {code}) :", said)
    (draft / "data").rename(place.data)
    shutil.rmtree(draft)


def check_version(place: Place, programs: Programs) -> None:
    """Refuse data of another major version, before anything is touched.

    :raises OtherMajorVersion: with the command to run.
    """
    found = int((place.data / "PG_VERSION").read_text(encoding="ascii").split(".")[0])
    if found != programs.major:
        raise OtherMajorVersion(
            data=place.data, found=found, programs=programs.folder, expected=programs.major, former=find_major(found)
        )


def write_settings(place: Place) -> None:
    """Impose our settings and host rules, and make the log folder."""
    place.write(place.configuration, _SETTINGS)
    place.write(place.host_rules, _HOST_RULES)
    place.logs.mkdir(mode=0o700, exist_ok=True)
    place.account.give(place.logs)
