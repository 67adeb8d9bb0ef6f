"""Files of the house in YAML, as plain values: the parser is libyaml's, twenty times faster, where PyYAML was built with it.

Each process reads its screen contracts at its start: with PyYAML's own parser that was a fifth of a robot session's time.
"""

from __future__ import annotations

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def plain(text: str) -> Any:  # noqa: ANN401 - YAML
    """Return what a text says, as ``yaml.safe_load`` does; raises ``yaml.YAMLError`` with line and column."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - either of the two safe ones
