"""Copies of outputs at paths that people can find (`publish:`), restored when they are lost."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..keys.trees import Node
from ..model.artifact import Artifact
from ..model.bound import Bound, Inline, Many, Named, Stored
from .copies import content, look, put_bytes, put_file, put_tree

if TYPE_CHECKING:
    from ..store.store import Store
    from .sources import Sources

SUFFIXES = (".json", ".csv", ".parquet", ".npy", ".pkl")


class FilePublisher:
    """The engine's ``Publisher`` port. Remembers what it wrote in a local index.

    The index says of each path which content was published there and what the file looked like;
    a file that was changed since is written anew.
    """

    def __init__(self, store: Store, root: str, sources: Callable[[], Sources | None] = lambda: None) -> None:
        self.store = store
        self.root = root
        self._sources = sources
        self._file = os.path.join(store.index_dir, "published.json")
        self._known: dict[str, Any] | None = None
        self._changed = False
        self.asked: dict[str, str] = {}  # path -> content that belongs there

    def current(self, path: str, digest: str) -> bool:
        self.asked[path] = digest
        target = self._absolute(path)
        known = self._index().get(target)
        if not isinstance(known, dict) or known.get("digest") != digest:
            return False
        nodes = self._nodes(target)
        found = look(target, nodes)
        if found is None:
            return False
        if found == known.get("stat"):
            return True
        modes = bool(known.get("modes"))
        same = content(target, nodes, modes=modes) == known.get("content")
        if same:
            self._remember(target, digest, nodes, modes=modes)
        return same

    def write(self, path: str, bound: Bound) -> bool:
        target = self._absolute(path)
        self._refuse(path, target)
        suffix = os.path.splitext(target)[1].lower()
        if isinstance(bound, Stored) and bound.artifact.codec in ("file", "tree"):
            nodes = self._copy(bound.artifact, target)
            self._remember(target, bound.digest, nodes, modes=True)
        elif (data := self._bytes(bound, suffix)) is not None:
            put_bytes(target, data)
            self._remember(target, bound.digest)
        elif suffix not in SUFFIXES:
            raise ValueError(
                f"{path}: {self._type(bound)} cannot be written as {suffix or 'a file without suffix'!r}"
                f" (text, bytes, files, or one of {' '.join(SUFFIXES)})"
            )
        else:
            return False
        return True

    def place(self, path: str, rendered: Artifact, digest: str) -> None:
        target = self._absolute(path)
        self._refuse(path, target)
        self._copy(rendered, target)
        self._remember(target, digest)

    def shown(self, path: str) -> str:
        absolute = self._absolute(path)
        shown = os.path.relpath(absolute, self.root) if absolute.startswith(self.root + os.sep) else absolute
        return shown.replace(os.sep, "/")

    def save(self) -> None:
        """Keep the index; losing it only costs writing again."""
        if not self._changed or self._known is None:
            return
        try:
            put_bytes(self._file, json.dumps(self._known).encode())
        except (OSError, ValueError):
            pass

    # ---- inside ----------------------------------------------------------------------------------

    def _absolute(self, path: str) -> str:
        return os.path.normpath(os.path.join(self.root, os.path.expanduser(path)))

    def _refuse(self, path: str, target: str) -> None:
        """Write to nothing but a path, and over nothing that the run is made of."""
        from .overwrites import is_url, no_url  # a warm start does without

        if is_url(path):
            raise ValueError(no_url(path)[0])
        sources = self._sources()
        what = sources.at(target) if sources is not None else None
        if what is not None:
            raise ValueError(f"{path} is {what}, and would be overwritten")

    def _index(self) -> dict[str, Any]:
        if self._known is None:
            try:
                with open(self._file, "rb") as f:
                    found = json.load(f)
            except (OSError, ValueError):
                found = {}
            self._known = found if isinstance(found, dict) else {}
        return self._known

    def _nodes(self, target: str) -> list[Node] | None:
        """What was put into a folder; None where a file was published."""
        known = self._index().get(target)
        rows = known.get("nodes") if isinstance(known, dict) else None
        return None if rows is None else [Node(*row) for row in rows]

    def _remember(
        self, target: str, digest: str, nodes: list[Node] | None = None, *, modes: bool = False
    ) -> None:
        self._index()[target] = {
            "digest": digest,
            "stat": look(target, nodes),
            "content": content(target, nodes, modes=modes),
            "nodes": nodes,
            "modes": modes,
        }
        self._changed = True

    def _bytes(self, bound: Bound, suffix: str) -> bytes | None:
        """The file's bytes where no worker is needed: text, bytes, plain data as JSON."""
        if not self._is_plain(bound):
            return None
        if suffix in SUFFIXES and suffix != ".json" and not self._is_text(bound):
            return None
        value = self._plain(bound)
        if isinstance(value, str):
            return value.encode("utf-8")
        if isinstance(value, bytes):
            return value
        if suffix == ".json":
            try:
                return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
            except (TypeError, ValueError):
                return None  # dates, sets, NaN ...: the worker's codec knows them, or refuses
        return None

    def _is_plain(self, bound: Bound) -> bool:
        if isinstance(bound, Stored):
            return bound.artifact.codec in ("data", "bytes")
        if isinstance(bound, Many):
            return all(map(self._is_plain, bound.items))
        if isinstance(bound, Named):
            return all(self._is_plain(b) for _, b in bound.items)
        return isinstance(bound, Inline)

    def _is_text(self, bound: Bound) -> bool:
        return isinstance(bound, Stored) and (
            bound.artifact.codec == "bytes" or bound.artifact.type.startswith(("str", "bytes"))
        )

    def _plain(self, bound: Bound) -> Any:
        if isinstance(bound, Inline):
            return bound.value
        if isinstance(bound, Many):
            return [self._plain(b) for b in bound.items]
        if isinstance(bound, Named):
            return {name: self._plain(b) for name, b in bound.items}
        assert isinstance(bound, Stored)
        return self.store.plain(bound.artifact)

    def _type(self, bound: Bound) -> str:
        if isinstance(bound, Stored):
            return bound.artifact.type or bound.artifact.codec
        return "a mapping of outputs" if isinstance(bound, Named) else "a value"

    def _copy(self, artifact: Artifact, target: str) -> list[Node] | None:
        """Copy a file or a folder; what there is in the folder."""
        from ..store.codecs import decode

        source = str(decode(artifact, self.store))
        if os.path.isdir(source):
            sources = self._sources()
            what = sources.within(target, source) if sources is not None else None
            if what is not None:
                raise ValueError(f"{self.shown(target)}: {what} lies there, and would be overwritten")
            return put_tree(source, target, self._nodes(target) or ())
        put_file(source, target)
        return None
