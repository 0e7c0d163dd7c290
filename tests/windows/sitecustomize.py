"""Windows' rules for prun, on a POSIX machine: put this folder on PYTHONPATH and every Python keeps them.

- An open or mapped file can be neither removed nor replaced nor renamed (`PermissionError`), nor a folder
  with such a file renamed; nor a read-only file removed or replaced.
- No symbolic links.
- To prun's own modules (not to Python's, which know what they run on) `os.name` is "nt", `sys.platform`
  "win32"; what Windows lacks of `os` and `signal` is missing, `fcntl` and `resource` cannot be imported,
  and there is an `msvcrt`.

Paths keep their POSIX form, and processes are started as POSIX does.
"""

import builtins
import contextlib
import fcntl as _fcntl
import functools
import importlib
import os
import signal
import stat
import subprocess
import sys
import types

_real_import = builtins.__import__


# ---- what is in use stays --------------------------------------------------------------------------


def _in_use(path, below=False):
    """Whether any process has the file (or, ``below``, a file in the folder) open or mapped."""
    path = os.path.realpath(path)
    with contextlib.suppress(OSError):
        found = os.stat(path)
        if not below:
            return any(_has(pid, path, (found.st_dev, found.st_ino)) for pid in _processes())
    return below and any(_has_below(pid, path + "/") for pid in _processes())


def _processes():
    return [name for name in os.listdir("/proc") if name.isdigit() and _keeps_the_rules(name)]


@functools.lru_cache(maxsize=10_000)
def _keeps_the_rules(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return os.fsencode(os.path.dirname(__file__)) in file.read()
    except OSError:
        return False


def _open_files(pid):
    with contextlib.suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                yield f"/proc/{pid}/fd/{fd}"


def _maps(pid):
    try:
        with open(f"/proc/{pid}/maps", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _has(pid, path, identity):
    for link in _open_files(pid):
        with contextlib.suppress(OSError):
            found = os.stat(link)
            if (found.st_dev, found.st_ino) == identity:
                return True
    return b" %s\n" % os.fsencode(path) in _maps(pid)


def _has_below(pid, prefix):
    for link in _open_files(pid):
        with contextlib.suppress(OSError):
            if os.readlink(link).startswith(prefix):
                return True
    return b" " + os.fsencode(prefix) in _maps(pid)


def _refuse(path):
    raise PermissionError(13, "Access is denied (Windows' rules)", os.fspath(path))


def _check_file(path, dir_fd=None):
    if dir_fd is not None:
        path = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), path)
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return
    if stat.S_ISREG(mode) and (not mode & stat.S_IWUSR or _in_use(path)):
        _refuse(path)


def _wrap_unlink(real):
    def unlink(path, *, dir_fd=None):
        _check_file(path, dir_fd)
        if dir_fd is not None or os.path.islink(path):
            return real(path, dir_fd=dir_fd)
        with open(path, "rb") as file:  # nobody locks it between the look at it and its removal
            try:
                _fcntl.flock(file, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
            except OSError:
                _refuse(path)
            if not os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                _refuse(path)  # another one by now
            return real(path)

    return unlink


def _wrap_move(real, replaces):
    def move(src, dst, **where):
        if not where:
            if os.path.lexists(dst) and not replaces:
                raise FileExistsError(17, "File exists (Windows' rules)", os.fspath(dst))
            if os.path.isdir(src):
                if _in_use(src, below=True) or os.path.lexists(dst):
                    _refuse(src)
            elif _in_use(src):
                _refuse(src)
            _check_file(dst)
        return real(src, dst, **where)

    return move


def _symlink(*args, **options):
    error = OSError(22, "A required privilege is not held by the client (Windows' rules)")
    error.winerror = 1314
    raise error


# ---- what prun sees --------------------------------------------------------------------------------


class _Face(types.ModuleType):
    """A module as Windows has it: the real one, with some names missing and some others."""

    def __init__(self, real, missing=(), **other):
        super().__init__(real.__name__)
        self.__dict__.update(_real=real, _missing=missing, _before={}, **other)

    def __getattr__(self, name):
        if name in self._missing:
            raise AttributeError(f"module {self._real.__name__!r} has no attribute {name!r} (Windows' rules)")
        return getattr(self._real, name)

    def __setattr__(self, name, value):
        if name in self.__dict__:
            self.__dict__[name] = value
        else:
            self._before.setdefault(name, getattr(self._real, name))
            setattr(self._real, name, value)

    def __delattr__(self, name):
        """As pytest undoes its ``setattr``, which may have been called twice."""
        if name in self._before:
            setattr(self._real, name, self._before.pop(name))


def _locking(fd, mode, count):
    try:
        _fcntl.flock(fd, _fcntl.LOCK_UN if mode == 0 else _fcntl.LOCK_EX | _fcntl.LOCK_NB)
        if not os.fstat(fd).st_nlink:
            raise OSError("removed since it was opened")
    except OSError:
        raise PermissionError(13, "Permission denied") from None


class _StartupInfo:
    def __init__(self, *, lpAttributeList=None, **_):
        self.lpAttributeList = lpAttributeList or {}


def _popen(*args, startupinfo=None, creationflags=0, **options):
    """Handles are descriptors here; a process of another group hears no Ctrl-C of the terminal."""
    handles = startupinfo.lpAttributeList.get("handle_list", ()) if startupinfo else ()
    options["start_new_session"] = bool(creationflags)
    return subprocess.Popen(*args, pass_fds=handles, **options)


_msvcrt = types.ModuleType("msvcrt")
_msvcrt.__dict__.update(locking=_locking, LK_UNLCK=0, LK_LOCK=1, LK_NBLCK=2)

_POSIX_OS = (
    "fork", "killpg", "setsid", "getuid", "geteuid", "getgid", "getpgrp", "getpgid", "mkfifo", "chown",
    "wait4", "register_at_fork", "sched_getaffinity", "posix_spawn", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY",
)  # fmt: skip
_POSIX_SIGNALS = (
    "SIGKILL", "SIGALRM", "SIGHUP", "SIGSTOP", "SIGCHLD", "SIGUSR1", "setitimer", "alarm", "ITIMER_REAL",
    "pthread_kill",
)  # fmt: skip
_FACES = {
    "os": _Face(
        os,
        _POSIX_OS,
        name="nt",
        O_BINARY=0,
        set_handle_inheritable=os.set_inheritable,
    ),
    "sys": _Face(sys, platform="win32"),
    "signal": _Face(
        signal,
        _POSIX_SIGNALS,
        SIGBREAK=signal.SIGUSR2,
        CTRL_BREAK_EVENT=signal.SIGUSR2,
    ),
    "subprocess": _Face(
        subprocess, CREATE_NO_WINDOW=0, CREATE_NEW_PROCESS_GROUP=512, STARTUPINFO=_StartupInfo, Popen=_popen
    ),
    "msvcrt": _msvcrt,
}


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and str((globals or {}).get("__name__", "")).startswith("pipeline_runner"):
        if name in ("fcntl", "resource", "pwd", "grp", "termios", "tty"):
            raise ModuleNotFoundError(f"No module named {name!r} (Windows' rules)", name=name)
        if name in _FACES:
            return _FACES[name]
    return _real_import(name, globals, locals, fromlist, level)


os.unlink = os.remove = _wrap_unlink(os.unlink)
os.replace = _wrap_move(os.replace, True)
os.rename = _wrap_move(os.rename, False)
os.symlink = _symlink
os.supports_dir_fd.update({os.unlink})
builtins.__import__ = _import
importlib.invalidate_caches()
