"""The browser's own store of authorities: Chromium reads neither the machine's files nor OpenSSL's variables (ADR 37).

It reads an NSS database under its home. Ours holds the internal authority and is made once for each content of its file;
the account's own is not touched.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

from orchestrator.domain.errors import SettingsError

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
#: Where Chromium looks, under its home.
_PLACE = ".pki/nssdb"


def browser_home(authority: Path, store: Path) -> Path:
    """Return a home in which the browser trusts the authorities of a PEM file; blocks; raises :class:`SettingsError`."""
    found = _CERTIFICATE.findall(_read(authority))
    if not found:
        raise SettingsError(f"GLR_CA_FILE ({authority}) n'est pas un certificat au format PEM.")
    home = store / sha256("".join(found).encode()).hexdigest()[:16]
    if not home.exists():
        store.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = Path(mkdtemp(dir=store, prefix="part-"))
        try:
            _fill(draft / _PLACE, found)
            draft.rename(home)
        except OSError:
            if not home.exists():  # else another session was first
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return home


def _read(authority: Path) -> str:
    try:
        return authority.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"GLR_CA_FILE ({authority}) ne se lit pas, ou n'est pas au format PEM.") from None


def _fill(database: Path, certificates: list[str]) -> None:
    database.mkdir(parents=True)
    _certutil(database, "-N", "--empty-password")
    for number, certificate in enumerate(certificates):
        # C: an authority that signs servers
        _certutil(database, "-A", "-a", "-n", f"autorite-{number}", "-t", "C,,", given=certificate)


def _certutil(database: Path, *words: str, given: str = "") -> None:
    command = ["certutil", *words, "-d", f"sql:{database}"]
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SettingsError(
            "GLR_CA_FILE : certutil manque, que le navigateur demande pour une autorité interne : apt install libnss3-tools."
        ) from None
    if done.returncode:
        raise SettingsError(
            f"GLR_CA_FILE : le magasin d'autorités du navigateur n'a pas été fait ({done.stderr.strip()})."
        )
