"""Secrets: read here, in the worker, and masked in every text that leaves it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from urllib.parse import quote

from .failure import TaskError

MASK = "***"
SHORTEST = 4  # a shorter text cannot be masked without tearing holes everywhere
_LINE = 8  # lines of a longer secret (a key file) that are masked by themselves


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
        raise TaskError(
            "input",
            f"secret {name} is shorter than {SHORTEST} characters",
            hint="so short a text cannot be masked in logs",
        )
    return value


class Masker:
    """Replaces every secret's value by ``***``, also as ``repr``, JSON and URLs write it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        forms: set[str] = set()
        for value in values.values():
            forms |= {value, repr(value)[1:-1], json.dumps(value)[1:-1], quote(value, safe=""), quote(value)}
            forms.update(line for line in value.splitlines() if len(line) >= _LINE)
        self._pattern = None
        if forms:
            longest_first = sorted(forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def __call__(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)


def known_secrets(secrets: Mapping[str, str], root: str) -> dict[str, str]:
    """The values of those secrets that can be read (the others cannot show up in a text).

    Raises ``TaskError`` for one that is too short to be masked.
    """
    values: dict[str, str] = {}
    for name, source in secrets.items():
        try:
            values[name] = read_secret(name, source, root)
        except TaskError as exc:
            if "shorter" in exc.message:
                raise
    return values


def masker(secrets: Mapping[str, str], root: str) -> Masker:
    """A masker that never fails, for the parent: what is too short is not masked."""
    try:
        return Masker(known_secrets(secrets, root))
    except TaskError:
        return Masker({})
