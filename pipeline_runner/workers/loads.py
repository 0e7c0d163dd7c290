"""Which project modules a task loads, and whether its cache key was made from them.

The key is made from source, without running it: from all files that the callable can be seen to reach.
A task that loads another one (named by a decoded text, say) has shown that there are more, and its result
must not be found again under that key.

Modules stay loaded from task to task, which would hide that. So those that the next task's key does not
know are put aside while it runs: an import finds them again through ``found_again``, is noticed, and gives
the very same module. Where tasks run in threads nothing can be put aside, as another may just import it:
there all tasks are taken to have loaded what was loaded unforeseen, and what one of them may load is not
missed in another.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ..keys.digest import combine
from ..model.artifact import ONE_RUN, CacheKey
from ..model.work import Job, Task

_lock = threading.RLock()


class _State:
    """Of this process."""

    is_project_file: Callable[[str], bool] | None = None  # None: nothing is looked at
    count = -1  # of ``sys.modules`` at the last look
    unwatched = 0  # tasks that run and may load anything
    sources: Mapping[str, str] | None = None  # what the modules were parted by


_state = _State()
_seen: set[str] = set()  # names of modules that are accounted for
_ours: dict[str, str] = {}  # project modules that were loaded since ``start`` -> their file
_aside: dict[str, ModuleType] = {}
_running: list[Loads] = []
_unforeseen: set[str] = set()  # files that a task loaded, and that its key did not know


def start(is_project_file: Callable[[str], bool], kept: Iterable[str] = ()) -> None:
    """What is loaded by now is not ours, but for what is ``kept`` from a former use."""
    with _lock:
        for known in (_aside, _ours, _unforeseen):
            known.clear()
        _seen.clear()
        _seen.update(sys.modules.keys() - set(kept))
        _state.is_project_file, _state.count, _state.sources = is_project_file, -1, None


def stop() -> None:
    """No module is aside any more, and nothing is looked at."""
    with _lock:
        _put_back()
        _state.is_project_file = None


def _put_back() -> None:
    for name in list(_aside):
        _take_back(name)
    _state.sources = None


def found_again(name: str) -> ModuleSpec | None:
    """How to import a module that is aside."""
    module = _aside.get(name)
    if module is None:
        return None
    loader: Any = _Again(module)
    return ModuleSpec(name, loader, origin=getattr(module, "__file__", None))


class _Again:
    """A loader that gives the module as it is."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        self.module.__spec__ = self.spec
        with _lock:
            _aside.pop(module.__name__, None)
            _seen.discard(module.__name__)
            _state.count = -1


class Loads:
    """Those of one task. A job whose sources don't say all that it may load is not watched."""

    def __init__(self, job: Job) -> None:
        self.files: list[str] = []  # loaded, and unknown to the key
        self.sources = job.sources
        self._job = job
        self._watched = job.examined and _state.is_project_file is not None

    def __enter__(self) -> Loads:
        if not self._watched:
            with _lock:
                _state.unwatched += 1
            return self
        with _lock:
            if len(sys.modules) != _state.count:
                _share(_new_modules())
            _running.append(self)
            if threading.current_thread() is not threading.main_thread():
                for file in _unforeseen:
                    _blame(file)
            elif _state.sources is not self.sources:
                _part(self.sources)
        return self

    def __exit__(self, *exc: object) -> None:
        if not self._watched:
            with _lock:
                _share(_new_modules())
                _state.unwatched -= 1
            return
        with _lock:
            if len(sys.modules) != _state.count:
                _share(_new_modules())
            _running.remove(self)
            if self.files:
                _state.sources = None

    def look(self) -> None:
        """Note what was loaded since the last look."""
        if self._watched and len(sys.modules) != _state.count:
            with _lock:
                _share(_new_modules())

    def absorb(self) -> None:
        """What was loaded just now was loaded for the arguments: the key knows their classes."""
        if self._watched and len(sys.modules) != _state.count and _new_modules():
            _state.sources = None

    @property
    def unforeseen(self) -> tuple[str, ...]:
        """The files that the task's key was not made from, for people."""
        if not self.files:
            return ()
        root = os.path.join(self._job.project.root, "")
        return tuple(file.removeprefix(root).replace(os.sep, "/") for file in self.files)

    def key(self, task: Task) -> CacheKey:
        """Where the result goes: where it is found again, or where this run alone looks."""
        if not self.files:
            return task.key
        print(
            f"prun: warning: {task.id} loaded {', '.join(self.unforeseen)}, which its cache key was not made "
            f"from, so its result is not reused: {self._job.call} or what it calls must name what it uses of "
            "it (import helper; helper.f()), or set `cache: false`",
            file=sys.stderr,
        )
        return CacheKey(task.key.recipe, ONE_RUN + combine("task", [self._job.run, task.id]))


def _share(names: list[str]) -> None:
    """Who of those that run has loaded a module can't be told: another may find it loaded by then."""
    for name in names if not _state.unwatched else ():
        file = _ours[name]
        if _running and not any(_knows(loads.sources, file) for loads in _running):
            _unforeseen.add(file)
            _blame(file)


def _blame(file: str) -> None:
    for loads in _running:
        if file not in loads.files and not _knows(loads.sources, file):
            loads.files.append(file)


def _new_modules() -> list[str]:
    """Project modules that were loaded since the last look."""
    is_project_file = _state.is_project_file
    if is_project_file is None:
        return []
    with _lock:
        if len(sys.modules) == _state.count:
            return []
        out = []
        for name, module in list(sys.modules.items()):
            if name in _seen:
                continue
            _seen.add(name)
            file = getattr(module, "__file__", None)
            if file and is_project_file(file) and not _is_installed(file):
                _ours[name] = os.path.abspath(file)
                out.append(name)
        _state.count = len(sys.modules)
        return out


def _part(sources: Mapping[str, str]) -> None:
    """Put aside what the sources don't know, and take back what they do."""
    for name in [n for n in _aside if _knows(sources, _ours[n])]:
        _take_back(name)
    for name, file in _ours.items():
        if name in sys.modules and not _knows(sources, file):
            module = _aside[name] = sys.modules.pop(name)
            package, last = _package(name)
            if package is not None and vars(package).get(last) is module:
                delattr(package, last)
    _state.count = len(sys.modules)
    _state.sources = sources


def _take_back(name: str) -> None:
    module = _aside.pop(name)
    sys.modules.setdefault(name, module)
    package, last = _package(name)
    if package is not None and last not in vars(package):
        setattr(package, last, module)
    _state.count = -1


def _package(name: str) -> tuple[ModuleType | None, str]:
    package, _, last = name.rpartition(".")
    return sys.modules.get(package) or _aside.get(package), last


def _knows(sources: Mapping[str, str], file: str) -> bool:
    if file in sources:
        return True
    return os.path.realpath(file) in _real(tuple(sources))


@lru_cache(maxsize=8)
def _real(paths: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(os.path.realpath, paths))


def _is_installed(file: str) -> bool:
    """Whether it belongs to a distribution that is installed in a folder of its own."""
    folded = os.path.abspath(file)
    for entry in sys.path:
        if entry and folded.startswith(os.path.join(entry, "")):
            try:
                names = os.listdir(entry)
            except OSError:
                return False
            return any(n.endswith(".dist-info") for n in names)
    return False
