"""A zip written in one way only: stored, without dates, files in order; the same content gives the same bytes."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping

MANIFEST, SIGNATURE = "manifest.json", "signature"
#: The only date that a file of such a zip has: the oldest that a zip can say.
_DATE = (1980, 1, 1, 0, 0, 0)
_FILE = stat.S_IFREG | 0o644


def write_zip(manifest: bytes, signature: bytes, files: Mapping[str, bytes]) -> bytes:
    """Return a manifest, its signature and the files as one zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as out:
        for name, content in [(MANIFEST, manifest), (SIGNATURE, signature), *sorted(files.items())]:
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = 3, _FILE << 16
            out.writestr(entry, content)
    return buffer.getvalue()
