"""The store as a whole: opens it, and knows how its parts fit together."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import StoreError
from ..keys import file_urls
from ..model.artifact import Artifact, CacheKey, Damaged, Entry, Recipe
from ..model.work import StoreAt
from .blobs import Blobs
from .disk import ignore_folder
from .entries import Entries
from .entry_form import FORMAT as OTHER_FORMAT
from .entry_form import PICKLED, UNSIGNED
from .files import safe_name
from .local import LocalFiles
from .runs import Runs
from .sealed import Seals

if TYPE_CHECKING:
    from ..model.table import Found
    from .files import FileStore
    from .locks import Locks

DEFAULT = ".prun"
FORMAT = 1
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(://|::)")
_IGNORED = {
    UNSIGNED: "ignored: not signed with the store's key (`sign`: another key, or none)",
    OTHER_FORMAT: "ignored: written by another version of prun",
    PICKLED: "ignored: pickles, which `serializers: safe` forbids",
}
_OURS = frozenset(  # what may lie where a store is to be made
    {"blobs", "entries", "recipes", "runs", "latest", "tmp", "index", "files", "trees", "locks"}
)


class Store:
    """A store: ``blobs``, ``entries``, ``runs``, and what the engine asks of a ``Cache``.

    ``url`` opens the same store in any process of any machine that can reach it, together with
    ``root``, the pipeline's folder (where a remote store keeps its local files).
    """

    def __init__(self, files: FileStore, key: bytes | None = None, at: StoreAt | None = None) -> None:
        self.files = files
        self.at = (at or StoreAt(files.url))._replace(url=files.url)
        self.seals = Seals(key)
        self.url = files.url
        self.local_dir = files.local_dir
        self.index_dir = os.path.join(files.local_dir, "index")
        self.blobs = Blobs(files, careful=self.seals.signs)
        self.entries = Entries(files, self.seals, safe=self.at.safe)
        self.runs = Runs(files, self.seals)
        if not self._exists():
            files.prepare = self._begin

    @classmethod
    def open(cls, url: str | StoreAt | None, root: str) -> Store:
        """Open the store of a pipeline; nothing is written before there is something to store.

        ``url``: an fsspec URL or a folder, relative to ``root``; None for the default. A ``StoreAt``
        says too how its records are signed and whether pickles are allowed.
        """
        at = url if isinstance(url, StoreAt) else StoreAt(url or DEFAULT)
        place = at.url or DEFAULT
        key = None
        if at.sign is not None:
            from .signing import signing_key

            key = signing_key(at.sign, root)
        if place.startswith(file_urls.SCHEMES):
            from urllib.parse import unquote

            place = unquote(file_urls.path_of(place))
        if not _URL.match(place):
            store = cls(LocalFiles(os.path.join(os.path.abspath(root), os.path.expanduser(place))), key, at)
            if key is not None:  # others may write to the store, but not say what our code does
                store.index_dir = os.path.join(os.path.abspath(root), DEFAULT, "index")
            return store
        from .remote import RemoteFiles

        return cls(RemoteFiles(place, os.path.join(os.path.abspath(root), DEFAULT)), key, at)

    @property
    def place(self) -> str | StoreAt:
        """What opens the same store in a worker: where the key stands, never the key."""
        return self.at if self.at.sign or self.at.safe else self.url

    @property
    def locks(self) -> Locks | None:
        """Locks that exclude the processes of this machine; None for a remote store."""
        if not self.files.is_local:
            return None
        from .locks import FileLocks

        return FileLocks(os.path.join(self.url, "locks"))

    @cached_property
    def task_locks(self) -> Locks | None:
        """The same for tasks: many, each held for a moment."""
        if not self.files.is_local:
            return None
        from .locks import task_locks

        return task_locks(os.path.join(self.url, "locks"))

    @property
    def identity(self) -> str:
        """The same while entries that count for one count for the other."""
        return f"{self.url} {self.at.safe} {self.seals.key_id}"

    def notes(self) -> list[str]:
        """What was found and left alone, in a sentence each."""
        return [
            f"{len(keys):,} {'entry' if len(keys) == 1 else 'entries'} of the store {_IGNORED[why]}"
            for why, keys in sorted(self.entries.ignored.items())
        ]

    @property
    def shared_between_processes(self) -> bool:
        """Whether another process that opens ``url`` sees the same store."""
        return not self.url.startswith("memory:")

    # ---- entries (engine.ports.Cache) --------------------------------------------------------------

    def lookup(self, keys: Sequence[CacheKey]) -> dict[CacheKey, Entry | Damaged]:
        return self.entries.lookup(keys)

    def find(self, recipe: str, args: Sequence[str]) -> Found:
        return self.entries.find(recipe, args)

    def ahead(self, recipe: str) -> None:
        if self.files.is_local:
            self.entries.tables.ahead(recipe)

    def recipe_entries(self, recipe: str) -> list[Entry]:
        return self.entries.recipe_entries(recipe)

    def commit(self, entries: Sequence[Entry], replace: bool = False) -> None:
        """Publish entries: the last thing that is written of a task."""
        self.entries.commit(entries, replace)

    def prove(self, outputs: Mapping[str, Artifact], thorough: bool) -> Damaged | None:
        """What is wrong with the blobs of a result: by one look, or (thorough) by reading them all."""
        if not thorough:
            return self.entries.look_at_blobs(outputs)
        for name, artifact in outputs.items():
            if artifact.blob is not None and not self.blobs.verify(artifact.blob):
                kind = "missing" if self.blobs.size(artifact.blob) is None else "corrupt"
                return Damaged(kind, f"output {name}" if name else "its output")
        return None

    def plain(self, artifact: Artifact) -> Any:
        """The value of a "data" or "bytes" artifact. Raises ``BlobLost``."""
        from ..keys.canonical import loads

        if artifact.inline is not None:
            return loads(artifact.inline)
        if artifact.blob is None or artifact.codec not in ("data", "bytes"):
            raise ValueError(f"not plain data: {artifact.type or artifact.codec}")
        data = self.blobs.read(artifact.blob)
        return data if artifact.codec == "bytes" else loads(data.decode())

    # ---- recipes -----------------------------------------------------------------------------------

    def put_recipe(self, recipe: Recipe) -> None:
        name = f"recipes/{safe_name(recipe.digest)}.json"
        if not self.files.is_local or self.files.size(name) is None:
            self.files.write(name, [self.seals.seal(recipe._asdict(), name)])

    def get_recipe(self, digest: str) -> Recipe | None:
        """A recipe as it was put, or None if there is none or it is damaged."""
        try:
            name = f"recipes/{safe_name(digest)}.json"
            d = self.seals.unseal(self.files.read(name), name)
            where = {name: (file, line) for name, (file, line) in d.pop("where", {}).items()}
            outputs = d.pop("outputs")
            return Recipe(**d, where=where, outputs=None if outputs is None else tuple(outputs))
        except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
            return None

    # ---- the folder itself -------------------------------------------------------------------------

    def _begin(self) -> None:
        """Make the store: called once, before the first write."""
        if self.files.is_local:
            there = [n for n in self.files.list("") if n not in _OURS and not n.startswith(".")]
            if there and "format" not in there:
                name = min(there)
                raise StoreError(
                    f"{self.url} is not a store and not empty ({name} is in it)",
                    hint="give the store a folder of its own",
                )
        self.files.write("format", [b"prun-store %d\n" % FORMAT])
        try:
            ignore_folder(self.local_dir)
        except OSError as e:
            raise StoreError(f"cannot write to the store {self.local_dir}: {e.strerror or e}") from e

    def _exists(self) -> bool:
        """Whether the store exists; ``StoreError`` if it cannot be used."""
        try:
            text = self.files.read("format").decode("utf-8", "replace")
        except FileNotFoundError:
            if self.files.is_local and os.path.exists(self.url) and not os.path.isdir(self.url):
                raise StoreError(f"the store {self.url} is a file", hint="give a folder") from None
            return False
        except OSError as e:
            raise StoreError(f"cannot read the store {self.url}: {e.strerror or e}") from e
        match = re.match(r"prun-store (\d+)\n", text)
        if match is None:
            return False  # torn: written again
        if int(match[1]) > FORMAT:
            raise StoreError(
                f"the store {self.url} was made by a newer prun (format {match[1]}, this one knows {FORMAT})",
                hint="upgrade prun, or choose another store",
            )
        return True
