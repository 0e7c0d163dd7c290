"""Removing and replacing files in the ways of every system.

Windows lets nobody remove or replace a file that is open or mapped, nor a read-only one; and virus
scanners open what was just written. There it is tried again for a moment.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer

WINDOWS = os.name == "nt"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_NO_PRIVILEGE = 1314  # Windows' ERROR_PRIVILEGE_NOT_HELD
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)  # seconds


def replace(source: str, target: str) -> None:
    """``os.replace``."""
    if WINDOWS:
        _patiently(lambda: os.replace(source, target), target, _PAUSES)
    else:
        os.replace(source, target)


def remove(path: str, *, patient: bool = True) -> None:
    """``os.unlink``, for read-only files too."""
    if WINDOWS:
        _patiently(lambda: os.unlink(path), path, _PAUSES if patient else ())
    else:
        os.unlink(path)


def link(target: str, path: str) -> None:
    """A symbolic link to what stands beside it: a relative path with slashes."""
    try:
        os.symlink(target.replace("/", os.sep), path)
    except OSError as error:
        if getattr(error, "winerror", None) != _NO_PRIVILEGE:
            raise
        reason = "it needs a symbolic link, which Windows lets nobody make without its developer mode"
        raise OSError(error.errno, reason, path) from error


def discard(path: str) -> None:
    """Remove a file or a folder, if there is one, as far as that goes."""
    with contextlib.suppress(OSError):
        if os.path.isdir(path) and not os.path.islink(path):
            _remove_tree(path)
        else:
            remove(path)


def write_whole(path: str, parts: Iterable[Buffer], mode: int = 0o666) -> None:
    """Write a file so that nobody ever sees a part of it; its folder is there."""
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
    try:
        with open(os.open(temporary, _NEW, mode), "wb") as file:
            for part in parts:
                file.write(part)
        replace(temporary, path)
    except BaseException:
        discard(temporary)
        raise


def ignore_folder(folder: str) -> None:
    """Make a folder of ours, and keep it out of version control."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, ".gitignore")
    with contextlib.suppress(FileExistsError), open(path, "x", encoding="utf-8", newline="\n") as file:
        file.write("*\n")


def _patiently(work: Callable[[], None], path: str, pauses: Iterable[float]) -> None:
    for pause in (0.0, *pauses):
        try:
            return work()
        except PermissionError:
            with contextlib.suppress(OSError):
                os.chmod(path, 0o666)
            time.sleep(pause)
    return work()


def _remove_tree(path: str) -> None:
    import shutil
    import sys

    def again(_: Any, inside: str, __: Any) -> None:
        with contextlib.suppress(OSError):
            remove(inside)

    if sys.version_info >= (3, 12):
        shutil.rmtree(path, onexc=again)
    else:
        shutil.rmtree(path, onerror=again)
