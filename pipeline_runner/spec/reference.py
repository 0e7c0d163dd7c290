"""References (``params.x``, ``train.model[0]``) and texts with ``${{ ... }}`` in them.

Standard library only: this is read on the warm path too.
"""

from __future__ import annotations

import re

from ..model.graph import Ref, Text
from ..model.names import RESERVED

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_KEY = re.compile(r"\w[\w-]*")
_POSITION = re.compile(r"(?:0|[1-9][0-9]{0,17})\Z")
_LOOKS = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.\w[\w-]*|\[[0-9]+\])*(?:\.\*|\[\*\])?\Z")
_OPEN = "${{"
_CLOSE = "}}"


class RefError(ValueError):
    """A reference, or a text with references, that cannot be read."""

    def __init__(self, message: str, offset: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset  # characters from the start of the text
        self.hint = hint

    def shifted(self, by: int) -> RefError:
        return RefError(self.message, self.offset + by, self.hint)


def looks_like_reference(text: str) -> bool:
    """Whether the text has the shape of a reference (whatever it may name)."""
    return _LOOKS.match(text) is not None


def parse_reference(text: str) -> Ref:
    """Read a reference; raises ``RefError``."""
    first = _NAME.match(text)
    if first is None:
        raise _bad_start(text)
    path, star = _segments(text, first.end())
    root = first.group()
    if root not in RESERVED:
        return Ref("step", root, path, star, text)
    if root == "item":
        return Ref("item", "", path, star, text)
    if root == "run":
        return _run(text, path, star)
    if root == "env":
        raise RefError("'env' is no reference", 0, "set it under 'env:', or pass a value by 'params.NAME'")
    return _named(root, text, path, star)


def _named(root: str, text: str, path: tuple[str | int, ...], star: bool) -> Ref:
    """``params.NAME``, ``matrix.NAME`` and ``secrets.NAME``."""
    name = path[0] if path else None
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise RefError(f"'{root}' needs a name after it", len(root), f"write {root}.NAME")
    if root == "secrets" and (len(path) > 1 or star):
        raise RefError("a secret is a text: nothing can follow its name", len(f"secrets.{name}"))
    return Ref(root, name, path[1:], star, text)


def _run(text: str, path: tuple[str | int, ...], star: bool) -> Ref:
    if path != ("id",) or star:
        raise RefError("of 'run' there is only 'run.id'", len("run"), "write run.id")
    return Ref("run", "id", (), False, text)


def _bad_start(text: str) -> RefError:
    if not text:
        return RefError("a reference is missing", 0, "write STEP, STEP.OUTPUT or params.NAME")
    if text[:1].isspace():
        return RefError("a reference has no spaces around it", 0)
    if text.startswith(_OPEN):
        inner = text[len(_OPEN) :].removesuffix(_CLOSE).strip()
        return RefError("'${{ }}' makes text; a reference stands by itself here", 0, f"write {inner}")
    return RefError(f"{_short(text)} is not a reference", 0, "write STEP, STEP.OUTPUT or params.NAME")


def _segments(text: str, at: int) -> tuple[tuple[str | int, ...], bool]:
    path: list[str | int] = []
    while at < len(text):
        if text[at] == ".":
            if text[at + 1 :] == "*":
                return tuple(path), True
            segment, at = _dotted(text, at)
        elif text[at] == "[":
            if text[at:] == "[*]":
                return tuple(path), True
            segment, at = _bracketed(text, at)
        else:
            raise _unexpected(text, at)
        path.append(segment)
    return tuple(path), False


def _dotted(text: str, at: int) -> tuple[str | int, int]:
    if text[at + 1 : at + 2] == "*":
        raise RefError("'.*' can only stand at the end of a reference", at)
    match = _KEY.match(text, at + 1)
    if match is None:
        raise RefError("a name or a position must follow '.'", at + 1)
    key = match.group()
    return (int(key) if _POSITION.match(key) else key), match.end()


def _bracketed(text: str, at: int) -> tuple[int, int]:
    end = text.find("]", at)
    if end < 0:
        raise RefError("'[' is not closed", at, "write [N], a position")
    inner = text[at + 1 : end]
    if inner == "*":
        raise RefError("'[*]' can only stand at the end of a reference", at)
    if _POSITION.match(inner):
        return int(inner), end + 1
    if inner.startswith("-"):
        raise RefError(f"'[{inner}]' is not a position: they count from 0", at + 1)
    key = inner.strip("'\"")
    hint = f"write .{key}" if _KEY.fullmatch(key) else "positions are numbers that count from 0"
    raise RefError(f"'[{inner}]' is not a position", at + 1, hint)


def _unexpected(text: str, at: int) -> RefError:
    char = text[at]
    if char.isspace():
        return RefError(f"{_short(text)} is not a reference: it has a space in it", at)
    if char in "/\\*?":
        return RefError(f"{_short(text)} is not a reference: it looks like a path", at)
    return RefError(f"{_short(text)} is not a reference: '{char}' cannot stand in one", at)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def parse_text(text: str) -> str | Text:
    """Split a text at its ``${{ ... }}``; ``$${{`` gives a literal ``${{``.

    Returns a plain ``str`` where there is nothing to put in.
    """
    if _OPEN not in text:
        return text
    parts: list[str | Ref] = []
    literal = ""
    at = 0
    while (start := text.find(_OPEN, at)) >= 0:
        if start > at and text[start - 1] == "$":
            literal += text[at : start - 1] + _OPEN
            at = start + len(_OPEN)
            continue
        literal += text[at:start]
        end = text.find(_CLOSE, start)
        if end < 0:
            raise RefError(
                "'${{' is not closed", start, "close it with '}}', or write '$${{' for the text itself"
            )
        if literal:
            parts.append(literal)
            literal = ""
        parts.append(_inner(text, start + len(_OPEN), end))
        at = end + len(_CLOSE)
    literal += text[at:]
    if not parts:
        return literal
    if literal:
        parts.append(literal)
    return Text(tuple(parts))


def _inner(text: str, start: int, end: int) -> Ref:
    inner = text[start:end]
    stripped = inner.strip()
    offset = start + len(inner) - len(inner.lstrip())
    if not stripped:
        raise RefError("'${{ }}' is empty", start - len(_OPEN), "write ${{ params.NAME }}")
    if re.search(r"[|()+=<>!]|\s", stripped):
        raise RefError(
            f"{_short(stripped)} is more than a reference",
            offset,
            "'${{ }}' only puts a value in; compute it in a step",
        )
    try:
        return parse_reference(stripped)
    except RefError as error:
        raise error.shifted(offset) from None
