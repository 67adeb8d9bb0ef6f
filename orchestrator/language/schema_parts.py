"""What every part of the JSON Schema is written with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]
#: Any scalar.
TEXT: Schema = {"type": ["string", "number", "boolean"]}


def object_of(properties: Mapping[str, Schema], required: tuple[str, ...]) -> Schema:
    """Return the schema of a mapping with these keys and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def table_of(values: Schema, description: str) -> Schema:
    """Return the schema of a mapping with any key."""
    return {"type": "object", "additionalProperties": values, "description": description}
