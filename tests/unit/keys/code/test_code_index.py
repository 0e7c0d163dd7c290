"""The index on disk: what it saves, and what it must never believe."""

from __future__ import annotations

import ast
import os
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.keys.code import CodeError, CodeIndex
from pipeline_runner.keys.code import files as files_module
from pipeline_runner.model.work import Project

FILES = {
    "app.py": "import lib\n\ndef run(x):\n    return lib.f(x)\n",
    "lib.py": "K = 1\ndef f(x):\n    return x + K\ndef g(x):\n    return x\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    age(folder)
    return folder


def age(folder: Path, seconds: float = 100) -> None:
    """Make everything look as if it had been written a while ago (ctime can't be set: it is patched)."""
    then = time.time() - seconds
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (then, then))


def index(root: Path, **options: Any) -> CodeIndex:
    return CodeIndex(Project(str(root), (str(root),)), index_file=str(root.parent / "index"), **options)


def saved(root: Path) -> str:
    made = index(root)
    digest = made.fingerprint("app:run").digest
    made.save()
    return digest


@pytest.fixture
def no_parsing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are parsed from here on."""
    parsed: list[str] = []
    original = ast.parse

    def parse(source: Any, filename: str = "<unknown>", *args: Any, **kwargs: Any) -> Any:
        if Path(filename).name in FILES:
            parsed.append(Path(filename).name)
        return original(source, filename, *args, **kwargs)

    monkeypatch.setattr(ast, "parse", parse)
    return parsed


def test_nothing_is_parsed_when_nothing_changed(root: Path, no_parsing: list[str]) -> None:
    before = saved(root)
    assert sorted(no_parsing) == ["app.py", "lib.py"]
    no_parsing.clear()
    assert saved(root) == before
    assert no_parsing == []


def test_only_the_edited_file_is_parsed_again(root: Path, no_parsing: list[str]) -> None:
    before = saved(root)
    no_parsing.clear()
    (root / "lib.py").write_text(FILES["lib.py"].replace("x + K", "x - K"))
    assert saved(root) != before
    assert no_parsing == ["lib.py"]


def test_touch_parses_nothing_and_changes_nothing(root: Path, no_parsing: list[str]) -> None:
    before = saved(root)
    no_parsing.clear()
    os.utime(root / "lib.py")
    assert saved(root) == before
    assert no_parsing == []


def test_an_edit_of_the_same_size_in_the_same_instant_is_noticed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where no time stamp and no inode tells: the file was too young to be believed."""
    from pipeline_runner.keys.code import files

    frozen = (52, time.time_ns(), time.time_ns(), 1)
    monkeypatch.setattr(files, "_stat", lambda path: frozen)
    before = saved(root)
    (root / "lib.py").write_text(FILES["lib.py"].replace("x + K", "x - K"))
    assert saved(root) != before


def test_paranoid_believes_no_time_stamp(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline_runner.keys.code import files

    long_ago = time.time_ns() - 10**12
    monkeypatch.setattr(files, "_stat", lambda path: (52, long_ago, long_ago, 1))
    before = saved(root)
    (root / "lib.py").write_text(FILES["lib.py"].replace("x + K", "x - K"))
    assert saved(root) == before, "without paranoid, an old file with the same stat is believed"
    assert index(root, paranoid=True).fingerprint("app:run").digest != before


def test_a_new_module_that_comes_first_is_noticed(root: Path) -> None:
    before = saved(root)
    (root / "lib").mkdir()
    (root / "lib" / "__init__.py").write_text("def f(x):\n    return 5\n")
    assert saved(root) != before


@pytest.mark.parametrize("cut", [0, 1, 10, 30, 60, 100, -1])
def test_a_torn_index_is_ignored(root: Path, cut: int) -> None:
    before = saved(root)
    path = root.parent / "index"
    path.write_bytes(path.read_bytes()[:cut])
    assert saved(root) == before


def test_a_damaged_index_is_ignored(root: Path) -> None:
    before = saved(root)
    path = root.parent / "index"
    data = bytearray(path.read_bytes())
    for place in range(0, len(data), max(1, len(data) // 50)):
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        assert index(root).fingerprint("app:run").digest == before


def test_the_index_is_written_only_if_it_changed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline_runner.keys.code import files

    monkeypatch.setattr(files, "_GRAIN", 0)  # nothing is too young to be believed
    saved(root)
    path = root.parent / "index"
    before = path.stat().st_mtime_ns
    saved(root)
    assert path.stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_stops_nothing(root: Path) -> None:
    (root.parent / "file").write_text("")
    made = CodeIndex(Project(str(root), (str(root),)), index_file=str(root.parent / "file" / "index"))
    made.fingerprint("app:run")
    made.save()


def test_gone_files_leave_the_index(root: Path) -> None:
    saved(root)
    (root / "app.py").write_text("def run(x):\n    return x\n")
    (root / "lib.py").unlink()
    saved(root)
    assert str(root / "lib.py").encode() not in (root.parent / "index").read_bytes()


def test_fingerprints_are_the_same_in_other_folders(root: Path, tmp_path: Path) -> None:
    here = index(root).fingerprint("app:run")
    moved = tmp_path / "elsewhere"
    root.rename(moved)
    there = CodeIndex(Project(str(moved), (str(moved),))).fingerprint("app:run")
    assert there.digest == here.digest
    assert there.where == here.where
    assert there.where["lib:f"] == ("lib.py", 2)
    assert set(there.sources) == {str(moved / "app.py"), str(moved / "lib.py")}


def test_a_project_elsewhere_on_the_path(root: Path, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (root / "lib.py").rename(tmp_path / "src" / "lib.py")
    made = CodeIndex(Project(str(root), (str(root), str(tmp_path / "src"))))
    found = made.fingerprint("app:run")
    assert found.where["lib:f"] == (str(tmp_path / "src" / "lib.py"), 2)


def test_what_cannot_be_found_is_named_with_a_hint(root: Path) -> None:
    made = index(root)
    for call, message, hint in [
        ("ap:run", "no module 'ap'", "app"),
        ("app:rum", "no 'rum'", "run"),
        ("app.sub:run", "no module 'app.sub'", ""),
        ("app", "'app'", "package.module:function"),
        ("app:", "'app:'", "package.module:function"),
        ("app:run()", "run()", "package.module:function"),
        ("app:lib", "is a module", ""),
    ]:
        with pytest.raises(CodeError) as caught:
            made.fingerprint(call)
        assert message in caught.value.message
        assert hint in caught.value.hint


def test_a_syntax_error_is_placed(root: Path) -> None:
    (root / "lib.py").write_text("K = 1\ndef f(x:\n    return x\n")
    for _ in range(2):  # from the source, then from the index
        made = index(root)
        with pytest.raises(CodeError) as caught:
            made.fingerprint("app:run")
        made.save()
        place = caught.value.where
        assert place is not None
        assert (place.file, place.line) == (str(root / "lib.py"), 2)
        assert place.text == "def f(x:"


def test_explain_tells_what_reached_what(root: Path) -> None:
    rows = {row[0]: row[1:] for row in index(root).explain("app:run")}
    assert rows["app:run"] == ("app.py", 3, "", "called by the step")
    assert rows["lib:f"] == ("lib.py", 2, "app:run", "uses lib.f")
    assert rows["lib:K"] == ("lib.py", 1, "lib:f", "uses K")
    assert "lib:g" not in rows


def test_source_of_a_definition(root: Path) -> None:
    made = index(root)
    assert made.source_of("lib:f") == "def f(x):\n    return x + K\n"
    assert made.source_of("lib:nothing") is None
    assert made.source_of("nothing:f") is None


def test_warnings_name_the_place(root: Path) -> None:
    (root / "app.py").write_text("import lib\ndef run(n, x):\n    return getattr(lib, n)(x)\n")
    (warning,) = index(root).fingerprint("app:run").warnings
    assert warning.startswith("app.py:2: ")
    assert "lib" in warning


def test_very_deep_expressions_are_no_problem(root: Path) -> None:
    text = "def run():\n    return " + " + ".join(["1"] * 3000) + "\n"
    try:
        compile(text, "app.py", "exec")
    except RecursionError:
        pytest.skip("too deep for this Python itself")
    (root / "app.py").write_text(text)
    first = index(root).fingerprint("app:run").digest
    (root / "app.py").write_text("def run():\n    return " + " + ".join(["1"] * 3001) + "\n")
    assert index(root).fingerprint("app:run").digest != first


def test_a_long_chain_of_calls(root: Path) -> None:
    text = (
        "".join(f"def f{i}():\n    return f{i + 1}()\n" for i in range(3000)) + "def f3000():\n    return 1\n"
    )
    (root / "app.py").write_text(text + "def run():\n    return f0()\n")
    assert len(index(root).fingerprint("app:run").definitions) == 3002


def test_folders_whose_time_stamps_tell_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On FAT and exFAT Windows and macOS do not touch a folder's time stamp when a file comes into it."""
    real, long_ago = files_module._stat, 1_700_000_000 * 10**9

    def stat(path: str) -> tuple[int, int, int, int]:
        return (0, long_ago, long_ago, 5) if Path(path).is_dir() else real(path)

    monkeypatch.setattr(files_module, "_stat", stat)
    (root / "app.py").write_text(
        "try:\n    import extra\nexcept ImportError: extra = 1\ndef run(): return extra\n"
    )
    monkeypatch.setattr(files_module, "_TELLING", False)
    before = saved(root)
    (root / "extra.py").write_text("x = 1\n")
    assert saved(root) != before


def test_explain_names_files_that_are_no_modules(root: Path) -> None:
    (root / "extra").mkdir()
    (root / "extra" / "thing.py").write_text("x = 1\n")
    (root / "go.py").write_text("import thing\n")
    (root / "app.py").write_text(
        "import os, sys\nsys.path.append('extra')\n"
        "def run():\n    import thing\n    os.system('python go.py')\n"
    )
    rows = {row[0]: row[1:] for row in index(root).explain("app:run")}
    assert rows["thing:<file extra/thing.py>"] == ("extra/thing.py", 1, "app", "may be imported as thing")
    assert rows["(script):<file go.py>"] == ("go.py", 1, "", "run as a script")
    (warning,) = index(root).fingerprint("app:run").warnings
    assert warning == "app.py:2: the import path is changed: every file that may be thing counts"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("import runpy\ndef run(n):\n    return runpy.run_module(n)\n", "run_module() of something computed"),
        ("import sys\ndef run(n):\n    return [sys.executable, n]\n", "python runs something computed"),
        ("import pydoc\ndef run(n):\n    return pydoc.locate(n)\n", "locate() of something computed"),
        (
            "import sys\nsys.path.append('x')\nimport nosuch\ndef run(n): ...\n",
            "nosuch: not found in the project",
        ),
    ],
)
def test_a_fall_back_warns(root: Path, text: str, warning: str) -> None:
    (root / "app.py").write_text(text)
    assert any(warning in found for found in index(root).fingerprint("app:run").warnings)


def test_why_a_caught_import_counts(root: Path) -> None:
    (root / "app.py").write_text(
        "try:\n    import lib\nexcept ImportError:\n    lib = None\ndef run():\n    return lib is None\n"
    )
    (root / "lib.py").write_text("K = 1 // 1\n")
    rows = {row[0]: row[1:] for row in index(root).explain("app:run")}
    assert rows["lib:K"] == ("lib.py", 1, "lib:<module>", "it matters whether lib can be imported")
