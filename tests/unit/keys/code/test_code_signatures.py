"""Parameters and classes, from source."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_runner.keys.code import CodeIndex
from pipeline_runner.model.work import Project

TEXT = """
import functools
from dataclasses import dataclass
from other import moved

def plain(a, b: int = 1, *rest, c, d=2, **more): ...
def only(a, /, b): ...
async def later(a): ...
@functools.lru_cache
def cached(a): ...
@moved
def changed(a): ...
part = functools.partial(plain, 1)
LIMITS = [1, 2]

class Base:
    def __init__(self, x, y=1): ...
class Sub(Base):
    def method(self, z): ...
    @staticmethod
    def static(s): ...
    @classmethod
    def made(cls, k): ...
class Nothing: ...
@dataclass
class Data:
    a: int
    b: str = "x"
class Odd(Nothing, Base): ...
def twice(a): ...
def twice(a, b): ...
"""


@pytest.fixture
def index(tmp_path: Path) -> CodeIndex:
    (tmp_path / "app.py").write_text(TEXT)
    (tmp_path / "other.py").write_text("from third import moved\n")
    (tmp_path / "third.py").write_text("def moved(f): ...\nclass C:\n    def m(self):\n        return 1\n")
    return CodeIndex(Project(str(tmp_path), (str(tmp_path),)))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("plain", "a b= *rest c! d!= **more"),
        ("only", "a/ b"),
        ("later", "a"),
        ("cached", "a"),
        ("moved", "f"),
        ("Base", "x y="),
        ("Sub", "x y="),
        ("Sub.method", "self z"),
        ("Sub.static", "s"),
        ("Sub.made", "k"),
        ("Nothing", ""),
        ("Data", "a b="),
    ],
)
def test_signature(index: CodeIndex, name: str, parameters: str) -> None:
    found = index.signature(f"app:{name}")
    assert found is not None
    marks = {"positional": "{}/", "any": "{}", "args": "*{}", "keyword": "{}!", "kwargs": "**{}"}
    shown = [
        marks[p.kind].format(p.name) + ("=" if p.has_default and p.kind[-3:] not in ("rgs",) else "")
        for p in found.parameters
    ]
    assert " ".join(shown) == parameters


@pytest.mark.parametrize("name", ["changed", "part", "Odd", "twice", "nothing", "Sub.nothing"])
def test_what_the_source_does_not_tell_is_unknown(index: CodeIndex, name: str) -> None:
    assert index.signature(f"app:{name}") is None


def test_annotations_and_places(index: CodeIndex) -> None:
    found = index.signature("app:plain")
    assert found is not None
    assert [p.annotation for p in found.parameters] == ["", "int", "", "", "", ""]
    assert (Path(found.file).name, found.line) == ("app.py", 6)
    assert found.takes_any


NAMES = ["plain", "cached", "changed", "moved", "Sub", "Sub.made", "Data", "Odd", "LIMITS"]


def looked_up(index: CodeIndex) -> dict[str, tuple[str, object, bool]]:
    calls = [f"app:{name}" for name in NAMES]
    return {c: (index.fingerprint(c).digest, index.signature(c), index.is_data(c)) for c in calls}


def test_signatures_are_kept_with_fingerprints(index: CodeIndex, tmp_path: Path, monkeypatch) -> None:
    project = Project(str(tmp_path), (str(tmp_path),))
    file = str(tmp_path.with_suffix(".index"))  # beside the project
    first = CodeIndex(project, index_file=file)
    before = looked_up(first)
    assert [name for name in NAMES if before[f"app:{name}"][2]] == ["LIMITS"]
    first.save()

    def analysed(self: CodeIndex) -> None:
        raise AssertionError("nothing changed")

    with monkeypatch.context() as patch:
        patch.setattr(CodeIndex, "_made_tools", analysed)
        assert looked_up(CodeIndex(project, index_file=file)) == before

    third = tmp_path / "third.py"
    third.write_text(third.read_text().replace("moved(f)", "moved(f, g)"))
    after = CodeIndex(project, index_file=file).signature("app:moved")
    assert after is not None
    assert [p.name for p in after.parameters] == ["f", "g"]
    again = CodeIndex(project, index_file=file)
    again.fingerprint("app:moved")
    assert again.signature("app:moved") == after


def test_the_code_of_a_class(index: CodeIndex, tmp_path: Path) -> None:
    before = index.class_digest("third:C")
    gone = index.class_digest("third:Gone")
    assert before != gone
    assert index.class_digest("nowhere:C") == CodeIndex(
        Project(str(tmp_path), (str(tmp_path),))
    ).class_digest("nowhere:C")
    assert index.class_digest("app:plain.<locals>.Local")
    (tmp_path / "third.py").write_text("class C:\n    def m(self):\n        return 2\n")
    after = CodeIndex(Project(str(tmp_path), (str(tmp_path),)))
    assert after.class_digest("third:C") != before
    assert after.class_digest("third:Gone") == gone
