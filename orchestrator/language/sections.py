"""Reading a mapping of the language: known keys, required keys, typed scalars; every mistake noted, then go on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from orchestrator.language.faults import Faults, closest, suggest
from orchestrator.language.nodes import Items, Node, Table, Text

T = TypeVar("T")
#: What may be a name in expressions.
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


class Section:
    """A mapping being read. Where something is wrong, the fault is noted and a harmless value returned."""

    def __init__(self, node: Node | None, faults: Faults, what: str, known: tuple[str, ...] | None = None) -> None:
        """Read ``node``; ``what`` names the section in messages, ``known`` its keys (None: any)."""
        self.faults = faults
        self.what = what
        self.node = node
        self.entries: dict[str, tuple[Text, Node]] = {}
        self._unknown: list[str] = []
        if isinstance(node, Table):
            self._collect(node, known)
        elif node is not None:
            faults.add(node, f"{what} : des lignes « clé: valeur » sont attendues", "Vérifier l'indentation.")

    def _collect(self, node: Table, known: tuple[str, ...] | None) -> None:
        for key, value in node.entries:
            if known is None or key.text in known:
                self.entries[key.text] = (key, value)
            else:
                self._unknown.append(key.text)
                self.faults.add(key, f"{self.what} : clé « {key.text} » inconnue", suggest(key.text, known))

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def get(self, key: str) -> Node | None:
        """Return the node of a key, or None."""
        found = self.entries.get(key)
        return found[1] if found else None

    def need(self, key: str, example: str) -> Node | None:
        """Return the node of a key that must be there."""
        misspelt = closest(key, self._unknown)  # said already, at that key
        if key not in self.entries and isinstance(self.node, Table) and not misspelt:
            self.faults.add(self.node, f"{self.what} : il manque « {key} »", f"Ajouter par exemple {key}: {example}")
        return self.get(key)

    def scalar(self, key: str) -> Text | None:
        """Return the scalar of a key, not empty, or None."""
        return self.as_scalar(self.get(key), key)

    def as_scalar(self, node: Node | None, key: str) -> Text | None:
        """Return a node as a scalar, not empty, or None."""
        if node is None:
            return None
        if not isinstance(node, Text):
            self.faults.add(
                node,
                f"{self.what} : « {key} » attend un texte",
                "Une valeur entre { } ou [ ] s'écrit entre guillemets.",
            )
            return None
        if not node.text.strip():
            self.faults.add(node, f"{self.what} : « {key} » est vide", "Donner une valeur ou enlever la ligne.")
            return None
        return node

    def text(self, key: str, default: str = "") -> str:
        """Return the text of a key, or the default."""
        found = self.scalar(key)
        return found.text if found else default

    def needed_text(self, key: str, example: str) -> str:
        """Return the text of a key that must be there."""
        self.need(key, example)
        return self.text(key)

    def parsed(self, key: str, parse: Callable[[str], T], default: T) -> T:
        """Return the scalar of a key through ``parse`` (which raises ``ValueError`` in French)."""
        found = self.scalar(key)
        if found is None:
            return default
        try:
            return parse(found.text)
        except ValueError as error:
            self.faults.add(found, f"{self.what} : « {key} » : {error}, « {found.text} » trouvé")
            return default

    def choice(self, key: str, allowed: Mapping[str, T], default: T) -> T:
        """Return what the word of a key stands for."""
        found = self.scalar(key)
        if found is None:
            return default
        if found.text not in allowed:
            message = f"{self.what} : « {key} » ne peut pas être « {found.text} »"
            self.faults.add(found, message, suggest(found.text, allowed))
            return default
        return allowed[found.text]

    def section(self, key: str, what: str, known: tuple[str, ...] | None = None) -> Section:
        """Return the mapping of a key as a section (empty when absent)."""
        return Section(self.get(key), self.faults, what, known)

    def items(self, key: str) -> tuple[Node, ...]:
        """Return the items of a list (empty when absent)."""
        found = self.get(key)
        if found is None:
            return ()
        if not isinstance(found, Items):
            self.faults.add(found, f"{self.what} : « {key} » attend une liste", "Écrire [a, b] ou des lignes « - a ».")
            return ()
        return found.items

    def texts(self, key: str) -> tuple[Text, ...]:
        """Return the items of a list of texts."""
        found = (self.as_scalar(item, key) for item in self.items(key))
        return tuple(item for item in found if item is not None)

    def identifier(self, key: Text) -> bool:
        """Note a key that cannot be a name in expressions; True when it can."""
        if IDENTIFIER.fullmatch(key.text):
            return True
        message = f"{self.what} : « {key.text} » n'est pas un nom"
        self.faults.add(key, message, "Des minuscules sans accent, des chiffres et _ (ex. birth_name).")
        return False


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers between two bounds."""

    def read(text: str) -> int:
        if re.fullmatch(r"0\d+", text, re.ASCII):  # a code or a year cut short, rarely a number
            raise ValueError("nombre sans zéro devant attendu")
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise ValueError(f"nombre entier de {least} à {most} attendu")
        return int(text)

    return read


def one_character(text: str) -> str:
    """Read what may stand between two values: one character, no letter, digit, quote or blank."""
    if len(text) != 1 or text.isalnum() or text in "\"' ":
        raise ValueError("un seul caractère attendu, par exemple ;")
    return text
