"""A shared store is a way in: pickles that somebody puts there are never loaded where it is signed."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from harness import Project, ran, reused

from pipeline_runner.model.artifact import Entry
from pipeline_runner.store.census import Census
from pipeline_runner.store.store import Store

KEY = {"PRUN_KEY": "a key of the team, not theirs"}
CODE = """
class Model:
    def __init__(self, n): self.n = n

def train(n): return Model(n)
def use(model): return model.n
"""
STEPS = """
  train: {call: "work:train", with: {n: 3}}
  use: {call: "work:use", inputs: {model: train}}
"""


class Evil:
    def __reduce__(self) -> object:
        return os.mkdir, (os.environ["PWNED"],)


@pytest.fixture
def demo(project: Project) -> Project:
    return project.file("work.py", CODE).pipeline("store: {url: shared, sign: env:PRUN_KEY}\nsteps:" + STEPS)


def poison(folder: Path, pwned: Path) -> None:
    """What somebody can do who writes to the store: the entry leads to a pickle of theirs."""
    os.environ["PWNED"] = str(pwned)
    store = Store.open(str(folder), "/")
    census = Census(store)
    stream = pickle.dumps(Evil())
    blob, size = store.blobs.put_segments([stream], [None])
    for key, entry in census.entries.items():
        if entry.task == "train":
            artifact = entry.outputs[""]._replace(blob=blob, size=size)
            (folder / "entries" / key.recipe / f"{key.args}.json").unlink()
            store.commit([Entry(key, {"": artifact}, *entry[2:])])
        else:
            (folder / "entries" / key.recipe / f"{key.args}.json").unlink()


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_a_forged_entry_is_ignored_said_and_made_again(demo: Project, tmp_path: Path, backend: str) -> None:
    pwned = tmp_path / "pwned"
    env = {**KEY, "PWNED": str(pwned)}
    demo.run(env=env)
    poison(demo.folder / "shared", pwned)
    result = demo.run("--backend", backend, env=env)
    assert ran(result) == {"train", "use"}
    assert "1 entry of the store ignored: not signed" in result.err
    assert not pwned.exists()
    assert reused(demo.run(env=env)) == {"train", "use"}
    assert demo.prun("show", "train", "--json", env=env).exit == 0
    assert not pwned.exists()


def test_the_attack_works_where_nothing_is_signed(demo: Project, tmp_path: Path) -> None:
    """Else the test above would prove nothing."""
    demo.pipeline("store: shared\nsteps:" + STEPS)
    pwned = tmp_path / "pwned"
    demo.run(env={"PWNED": str(pwned)})
    poison(demo.folder / "shared", pwned)
    demo.run(env={"PWNED": str(pwned)}, exit=None)
    assert pwned.exists()


def test_a_blob_that_is_swapped_is_found_before_it_is_loaded(demo: Project, tmp_path: Path) -> None:
    pwned = tmp_path / "pwned"
    env = {**KEY, "PWNED": str(pwned)}
    demo.run(env=env)
    store = Store.open(str(demo.folder / "shared"), "/")
    os.environ["PWNED"] = str(pwned)
    blob, _ = store.blobs.put_segments([pickle.dumps(Evil())], [None])
    evil = (demo.folder / "shared" / "blobs" / blob[:2] / blob).read_bytes()
    for path in (demo.folder / "shared" / "blobs").rglob("*"):
        if path.is_file():
            path.write_bytes(evil)
    demo.edit("work.py", "return model.n", "return model.n + 1")
    assert ran(demo.run(env=env)) == {"train", "use"}
    assert not pwned.exists()


def test_without_the_key_nothing_runs(demo: Project) -> None:
    result = demo.run(exit=2)
    assert "PRUN_KEY is not set" in result.err
    assert not demo.has("shared")


def test_a_profile_changes_the_place_and_keeps_the_signature(demo: Project) -> None:
    text = "store: {url: shared, sign: env:PRUN_KEY}\nprofiles: {dev: {store: mine}}\nsteps:" + STEPS
    demo.pipeline(text)
    demo.run("--profile", "dev", env=KEY)
    [entry, *_] = (demo.folder / "mine" / "entries").rglob("*.json")
    assert entry.read_bytes()[48:49] == b"+"
    assert not demo.has("shared")


def test_the_key_is_nowhere_in_the_store_nor_in_what_tasks_print(demo: Project) -> None:
    demo.file("work.py", CODE + "\nimport os\ndef use(model): print('it is', os.environ['PRUN_KEY'])\n")
    result = demo.run("--backend", "loky", env=KEY)
    secret = KEY["PRUN_KEY"].encode()
    assert secret.decode() not in result.text
    for path in demo.folder.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path
    log = demo.prun("logs", "use", env=KEY)
    assert "it is ***" in log.out


SAFE = """
store: shared
serializers: safe
steps:
  make: {call: "work:make"}
  use: {call: "work:use", inputs: {made: make}}
"""
ARRAYS = """
import numpy

def make(): return {"x": numpy.arange(10)}
def use(made): return int(made["x"].sum())
"""


@pytest.mark.parametrize("codec", ["pickle", "parts", "file", "tree", "data", "bytes", "evil"])
def test_a_safe_store_loads_no_pickle_whatever_an_entry_claims(
    project: Project, tmp_path: Path, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.file("work.py", ARRAYS).pipeline(SAFE).run()
    pwned = tmp_path / "pwned"
    monkeypatch.setenv("PWNED", str(pwned))
    store = Store.open(str(project.folder / "shared"), "/")
    blob, size = store.blobs.put_segments([pickle.dumps(Evil())], [None])
    for key, entry in Census(store).entries.items():
        if entry.task == "use":
            (project.folder / "shared" / "entries" / key.recipe / f"{key.args}.json").unlink()
            continue
        artifact = entry.outputs[""]._replace(codec=codec, blob=blob, size=size, inline=None)
        store.commit([entry._replace(outputs={"": artifact})], replace=True)
    env = {"PWNED": str(pwned)}
    result = project.run(exit=None, env=env)
    for command in (["show", "make"], ["show", "use"], ["cache", "verify"], ["debug", "use"]):
        project.prun(*command, exit=None, env=env)
    assert not pwned.exists()
    if codec not in ("parts", "file"):  # these are what they claim, though not what the step gave
        assert result.exit == 0
        assert "make" in ran(result)
