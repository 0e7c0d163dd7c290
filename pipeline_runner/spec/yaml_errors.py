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
        or _flow(said, source_line, column, start, line, source)
        or _sign(said, context, source_line, line, column)
        or _block(said, source, line, column, start)
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


def _flow(said: str, line: str, column: int, start: Any, at_line: int, source: SourceFile) -> _Found:
    """Inside ``{...}`` or ``[...]``."""
    if "expected ',' or" not in said:
        return None
    closing = said.rstrip("'")[-1]
    before, after = line[:column], line[column:]
    if before.endswith("$") and after.startswith("{"):
        end = after.find("}}")
        value = re.sub(r".*[:,\[{]\s+", "", before) + (after[: end + 2] if end >= 0 else after)
        return "'${{ }}' must be quoted in flow style", _quote(value), (at_line, column - 1)
    bracketed = re.match(r"\[[^\[\]{}]*\](\.[\w*-]+|\[[^\[\]]*\])*", after)
    word = re.search(r"[\w.\]-]+\Z", before)
    if bracketed and word:
        return "'[' must be quoted in flow style", _quote(word.group() + bracketed.group()), None
    if before.rstrip().endswith(('"', "'")):
        whole = re.match(r"[^,\]}]*", after)
        return _behind_quote(before, whole.group() if whole else "")
    opening = _opening(closing)
    hint = f"close it with '{closing}', or quote the text"
    if start is not None and start.line != at_line and _indent(line) <= _indent(source.lines[start.line]):
        return f"'{opening}' is not closed", hint, _at(start)
    where = f"'{opening}' of line {start.line + 1}" if start is not None else f"'{opening}'"
    return f"{where} is not closed: ',' or '{closing}' expected", hint, None


def _behind_quote(before: str, after: str) -> _Found:
    """Text behind the closing quote; ``before`` ends with that quote."""
    said = "text goes on behind a closing quote"
    if after[:1].isalnum():
        return said, "write a quote inside quotes twice, or put the other kind around", None
    before = before.rstrip()
    opening = before.rfind(before[-1], 0, -1)
    whole = before[max(opening, 0) :] + " " + after.strip()
    quote = "'" if "'" not in whole else '"'
    if quote in whole:
        return said, "write the whole as a block text: '>-' and the text in the next line", None
    return said, f"quote the whole: {quote}{whole}{quote}", None


def _opening(closing: str) -> str:
    return {"}": "{", "]": "["}.get(closing, closing)


def _quote(text: str) -> str:
    return _QUOTE_TEXT.format(text) if '"' not in text else f"quote it: '{text}'"


def _sign(said: str, context: str, line: str, at_line: int, column: int) -> _Found:
    """A sign that means something to YAML at the start of a value."""
    if "cannot start any token" in said:
        value = line[column:].strip()
        return f"a value cannot start with '{line[column : column + 1]}'", _quote(value), None
    if "scanning an alias" in context or "scanning an anchor" in context:
        name = "an alias" if "alias" in context else "an anchor"
        sign = "*" if "alias" in context else "&"
        at = line.rfind(sign, 0, column)
        value = re.split(r"[,}\]]|\s", line[at:])[0]
        return f"'{sign}' at the start of a value makes {name}", _quote(value), (at_line, at)
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


def _block(said: str, source: SourceFile, at_line: int, column: int, start: Any) -> _Found:
    line = source.lines[at_line] if at_line < len(source.lines) else ""
    before = line[:column].rstrip()
    if "mapping values are not allowed" in said:
        return _surprising_colon(source, at_line, before)
    if "expected key" in said or "expected <block end>" in said or "expected '-' indicator" in said:
        if before.endswith(('"', "'")):
            return _behind_quote(before, line[column:].split(" #")[0])
        if line.lstrip().startswith("- ") or line.strip() == "-":
            return (
                "a list item is not expected here",
                "check the indentation: keys and list items do not mix",
                None,
            )
        return "the line is not indented like its neighbours", "check the indentation", None
    if "could not find expected ':'" in said:
        return _no_colon(source, start.line if start is not None else at_line)
    if "expected node content" in said and not "".join(source.lines[at_line:])[column:].strip():
        return "the file ends within '{' or '['", "close it", None
    for part, message, hint in _BLOCK_WORDS:
        if part in said:
            return message, hint, None
    return None


_BLOCK_WORDS = (
    (
        "block sequence entries are not allowed",
        "a list cannot begin here",
        "begin it in the next line, or write [a, b]",
    ),
    ("found unexpected ':'", "a ':' cannot stand here", "quote the text that holds it"),
    ("mapping keys are not allowed", "'?' cannot stand here", "quote the text that holds it"),
    ("expected node content", "a value is missing here", "remove the extra sign, or quote the text"),
    ("expected <document start>", "something follows the end of the document", "check the indentation"),
    ("comment or line break", "a block text begins in the next line", "quote it if it is text"),
)


def _surprising_colon(source: SourceFile, at_line: int, before: str) -> _Found:
    line = source.lines[at_line]
    if re.search(r":\s", before):
        value = re.sub(r"^[^:]*:\s+", "", line).split(" #")[0].strip()
        return "a value cannot hold ': ' unless it is quoted", _quote(value), None
    above = source.lines[at_line - 1] if at_line else ""
    if above.strip() and ":" not in above and _indent(above) <= _indent(line):
        return _no_colon(source, at_line - 1)
    hint = "check the indentation of this line and the one above"
    return "a key is not expected here", hint, (at_line, _indent(line))


def _no_colon(source: SourceFile, at_line: int) -> _Found:
    line = source.lines[at_line]
    text = line.strip()
    spaced = re.sub(r"^([\w-]+):(?=\S)", r"\1: ", text)
    hint = f"write {spaced}" if spaced != text else "a key is followed by ': ' and its value"
    return f"'{text[:60]}' is neither a key nor a value", hint, (at_line, _indent(line))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _at(mark: Any) -> tuple[int, int] | None:
    return (mark.line, mark.column) if mark is not None else None
