"""Conditions and expressions: parsed, checked and typed when the file is loaded, evaluated by simpleeval.

What an owner may write: names, attributes, ``and or not``, comparisons, ``in``, ``+ - * /``, lists, texts, exact
numbers, ``true``, ``false``, amounts ``10.00 EUR``, ``… for one in list if …`` inside a function, and the functions of
:mod:`orchestrator.language.functions`.
Numbers are exact: a decimal literal is a ``Decimal``, and arithmetic is done on fractions.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from simpleeval import EvalWithCompoundTypes, InvalidExpression

from orchestrator.domain.errors import GlrError
from orchestrator.domain.money import Euros
from orchestrator.language.faults import ExpressionError
from orchestrator.language.functions import FUNCTIONS

_EUROS = re.compile(r"""("[^"]*"|'[^']*')|(\b\d+\.\d\d)( *) EUR\b""", re.ASCII)
CONSTANTS = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A checked expression."""

    #: As written.
    text: str
    #: Step and code, for messages.
    place: str
    #: Line in the file.
    line: int
    #: The syntax tree, with exact constants.
    tree: ast.expr = field(repr=False, compare=False)

    @cached_property
    def needs(self) -> frozenset[str]:
        """The names without which it cannot be evaluated."""
        return names_in(self.tree)

    @classmethod
    def all_of(cls, conditions: Sequence[Expression]) -> Expression:
        """Return the condition that all of these hold, in that order; one alone is itself."""
        if len(conditions) == 1:
            return conditions[0]
        text = " and ".join(f"({condition.text})" for condition in conditions)
        tree = ast.BoolOp(ast.And(), [condition.tree for condition in conditions])
        return cls(text=text, place=conditions[0].place, line=conditions[0].line, tree=tree)

    def evaluate(self, names: Mapping[str, object]) -> object:
        """Return its value among those names.

        Raises :class:`ExpressionError` when a value is missing, and lets the exceptions of the domain through (a rule
        without a row is the :class:`~orchestrator.domain.errors.BusinessException` C-15).
        """
        if isinstance(self.tree, ast.Name) and (known := names.get(self.tree.id)) is not None:
            return known  # a name alone, in keys and arguments: nothing is computed
        try:
            return _Evaluator(names=dict(names), functions=_CALLS, operators=_OPERATORS).eval(self.text, self.tree)
        except GlrError:
            raise
        except _Missing as missing:
            raise ExpressionError(self.place, self.line, f"« {missing.name} » n'est pas renseigné") from None
        except InvalidExpression as error:
            name = getattr(error, "name", None) or getattr(error, "attr", "?")
            raise ExpressionError(self.place, self.line, f"« {name} » n'existe pas pour ce dossier") from None
        except (TypeError, ValueError, AttributeError, ArithmeticError, LookupError) as error:
            reason = f"« {self.text} » n'a pas pu être évalué ({type(error).__name__})"
            raise ExpressionError(self.place, self.line, reason) from None

    def holds(self, names: Mapping[str, object]) -> bool:
        """Evaluate a condition; raises :class:`ExpressionError` when it gives anything but true or false."""
        result = self.evaluate(names)
        if not isinstance(result, bool):
            raise ExpressionError(self.place, self.line, "une condition vraie ou fausse est attendue")
        return result

    def as_date(self, names: Mapping[str, object]) -> date:
        """Evaluate a date; raises :class:`ExpressionError` when it gives anything else."""
        result = self.evaluate(names)
        if not isinstance(result, date):
            raise ExpressionError(self.place, self.line, "une date est attendue")
        return result


class ExpressionSyntaxError(GlrError):
    """Une expression est mal écrite."""

    def __init__(self, message: str, shift: int, advice: str = "") -> None:
        self.message, self.shift, self.advice = message, shift, advice
        super().__init__(message)


def names_in(tree: ast.expr) -> frozenset[str]:
    """Return the names that an expression uses, without the functions that it calls."""
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in called)


def parse(text: str) -> ast.expr:
    """Return the syntax tree with exact constants; raises :class:`ExpressionSyntaxError` with the column (from 0)."""
    if len(text) > 2000:
        raise ExpressionSyntaxError("expression de plus de 2 000 caractères", 0)
    flat = _EUROS.sub(_mark_euros, text.replace("\n", " ").replace("\t", " "))
    try:
        tree = ast.parse(flat, mode="eval").body
        return _exact(tree, flat)
    except SyntaxError as error:
        shift = max(0, (error.offset or 1) - 1)
        raise ExpressionSyntaxError(
            "expression mal écrite à cet endroit", min(shift, len(text)), _advice(text)
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionSyntaxError("expression illisible", 0) from None


def _mark_euros(found: re.Match[str]) -> str:
    """Write ``10.00 EUR`` as ``10.00.EUR``, an attribute of a number, at the same columns."""
    return found[1] or f"{found[2]}{found[3]}.EUR"


def _advice(text: str) -> str:
    if re.search(r"\bEUR\b|€", text):
        return "Un montant s'écrit avec un point, deux décimales et EUR : 10.00 EUR."
    if re.search(r"(?<![=<>!])=(?!=)", text):
        return "L'égalité s'écrit ==."
    return "${…} ne s'écrit pas dans une condition : écrire le nom seul." if "$" in text else ""


def _exact(tree: ast.expr, source: str) -> ast.expr:
    """Replace every constant by its exact value."""

    class Exact(ast.NodeTransformer):
        def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
            if node.attr == "EUR" and isinstance(node.value, ast.Constant):
                amount = Decimal(ast.get_source_segment(source, node.value) or "0")
                return ast.copy_location(ast.Constant(Euros(int(amount * 100))), node)  # type: ignore[arg-type]
            return ast.copy_location(ast.Attribute(self.visit(node.value), node.attr, node.ctx), node)

        def visit_Constant(self, node: ast.Constant) -> ast.expr:
            if isinstance(node.value, float):
                literal = ast.get_source_segment(source, node) or ""
                if not re.fullmatch(r"\d+\.\d+", literal):
                    raise ExpressionSyntaxError("nombre mal écrit", node.col_offset, "L'écrire comme 0.80.")
                return ast.copy_location(ast.Constant(Decimal(literal)), node)  # type: ignore[arg-type]
            return node

        def visit_Name(self, node: ast.Name) -> ast.expr:
            known = node.id in CONSTANTS
            return ast.copy_location(ast.Constant(CONSTANTS[node.id]), node) if known else node

    result: ast.expr = Exact().visit(tree)
    return result


class _Missing(Exception):
    """A value is None where one is needed."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Evaluator(EvalWithCompoundTypes):  # type: ignore[misc]
    """Simpleeval, stricter: no index fallback, and a missing value never counts as false."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)
        self.ATTR_INDEX_FALLBACK = False
        self._missing_allowed = 0

    def _eval(self, node: ast.AST) -> Any:  # noqa: ANN401
        result = super()._eval(node)
        if result is None and not self._missing_allowed and not isinstance(node, ast.keyword):
            raise _Missing(ast.unparse(node))
        return result

    def _eval_call(self, node: ast.Call) -> Any:  # noqa: ANN401
        allowed = isinstance(node.func, ast.Name) and FUNCTIONS[node.func.id].missing_allowed
        before, self._missing_allowed = self._missing_allowed, int(allowed)
        try:
            return super()._eval_call(node)
        finally:
            self._missing_allowed = before


def _fraction(compute: Callable[[Fraction, Fraction], Fraction]) -> Callable[[Any, Any], Any]:
    """Return the operation, exact: on euros it stays euros, on numbers it is a fraction (an int when it is whole)."""

    def exact(left: Any, right: Any) -> Any:  # noqa: ANN401
        result = compute(Fraction(left), Fraction(right))
        return int(result) if result.denominator == 1 else result

    return exact


def _add(left: Any, right: Any) -> Any:  # noqa: ANN401
    return left + right if isinstance(left, Euros) else _fraction(operator.add)(left, right)


def _subtract(left: Any, right: Any) -> Any:  # noqa: ANN401
    return left - right if isinstance(left, Euros) else _fraction(operator.sub)(left, right)


def _multiply(left: Any, right: Any) -> Any:  # noqa: ANN401
    if isinstance(right, Euros):
        left, right = right, left
    return left * right if isinstance(left, Euros) else _fraction(operator.mul)(left, right)


def _contains(left: Any, right: Any) -> bool:  # noqa: ANN401
    return left in right


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add,
    ast.Sub: _subtract,
    ast.Mult: _multiply,
    ast.Div: _fraction(operator.truediv),
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: _contains,
    ast.NotIn: lambda left, right: not _contains(left, right),
    ast.Not: operator.not_,
    ast.USub: operator.neg,
}
#: What the syntax check lets through.
OPERATORS = tuple(_OPERATORS)
_CALLS = {function.name: function.call for function in FUNCTIONS.values()}
