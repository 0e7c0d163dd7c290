"""Importing the user's project: always from source, never from stale bytecode, never across runs.

Python trusts a ``.pyc`` whose source has the same size and the same second of modification. After
a quick edit that is stale code, so project modules are always compiled from the bytes that are
there, and the digest of those bytes is kept: before a result is committed it is compared with
what the cache key was made from.
"""

from __future__ import annotations

import importlib
import linecache
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from ..keys.digest import digest
from ..model.work import Project
from . import loads
from .loads import found_again

_STDLIB = os.path.normcase(os.path.dirname(os.path.abspath(os.__file__))) + os.sep
_PRUN = os.path.normcase(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_SITE = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)

_loaded: dict[str, str] = {}  # absolute path -> digest of the bytes that were compiled


def loaded_sources() -> dict[str, str]:
    """Each project source file loaded so far, with the digest of the bytes that were run."""
    return _loaded


@lru_cache(maxsize=8192)
def is_project_file(path: str | None) -> bool:
    """Is this file code of a user, not of Python, of an installed distribution or of ours?"""
    if not path or path.startswith("<"):
        return False
    folded = os.path.normcase(os.path.abspath(path))
    if folded.startswith(_PRUN) or any(part in folded for part in _SITE):
        return False
    return not folded.startswith(_STDLIB)


def is_project_module(name: str) -> bool:
    """Does this module, imported already, come from project code?"""
    module = sys.modules.get(name)
    return module is not None and is_project_file(getattr(module, "__file__", None))


class ProjectLoader(SourceFileLoader):
    """Compiles from source; reads and writes no bytecode."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        data = self.get_data(path)
        for known_as in (os.path.abspath(path), os.path.realpath(path)):
            _loaded[known_as] = digest(data)
        linecache.cache.pop(path, None)  # or tracebacks and inspect would show lines of an earlier edit
        code: CodeType = self.source_to_code(data, path)
        return code


class ProjectFinder:
    """Lets the other finders find, then loads project sources by ``ProjectLoader``.

    So packages, namespace packages, extension modules, zip files and editable installs are found
    exactly as Python finds them.
    """

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        again = found_again(fullname)
        if again is not None:
            return again
        for finder in list(sys.meta_path):
            if isinstance(finder, ProjectFinder):
                continue
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(fullname, path, target) if find is not None else None
            if spec is not None:
                if type(spec.loader) is SourceFileLoader and is_project_file(spec.origin):
                    spec.loader = ProjectLoader(fullname, spec.origin or "")
                return spec
        return None


def install(project: Project) -> None:
    """For a worker process, which runs one project all its life."""
    sys.path[:] = _path_with(project)
    if not any(isinstance(finder, ProjectFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, ProjectFinder())
    importlib.invalidate_caches()
    loads.start(is_project_file)


def _path_with(project: Project) -> list[str]:
    return [*project.path, *(entry for entry in sys.path if entry not in project.path)]


# ---- inside a process that is not ours ---------------------------------------------------------


class _Kept(NamedTuple):
    modules: dict[str, ModuleType]
    sources: dict[str, str]  # path -> digest of what was loaded


_kept: dict[Project, _Kept] = {}
_active: list[Project] = []


@contextmanager
def isolated(project: Project) -> Iterator[None]:
    """The project's own modules on top, whatever this process has imported under their names.

    Everything is put back at the end. Modules loaded here are kept for the next use of the same
    project as long as none of their files changed, so that classes stay the same. Uses nest; two
    projects at once in two threads are not supported.
    """
    if _active and _active[-1] == project:
        yield
        return
    path, sources = sys.path[:], dict(_loaded)
    finder = ProjectFinder()
    hidden = _take(_Provided(project))
    _active.append(project)
    _loaded.clear()  # what a former use has loaded says nothing of this one
    try:
        sys.path[:] = _path_with(project)
        sys.meta_path.insert(0, finder)
        importlib.invalidate_caches()
        loads.start(is_project_file, _bring_back(project))
        yield
    finally:
        loads.stop()
        _active.remove(project)
        taken = _take(_Provided(project))
        _kept[project] = _Kept(taken, dict(_loaded))
        _loaded.clear()
        _loaded.update(sources)
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        sys.path[:] = path
        sys.modules.update(hidden)


class _Provided:
    """Tells the modules that the project's folders provide."""

    def __init__(self, project: Project) -> None:
        folders = dict.fromkeys((*project.path, project.root))
        self.folders = tuple(os.path.normcase(os.path.abspath(f)).rstrip(os.sep) + os.sep for f in folders)
        self.modules: set[str] = set()
        self.namespaces: set[str] = set()
        for folder in project.path:
            self._list(folder)

    def _list(self, folder: str) -> None:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            return
        for entry in entries:
            stem = entry.name.partition(".")[0]
            if stem in sys.stdlib_module_names or not stem.isidentifier():
                continue  # what Python itself has is loaded long before any project
            if entry.name.endswith(".py"):
                self.modules.add(stem)
            elif entry.name == stem and entry.is_dir():
                regular = os.path.exists(os.path.join(entry.path, "__init__.py"))
                (self.modules if regular else self.namespaces).add(stem)

    def __contains__(self, item: tuple[str, ModuleType]) -> bool:
        name, module = item
        if name in ("__main__", "__mp_main__") or name.partition(".")[0] == "pipeline_runner":
            return False
        file = getattr(module, "__file__", None)
        if file and is_project_file(file):
            folded = os.path.normcase(os.path.abspath(file))
            if isinstance(getattr(module, "__loader__", None), ProjectLoader):
                return True
            if folded.startswith(self.folders):
                return True
        top = name.partition(".")[0]
        return top in self.modules or (
            file is None and top in self.namespaces and hasattr(module, "__path__")
        )


def _take(provided: _Provided) -> dict[str, ModuleType]:
    """Remove the modules that the project provides from ``sys.modules``."""
    found = {name: module for name, module in list(sys.modules.items()) if (name, module) in provided}
    for name in found:
        del sys.modules[name]
    return found


def _bring_back(project: Project) -> Iterable[str]:
    """The names of the modules that are there again."""
    kept = _kept.pop(project, None)
    if kept is not None and all(_same(path, known) for path, known in kept.sources.items()):
        sys.modules.update(kept.modules)
        _loaded.update(kept.sources)
        return kept.modules
    return ()


def _same(path: str, known: str) -> bool:
    try:
        with open(path, "rb") as file:
            return digest(file.read()) == known
    except OSError:
        return False
