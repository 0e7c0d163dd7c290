"""Bound arguments become Python values."""

from __future__ import annotations

import pytest
from worker_kit import Kit, failure

from pipeline_runner.errors import BlobLost
from pipeline_runner.model.artifact import Artifact
from pipeline_runner.model.bound import Bound, Deep, FileArg, Inline, Many, Named, Stored
from pipeline_runner.workers.failure import TaskError
from pipeline_runner.workers.load import InputsLost, Loader, fresh

VALUES = {"a": [1, {"x": "deep"}], "b": 2}


def stored(name: str) -> Stored:
    return Stored("", Artifact(name, "data", 1, blob=name))


def loader(reads: list[str] | None = None, lost: tuple[str, ...] = ()) -> Loader:
    def decode(artifact: Artifact) -> object:
        if reads is not None:
            reads.append(artifact.digest)
        if artifact.digest in lost:
            raise BlobLost(artifact.digest, artifact.digest == "b")
        return VALUES[artifact.digest]

    return Loader(decode, lambda name, source: f"secret {name}")


def value(bound: Bound, **options: object) -> object:
    return loader(**options).arguments({"x": bound})["x"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (Inline("", {"k": [1]}), {"k": [1]}),
        (stored("a"), [1, {"x": "deep"}]),
        (Many("", (Inline("", 1), stored("b"))), [1, 2]),
        (Named("", (("m", stored("b")), ("n", Inline("", 3)))), {"m": 2, "n": 3}),
        (Deep("", stored("a"), (1, "x")), "deep"),
        (FileArg("", ("/data/a.csv",), False), "/data/a.csv"),
        (FileArg("", ("/data/a.csv", "/data/b.csv"), True), ["/data/a.csv", "/data/b.csv"]),
        (FileArg("", ("/data/a.csv",), True), ["/data/a.csv"]),
    ],
)
def test_values(bound: Bound, expected: object) -> None:
    assert value(bound) == expected


def test_only_what_a_path_leads_to_is_read() -> None:
    reads: list[str] = []
    named = Named("", (("m", Many("", (stored("b"), stored("a")))), ("n", stored("b"))))
    assert value(Deep("", named, ("m", 1, 1, "x")), reads=reads) == "deep"
    assert reads == ["a"]


def test_a_path_that_leads_nowhere() -> None:
    with pytest.raises(TaskError, match="argument x: there is no position 9"):
        value(Deep("", stored("a"), (9,)))
    with pytest.raises(TaskError, match="argument x: there is no key 'zz'"):
        value(Deep("", Named("", (("m", stored("a")),)), ("zz",)))


def test_all_lost_blobs_are_told_at_once() -> None:
    both = {"x": Many("", (stored("a"), stored("b"))), "y": Deep("", stored("a"), (0,))}
    with pytest.raises(InputsLost) as caught:
        loader(lost=("a", "b")).arguments(both)
    assert caught.value.blobs == ("a", "b")
    assert caught.value.damaged


def test_copies_share_nothing_mutable() -> None:
    original = {"a": [1, [2]], "t": ({"x": 1},), "s": {1}}
    copy = fresh(original)
    assert copy == original
    copy["a"][1].append(3)
    copy["t"][0]["x"] = 2
    copy["s"].add(2)
    assert original == {"a": [1, [2]], "t": ({"x": 1},), "s": {1}}


def test_an_input_that_cannot_be_unpickled_fails_the_task(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline_runner.workers import stores

    def broken(self: object, artifact: Artifact) -> object:
        raise AttributeError("module work has no Row any more")

    monkeypatch.setattr(stores.WorkerStore, "decode", broken)
    kit.module("def run(row): return 1")
    error = failure(kit.call(row=stored("a"))).error
    assert error.kind == "input"
    assert error.message == "argument row cannot be loaded: AttributeError: module work has no Row any more"
