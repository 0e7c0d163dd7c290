"""What once went wrong, each as small as it could be made."""

from __future__ import annotations

import os

import pytest
from harness import Project, ran, reused

# --- what code reaches


def test_a_module_that_its_package_imports_by_name_counts(project: Project) -> None:
    """`from . import x` in a package's own __init__ imports pk.x, which may do something."""
    project.file("pk/__init__.py", "from . import plugin, work\n").file(
        "pk/registry.py", "FOUND = []\n"
    ).file("pk/plugin.py", "from .registry import FOUND\nFOUND.append(1)\n").file(
        "pk/work.py", "from .registry import FOUND\ndef f(): return FOUND\n"
    ).pipeline("steps:\n  f: {call: pk.work:f, publish: out.json}\n").run()
    assert reused(project.run()) == {"f"}
    project.edit("pk/plugin.py", "append(1)", "append(2)")
    assert ran(project.run()) == {"f"}
    assert project.data("out.json") == [2]


def test_an_object_that_is_noted_by_its_own_class_counts(project: Project) -> None:
    project.file(
        "registry.py", "class Plugin:\n    all = []\n    def __init__(self, n): Plugin.all.append(n)\n"
    )
    project.file("plugins.py", "from registry import Plugin\nfirst = Plugin(10)\n").file(
        "tasks.py", "import plugins\nfrom registry import Plugin\ndef f(): return Plugin.all\n"
    ).pipeline("steps:\n  f: {call: tasks:f, publish: out.json}\n").run()
    project.edit("plugins.py", "10", "20")
    assert ran(project.run()) == {"f"}
    assert project.data("out.json") == [20]


def test_a_class_that_is_registered_with_an_installed_package_counts(project: Project) -> None:
    project.file(
        "accessor.py",
        """
        import pandas

        @pandas.api.extensions.register_series_accessor("double")
        class Double:
            def __init__(self, series): self.series = series
            def sum(self): return int(self.series.sum()) * 2
        """,
    ).file(
        "tasks.py", "import accessor\nimport pandas\ndef f(): return pandas.Series([1, 2]).double.sum()\n"
    ).pipeline("steps:\n  f: {call: tasks:f, publish: out.json}\n").run()
    project.edit("accessor.py", "* 2", "* 3")
    assert ran(project.run()) == {"f"}
    assert project.data("out.json") == 9


# --- names


def test_a_pipeline_may_have_any_name(project: Project) -> None:
    """Without a name it is its folder's, which may have spaces and be in any script."""
    project.file("tasks.py", "def f(): return 1\n").file(
        "my füll project/pipeline.yaml", "pythonpath: ['..']\nsteps:\n  f: {call: tasks:f}\n"
    )
    assert ran(project.run("my füll project")) == {"f"}
    assert reused(project.run("my füll project")) == {"f"}
    project.edit("tasks.py", "1", "2")
    assert "code" in project.prun("why", "f", "my füll project").out


# --- what is published


def test_a_published_file_that_differs_within_its_size_and_time_is_restored(project: Project) -> None:
    project.file("tasks.py", "def f(): return 'right'\n").pipeline(
        "steps:\n  f: {call: tasks:f, publish: out.txt}\n"
    ).run()
    target = project.folder / "out.txt"
    at = target.stat().st_mtime_ns
    target.write_text("wrong")
    os.utime(target, ns=(at, at))
    assert reused(project.run()) == {"f"}
    assert project.text("out.txt") == "right"


# --- what changes while a run is going


@pytest.mark.parametrize("files", ["data.txt", "data*.txt"])
def test_a_result_of_a_tracked_file_that_changed_meanwhile_is_not_kept(project: Project, files: str) -> None:
    """The key was made from the old content, the function has read the new one."""
    project.file("data.txt", "old").file(
        "tasks.py",
        """
        import os
        from pathlib import Path

        def read(path):
            path = path if isinstance(path, str) else path[0]
            if os.environ.get("MEANWHILE"):  # somebody else's edit, of the same size and time stamp
                at = os.stat(path).st_mtime_ns
                Path(path).write_text("new")
                os.utime(path, ns=(at, at))
            return Path(path).read_text()
        """,
    ).pipeline({"steps": {"f": {"call": "tasks:read", "files": {"path": files}, "publish": "out.txt"}}})
    failed = project.run(exit=1, env={"MEANWHILE": "1"})
    assert "data.txt changed" in failed.json["tasks"][0]["error"]
    project.file("data.txt", "old")
    assert ran(project.run()) == {"f"}
    assert project.text("out.txt") == "old"


def test_a_published_folder_has_its_empty_folders_too(project: Project) -> None:
    project.file(
        "tasks.py",
        """
        from pathlib import Path

        def f():
            (Path("made") / "empty").mkdir(parents=True)
            (Path("made") / "full.txt").write_text("1")
            return Path("made")
        """,
    ).pipeline("steps:\n  f: {call: tasks:f, publish: out}\n").run()
    assert project.has("out/empty")
    assert project.text("out/full.txt") == "1"
