"""Static files of the console: our style and script, and htmx 4.0.1, pinned by a test."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

#: Every file that is served.
STATIC = ("console.css", "console.js", "htmx-4.0.1.min.js", "icon.svg")


@cache
def asset(name: str) -> tuple[bytes, str]:
    """Return one of our static files and the short digest that stands in its address."""
    content = files("orchestrator.console").joinpath("static", name).read_bytes()
    return content, sha256(content).hexdigest()[:12]


def address_of(name: str) -> str:
    """Return the address of a static file; it changes with its content."""
    return f"/static/{asset(name)[1]}/{name}"
