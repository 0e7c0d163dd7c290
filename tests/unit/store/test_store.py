from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_runner.errors import StoreError
from pipeline_runner.model.artifact import Recipe
from pipeline_runner.store.store import Store

RECIPE = Recipe(
    "abc",
    {"m:f": "1"},
    {"numpy": "2"},
    "3.11",
    "v",
    {"A": "1"},
    ("x", "y"),
    {"x": "m:c"},
    {"m:f": ("m.py", 3)},
)


def test_the_default_is_a_folder_beside_the_pipeline(tmp_path: Path) -> None:
    store = Store.open(None, str(tmp_path))
    assert store.url == str(tmp_path / ".prun")
    assert store.index_dir == str(tmp_path / ".prun" / "index")
    assert store.shared_between_processes
    assert not (tmp_path / ".prun").exists()  # looking is not writing


@pytest.mark.parametrize(
    "url", ["cache", "./cache", "{tmp}/cache", "file://{tmp}/cache", "local://{tmp}/cache"]
)
def test_folders_are_relative_to_the_root(tmp_path: Path, url: str) -> None:
    store = Store.open(url.format(tmp=tmp_path), str(tmp_path))
    assert store.url == str(tmp_path / "cache")
    assert Store.open(store.url, "/").url == store.url


def test_the_first_write_makes_the_store(tmp_path: Path) -> None:
    Store.open(None, str(tmp_path)).blobs.put(b"x")
    assert (tmp_path / ".prun" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / ".prun" / "format").read_text() == "prun-store 1\n"


def test_a_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".prun").mkdir()
    (tmp_path / ".prun" / "format").write_text("prun-store 2\n")
    with pytest.raises(StoreError, match="newer prun"):
        Store.open(None, str(tmp_path))


def test_a_folder_with_other_things_is_not_made_a_store(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious.csv").write_text("x")
    store = Store.open("data", str(tmp_path))
    with pytest.raises(StoreError, match="precious"):
        store.blobs.put(b"x")
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == ["precious.csv"]


def test_indexes_may_be_there_before_the_store(tmp_path: Path) -> None:
    (tmp_path / ".prun" / "index").mkdir(parents=True)
    Store.open(None, str(tmp_path)).blobs.put(b"x")


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".prun").write_text("x")
    with pytest.raises(StoreError, match="is a file"):
        Store.open(None, str(tmp_path))


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    store = Store.open("file/store", str(tmp_path))
    with pytest.raises(StoreError, match="cannot write to the store"):
        store.blobs.put(b"x")


def test_recipes(tmp_path: Path) -> None:
    store = Store.open(None, str(tmp_path))
    assert store.get_recipe("abc") is None
    store.put_recipe(RECIPE)
    assert Store.open(None, str(tmp_path)).get_recipe("abc") == RECIPE
    store.put_recipe(RECIPE._replace(digest="d", outputs=None))
    assert store.get_recipe("d") == RECIPE._replace(digest="d", outputs=None)
    (tmp_path / ".prun" / "recipes" / "abc.json").write_bytes(b"torn")
    assert store.get_recipe("abc") is None


def test_opening_and_looking_up_loads_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from pipeline_runner.store.store import Store\n"
        "from pipeline_runner.model.artifact import CacheKey\n"
        f"s = Store.open(None, {str(tmp_path)!r})\n"
        "s.lookup([CacheKey('r', 'a')]); s.recipe_entries('r'); s.runs.list_runs(); s.get_recipe('x')\n"
        "bad = {'fsspec', 'numpy', 'pandas', 'pickle', 'joblib', 'pydantic', 'yaml', 'click', 'asyncio'}\n"
        "print(sorted(bad & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
