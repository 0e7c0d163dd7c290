"""Where a published path may lead."""

from __future__ import annotations

import pytest

from pipeline_runner.engine.leading import refuse_leaving, stem
from pipeline_runner.engine.references import BindError
from pipeline_runner.model.graph import ForEach, Matrix, Ref, Step, Text

ITEM = Ref("item", "")
AXIS = Ref("matrix", "m")
PARAM = Ref("params", "out")
RUN = Ref("run", "id")


def over(source: object) -> Step:
    return Step("s", "m:f", {}, ForEach(source))  # type: ignore[arg-type]


def axis(source: object) -> Step:
    return Step("s", "m:f", {}, Matrix((("m", source),)))  # type: ignore[arg-type]


@pytest.mark.parametrize("step", [over(Ref("step", "names")), over(Ref("step", "names", star=True))])
def test_what_a_run_gives_is_not_the_user_s_word(step: Step) -> None:
    assert stem(Text(("out/", PARAM, "/", ITEM, ".txt")), step) == Text(("out/", PARAM, "/"))
    assert stem(Text((ITEM,)), step) == Text(())
    assert stem(Text((PARAM, RUN)), step) is None
    assert stem("out/x", step) is None


def test_lists_in_the_file_and_params_are() -> None:
    for step in (over(("../a", "b")), over(Ref("params", "names"))):
        assert stem(Text((ITEM,)), step) is None
    for step in (axis(("../a",)), axis(Ref("params", "names"))):
        assert stem(Text((AXIS,)), step) is None
    assert stem(Text((AXIS,)), axis(Ref("step", "names"))) == Text(())


@pytest.mark.parametrize(
    ("path", "before"),
    [
        ("a.txt", ""),
        ("a/../b", ""),
        ("out/a", "out/"),
        ("../out/a", "../"),  # the file says so
        ("out/r-a.txt", "out/r-"),
        ("../shared/a", "../shared/"),
        ("/data/a", "/data/"),
        ("~/a", "~/"),
        ("out//a", "out/"),
        ("out/./a", "out/"),
        ("out/..a/b..", "out/"),
    ],
)
def test_what_stays_below_its_folder_may_go_there(path: str, before: str) -> None:
    refuse_leaving(path, before)


@pytest.mark.parametrize(
    ("path", "before"),
    [
        ("../a", ""),
        ("/etc/a", ""),
        ("~/a", ""),
        ("~root/a", ""),
        ("", ""),
        ("a/../../b", ""),
        ("out/../a", "out/"),
        ("out/r-a/../../b", "out/r-"),
        ("../shared/../a", "../shared/"),
        ("/data/../etc/a", "/data/"),
    ],
)
def test_what_leaves_it_may_not(path: str, before: str) -> None:
    with pytest.raises(BindError, match="leads out of"):
        refuse_leaving(path, before)
