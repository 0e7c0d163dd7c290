"""A store in a local folder, with nothing but ``os``: the warm path comes through here.

Files are written to ``tmp/`` and renamed into place. They are not synced to the disk: what a power
cut leaves torn is found by its checksum (entries, records) or its size and digest (blobs) and
computed again, and syncing would cost every small task more than the task itself.
"""

# os.path and os cost less than pathlib, both to import and to call

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NoReturn

from ..errors import StoreError
from .disk import WINDOWS, discard, remove, replace
from .files import Fact

if TYPE_CHECKING:
    from typing_extensions import Buffer

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_CHUNK = 1 << 16
_LONGEST = 259  # characters of a path on Windows, where long ones are not enabled
_TEMPORARY_FOR = 24 * 3600.0  # seconds after which a temporary file is nobody's any more


def _scan(path: str) -> list[os.DirEntry[str]]:
    """What is in a folder, in a fixed order; nothing if it is none."""
    try:
        with os.scandir(path) as entries:
            return sorted(entries, key=lambda e: e.name, reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return []


def read_file(path: str) -> bytes:
    """A whole file; much cheaper than ``open`` for small ones."""
    fd = os.open(path, _READ)
    try:
        data = os.read(fd, _CHUNK)
        if len(data) < _CHUNK:
            return data
        pieces = [data]
        while data := os.read(fd, 1 << 22):
            pieces.append(data)
        return b"".join(pieces)
    finally:
        os.close(fd)


class LocalFiles:
    """``FileStore`` in a folder."""

    is_local = True

    def __init__(self, folder: str) -> None:
        self.url = self.local_dir = os.path.abspath(folder)
        self._prefix = self.url + os.sep
        self._temporary = os.path.join(self.url, "tmp")
        self._numbers = itertools.count(1)
        self._salt = os.urandom(4).hex()  # another machine's process may have our number
        self.owner = ""  # the run for which this process writes, if it is one of its workers
        self.prepare: Callable[[], None] | None = None

    def local_path(self, name: str) -> str:
        return self._prefix + (name if os.sep == "/" else name.replace("/", os.sep))

    def read(self, name: str) -> bytes:
        try:
            return read_file(self.local_path(name))
        except NotADirectoryError as e:
            raise FileNotFoundError(*e.args) from None

    def read_many(self, names: Iterable[str]) -> dict[str, bytes | OSError]:
        found: dict[str, bytes | OSError] = {}
        for name in names:
            try:
                found[name] = read_file(self.local_path(name))
            except (FileNotFoundError, NotADirectoryError):
                pass
            except OSError as e:
                found[name] = e
        return found

    def write(self, name: str, parts: Sequence[Buffer]) -> None:
        self._put(name, parts, replace)

    def create(self, name: str, parts: Sequence[Buffer]) -> bool:
        try:
            self._put(name, parts, _link)
        except FileExistsError:
            return False
        return True

    def append(self, name: str, data: bytes) -> None:
        self._prepare()
        path = self.local_path(name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
            try:
                _write_all(fd, data)
            finally:
                os.close(fd)
        except OSError as e:
            refuse(self.url, e)

    def size(self, name: str) -> int | None:
        try:
            return os.stat(self.local_path(name)).st_size
        except OSError:
            return None

    def list(self, folder: str) -> Sequence[str]:
        try:
            return os.listdir(self.local_path(folder))
        except (FileNotFoundError, NotADirectoryError):
            return ()

    def list_many(self, folders: Iterable[str]) -> dict[str, Sequence[str]]:
        return {folder: self.list(folder) for folder in folders}

    def delete(self, name: str) -> None:
        try:
            remove(self.local_path(name))
        except FileNotFoundError:
            pass
        except OSError as e:
            refuse(self.url, e)

    def walk(self, folder: str) -> dict[str, Fact]:
        found: dict[str, Fact] = {}
        seen: set[tuple[int, int]] = set()
        left = [folder]
        while left:
            inside = left.pop()
            for entry in _scan(self.local_path(inside)):
                name = f"{inside}/{entry.name}" if inside else entry.name
                if entry.is_dir(follow_symlinks=False):
                    left.append(name)
                    continue
                try:
                    s = os.lstat(entry.path)
                except OSError:  # gone since it was listed
                    continue
                again = s.st_nlink > 1 and (s.st_dev, s.st_ino) in seen
                if s.st_nlink > 1:
                    seen.add((s.st_dev, s.st_ino))
                found[name] = Fact(0 if again else s.st_size, s.st_mtime)
        return found

    def fact(self, name: str) -> Fact | None:
        try:
            s = os.lstat(self.local_path(name))
        except OSError:
            return None
        return Fact(s.st_size, s.st_mtime)

    def head(self, name: str, size: int) -> bytes:
        with open(self.local_path(name), "rb") as file:
            return file.read(size)

    def touch(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.utime(self.local_path(name))

    def delete_many(self, names: Sequence[str]) -> Sequence[str]:
        folders = set()
        stay = []
        for name in names:
            path = self.local_path(name)
            try:
                remove(path, patient=False)
            except FileNotFoundError:
                pass
            except OSError as e:
                if not (WINDOWS and isinstance(e, PermissionError)):  # in use there: it goes another time
                    refuse(self.url, e)
                stay.append(name)
            folders.add(os.path.dirname(path))
        for path in sorted(folders, key=len, reverse=True):
            while len(os.path.dirname(path)) > len(self.url):  # "blobs" itself stays
                try:
                    os.rmdir(path)
                except OSError:
                    break
                path = os.path.dirname(path)
        return stay

    def forget_copy(self, name: str) -> None:
        pass

    def temporary(self) -> str:
        """The path of a new temporary file or folder, on the same file system."""
        number = next(self._numbers)  # in one step: threads write at once
        if number == 1:
            os.makedirs(self._temporary, exist_ok=True)
            self._sweep()
        owner = f"{self.owner}-" if self.owner else ""
        name = f"{owner}{os.getpid()}-{number}-{self._salt}"
        return os.path.join(self._temporary, name)

    def new_file(self) -> str:
        """``temporary`` for a file that is stored by ``publish``, once it is written."""
        self._prepare()
        path = self.temporary()
        os.makedirs(self._temporary, exist_ok=True)  # somebody may have removed it while we worked
        return path

    def publish(self, temporary: str, name: str) -> None:
        path = self.local_path(name)
        try:
            _place(temporary, path, replace)
        except OSError as e:
            refuse(self.url, e, path)

    def disown(self, owner: str) -> None:
        """Remove what a run's workers left half-written; they are gone by now."""
        with contextlib.suppress(OSError):
            for name in os.listdir(self._temporary):
                if name.startswith(f"{owner}-"):
                    discard(os.path.join(self._temporary, name))

    def _prepare(self) -> None:
        if self.prepare:
            prepare, self.prepare = self.prepare, None
            prepare()

    def _put(self, name: str, parts: Sequence[Buffer], publish: Callable[[str, str], None]) -> None:
        self._prepare()
        path = self.local_path(name)
        temporary = ""
        try:
            temporary = self.temporary()
            _write_file(temporary, parts)
            _place(temporary, path, publish)
        except FileExistsError:
            discard(temporary)
            raise
        except OSError as e:
            discard(temporary)
            if publish is replace and isinstance(e, PermissionError) and _same(path, parts):
                return  # Windows: another process holds the same file open
            refuse(self.url, e, path)
        except BaseException:  # Ctrl-C: leave nothing behind
            discard(temporary)
            raise

    def _sweep(self) -> None:
        """Remove what processes left behind that died while they wrote."""
        before = time.time() - _TEMPORARY_FOR
        for name in os.listdir(self._temporary):
            path = os.path.join(self._temporary, name)
            with contextlib.suppress(OSError):
                if os.lstat(path).st_mtime < before and not may_be_written(name):
                    discard(path)


def may_be_written(name: str) -> bool:
    """Whether the process that made a temporary file still runs on this machine: clocks may jump, so
    that its age alone proves nothing."""
    pid = name.split("-")[-3:-2]
    if os.name == "nt" or not pid or not pid[0].isdigit():
        return False  # (Windows lets nobody remove what is open)
    try:
        os.kill(int(pid[0]), 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _write_file(path: str, parts: Sequence[Buffer]) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except FileNotFoundError:  # somebody removed the folder while we worked
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        for part in parts:
            _write_all(fd, part)
    finally:
        os.close(fd)


def _place(temporary: str, path: str, publish: Callable[[str, str], None]) -> None:
    try:
        publish(temporary, path)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        publish(temporary, path)


def _write_all(fd: int, data: Buffer) -> None:
    view = memoryview(data).cast("B")
    while len(view):
        view = view[os.write(fd, view[: 1 << 30]) :]


def _link(temporary: str, path: str) -> None:
    """Rename unless the name is taken, as one step of the file system."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except FileNotFoundError:
        raise
    except OSError:  # no hard links here: nearly as good
        if os.path.exists(path):
            raise FileExistsError(path) from None
        replace(temporary, path)
    else:
        with contextlib.suppress(OSError):
            remove(temporary)


def _same(path: str, parts: Sequence[Buffer]) -> bool:
    try:
        return read_file(path) == b"".join(bytes(p) for p in parts)
    except OSError:
        return False


def refuse(url: str, error: OSError, path: str = "") -> NoReturn:
    """The store cannot be written."""
    reason = error.strerror or str(error)
    hint = "free some space" if "space" in reason else "check its permissions, or choose another: --store"
    if WINDOWS and len(path) > _LONGEST:
        hint = "its paths are too long for Windows: choose a shorter one with --store, or enable long paths"
    raise StoreError(f"cannot write to the store {url}: {reason}", hint=hint) from error
