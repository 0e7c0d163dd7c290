"""Project code is compiled from what lies on disk, and one project never sees another's modules."""

from __future__ import annotations

import importlib
import inspect
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from worker_kit import Kit

from pipeline_runner.keys.digest import digest
from pipeline_runner.model.work import Project
from pipeline_runner.workers.imports import is_project_file, isolated, loaded_sources


@pytest.fixture(autouse=True)
def _modules_as_before() -> Iterator[None]:
    before, path, meta = set(sys.modules), sys.path[:], sys.meta_path[:]
    yield
    assert (sys.path, sys.meta_path) == (path, meta)
    for name in (
        set(sys.modules) - before
    ):  # a second copy of an installed package would disturb what comes later
        file = getattr(sys.modules[name], "__file__", None)
        if is_project_file(file) or (file is None and hasattr(sys.modules[name], "__path__")):
            del sys.modules[name]


def load(kit: Kit, name: str = "work") -> object:
    with isolated(kit.project):
        return importlib.import_module(name)


def test_an_edit_of_the_same_size_in_the_same_second_is_seen(kit: Kit) -> None:
    path = kit.module("value = 1")
    stamp = 1_700_000_000
    os.utime(path, (stamp, stamp))
    sys.path.insert(0, str(kit.root))
    try:
        importlib.import_module("work")  # as Python does it: leaves bytecode behind
    finally:
        sys.path.remove(str(kit.root))
        del sys.modules["work"]
    kit.module("value = 2")
    os.utime(path, (stamp, stamp))
    assert load(kit).value == 2  # type: ignore[attr-defined]


def test_no_bytecode_is_written(kit: Kit) -> None:
    kit.module("value = 1")
    load(kit)
    assert [p.name for p in kit.root.iterdir()] == ["work.py"]


def test_the_digest_of_what_was_loaded_is_known(kit: Kit) -> None:
    path = kit.module("value = 1")
    with isolated(kit.project):
        importlib.import_module("work")
        assert loaded_sources()[str(path)] == digest(b"value = 1")
    with isolated(kit.project):
        assert loaded_sources()[str(path)] == digest(b"value = 1")  # kept
    kit.module("value = 2")
    with isolated(kit.project):
        assert str(path) not in loaded_sources()  # not loaded again so far
        importlib.import_module("work")
        assert loaded_sources()[str(path)] == digest(b"value = 2")


def test_two_projects_with_modules_of_the_same_name(tmp_path: Path) -> None:
    one, two = Kit(tmp_path / "one"), Kit(tmp_path / "two")
    one.module("import helper\nvalue = helper.name")
    one.module("name = 'one'", "helper")
    two.module("import helper\nvalue = helper.name")
    two.module("name = 'two'", "helper")
    assert load(one).value == "one"  # type: ignore[attr-defined]
    with isolated(one.project):
        assert importlib.import_module("work").value == "one"
        with isolated(two.project):
            assert importlib.import_module("work").value == "two"
        assert importlib.import_module("work").value == "one"
    assert load(two).value == "two"  # type: ignore[attr-defined]
    assert "work" not in sys.modules


def test_modules_imported_before_are_hidden_and_come_back(kit: Kit, tmp_path: Path) -> None:
    other = Kit(tmp_path / "other")
    other.module("value = 'other'")
    other.module("", "pkg/__init__")
    other.module("value = 'other'", "pkg/part")
    kit.module("value = 'ours'")
    kit.module("", "pkg/__init__")
    kit.module("value = 'ours'", "pkg/part")
    sys.path.insert(0, str(other.root))
    try:
        before = importlib.import_module("work"), importlib.import_module("pkg.part")
        with isolated(kit.project):
            assert importlib.import_module("work").value == "ours"
            assert importlib.import_module("pkg.part").value == "ours"
        assert (sys.modules["work"], sys.modules["pkg.part"]) == before
    finally:
        sys.path.remove(str(other.root))


def test_unchanged_modules_are_kept_and_edited_ones_are_loaded_again(kit: Kit) -> None:
    kit.module("import helper\nclass Row: pass")
    kit.module("value = 1", "helper")
    first = load(kit)
    assert load(kit) is first
    kit.module("value = 2", "helper")
    again = load(kit)
    assert again is not first
    assert again.helper.value == 2  # type: ignore[attr-defined]


def test_namespace_packages_and_relative_imports(kit: Kit) -> None:
    kit.module("from . import b\nfrom .b import value", "space/a")
    kit.module("value = 3", "space/b")
    assert load(kit, "space.a").value == 3  # type: ignore[attr-defined]
    assert "space" not in sys.modules
    assert "space.b" not in sys.modules


def test_a_folder_does_not_hide_an_installed_package_of_its_name(kit: Kit) -> None:
    (kit.root / "yaml").mkdir()
    (kit.root / "random").mkdir()
    import random

    import yaml

    with isolated(kit.project):
        assert importlib.import_module("yaml") is yaml
        assert importlib.import_module("random") is random


def test_the_source_of_functions_is_found(kit: Kit) -> None:
    os.utime(kit.module("def run():\n    return 1\n"), (1e9, 1e9))
    with isolated(kit.project):
        module = importlib.import_module("work")
        assert inspect.getsource(module.run) == "def run():\n    return 1\n"
        assert module.__spec__.origin == module.__file__ == str(kit.root / "work.py")
    os.utime(kit.module("def run():\n    return 2\n"), (1e9, 1e9))  # a coarse time stamp tells nothing
    with isolated(kit.project):
        assert "return 2" in inspect.getsource(importlib.import_module("work").run)


def test_classes_of_the_project_pickle(kit: Kit) -> None:
    kit.module("class Row:\n    def __init__(self, n): self.n = n")
    with isolated(kit.project):
        data = pickle.dumps(importlib.import_module("work").Row(4))
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(data)
    with isolated(kit.project):
        assert pickle.loads(data).n == 4


def test_the_projects_folders_come_first_on_the_path(kit: Kit, tmp_path: Path) -> None:
    source = Kit(tmp_path / "project" / "src")
    source.module("value = 'src'")
    kit.module("value = 'root'")
    project = Project(str(kit.root), (str(source.root), str(kit.root)))
    with isolated(project):
        assert importlib.import_module("work").value == "src"
        assert sys.path[:2] == [str(source.root), str(kit.root)]


def test_everything_is_put_back_after_an_error(kit: Kit) -> None:
    kit.module("value = 1")
    path, modules = sys.path[:], dict(sys.modules)
    kit.module("import sys\nsys.path.append('/somewhere')\nraise RuntimeError")
    with pytest.raises(RuntimeError), isolated(kit.project):
        importlib.import_module("work")
    assert sys.path == path
    assert sys.modules.keys() - modules.keys() == set()


def test_what_counts_as_project_code(tmp_path: Path) -> None:
    import json

    import yaml

    assert is_project_file(str(tmp_path / "x.py"))
    assert is_project_file(__file__)
    for other in (
        json.__file__,
        yaml.__file__,
        importlib.import_module("pipeline_runner").__file__,
        "<string>",
        None,
    ):
        assert not is_project_file(other)
