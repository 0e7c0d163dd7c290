"""`files`, outputs that are paths, and `publish`."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest
from harness import Project, actions, ran, reasons, reused, statuses

READERS = """\
from pathlib import Path

from calls import called

def read(path):
    called("read")
    assert isinstance(path, str), type(path)
    assert Path(path).is_absolute()
    return Path(path).read_text()

def read_all(paths):
    called("read_all")
    assert isinstance(paths, list)
    assert all(isinstance(path, str) and Path(path).is_absolute() for path in paths)
    return [[Path(path).name, Path(path).read_text()] for path in paths]

def look_at(folder):
    called("look_at")
    return 1

def names(): return ["data/a.txt", "data/b.txt"]
"""


@pytest.fixture
def files(project: Project) -> Project:
    return (
        project.file("tasks.py", READERS)
        .file("data/a.txt", "A")
        .file("data/b.txt", "B")
        .file("data/deep/c.txt", "C")
        .file("plain.txt", "P")
    )


def test_one_file_is_an_absolute_path(files: Project) -> None:
    files.pipeline(
        """
        params: {where: data/a.txt}
        steps:
          reference: {call: tasks:read, files: {path: params.where}, publish: out/reference.txt}
          literal: {call: tasks:read, files: {path: data/b.txt}, publish: out/literal.txt}
          no_folder: {call: tasks:read, files: {path: plain.txt}, publish: out/no_folder.txt}
          dotted: {call: tasks:read, files: {path: ./data/../data/deep/c.txt}, publish: out/dotted.txt}
        """
    ).run()
    names = ("reference", "literal", "no_folder", "dotted")
    assert [files.text(f"out/{name}.txt") for name in names] == ["A", "B", "P", "C"]


def test_text_in_a_file_name(files: Project) -> None:
    files.pipeline(
        """
        params: {letter: b}
        steps:
          read: {call: tasks:read, files: {path: "data/${{ params.letter }}.txt"}, publish: out/x.txt}
        """
    ).run()
    assert files.text("out/x.txt") == "B"


def test_a_pattern_is_the_sorted_list(files: Project) -> None:
    files.pipeline(
        """
        steps:
          flat: {call: tasks:read_all, files: {paths: "data/*.txt"}, publish: out/flat.json}
          deep: {call: tasks:read_all, files: {paths: "data/**/*.txt"}, publish: out/deep.json}
        """
    ).run()
    assert files.data("out/flat.json") == [["a.txt", "A"], ["b.txt", "B"]]
    assert files.data("out/deep.json") == [["a.txt", "A"], ["b.txt", "B"], ["c.txt", "C"]]
    files.calls()
    files.file("data/aa.txt", "AA")
    assert ran(files.run()) == {"flat", "deep"}
    assert files.data("out/flat.json") == [["a.txt", "A"], ["aa.txt", "AA"], ["b.txt", "B"]]
    files.remove("data/aa.txt").remove("data/deep/c.txt")
    assert reused(files.run()) == {"flat", "deep"}  # both read what flat read at first


def test_a_folder_counts_with_all_that_is_in_it(files: Project) -> None:
    files.pipeline("steps:\n  look: {call: tasks:look_at, files: {folder: data}}\n")
    assert ran(files.run()) == {"look"}
    assert reused(files.run()) == {"look"}
    files.file("data/deep/c.txt", "changed")
    assert ran(files.run()) == {"look"}
    files.file("data/deep/d.txt", "new")
    assert ran(files.run()) == {"look"}


def test_a_file_for_each_item(files: Project) -> None:
    files.pipeline(
        """
        steps:
          names: {call: tasks:names}
          read: {call: tasks:read, foreach: names, files: {path: item}}
          literal: {call: tasks:read, foreach: [data/a.txt, data/deep/c.txt], files: {path: item}}
        """
    ).run()
    files.calls()
    files.file("data/a.txt", "other")
    result = files.run()
    assert files.calls() == ["read"], "equal keys are computed once"
    assert statuses(result)["names"] == "reused"
    assert len(ran(result)) == 1


def one_file(files: Project) -> Project:
    files.pipeline("steps:\n  read: {call: tasks:read, files: {path: data/a.txt}}\n").run()
    files.calls()
    return files


def test_the_content_is_in_the_key(files: Project) -> None:
    one_file(files).file("data/a.txt", "AAA")
    plan = files.plan()
    assert reasons(plan, "read") == {"file"}
    assert "data/a.txt" in json.dumps(plan.tasks["read"]["reasons"])
    assert ran(files.run()) == {"read"}
    files.file("data/a.txt", "A")
    assert reused(files.run()) == {"read"}


def test_touch_reruns_nothing(files: Project) -> None:
    one_file(files)
    for at in (1, 2_000_000_000):
        os.utime(files.folder / "data/a.txt", (at, at))
        assert reused(files.run()) == {"read"}
    files.remove("data/a.txt").file("data/a.txt", "A")
    assert reused(files.run()) == {"read"}
    assert files.calls() == []


def test_a_changed_file_of_the_same_size_and_time_stamp_is_found_by_paranoid(files: Project) -> None:
    one_file(files)
    path = files.folder / "data/a.txt"
    before = path.stat()
    path.write_text("Z")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ran(files.run("--paranoid")) == {"read"}


def test_the_relative_path_is_in_the_key(files: Project) -> None:
    """A callable may look at the name, so the same content elsewhere is another input."""
    one_file(files).file("data/renamed.txt", "A")
    files.pipeline("steps:\n  read: {call: tasks:read, files: {path: data/renamed.txt}}\n")
    assert ran(files.run()) == {"read"}
    files.pipeline("steps:\n  read: {call: tasks:read, files: {path: ./data/../data/a.txt}}\n")
    assert reused(files.run()) == {"read"}


def test_the_place_of_the_project_is_not_in_the_key(files: Project, tmp_path: Path) -> None:
    one_file(files)
    files.folder.rename(tmp_path / "moved")
    assert reused(Project(tmp_path / "moved").run()) == {"read"}


# --- outputs that are paths


PATHS = """\
import os
import stat
import tempfile
from pathlib import Path

from calls import called

def make_file(text):
    called("make_file")
    path = Path(tempfile.mkdtemp()) / "made.txt"
    path.write_text(text)
    return path

def make_here(text):
    path = Path("made-here.txt")
    path.write_text(text)
    return path

def make_tree(text):
    called("make_tree")
    root = Path(tempfile.mkdtemp()) / "tree"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text(text)
    (root / "sub" / "b.bin").write_bytes(b"\\0\\1")
    return root

def make_both(text):
    return {"path": make_file(text), "number": 7}

def read_file(path):
    called("read_file")
    assert isinstance(path, Path), type(path)
    assert path.is_absolute()
    assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH), "read-only"
    return path.read_text()

def read_tree(path):
    called("read_tree")
    assert path.is_dir()
    found = sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())
    return {"files": found, "a": (path / "a.txt").read_text()}

def pass_on(path):
    return path
"""


def test_a_returned_path_is_stored_and_handed_on(project: Project) -> None:
    project.file("tasks.py", PATHS).pipeline(
        """
        params: {text: hello}
        steps:
          file: {call: tasks:make_file, inputs: {text: params.text}}
          here: {call: tasks:make_here, inputs: {text: params.text}}
          tree: {call: tasks:make_tree, inputs: {text: params.text}}
          both: {call: tasks:make_both, inputs: {text: params.text}, outputs: [path, number]}
          read: {call: tasks:read_file, inputs: {path: file}, publish: out/file.txt}
          read_here: {call: tasks:read_file, inputs: {path: here}, publish: out/here.txt}
          read_both: {call: tasks:read_file, inputs: {path: both.path}, publish: out/both.txt}
          read_tree: {call: tasks:read_tree, inputs: {path: tree}, publish: out/tree.json}
          passed: {call: tasks:pass_on, inputs: {path: file}}
          read_passed: {call: tasks:read_file, inputs: {path: passed}, publish: out/passed.txt}
        """
    ).run()
    assert {project.text(f"out/{name}.txt") for name in ("file", "here", "both", "passed")} == {"hello"}
    assert project.data("out/tree.json") == {"files": ["a.txt", "sub/b.bin"], "a": "hello"}
    project.calls()
    project.remove("made-here.txt")
    again = project.run("--force", "read", "--force", "read_here", "--force", "read_tree")
    assert {"file", "here", "tree"} <= reused(again)
    assert {"read_here", "read_tree"} <= ran(again)


def test_a_returned_path_is_an_input_and_no_tracked_file(project: Project) -> None:
    result = (
        project.file("tasks.py", PATHS)
        .pipeline(
            """
            steps:
              file: {call: tasks:make_file, with: {text: x}}
              read: {call: tasks:read_file, files: {path: file}}
            """
        )
        .run(exit=1)
    )
    assert "hand it on with inputs: {path: file}" in result.err


def test_equal_content_at_another_path_stops_the_rerun(project: Project) -> None:
    """make_file writes to a new temporary folder each time: only the content counts."""
    project.file("tasks.py", PATHS).pipeline(
        """
        steps:
          file: {call: tasks:make_file, with: {text: x}}
          tree: {call: tasks:make_tree, with: {text: x}}
          read: {call: tasks:read_file, inputs: {path: file}}
          read_tree: {call: tasks:read_tree, inputs: {path: tree}}
        """
    ).run()
    result = project.run("--force", "file", "--force", "tree")
    assert ran(result) == {"file", "tree"}
    assert reused(result) == {"read", "read_tree"}


def test_a_path_that_does_not_exist_fails_the_step(project: Project) -> None:
    project.file("tasks.py", "from pathlib import Path\n\ndef f(): return Path('nowhere.txt')\n")
    result = project.pipeline("steps:\n  f: {call: tasks:f}\n").run(exit=1)
    assert statuses(result) == {"f": "failed"}
    assert "nowhere.txt" in result.err


def test_a_file_may_be_made_by_what_comes_first(project: Project) -> None:
    """A step that another ``needs`` may write it: it is looked for when it is read."""
    project.file("tasks.py", """\
        from pathlib import Path
        def write(text):
            Path("made.txt").write_text(text)
        def read(path):
            return Path(path).read_text()
        """)  # fmt: skip
    text = """
        params: {text: one}
        steps:
          write: {call: tasks:write, inputs: {text: params.text}, cache: false}
          read: {call: tasks:read, files: {path: made.txt}, NEEDS}
        """
    project.pipeline(text.replace(", NEEDS", ""))
    assert "there is no file made.txt" in project.run(exit=2).err
    project.pipeline(text.replace("NEEDS", "needs: [write]"))
    assert "there is no file made.txt" in project.check().err
    assert set(actions(project.plan()).values()) == {"run"}
    assert statuses(project.run()) == {"write": "succeeded", "read": "succeeded"}
    assert statuses(project.run())["read"] == "reused"
    assert statuses(project.run("-p", "text=two"))["read"] == "succeeded"
    project.remove("made.txt").edit("tasks.py", "write_text(text)", "touch() if text == 'no' else None")
    assert statuses(project.run("-p", "text=three", exit=1)) == {"write": "succeeded", "read": "failed"}


# --- publish


PUBLISHED = """\
from pathlib import Path
import tempfile

from calls import called

def text(): called("text"); return "año\\n"
def raw(): return b"\\0\\xff"
def data(): return {"a": [1, 2.5, None]}
def number(): return 3
def path():
    p = Path(tempfile.mkdtemp()) / "x.bin"
    p.write_bytes(b"made")
    return p
def tree():
    p = Path(tempfile.mkdtemp()) / "t"
    p.mkdir()
    (p / "one.txt").write_text("1")
    return p
class Thing:
    def __init__(self): self.x = 5
def thing(): return Thing()
def frame():
    import pandas
    return pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
def array():
    import numpy
    return numpy.arange(4)
"""


def test_publish_copies_by_type_and_suffix(project: Project) -> None:
    pandas = pytest.importorskip("pandas")
    numpy = pytest.importorskip("numpy")
    pytest.importorskip("pyarrow")
    project.file("tasks.py", PUBLISHED).pipeline(
        """
        steps:
          text: {call: tasks:text, publish: out/text.md}
          raw: {call: tasks:raw, publish: out/deep/er/raw.bin}
          data: {call: tasks:data, publish: out/data.json}
          path: {call: tasks:path, publish: out/path.dat}
          tree: {call: tasks:tree, publish: out/tree}
          pkl: {call: tasks:data, publish: out/data.pkl}
          csv: {call: tasks:frame, publish: out/frame.csv}
          parquet: {call: tasks:frame, publish: out/frame.parquet}
          npy: {call: tasks:array, publish: out/array.npy}
        """
    ).run()
    out = project.folder / "out"
    assert (out / "text.md").read_bytes() == "año\n".encode()
    assert (out / "deep/er/raw.bin").read_bytes() == b"\0\xff"
    assert project.data("out/data.json") == {"a": [1, 2.5, None]}
    assert (out / "path.dat").read_bytes() == b"made"
    assert (out / "tree/one.txt").read_text() == "1"
    assert pickle.loads((out / "data.pkl").read_bytes()) == {"a": [1, 2.5, None]}
    assert list(pandas.read_csv(out / "frame.csv")["b"]) == ["x", "y"]
    assert list(pandas.read_parquet(out / "frame.parquet")["a"]) == [1, 2]
    assert list(numpy.load(out / "array.npy")) == [0, 1, 2, 3]


@pytest.mark.parametrize("target", ["out/x.xyz", "out/x"])
def test_a_suffix_without_codec_is_an_error(project: Project, target: str) -> None:
    project.file("tasks.py", PUBLISHED).pipeline(
        {"steps": {"data": {"call": "tasks:data", "publish": target}}}
    )
    result = project.run(exit=1)
    assert statuses(result) == {"data": "failed"}
    assert target in result.err
    assert ".json" in result.err  # what would work
    assert "Traceback" not in result.err


def test_a_value_that_its_suffix_cannot_hold_is_an_error(project: Project) -> None:
    project.file("tasks.py", PUBLISHED).pipeline(
        "steps:\n  thing: {call: tasks:thing, publish: out/x.json}\n"
    )
    result = project.run(exit=1)
    assert "Thing" in result.err
    assert not project.has("out/x.json")


@pytest.fixture
def published(project: Project) -> Project:
    project.file("tasks.py", PUBLISHED).pipeline(
        """
        steps:
          text: {call: tasks:text, publish: out/text.md}
          data: {call: tasks:data, publish: out/data.json}
          path: {call: tasks:path, publish: out/path.dat}
          tree: {call: tasks:tree, publish: out/tree}
        """
    ).run()
    project.calls()
    return project


def snapshot(project: Project) -> dict[str, bytes]:
    out = project.folder / "out"
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("damage", ["deleted", "changed", "same size"])
def test_what_was_published_is_restored_after_reuse(published: Project, damage: str) -> None:
    before = snapshot(published)
    assert set(before) == {"text.md", "data.json", "path.dat", "tree/one.txt"}
    if damage == "deleted":
        published.remove("out")
    for name, content in before.items():
        if damage == "changed":
            (published.folder / "out" / name).unlink()
            published.file(f"out/{name}", content + b"more")
        elif damage == "same size":
            (published.folder / "out" / name).unlink()
            published.file(f"out/{name}", b"?" * len(content))
    assert reused(published.run()) == {"text", "data", "path", "tree"}
    assert snapshot(published) == before
    assert published.calls() == []


def test_another_place_to_publish_is_no_other_key(published: Project) -> None:
    published.edit("pipeline.yaml", "out/text.md", "out/moved.md")
    assert reused(published.run()) == {"text", "data", "path", "tree"}
    assert published.text("out/moved.md") == "año\n"


def test_one_published_file_for_each_item(project: Project) -> None:
    project.file("tasks.py", "def f(x): return f'<{x}>'\n").pipeline(
        """
        steps:
          f: {call: tasks:f, foreach: [a, b], inputs: {x: item}, publish: "out/${{ item }}.txt"}
        """
    ).run()
    project.remove("out/a.txt")
    project.run()
    assert (project.text("out/a.txt"), project.text("out/b.txt")) == ("<a>", "<b>")


def test_a_published_file_may_be_written_to(published: Project) -> None:
    """It is a copy: changing it must not change what is stored."""
    (published.folder / "out/path.dat").write_bytes(b"mine")
    published.remove("out/text.md")
    published.run()
    assert (published.folder / "out/path.dat").read_bytes() == b"made"
