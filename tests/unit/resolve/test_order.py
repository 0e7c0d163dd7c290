"""Order, cycles and waves; which steps an expression selects."""

from __future__ import annotations

import pytest
from engine_kit import graph, step

from pipeline_runner.errors import PipelineError
from pipeline_runner.resolve.order import find_cycle, in_order, waves
from pipeline_runner.resolve.select import above, below, select

LONG = 20_000
CHAIN = {f"s{i}": [f"s{i - 1}"] if i else [] for i in range(LONG)}
BACKWARDS = dict(reversed(CHAIN.items()))


@pytest.mark.parametrize(
    ("needs", "order"),
    [
        ({}, []),
        ({"a": []}, ["a"]),
        ({"b": ["a"], "a": []}, ["a", "b"]),
        ({"a": [], "b": [], "c": []}, ["a", "b", "c"]),
        ({"d": ["b", "c"], "c": ["a"], "b": ["a"], "a": []}, ["a", "b", "c", "d"]),
        ({"x": [], "b": ["a"], "a": []}, ["x", "a", "b"]),
        ({"a": ["elsewhere"]}, ["a"]),
    ],
)
def test_in_order(needs: dict[str, list[str]], order: list[str]) -> None:
    assert in_order(needs) == order


@pytest.mark.parametrize(
    ("needs", "cycle"),
    [
        ({}, []),
        ({"a": [], "b": ["a"]}, []),
        ({"d": ["b", "c"], "b": ["a"], "c": ["a"], "a": []}, []),
        ({"a": ["a"]}, ["a", "a"]),
        ({"a": ["b"], "b": ["a"]}, ["a", "b", "a"]),
        ({"x": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}, ["a", "b", "c", "a"]),
        ({"a": ["elsewhere"]}, []),
    ],
)
def test_find_cycle(needs: dict[str, list[str]], cycle: list[str]) -> None:
    assert find_cycle(needs) == cycle


def test_waves() -> None:
    assert waves({"a": [], "b": ["a"], "c": [], "d": ["a", "b"]}) == {"a": 0, "b": 1, "c": 0, "d": 2}


def test_a_long_chain_is_no_recursion() -> None:
    assert in_order(BACKWARDS) == list(CHAIN)
    assert find_cycle(BACKWARDS) == []
    assert waves(CHAIN)[f"s{LONG - 1}"] == LONG - 1
    ring = {**CHAIN, "s0": [f"s{LONG - 1}"]}
    assert len(find_cycle(ring)) == LONG + 1


# ---- select ----------------------------------------------------------------------------------------

GRAPH = graph(
    step("load"),
    step("clean", "load", tags=("nightly",)),
    step("train", "clean"),
    step("train_all", "clean", tags=("nightly", "big")),
    step("report", "train", "train_all"),
    step("other"),
)


@pytest.mark.parametrize(
    ("expressions", "names"),
    [
        ([], "load clean train train_all report other"),
        (["train"], "train"),
        (["+train"], "load clean train"),
        (["train+"], "train report"),
        (["+train+"], "load clean train report"),
        (["train", "other"], "train other"),
        (["train other"], "train other"),
        (["+train,+tag:nightly"], "load clean"),
        (["load+,tag:nightly other"], "clean train_all other"),
        (["tag:nightly"], "clean train_all"),
        (["tag:big+"], "train_all report"),
        (["+tag:big"], "load clean train_all"),
        (["tr*"], "train train_all"),
        (["*"], "load clean train train_all report other"),
        (["+re????"], "load clean train train_all report"),
        (["other+"], "other"),
        (["1+train"], "clean train"),
        (["2+train"], "load clean train"),
        (["0+train"], "train"),
        (["load+1"], "load clean"),
        (["1+clean+1"], "load clean train train_all"),
        (["1+tag:big+1"], "clean train_all report"),
        (["99+report"], "load clean train train_all report"),
        (["@train"], "load clean train train_all report"),
        (["@other"], "other"),
    ],
)
def test_select(expressions: list[str], names: str) -> None:
    assert select(GRAPH, expressions) == frozenset(names.split())


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("trian", "there is no step 'trian'", "did you mean 'train'?"),
        ("+trian+", "there is no step 'trian'", "did you mean 'train'?"),
        ("qqq", "there is no step 'qqq'", "steps: load, clean"),
        ("tag:nightyl", "no step has the tag 'nightyl'", "did you mean 'tag:nightly'?"),
        ("tag:zz", "no step has the tag 'zz'", "tags: big, nightly"),
        ("z*", "there is no step 'z*'", "steps: load"),
        ("Train", "there is no step 'Train'", "did you mean 'train'?"),
        ("1+trian+2", "there is no step 'trian'", "did you mean 'train'?"),
        ("@trian", "there is no step 'trian'", "did you mean 'train'?"),
        ("++train", "there is no step '+train'", "did you mean 'train'?"),
        ("x+train", "there is no step 'x+train'", "did you mean 'train'?"),
    ],
)
def test_what_names_nothing(expression: str, message: str, hint: str) -> None:
    with pytest.raises(PipelineError) as error:
        select(GRAPH, [expression])
    (problem,) = error.value.problems
    assert problem.message == message
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize("expression", ["", " ", ",", "+", "++", "train, other", "train,other"])
def test_an_empty_expression_does_not_select_everything_in_silence(expression: str) -> None:
    with pytest.raises(PipelineError):
        select(GRAPH, [expression])


def test_every_wrong_expression_is_told() -> None:
    with pytest.raises(PipelineError) as error:
        select(GRAPH, ["nope,train", "nada", "train ,"])
    assert len(error.value.problems) == 3  # the last of them, empty on both sides of its comma, once


def test_above_and_below() -> None:
    assert above(GRAPH, ["report"]) == {"train", "train_all", "clean", "load"}
    assert below(GRAPH, ["load", "other"]) == {"clean", "train", "train_all", "report"}
