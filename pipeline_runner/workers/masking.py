"""Secrets: read here, in the worker, and masked in every text that leaves it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from .failure import TaskError

MASK = "***"
SHORTEST = 4  # a shorter text cannot be masked without tearing holes everywhere
_LINE = 8  # lines of a longer secret (a key file) that are masked by themselves


class Unmaskable(TaskError):
    """The secret is there, but so short or plain that it stands everywhere."""


def read_secret(name: str, source: str, root: str) -> str:
    """The secret's value. Raises ``TaskError`` if there is none."""
    kind, _, where = source.partition(":")
    if kind == "env":
        value = os.environ.get(where)
        if not value:
            raise TaskError("input", f"secret {name}: the environment variable {where} is not set")
    elif kind == "file":
        try:
            with open(os.path.join(root, where), encoding="utf-8") as file:
                value = file.read().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as exc:
            raise TaskError("input", f"secret {name}: cannot read {where}: {exc}") from None
    else:
        raise TaskError("input", f"secret {name}: {source!r} is neither env:NAME nor file:PATH")
    if len(value) < SHORTEST:
        raise Unmaskable(
            "input",
            f"secret {name} is shorter than {SHORTEST} characters",
            hint="so short a text cannot be masked in logs",
        )
    if not value.strip():
        raise Unmaskable(
            "input",
            f"secret {name} is white space alone",
            hint=f"every log is full of it, so it cannot be masked: look at what {where} holds",
        )
    return value


class Masker:
    """Replaces every secret's value by ``***``, also as ``repr``, JSON, URLs and HTML write it, and in
    base64 and hexadecimal digits. What a program makes of it otherwise, nobody can know."""

    def __init__(self, values: Mapping[str, str]) -> None:
        forms = {form for value in values.values() for form in written(value)}
        self._forms = sorted(forms, key=len, reverse=True)  # the longest first
        self._pattern = re.compile("|".join(map(re.escape, self._forms))) if forms else None

    def __call__(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def so_far(self, text: str) -> str:
        """Of a text that goes on: without an end that may be the beginning of a secret."""
        text = self(text)
        end = len(text)
        for form in self._forms:
            at = text.find(form[0], max(len(text) - len(form) + 1, 0))
            while 0 <= at < end:
                if form.startswith(text[at:]):
                    end = at
                at = text.find(form[0], at + 1)
        return text[:end]


def written(value: str) -> set[str]:
    """The ways in which a secret's value stands in texts."""
    import html  # these are not for those who have no secrets
    from urllib.parse import quote, quote_plus

    quoted = json.dumps(value)[1:-1]
    data = os.fsencode(value)  # an environment may hold bytes that are no text
    forms = {value, repr(value)[1:-1], repr(data)[2:-1], quoted, json.dumps(quoted)[1:-1]}
    forms |= {
        json.dumps(value, ensure_ascii=False)[1:-1],
        html.escape(value),
        html.escape(value, quote=False),
    }
    forms |= {quote(data), quote(data, safe=""), quote_plus(data)}
    forms |= {line for line in value.splitlines() if len(line) >= _LINE}
    encoded = {data.hex(), data.hex().upper(), *_base64(data)}
    return forms | {form for form in encoded if len(form) >= _LINE}


def _base64(value: bytes) -> Iterator[str]:
    """The digits that stand for it wherever it begins in what is encoded, such as ``user:password``."""
    from base64 import b64encode

    for before in range(3):
        text = b64encode(bytes(before) + value).decode().rstrip("=")
        first = (before * 8 + 5) // 6  # digits that bits of what stands before have a part in
        last = len(text) if (before + len(value)) % 3 == 0 else len(text) - 1
        yield text[first:last]
        yield text[first:last].replace("+", "-").replace("/", "_")


def known_secrets(secrets: Mapping[str, str], root: str) -> dict[str, str]:
    """The values of those secrets that can be read (the others cannot show up in a text).

    Raises ``Unmaskable`` for one that is too weak.
    """
    values: dict[str, str] = {}
    for name, source in secrets.items():
        try:
            values[name] = read_secret(name, source, root)
        except Unmaskable:
            raise
        except TaskError:
            pass
    return values


def masker(secrets: Mapping[str, str], root: str) -> Masker:
    """A masker that never fails, for the parent: what is too short is not masked."""
    values: dict[str, str] = {}
    for name, source in secrets.items():
        with suppress(TaskError):
            values[name] = read_secret(name, source, root)
    return Masker(values)
