"""The ways in which a line can be wrong, each a change of one place in the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

SWAPS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
# Names of arguments whose silent loss is the fault that users met most.
MASKS = {"mask", "visible", "seen"}
IDENTITIES = {"stop_gradient", "cast", "sqrt", "abs"}


class Place(NamedTuple):
    """Where in the source, and what stands there instead."""

    line: int
    start: int
    end: int
    old: str
    new: str
    kind: str


def places(source: str) -> Iterator[Place]:
    """Every mutation of a file that fits in one line and is no docstring or error message."""
    lines = source.encode().splitlines()
    for node in ast.walk(ast.parse(source)):
        for kind, new in _changed(node):
            if node.lineno == node.end_lineno:
                old = lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()
                if old != new:
                    yield Place(node.lineno, node.col_offset, node.end_col_offset, old, new, kind)


def _changed(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.BinOp(left, op, right) if type(op) in SWAPS and not _text(left, right):
            yield "operator", f"({ast.unparse(ast.BinOp(left, SWAPS[type(op)](), right))})"
        case ast.Compare(left, [op], [right]) if type(op) in SWAPS:
            yield "comparison", f"({ast.unparse(ast.Compare(left, [SWAPS[type(op)]()], [right]))})"
        case ast.BoolOp(op, values):
            yield "logic", f"({ast.unparse(ast.BoolOp(SWAPS[type(op)](), values))})"
        case ast.Constant(bool() as value):
            yield "flag", str(not value)
        case ast.Constant(int() | float() as value):
            yield "constant", repr(value + 1)
        case ast.Call(ast.Attribute(attr=name) | ast.Name(id=name), [first, *_]) if (
            name in IDENTITIES
        ):
            yield name, f"({ast.unparse(first)})"
        case ast.Call(function, arguments, keywords):
            for keyword in keywords:
                if keyword.arg in MASKS and not isinstance(keyword.value, ast.Constant):
                    others = [
                        ast.keyword(k.arg, ast.Constant(None)) if k is keyword else k
                        for k in keywords
                    ]
                    yield "mask ignored", ast.unparse(ast.Call(function, arguments, others))
        case ast.UnaryOp(ast.USub() | ast.Not(), operand) if not isinstance(operand, ast.Constant):
            yield "sign", f"({ast.unparse(operand)})"


def _text(*nodes: ast.AST) -> bool:
    return any(
        isinstance(n, ast.JoinedStr) or (isinstance(n, ast.Constant) and isinstance(n.value, str))
        for n in nodes
    )


def applied(source: str, place: Place) -> str:
    """The source with one place changed."""
    lines = source.encode().splitlines(keepends=True)
    line = lines[place.line - 1]
    lines[place.line - 1] = line[: place.start] + place.new.encode() + line[place.end :]
    return b"".join(lines).decode()
