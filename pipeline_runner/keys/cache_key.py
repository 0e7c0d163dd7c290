"""Cache keys: the digests of what a step does and of what it is given."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.artifact import CacheKey
from .digest import combine


def recipe_digest(
    *,
    code: Mapping[str, str],
    packages: Mapping[str, str],
    python: str,
    version: str = "",
    env: Mapping[str, str] | None = None,
    outputs: tuple[str, ...] | None = None,
    check: Mapping[str, str] | None = None,
) -> str:
    """The first half of a cache key, from the parts of a ``Recipe`` (same names, same meaning).

    ``code`` maps each definition reached to its digest, ``check`` each output to its check. The
    order of the declared outputs counts: a returned tuple is taken in that order.
    """
    parts = [
        _mapping(code),
        _mapping(packages),
        python,
        version,
        _mapping(env or {}),
        "" if outputs is None else combine("outputs", outputs),
        _mapping(check or {}),
    ]
    return combine("recipe", parts)


def args_digest(parts: Mapping[str, str]) -> str:
    """The second half of a cache key: argument name -> digest of what it is given."""
    return combine("args", [p for name in sorted(parts) for p in (name, parts[name])])


def cache_key(recipe: str, args: str) -> CacheKey:
    return CacheKey(recipe, args)


def _mapping(values: Mapping[str, str]) -> str:
    return combine("mapping", [p for name in sorted(values) for p in (name, values[name])])
