"""Cache keys: the digests of what a step does and of what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .digest import LENGTH, combine, digest, digest_each, sequence_bytes

_MARK = "\0" * (2 * LENGTH)  # stands for a digest: as long as one, and never one


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


class ArgsDigests:
    """``args_digest`` for many calls that differ in some arguments only.

    ``fixed``: the digests that all of them share; ``varying``: the names of the others. What does
    not change of the text that is digested is put together once.
    """

    def __init__(self, fixed: Mapping[str, str], varying: Iterable[str]) -> None:
        self._fixed = dict(fixed)
        self.varying = tuple(sorted(varying))
        marks = dict.fromkeys(self.varying, _MARK)
        parts = [p for name in sorted({**fixed, **marks}) for p in (name, {**fixed, **marks}[name])]
        self._pieces = sequence_bytes("args", parts).split(_MARK.encode())
        if len(self._pieces) != len(self.varying) + 1:
            self._pieces = []

    @property
    def around(self) -> tuple[bytes, bytes] | None:
        """What is digested beside the digest of the one argument that varies: all that its keys are made of;
        None where it is not as simple as that."""
        return (self._pieces[0], self._pieces[1]) if len(self._pieces) == 2 else None

    def of(self, own: Sequence[str]) -> str:
        """The digest, from those of the varying arguments in the order of their names."""
        pieces = self._pieces
        if not pieces or any(len(d) != len(_MARK) for d in own):
            return args_digest({**self._fixed, **dict(zip(self.varying, own, strict=True))})
        if len(own) == 1:
            return digest(b"%b%b%b" % (pieces[0], own[0].encode(), pieces[1]))
        text = pieces[0]
        for d, piece in zip(own, pieces[1:], strict=True):
            text += d.encode() + piece
        return digest(text)

    def of_all(self, columns: Sequence[Sequence[str]]) -> list[str]:
        """The digests of many calls; a column for each varying argument."""
        if len(columns) != 1 or len(self._pieces) != 2 or {len(_MARK)} != set(map(len, columns[0])):
            return [self.of(own) for own in zip(*columns, strict=True)]
        head, tail = self._pieces
        return digest_each([b"%b%b%b" % (head, d.encode(), tail) for d in columns[0]])


def _mapping(values: Mapping[str, str]) -> str:
    return combine("mapping", [p for name in sorted(values) for p in (name, values[name])])
