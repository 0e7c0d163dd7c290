"""The language of ``when``: comparisons of references and literals over plain data. No eval.

    condition := or ; or := and ("or" and)* ; and := not ("and" not)*
    not       := "not" not | comparison
    comparison:= operand [("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in") operand]
    operand   := "(" or ")" | "[" operand, ... "]" | number | 'text' | "text" | true | false | null | REF

A parsed condition is a tree of plain tuples, so that it can be kept compiled:
``("lit", value)``, ``("ref", Ref)``, ``("list", items)``, ``("cmp", op, a, b)``, ``("not", a)``,
``("and", a, b, ...)``, ``("or", a, b, ...)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..model.graph import Ref

Tree = tuple[Any, ...]
MAX_LENGTH = 2000
MAX_DEPTH = 50

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<op>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)
    | (?P<number>-?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)(?![\w.])
    | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<name>[A-Za-z_][\w-]*(?:\.\w[\w-]*|\[\d+\])*)
    )""",
    re.VERBOSE,
)
_CONSTANTS = {
    "true": True, "True": True, "false": False, "False": False, "null": None, "None": None,
}  # fmt: skip
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in"})
_HINTS = {
    "=": "compare with ==",
    "&": "write: and",
    "|": "write: or",
    "!": "write: not",
    "$": "write the reference as it is, without ${{ }}",
}


class ConditionError(ValueError):
    """The text is no condition. ``offset`` counts from 0 in the text."""

    def __init__(self, message: str, offset: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


def parse(text: str, reference: Callable[[str], Ref]) -> Tree:
    """The tree of a condition. ``reference`` parses one reference (it may raise ValueError)."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"a condition has at most {MAX_LENGTH} characters")
    return _Parser(text, reference).whole()


def references(tree: Tree) -> Iterator[Ref]:
    """Every reference in a condition."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if node[0] == "ref":
            yield node[1]
        elif node[0] == "list":
            stack.extend(node[1])
        elif node[0] == "cmp":
            stack.extend(node[2:])
        elif node[0] in ("not", "and", "or"):
            stack.extend(node[1:])


class _Parser:
    def __init__(self, text: str, reference: Callable[[str], Ref]) -> None:
        self.text = text
        self.reference = reference
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0

    def whole(self) -> Tree:
        if not self.tokens:
            raise ConditionError("the condition is empty")
        tree = self.any_of()
        if self.at < len(self.tokens):
            _, value, offset = self.tokens[self.at]
            if value in _COMPARISONS:
                raise ConditionError("comparisons cannot be chained", offset, "write: a < b and b < c")
            raise ConditionError(f"{value!r} is not expected here", offset)
        return tree

    def any_of(self) -> Tree:
        self.deeper()
        found = [self.all_of()]
        while self.take("or"):
            found.append(self.all_of())
        self.depth -= 1
        return ("or", *found) if len(found) > 1 else found[0]

    def all_of(self) -> Tree:
        found = [self.negation()]
        while self.take("and"):
            found.append(self.negation())
        return ("and", *found) if len(found) > 1 else found[0]

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ConditionError("too many parentheses", self.tokens[self.at - 1][2])

    def negation(self) -> Tree:
        count = 0
        while self.take("not"):
            count += 1
        tree = self.comparison()
        return ("not", tree) if count % 2 else tree if not count else ("not", ("not", tree))

    def comparison(self) -> Tree:
        left = self.operand()
        for op in ("==", "!=", "<=", ">=", "<", ">", "in"):
            if self.take(op):
                return ("cmp", op, left, self.operand())
        if self.peek() == "not" and self.peek(1) == "in":
            self.at += 2
            return ("cmp", "not in", left, self.operand())
        return left

    def operand(self) -> Tree:
        if self.at >= len(self.tokens):
            raise ConditionError("the condition ends too early", len(self.text))
        kind, value, offset = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return ("lit", float(value) if any(c in value for c in ".eE") else int(value))
        if kind == "text":
            return ("lit", re.sub(r"\\(.)", r"\1", value[1:-1]))
        if kind == "name":
            return self.name(value, offset)
        if value == "(":
            tree = self.any_of()
            self.expect(")")
            return tree
        if value == "[":
            self.deeper()
            items = tuple(self.elements())
            self.depth -= 1
            return ("list", items)
        raise ConditionError(f"{value!r} is not expected here", offset)

    def name(self, value: str, offset: int) -> Tree:
        if value in _CONSTANTS:
            return ("lit", _CONSTANTS[value])
        if value in ("and", "or", "in", "not"):
            raise ConditionError(f"{value!r} is not expected here", offset)
        try:
            return ("ref", self.reference(value))
        except ValueError as error:
            raise ConditionError(str(error), offset, getattr(error, "hint", "")) from None

    def elements(self) -> Iterator[Tree]:
        if self.take("]"):
            return
        while True:
            yield self.operand()
            if self.take("]"):
                return
            self.expect(",")

    def peek(self, ahead: int = 0) -> str | None:
        i = self.at + ahead
        if i < len(self.tokens) and self.tokens[i][0] in ("op", "name"):
            return self.tokens[i][1]
        return None

    def take(self, value: str) -> bool:
        if self.peek() == value:
            self.at += 1
            return True
        return False

    def expect(self, value: str) -> None:
        if not self.take(value):
            offset = self.tokens[self.at][2] if self.at < len(self.tokens) else len(self.text)
            raise ConditionError(f"{value!r} is expected here", offset)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            offset = at + len(text[at:]) - len(text[at:].lstrip())
            bad = text[offset]
            raise ConditionError(f"{bad!r} is no part of a condition", offset, _HINTS.get(bad, "quote texts"))
        group = match.lastgroup
        yield group, match[group], match.start(group)
        at = match.end()


class NotPlain(ValueError):
    """A condition met something that it cannot compare. The message is for the user."""


def evaluate(tree: Tree, value_of: Callable[[Ref], Any]) -> bool:
    """Whether the condition holds. ``value_of`` gives a reference's plain value.

    Raises:
        NotPlain: an operand is not plain data, or the two cannot be ordered.
    """
    result = _value(tree, value_of)
    return _truth(result, tree)


def _value(tree: Tree, value_of: Callable[[Ref], Any]) -> Any:
    kind = tree[0]
    if kind == "lit":
        return tree[1]
    if kind == "ref":
        return value_of(tree[1])
    if kind == "list":
        return [_value(t, value_of) for t in tree[1]]
    if kind == "not":
        return not _truth(_value(tree[1], value_of), tree[1])
    if kind == "and":
        return all(_truth(_value(t, value_of), t) for t in tree[1:])
    if kind == "or":
        return any(_truth(_value(t, value_of), t) for t in tree[1:])
    return _compare(tree, _value(tree[2], value_of), _value(tree[3], value_of))


def _truth(value: Any, tree: Tree) -> bool:
    if value is True or value is False:
        return bool(value)
    raise NotPlain(f"{_named(tree, value)} is neither true nor false: compare it with something")


def _compare(tree: Tree, left: Any, right: Any) -> bool:
    op: str = tree[1]
    if op == "==":
        return bool(left == right)
    if op == "!=":
        return bool(left != right)
    if op in ("in", "not in"):
        return _contains(tree, left, right) == (op == "in")
    number = (int, float)
    if not (
        (isinstance(left, number) and isinstance(right, number))
        or (type(left) is type(right) and isinstance(left, (str, list, tuple)))
        or (type(left) is type(right) and hasattr(left, "isoformat"))
    ):
        raise NotPlain(f"{_named(tree[2], left)} {op} {_named(tree[3], right)} cannot be compared")
    try:
        return bool(
            left < right if op == "<" else
            left <= right if op == "<=" else
            left > right if op == ">" else
            left >= right
        )  # fmt: skip
    except TypeError:
        raise NotPlain(f"{_named(tree[2], left)} {op} {_named(tree[3], right)} cannot be compared") from None


def _contains(tree: Tree, left: Any, right: Any) -> bool:
    if isinstance(right, str) and not isinstance(left, str):
        raise NotPlain(f"{_named(tree[2], left)} cannot be looked for in a text")
    if not isinstance(right, (str, list, tuple, dict, set, frozenset)):
        raise NotPlain(f"{_named(tree[3], right)} holds nothing that could be looked for")
    if isinstance(right, (list, tuple)):
        return any(left == x for x in right)
    try:
        return left in right
    except TypeError:
        return False


def _named(tree: Tree, value: Any) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return f"{tree[1]} ({shown})" if tree[0] == "ref" else shown
