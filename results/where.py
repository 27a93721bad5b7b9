"""`where=`: which runs to show, as an expression over their columns.

The words are Python's, a small part of them: columns ("batch.total"), numbers, text, comparisons,
`in`, `and`, `or`, `not`, and arithmetic. Nothing is called and nothing is evaluated but what this
module names, so that an expression of a stranger can do no harm. Text compared with a column needs
no quotes where it is one word: `strategy == mirrored`. A comparison with what a run did not measure
never holds; `x == none` asks for it.
"""

import ast
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any

from results.columns import unknown
from results.errors import UserError
from results.text import one_line

Condition = Callable[[Mapping[str, Any]], bool]
_Value = Callable[[Mapping[str, Any]], Any]

_LONGEST_SHOWN = 100
_EXAMPLE = "write such as where='workers > 1 and strategy == mirrored'"
_WORDS = {"none": None, "null": None, "true": True, "false": False}
_ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def condition(text: str, columns: Collection[str]) -> Condition:
    """Whether a row with these columns is meant by the expression `text`.

    Raises UserError where it doesn't parse or names no column; so does the condition itself where
    it compares text with a number.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        value = _Compiler(text, columns).value(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UserError(f"{_said(text)}: doesn't parse{_place(error)}; {_EXAMPLE}") from None
    return lambda row: _holds_true(value(row))


def is_missing(value: Any) -> bool:
    """Whether a run lacks the value: None, or NaN."""
    return value is None or value != value


def _said(text: str) -> str:
    return f"where={one_line(text, _LONGEST_SHOWN)}"


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.text and error.offset:
        rest = error.text[error.offset - 1 :].strip()
        if rest.startswith("=") or "'=='" in str(error.msg):
            return " (equal is ==)"
        return f" at '{rest[:40]}'" if rest else " at its end"
    return ""


class _Compiler:
    """Turns the tree of one expression into a function of a row."""

    def __init__(self, text: str, columns: Collection[str]) -> None:
        self._said = _said(text)
        self._columns = columns

    def value(self, node: ast.expr, may_be_text: bool = False) -> _Value:
        match node:
            case ast.Constant(value=str() | int() | float() | None as constant):
                return lambda row: constant
            case ast.Name() | ast.Attribute():
                return self._named(node, may_be_text)
            case ast.BoolOp(op=ast.And(), values=nodes):
                parts = [self.value(each) for each in nodes]
                return lambda row: all(_holds_true(part(row)) for part in parts)
            case ast.BoolOp(op=ast.Or(), values=nodes):
                parts = [self.value(each) for each in nodes]
                return lambda row: any(_holds_true(part(row)) for part in parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.value(operand)
                return lambda row: not _holds_true(inner(row))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._arithmetic(operator.sub, lambda row: 0, self.value(operand))
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
                do = _ARITHMETIC[type(sign)]
                return self._arithmetic(do, self.value(left), self.value(right))
            case ast.Compare():
                return self._comparison(node)
            case ast.List(elts=nodes) | ast.Tuple(elts=nodes):
                parts = [self.value(each, may_be_text) for each in nodes]
                return lambda row: [part(row) for part in parts]
        raise UserError(
            f"{self._said}: {one_line(ast.unparse(node), 40)} can't be asked; {_EXAMPLE}"
        )

    def _named(self, node: ast.expr, may_be_text: bool) -> _Value:
        name = ast.unparse(node)
        if name in self._columns:
            return lambda row: row.get(name)
        if name.lower() in _WORDS:
            word = _WORDS[name.lower()]
            return lambda row: word
        if may_be_text:
            return lambda row: name
        raise unknown("where", name, self._columns)

    def _comparison(self, node: ast.Compare) -> _Value:
        nodes = [node.left, *node.comparators]
        names_a_column = any(
            ast.unparse(part) in self._columns
            for each in nodes
            for part in ast.walk(each)
            if isinstance(part, ast.Name | ast.Attribute)
        )
        sides = [self.value(each, may_be_text=names_a_column) for each in nodes]
        asks_for_none = any(ast.unparse(each).lower() in ("none", "null") for each in nodes)

        def holds(row: Mapping[str, Any]) -> bool:
            values = [side(row) for side in sides]
            return all(
                self._holds(sign, left, right, asks_for_none)
                for sign, left, right in zip(node.ops, values, values[1:], strict=False)
            )

        return holds

    def _holds(self, sign: ast.cmpop, left: Any, right: Any, asks_for_none: bool) -> bool:
        if isinstance(sign, ast.In | ast.NotIn):
            return _contains(right, left) == isinstance(sign, ast.In)
        if isinstance(sign, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
            equal = isinstance(sign, ast.Eq | ast.Is)
            if asks_for_none:
                return (is_missing(left) and is_missing(right)) == equal
            if is_missing(left) or is_missing(right):
                return False
            return bool(left == right) == equal
        if is_missing(left) or is_missing(right):
            return False
        try:
            return bool(_ORDERS[type(sign)](left, right))
        except TypeError:
            raise UserError(
                f"{self._said}: {left!r} and {right!r} can't be put in order;"
                " compare numbers with numbers, text with text"
            ) from None

    def _arithmetic(self, do: Callable[[Any, Any], Any], left: _Value, right: _Value) -> _Value:
        def result(row: Mapping[str, Any]) -> Any:
            values = left(row), right(row)
            if any(is_missing(value) for value in values):
                return None
            if not all(isinstance(value, int | float) for value in values):
                raise UserError(f"{self._said}: only numbers can be reckoned with")
            try:
                return do(*values)
            except ArithmeticError:
                return None

        return result


def _holds_true(value: Any) -> bool:
    return not is_missing(value) and bool(value)


def _contains(holder: Any, value: Any) -> bool:
    if isinstance(holder, str):
        return isinstance(value, str) and value in holder
    return isinstance(holder, list | tuple) and value in holder
