"""The YAML parser's complaints, said for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from ..errors import Problem

if TYPE_CHECKING:
    from .source import SourceFile

_QUOTE_TEXT = 'quote it: "{}"'


def syntax_problem(error: yaml.YAMLError, text: str, source: SourceFile) -> Problem:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return _character(error, text, source)
    line, column = mark.line, mark.column
    said = str(getattr(error, "problem", "") or "")
    context = str(getattr(error, "context", "") or "")
    start = getattr(error, "context_mark", None)
    source_line = source.lines[line] if line < len(source.lines) else ""
    found = (
        _tab(source_line, column, said)
        or _unclosed(said, start, line)
        or _flow(said, source_line, column, start)
        or _sign(said, context, source_line, column)
        or _block(said, source_line, column)
    )
    if found is None:
        return Problem("yaml-syntax", f"this is not YAML: {said}", source.place(line, column))
    message, hint, at = found
    if at is not None:
        line, column = at
    return Problem("yaml-syntax", message, source.place(line, column), hint)


_Found = tuple[str, str, tuple[int, int] | None] | None


def _character(error: yaml.YAMLError, text: str, source: SourceFile) -> Problem:
    """A control character (the reader tells only its code)."""
    for line, content in enumerate(source.lines):
        for column, char in enumerate(content):
            if (ord(char) < 32 and char != "\t") or 0x7F <= ord(char) < 0xA0 or ord(char) in (0xFFFE, 0xFFFF):
                message = f"the control character U+{ord(char):04X} cannot stand in YAML"
                return Problem("yaml-character", message, source.place(line, column), "remove it")
    return Problem("yaml-character", "a character cannot stand in YAML", source.place(0, 0), str(error)[:80])


def _tab(line: str, column: int, said: str) -> _Found:
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent and ("tab" in said or column <= len(indent)):
        return "a tab cannot indent YAML", "indent with spaces", None
    return None


def _unclosed(said: str, start: Any, line: int) -> _Found:
    if "unexpected end of stream" in said or "unexpected document indicator" in said:
        return "the quote is not closed", "close it, or quote the whole text the other way", _at(start)
    return None


def _flow(said: str, line: str, column: int, start: Any) -> _Found:
    """Inside ``{...}`` or ``[...]``."""
    if "expected ',' or" not in said:
        return None
    closing = said.rstrip("'")[-1]
    before, after = line[:column], line[column:]
    if before.endswith("$") and after.startswith("{"):
        end = after.find("}}")
        value = re.sub(r".*[:,\[{]\s+", "", before) + (after[: end + 2] if end >= 0 else after)
        at = (_line_of(start, line, column)[0], column - 1) if start is None else None
        return "'${{ }}' must be quoted in flow style", _quote(value), at
    bracketed = re.match(r"\[[^\[\]{}]*\][\w.*\[\]-]*", after)
    word = re.search(r"[\w.\]-]+\Z", before)
    if bracketed and word:
        return "'[' must be quoted in flow style", _quote(word.group() + bracketed.group()), None
    if before.rstrip().endswith(('"', "'")):
        return "text goes on behind a closing quote", "quote the whole: put '...' around it", None
    where = (
        f"'{_opening(closing)}' of line {start.line + 1}" if start is not None else f"'{_opening(closing)}'"
    )
    return (
        f"{where} is not closed: ',' or '{closing}' expected",
        f"close it with '{closing}', or quote the text",
        None,
    )


def _line_of(start: Any, line: str, column: int) -> tuple[int, int]:
    return (start.line, start.column) if start is not None else (0, column)


def _opening(closing: str) -> str:
    return {"}": "{", "]": "["}.get(closing, closing)


def _quote(text: str) -> str:
    return _QUOTE_TEXT.format(text) if '"' not in text else f"quote it: '{text}'"


def _sign(said: str, context: str, line: str, column: int) -> _Found:
    """A sign that means something to YAML at the start of a value."""
    if "cannot start any token" in said:
        value = line[column:].strip()
        return f"a value cannot start with '{line[column : column + 1]}'", _quote(value), None
    if "scanning an alias" in context or "scanning an anchor" in context:
        name = "an alias" if "alias" in context else "an anchor"
        sign = "*" if "alias" in context else "&"
        at = line.rfind(sign, 0, column)
        value = re.split(r"[,}\]]|\s", line[at:])[0]
        return f"'{sign}' at the start of a value makes {name}", _quote(value), None
    if "tag" in context or "directive" in context:
        return "this is not YAML: tags and directives are not supported", "quote it if it is text", None
    if "unknown escape" in said or "escape" in said or "hexdecimal" in said:
        return (
            "the backslash makes an unknown escape",
            "use single quotes, or write \\\\ for a backslash",
            None,
        )
    if "incompatible YAML" in said:
        return "this file is read as YAML 1.2", "remove %YAML", None
    return None


def _block(said: str, line: str, column: int) -> _Found:
    before = line[:column].rstrip()
    if "mapping values are not allowed" in said:
        if re.search(r":\s", before):
            value = re.sub(r"^[^:]*:\s+", "", line).split(" #")[0].strip()
            return "a value cannot hold ': ' unless it is quoted", _quote(value), None
        return "a key is not expected here", "check the indentation of this line and the one above", None
    if "expected key" in said or "expected <block end>" in said or "expected '-' indicator" in said:
        if before.endswith(('"', "'")):
            return "text goes on behind a closing quote", "quote the whole: put '...' around it", None
        if line.lstrip().startswith("- ") or line.strip() == "-":
            return "a list item is not expected here", "check the indentation; a key cannot follow it", None
        return "the line is not indented like its neighbours", "check the indentation", None
    if "could not find expected ':'" in said:
        return "a key without ': ' and a value", "check the line above", None
    if "block sequence entries are not allowed" in said:
        return "a list cannot begin here", "begin it in the next line, or write [a, b]", None
    if "expected node content" in said:
        return "a value is missing here", "remove the extra sign, or quote the text", None
    if "expected <document start>" in said:
        return "something follows the end of the document", "check the indentation", None
    if "comment or line break" in said:
        return "a block text begins in the next line", "quote it if it is text", None
    return None


def _at(mark: Any) -> tuple[int, int] | None:
    return (mark.line, mark.column) if mark is not None else None
