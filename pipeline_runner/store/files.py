"""What the store needs of the place where it lies: named files, whole and atomic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from typing_extensions import Buffer

_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,=+-]*\Z")


class Fact(NamedTuple):
    """What is known of a file without reading it."""

    size: int
    mtime: float  # Unix time


class FileStore(Protocol):
    """Files by name ("entries/ab/cd.json"). A file appears whole or not at all.

    Reading raises ``FileNotFoundError``; whatever keeps the store from being written is a
    ``StoreError``.
    """

    url: str  # canonical and absolute: opens the same place from any process
    local_dir: str  # a folder of this machine for temporary files and what is kept for speed
    is_local: bool
    prepare: Callable[[], None] | None  # called once, before the first write

    def read(self, name: str) -> bytes: ...

    def read_many(self, names: Iterable[str]) -> dict[str, bytes | OSError]:
        """Those that are there; an error other than absence stands in the place of the bytes."""

    def write(self, name: str, parts: Sequence[Buffer]) -> None:
        """Put a file there, replacing what is there."""

    def create(self, name: str, parts: Sequence[Buffer]) -> bool:
        """Put a file there unless there is one already; False if there is."""

    def append(self, name: str, data: bytes) -> None:
        """Add to a file that only one process writes."""

    def size(self, name: str) -> int | None:
        """Its size in bytes, or None where there is none."""

    def list(self, folder: str) -> Sequence[str]:
        """The names (not paths) in a folder; none if there is no such folder."""

    def list_many(self, folders: Iterable[str]) -> dict[str, Sequence[str]]: ...

    def walk(self, folder: str) -> dict[str, Fact]:
        """Every file below a folder ("" for all), by name. A second name of the same bytes has size 0."""

    def fact(self, name: str) -> Fact | None:
        """Of one file."""

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a file."""

    def touch(self, name: str) -> None:
        """Let a file look as if it were written now, where that is cheap."""

    def delete(self, name: str) -> None:
        """Remove a file; nothing happens if there is none."""

    def delete_many(self, names: Sequence[str]) -> Sequence[str]:
        """Remove files, and the folders that are empty then. Those that stay, as they are in use."""

    def local_path(self, name: str) -> str:
        """A local file with these bytes: the file itself, or a copy kept under ``local_dir``."""

    def forget_copy(self, name: str) -> None:
        """Remove the copy that ``local_path`` keeps, if it is one."""


def safe_name(text: str) -> str:
    """The text, if it can be part of a file's name in any store; ``ValueError`` otherwise."""
    if len(text) > 150 or not _SAFE.match(text):
        raise ValueError(f"{text!r} cannot name a file of the store")
    return text
