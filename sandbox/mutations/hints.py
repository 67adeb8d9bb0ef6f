"""How a page says in which format a field is typed; at worst only its script knows."""

from lxml import html

from sandbox.mutations.parts import Node

#: Where it is said.
TOLD = ("label", "placeholder", "title", "beside", "pattern", "script")
_PATTERNS = {
    "iso": r"\d{4}-\d{2}-\d{2}",
    "us": r"(0[1-9]|1[0-2])/\d{2}/\d{4}",
    "point": r"[0-9,]+\.\d{2}",
    "whole": r"\d+",
}
#: What the page makes of a text once it is typed.
_SCRIPTS = {
    "iso": "this.value = this.value.split('/').reverse().join('-')",
    "us": "this.value = this.value.replace(/^(..).(..)/, '$2/$1')",
    "point": "this.value = this.value.replace(',', '.')",
    "whole": "this.value = this.value.split(',')[0]",
}


def tell(where: str, fields: list[tuple[Node, Node]], style: str, hint: str) -> None:
    """Say of fields, each with its label, how they are typed."""
    for label, found in fields:
        if where == "label":
            label.text = f"{label.text} ({hint})"
        elif where == "beside":
            said = html.Element("small")
            said.text = hint
            found.addnext(said)
        else:
            name = {"script": "onchange"}.get(where, where)
            found.set(name, {"pattern": _PATTERNS, "script": _SCRIPTS}.get(where, {}).get(style, hint))
