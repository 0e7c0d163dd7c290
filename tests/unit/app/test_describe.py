"""What is shown of a value, by its type."""

from __future__ import annotations

import json
import struct
import zlib
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from pipeline_runner.app.describe import value_facts, value_line
from pipeline_runner.app.images import image_of

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")


def png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


class Model:
    def __init__(self) -> None:
        self.rate = 0.5
        self.weights = np.zeros((3, 2))


class Slotted:
    __slots__ = ("a",)

    def __init__(self) -> None:
        self.a = 1


class Rude:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("go away")


def test_scalars_and_text() -> None:
    assert [value_line(v) for v in (1, 1.5, True, None, "a b")] == ["1", "1.5", "True", "None", "'a b'"]
    assert value_facts(np.float64(2.5)).data == {"value": 2.5}
    two = value_facts("first\nsecond")
    assert (two.title, two.lines) == ("text, 12 characters, 2 lines", ("first", "second"))
    long = value_facts("x" * 5000)
    assert long.data["length"] == 5000
    assert len(long.data["text"]) < 2100


def test_an_array() -> None:
    facts = value_facts(np.array([[1.0, np.nan, 4.0]] * 100))
    assert facts.title == "array 100 x 3 float64, 2.3 KiB"
    assert facts.lines == ("min 1, max 4, mean 2.5, 100 NaN",)
    assert facts.data["shape"] == [100, 3]
    assert (facts.data["min"], facts.data["max"], facts.data["nan"]) == (1.0, 4.0, 100)
    assert value_facts(np.array([1, 2])).lines[-1] == "[1 2]"
    assert value_facts(np.array([np.nan])).lines[0] == "nothing but 1 NaN"
    assert value_facts(np.array([])).lines == ()
    assert value_facts(np.array(["a"])).lines == ("['a']",)


def test_a_table() -> None:
    frame = pd.DataFrame({"n": range(20), "name": ["x", None] * 10})
    facts = value_facts(frame)
    assert facts.title == "table 20 x 2"
    assert facts.lines[0].startswith("columns: n int64, name ")
    assert facts.lines[1] == "missing: 10 of 40 values"
    assert len(facts.lines) == 2 + 1 + 8, "the head"
    assert facts.data["shape"] == [20, 2]
    assert facts.data["columns"][0] == {"name": "n", "dtype": "int64"}
    assert facts.data["head"][1]["n"] == 1
    json.dumps(facts.data, allow_nan=False)


def test_a_column() -> None:
    facts = value_facts(pd.Series([1.0, None, 3.0]))
    assert facts.title == "column of 3 float64"
    assert facts.lines[0] == "min 1, max 3, mean 2, 1 NaN"


def test_collections() -> None:
    assert value_facts([1, 2]).lines == ("[1, 2]",)
    nested = value_facts({"a": list(range(60)), "b": {"c": None}})
    assert nested.data["value"] == {"a": list(range(60)), "b": {"c": None}}
    assert max(map(len, nested.lines)) <= 100
    assert nested.lines[1].startswith('  "a": [0, 1, 2, ')
    assert nested.lines[1].endswith(", ... 41 more],")
    assert nested.lines[2:] == ('  "b": {"c": null}', "}")
    pairs = [[i, "x" * 30] for i in range(600)]
    assert json.loads("\n".join(value_facts(pairs[:60]).lines)) == pairs[:60]
    assert (len(value_facts(pairs).lines), value_facts(pairs).more) == (500, 102)
    text = value_facts("line\n" * 700)
    assert (len(text.lines), text.more) == (500, 200)
    models = value_facts([Model() for _ in range(10)])
    assert models.lines == ("Model",) * 8 + ("and 2 more",)
    assert value_facts({"m": Model()}).lines == ("'m': Model",)


def test_objects() -> None:
    facts = value_facts(Model())
    assert facts.title.endswith("Model")
    assert facts.lines == ("rate = 0.5", "weights = ndarray float64 (3, 2)")
    assert facts.data["attributes"]["rate"] == "0.5"
    assert value_facts(Slotted()).lines == ("a = 1",)
    assert value_facts(namedtuple("Point", "x y")(1, 2)).lines == ("x = 1", "y = 2")
    rude = value_facts(Rude())
    assert "go away" in rude.lines[0]


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "b.png").write_bytes(png(30, 20))
    assert value_facts(tmp_path / "a.txt").lines == ("one", "two")
    assert value_facts(tmp_path / "b.png").title == "PNG image 30 x 20, 33 B"
    folder = value_facts(tmp_path)
    assert folder.title == "folder of 2 files, 41 B"
    assert folder.lines == ("a.txt  8 B", "b.png  33 B")
    assert "No such file" in value_facts(tmp_path / "gone").lines[0]


def test_a_figure() -> None:
    figures = pytest.importorskip("matplotlib.figure")
    figure = figures.Figure(figsize=(6, 4), dpi=100)
    figure.subplots().set_title("ROC")
    facts = value_facts(figure)
    assert facts.title == "figure 600 x 400 pixels (6 x 4 in), 1 plot"
    assert facts.lines == ("plots: ROC",)
    assert facts.data == {"width": 600, "height": 400, "plots": 1}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (png(300, 200), ("PNG", 300, 200)),
        (b"GIF89a" + struct.pack("<HH", 7, 9), ("GIF", 7, 9)),
        (b"BM" + bytes(16) + struct.pack("<ii", 4, -5) + b"\0" * 4, ("BMP", 4, 5)),
        (
            b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08" + struct.pack(">HH", 8, 6) + b"\0" * 9,
            ("JPEG", 6, 8),
        ),
        (b'<svg xmlns="x" width="30" height="20px">', ("SVG", 30, 20)),
        (b'<?xml?><svg viewBox="0 0 64 48">', ("SVG", 64, 48)),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"plain text", None),
    ],
)
def test_images(data: bytes, found: tuple[str, int, int] | None) -> None:
    image = image_of(data)
    assert (tuple(image) if image else None) == found
