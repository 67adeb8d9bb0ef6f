"""The check of an expression when the file is loaded: only known syntax, known names, and types that fit."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from orchestrator.domain.money import Euros
from orchestrator.language.expressions import OPERATORS, ExpressionSyntaxError
from orchestrator.language.faults import suggest
from orchestrator.language.functions import COLUMN, FUNCTIONS, LIST, ROWS, Function
from orchestrator.language.shapes import (
    ANY,
    comparable,
    fits,
    french,
    is_number,
    is_ordered,
    list_of,
    members,
    plain,
    row_of,
)

#: Names that the language gives itself.
_GIVEN = frozenset({"rules", "run", "today", "priority"})
_EACH = "Exemple : any(row.alive for row in stop.others)."


def infer(tree: ast.expr, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a shape is any annotation
    """Return the shape of an expression; raises :class:`ExpressionSyntaxError` at the first thing that does not fit."""
    return _Checker(scope).shape(tree)


class _Checker:
    def __init__(self, scope: Mapping[str, Any]) -> None:
        self._scope = scope

    def shape(self, node: ast.expr) -> Any:  # noqa: ANN401, C901, PLR0911 - one line a kind of node
        match node:
            case ast.Constant(value=value):
                return self._constant(node, value)
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.Attribute():
                return self._attribute(node)
            case ast.BoolOp(values=values):
                return self._conditions(values)
            case ast.UnaryOp(op=op, operand=operand):
                return self._unary(node, op, operand)
            case ast.BinOp():
                return self._arithmetic(node)
            case ast.Compare():
                return self._comparison(node)
            case ast.List(elts=items):
                return self._list(items)
            case ast.Call():
                return self._call(node)
            case ast.GeneratorExp():
                return self._each(node)
        raise _fault(node, "forme non permise dans une expression", "Permis : and or not, == < in, + - * /, fonctions.")

    def _constant(self, node: ast.expr, value: object) -> Any:  # noqa: ANN401
        if isinstance(value, bool | int | str | Decimal | Euros) and not isinstance(value, bytes):
            return type(value)
        raise _fault(node, "valeur non permise dans une expression")

    def _name(self, node: ast.expr, name: str) -> Any:  # noqa: ANN401
        if name in self._scope:
            return self._scope[name]
        if name in FUNCTIONS:
            raise _fault(node, f"« {name} » est une fonction", f"Écrire par exemple {FUNCTIONS[name].example}.")
        if name in {"True", "False"}:
            raise _fault(node, f"« {name} » est inconnu", f"Écrire {name.lower()}.")
        if name == "today":
            raise _fault(
                node,
                "« today » n'est connu que dans priority, due et wait",
                "Écrire run.date, le jour de la livraison.",
            )
        if name == "rules":
            raise _fault(node, "« rules » n'est connu qu'à partir d'une étape qui dit rules_at", "Ajouter rules_at.")
        raise _fault(node, f"« {name} » est inconnu ici", suggest(name, self._scope))

    def _attribute(self, node: ast.Attribute) -> Any:  # noqa: ANN401
        known = members(self.shape(node.value))
        if known is None:
            return ANY
        if node.attr in known:
            return known[node.attr]
        shift = (node.value.end_col_offset or 0) + 1
        text = f"« {ast.unparse(node.value)} » n'a pas de champ « {node.attr} »"
        raise ExpressionSyntaxError(text, shift, suggest(node.attr, known))

    def _conditions(self, values: list[ast.expr]) -> Any:  # noqa: ANN401
        for value in values:
            self._expect(value, bool)
        return bool

    def _unary(self, node: ast.expr, op: ast.unaryop, operand: ast.expr) -> Any:  # noqa: ANN401
        if isinstance(op, ast.Not):
            self._expect(operand, bool)
            return bool
        if isinstance(op, ast.USub):
            shape = self.shape(operand)
            if is_number(shape):
                return shape
        raise _fault(node, "opération non permise")

    def _arithmetic(self, node: ast.BinOp) -> Any:  # noqa: ANN401
        left, right = plain(self.shape(node.left)), plain(self.shape(node.right))
        if not isinstance(node.op, OPERATORS):
            raise _fault(node, "opération non permise", "Permis : + - * /.")
        if is_number(left) and is_number(right):
            whole = left is int and right is int and not isinstance(node.op, ast.Div)
            return int if whole else Fraction
        if left is Euros and right is Euros and isinstance(node.op, ast.Add | ast.Sub):
            return Euros
        if {left, right} == {Euros, int} and isinstance(node.op, ast.Mult):
            return Euros
        advice = "Pour des dates : add_days, add_years, days_between."
        raise _fault(node, f"opération impossible entre {french(left)} et {french(right)}", advice)

    def _comparison(self, node: ast.Compare) -> Any:  # noqa: ANN401
        left = self.shape(node.left)
        for op, following in zip(node.ops, node.comparators, strict=True):
            right = self.shape(following)
            self._compared(node, op, left, right)
            left = right
        return bool

    def _compared(self, node: ast.expr, op: ast.cmpop, left: Any, right: Any) -> None:  # noqa: ANN401
        if isinstance(op, ast.In | ast.NotIn):
            rows = row_of(right)
            if rows is None or not comparable(left, rows):
                raise _fault(node, f"« in » cherche {french(left)} dans une liste, trouvé {french(right)}")
            return
        ordered = isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
        if not isinstance(op, OPERATORS):
            raise _fault(node, "comparaison non permise", "Permis : == != < <= > >= in.")
        if not comparable(left, right) or (ordered and not (is_ordered(left) and is_ordered(right))):
            raise _fault(node, f"{french(left)} ne se compare pas à {french(right)}")

    def _list(self, items: list[ast.expr]) -> Any:  # noqa: ANN401
        shapes = [self.shape(item) for item in items]
        for item, shape in zip(items, shapes, strict=True):
            if not comparable(shape, shapes[0]):
                raise _fault(item, f"cette liste mêle {french(shapes[0])} et {french(shape)}")
        return list_of(plain(shapes[0]) if shapes else ANY)

    def _each(self, node: ast.GeneratorExp) -> Any:  # noqa: ANN401
        """``one.found for one in checked if one.open``: one list, one new name that is known inside alone."""
        each, *others = node.generators
        if others or each.is_async or not isinstance(each.target, ast.Name):
            raise _fault(node, "une seule liste à la fois", _EACH)
        name, row = each.target.id, row_of(self.shape(each.iter))
        if row is None:
            found = f"« {ast.unparse(each.iter)} » est {french(self.shape(each.iter))}"
            raise _fault(each.iter, f"une liste est attendue après « in », {found}", _EACH)
        if name in self._scope or name in FUNCTIONS or name in _GIVEN:
            raise _fault(each.target, f"le nom « {name} » veut déjà dire autre chose", "En choisir un autre.")
        inner = _Checker({**self._scope, name: row})
        for condition in each.ifs:
            inner._expect(condition, bool)
        return list_of(plain(inner.shape(node.elt)))

    def _call(self, node: ast.Call) -> Any:  # noqa: ANN401
        if not isinstance(node.func, ast.Name):
            raise _fault(node, "on n'appelle qu'une fonction de la liste", suggest("", FUNCTIONS))
        function = FUNCTIONS.get(node.func.id)
        if function is None:
            raise _fault(node, f"fonction « {node.func.id} » inconnue", suggest(node.func.id, FUNCTIONS))
        if len(node.args) != len(function.takes):
            expected = f"« {function.name} » attend {len(function.takes)} valeur(s), {len(node.args)} donnée(s)"
            raise _fault(node, expected, f"Exemple : {function.example}.")
        rows = self._arguments(node, function)
        self._filters(node, function, rows)
        return list_of(rows) if function.gives == ROWS else function.gives

    def _arguments(self, node: ast.Call, function: Function) -> Any:  # noqa: ANN401
        rows: Any = ANY
        for argument, expected in zip(node.args, function.takes, strict=True):
            if expected == ROWS:
                rows = self._rows(argument, function)
            elif expected == COLUMN:
                self._column(argument, rows, function)
            elif expected == LIST:
                if row_of(self.shape(argument)) is None:
                    raise _fault(
                        argument, f"« {function.name} » attend une liste ici", f"Exemple : {function.example}."
                    )
            else:
                self._expect(argument, expected, function)
        return rows

    def _rows(self, argument: ast.expr, function: Function) -> Any:  # noqa: ANN401
        rows = row_of(self.shape(argument))
        known = members(rows) if rows is not None else {}
        if rows is None or (known is not None and not set(function.needs) <= set(known)):
            raise _fault(argument, f"« {function.name} » attend une liste de lignes", f"Exemple : {function.example}.")
        return rows

    def _column(self, argument: ast.expr, rows: Any, function: Function) -> None:  # noqa: ANN401
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            raise _fault(argument, f"« {function.name} » attend un nom de champ entre guillemets")
        known = members(rows)
        if known is not None and argument.value not in known:
            raise _fault(
                argument, f"ces lignes n'ont pas de champ « {argument.value} »", suggest(argument.value, known)
            )

    def _filters(self, node: ast.Call, function: Function, rows: Any) -> None:  # noqa: ANN401
        known = members(rows)
        for keyword in node.keywords:
            if keyword.arg is None or not function.filters:
                raise _fault(
                    keyword.value, f"« {function.name} » ne prend pas de filtre", f"Exemple : {function.example}."
                )
            if known is None:
                continue
            if keyword.arg not in known:
                text = f"ces lignes n'ont pas de champ « {keyword.arg} »"
                raise ExpressionSyntaxError(text, keyword.col_offset, suggest(keyword.arg, known))
            found = self.shape(keyword.value)
            if not comparable(found, known[keyword.arg]):
                expected = french(known[keyword.arg])
                raise _fault(keyword.value, f"« {keyword.arg} » est {expected}, {french(found)} donné")

    def _expect(self, node: ast.expr, expected: Any, function: Function | None = None) -> None:  # noqa: ANN401
        found = self.shape(node)
        if not fits(found, expected):
            where = f"« {function.name} » attend {french(expected)}" if function else f"{french(expected)} attendue"
            example = f"Exemple : {function.example}." if function else "Écrire une comparaison, par exemple == ou <."
            raise _fault(node, f"{where}, « {ast.unparse(node)} » est {french(found)}", example)


def _fault(node: ast.expr, message: str, advice: str = "") -> ExpressionSyntaxError:
    return ExpressionSyntaxError(message, getattr(node, "col_offset", 0), advice)
