"""From text to checked expressions, templates and arguments: the one place where a fault gets its column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from orchestrator.domain.keywords import Argument
from orchestrator.domain.personal import Masked
from orchestrator.language.checking import infer
from orchestrator.language.expressions import Expression, ExpressionSyntaxError, parse
from orchestrator.language.faults import Faults
from orchestrator.language.fields import FIELD_TYPES
from orchestrator.language.nodes import Text
from orchestrator.language.shapes import ANY, alternatives, fits, french, plain
from orchestrator.language.templates import INSERT, Template, Value

Scope = Mapping[str, Any]
_FROM_TEXT: Mapping[Any, Callable[[str], Any]] = {
    FIELD_TYPES[name].python: FIELD_TYPES[name].parse
    for name in ("text", "integer", "decimal", "euros", "date", "boolean")
} | {Fraction: lambda text: Fraction(FIELD_TYPES["decimal"].parse(text))}


def expression(node: Text, scope: Scope, expected: Any, place: str, faults: Faults) -> Expression | None:  # noqa: ANN401
    """Compile a bare expression that must have a shape; None (and a fault) when it cannot be."""
    compiled = _compile(node, node.text, 0, scope, place, faults)
    if compiled is None:
        return None
    result, shape = compiled
    if not fits(shape, expected):
        advice = "Écrire une comparaison, par exemple person.found == 1." if expected is bool else ""
        faults.add(node, f"{french(expected)} est attendue ici, « {node.text} » est {french(shape)}", advice)
    return result


def _compile(
    node: Text, text: str, start: int, scope: Scope, place: str, faults: Faults
) -> tuple[Expression, Any] | None:
    blanks = len(text) - len(text.lstrip())
    bare = text.strip()
    try:
        tree = parse(bare)
        shape = infer(tree, scope)
    except ExpressionSyntaxError as error:
        inside = len(bare.encode()[: error.shift].decode(errors="ignore"))
        shift = 0 if node.inner is None else node.inner + start + blanks + inside
        faults.add(node, error.message, error.advice, shift=shift)
        return None
    return Expression(text=bare, place=place, line=node.line, tree=tree), shape


def template(node: Text, scope: Scope, place: str, faults: Faults) -> Template | None:
    """Compile a text with ``${…}`` inserts; each insert is a name, with dots."""
    found = _inserts(node, scope, place, faults)
    if found is None:
        return None
    pieces, inserts = found
    return Template(text=node.text, pieces=pieces, inserts=tuple(insert for insert, _ in inserts))


def _inserts(
    node: Text, scope: Scope, place: str, faults: Faults
) -> tuple[tuple[str, ...], list[tuple[Expression, Any]]] | None:
    pieces, inserts, last, sound = [], [], 0, True
    for match in INSERT.finditer(node.text):
        pieces.append(node.text[last : match.start()])
        last = match.end()
        compiled = _insert(node, match[1], match.start() + 2, scope, place, faults)
        sound = sound and compiled is not None
        if compiled is not None:
            inserts.append(compiled)
    pieces.append(node.text[last:])
    if any("${" in piece for piece in pieces):
        faults.add(node, "« ${ » n'est pas refermé", "Écrire ${nom}.")
        sound = False
    return (tuple(pieces), inserts) if sound else None


def _insert(
    node: Text, text: str, start: int, scope: Scope, place: str, faults: Faults
) -> tuple[Expression, Any] | None:
    if not all(part.isidentifier() for part in text.split(".")):
        message = "${…} n'insère qu'un nom, avec des points : ${person.nir}"
        faults.add(node, message, "Le calcul se fait dans une étape compute.", shift=(node.inner or 0) + start)
        return None
    return _compile(node, text, start, scope, place, faults)


def inserted(node: Text, scope: Scope, place: str, faults: Faults) -> tuple[Expression, Any] | None:
    """Compile a value that is one ``${…}`` and nothing else; returns it with its shape."""
    found = _inserts(node, scope, place, faults)
    if found is None:
        return None
    pieces, inserts = found
    if len(inserts) == 1 and not any(pieces):
        return inserts[0]
    faults.add(node, f"{place} : un nom est attendu, « {node.text} » trouvé", "L'écrire ${nom}.")
    return None


def argument(node: Text, wanted: Argument, scope: Scope, place: str, faults: Faults) -> Value | None:
    """Compile the value of an argument and check that it fits."""
    found = _inserts(node, scope, place, faults)
    if found is None:
        return None
    pieces, inserts = found
    if not inserts:
        return _constant(node, wanted, faults)
    if len(inserts) == 1 and not any(pieces):
        content, shape = inserts[0]
        _check_fit(node, shape, wanted, faults)
        return Value(text=node.text, content=content)
    personal = [insert.text for insert, shape in inserts if _is_masked(shape)]
    if personal:
        faults.add(node, f"« {personal[0]} » est une valeur personnelle : elle ne s'insère pas dans un texte")
        return None
    _check_fit(node, str, wanted, faults)
    compiled = Template(text=node.text, pieces=pieces, inserts=tuple(insert for insert, _ in inserts))
    return Value(text=node.text, content=compiled)


def shaped(node: Text, scope: Scope, place: str, faults: Faults) -> tuple[Value, Any] | None:
    """Compile a value of which nothing is expected, and return its shape with it."""
    value = argument(node, Argument(name=node.text, type=ANY, required=True), scope, place, faults)
    if value is None:
        return None
    return value, infer(value.content.tree, scope) if isinstance(value.content, Expression) else str


def _is_masked(shape: Any) -> bool:  # noqa: ANN401
    return any(isinstance(kind, type) and issubclass(kind, Masked) for kind in alternatives(plain(shape)))


def _check_fit(node: Text, shape: Any, wanted: Argument, faults: Faults) -> None:  # noqa: ANN401
    if not fits(shape, wanted.type):
        message = f"« {wanted.name} » attend {french(wanted.type)}, « {node.text} » est {french(shape)}"
        faults.add(node, message)


def _constant(node: Text, wanted: Argument, faults: Faults) -> Value | None:
    kind = plain(wanted.type)
    read = _FROM_TEXT.get(str if kind is ANY else kind)
    if read is None:
        advice = "Insérer une valeur : ${nom}."
        faults.add(node, f"« {wanted.name} » attend {french(kind)}, pas un texte écrit dans le scénario", advice)
        return None
    try:
        return Value(text=node.text, content=read(node.text))
    except ValueError as error:
        faults.add(node, f"« {wanted.name} » : {error}, « {node.text} » trouvé")
        return None
