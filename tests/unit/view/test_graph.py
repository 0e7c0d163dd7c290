"""`prun graph`: the layout, and the four formats."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_runner.view.graph.channel import Wire, tracks
from pipeline_runner.view.graph.drawing import DATA, ITEMS, ORDER, Drawing, Link, Node
from pipeline_runner.view.graph.layout import crossings, layout
from pipeline_runner.view.graph.markup import dot, mermaid
from pipeline_runner.view.graph.svg import svg
from pipeline_runner.view.graph.text import text_lines
from pipeline_runner.view.style import Style

Golden = Callable[..., None]
NASTY = "<b>&\"'</b> \x1b[31m $(x)"


def churn() -> Drawing:
    """The contract's pipeline after a run in which an item failed and was left out."""
    ran, mixed = {"succeeded": 1}, {"succeeded": 5, "failed": 1}
    return Drawing(
        "churn",
        "run 20260105-101500-abcdef: succeeded 2 h ago, 12.0 s",
        (
            Node("load", state="reused", states={"reused": 1}),
            Node("clean", state="succeeded", states=ran, seconds=0.4),
            Node("split", state="succeeded", states=ran, seconds=0.1),
            Node("train", True, 6, "succeeded", mixed, 9.2),
            Node("score", True, 6, "succeeded", {"succeeded": 5, "skipped": 1}, 1.1),
            Node("best", state="succeeded", states=ran),
            Node("evaluate", state="succeeded", states=ran, seconds=2.0),
            Node("promote", state="skipped", states={"skipped": 1}),
            Node("report", state="succeeded", states=ran),
        ),
        (
            Link("load", "clean"), Link("clean", "split"), Link("split", "train"),
            Link("train", "score", ITEMS),
            Link("split", "score"), Link("train", "best"), Link("score", "best"), Link("best", "evaluate"),
            Link("split", "evaluate"), Link("evaluate", "promote"), Link("best", "promote"),
            Link("evaluate", "report"), Link("promote", "report", ORDER),
        ),
    )  # fmt: skip


def diamond(wide: int) -> Drawing:
    middle = [f"part_{n}" for n in range(wide)]
    links = [link for name in middle for link in (Link("load", name), Link(name, "join"))]
    nodes = [Node("load"), *(Node(name) for name in middle), Node("join", True)]
    return Drawing("wide", "not run yet", tuple(nodes), tuple(links))


# ---- text ----------------------------------------------------------------------------------------


def test_text(golden: Golden) -> None:
    golden("graph_text", text_lines(churn(), width=80), 80)


def test_text_in_ascii(golden: Golden) -> None:
    lines = text_lines(churn(), width=80, ascii=True)
    golden("graph_ascii", lines, 80)
    assert "\n".join(lines[2:]).isascii()


def test_a_picture_too_wide_is_a_list(golden: Golden) -> None:
    golden("graph_list", text_lines(churn(), width=24), 24)
    golden("graph_wide", text_lines(diamond(30), width=80), 80)
    assert len(text_lines(diamond(3), width=80)) == 7


def test_a_thousand_steps_stay_lines() -> None:
    lines = text_lines(diamond(1000), width=100)
    assert len(lines) == 1002 + 3
    assert max(map(len, lines)) <= 100
    assert lines[-1].endswith("part_0, part_1, part_2, part_3 and 996 more")


def test_no_steps() -> None:
    assert text_lines(Drawing("empty", "not run yet", (), ())) == ["empty: 0 steps, not run yet"]


def test_colour_is_only_added() -> None:
    plain = text_lines(churn(), width=80)
    painted = text_lines(churn(), width=80, style=Style(True))
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in painted] == plain
    assert any("\x1b[" in line for line in painted)


# ---- svg, mermaid, dot ---------------------------------------------------------------------------


def test_svg(golden: Golden) -> None:
    golden("graph_svg", svg(churn()).splitlines())


def test_svg_holds_all_that_is_known() -> None:
    root = ElementTree.fromstring(svg(churn()))
    texts = [e.text for e in root.iter("{http://www.w3.org/2000/svg}text")]
    for word in ("churn", "load", "evaluate", "×6", "5 run, 1 failed · 9.2 s", "item by item", "order only"):
        assert word in texts
    links = [e for e in root.iter("{http://www.w3.org/2000/svg}path") if "link" in e.get("class", "")]
    assert len(links) == len(churn().links) + 2  # and two in the legend


def test_svg_stands_inside_its_paper() -> None:
    for drawing in (churn(), diamond(7), Drawing("x" * 60, "", (Node("a"),), ())):
        root = ElementTree.fromstring(svg(drawing))
        width, height = float(root.get("width", "")), float(root.get("height", ""))
        for box in root.iter("{http://www.w3.org/2000/svg}rect"):
            assert float(box.get("x", "0")) >= 0
            assert float(box.get("x", "0")) + float(box.get("width", "")) <= width + 0.1
            assert float(box.get("y", "0")) + float(box.get("height", "")) <= height + 0.1


def test_everybody_escapes() -> None:
    drawing = Drawing(NASTY, NASTY, (Node(NASTY, tip=NASTY), Node("b")), (Link(NASTY, "b"),))
    root = ElementTree.fromstring(svg(drawing))
    assert any("<b>&" in (e.text or "") for e in root.iter("{http://www.w3.org/2000/svg}text"))
    assert not list(root.iter("{http://www.w3.org/2000/svg}b"))
    for text in (svg(drawing), mermaid(drawing), dot(drawing)):
        assert "\x1b" not in text
    assert "<b>" not in mermaid(drawing).split("\n", 3)[3]
    assert '"<b>&\\"' in dot(drawing)


def test_mermaid(golden: Golden) -> None:
    golden("graph_mermaid", mermaid(churn()).splitlines())


def test_dot(golden: Golden) -> None:
    golden("graph_dot", dot(churn()).splitlines())


@pytest.mark.parametrize("make", [svg, mermaid, dot])
def test_a_fan_out_of_100000_is_one_node(make: Callable[[Drawing], str]) -> None:
    big = Drawing("big", "", (Node("f", True, 100_000, "reused", {"reused": 100_000}),), ())
    assert "×100,000" in make(big)
    assert len(make(big)) < 4000


# ---- the layout ----------------------------------------------------------------------------------


@st.composite
def dags(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    count = draw(st.integers(1, 12))
    pairs = [(a, b) for b in range(count) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    return count, edges


@settings(max_examples=60, deadline=None)
@given(dags())
def test_layout_of_any_graph(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, edges = graph
    widths = [10.0 + node for node in range(count)]
    found = layout(count, edges, lambda p: widths[p] if p < count else 2.0, 4.0)
    assert set(found.chains) == set(edges)
    for (a, b), chain in found.chains.items():
        assert (chain[0], chain[-1]) == (a, b)
        assert [found.layer_of[p] for p in chain] == list(range(found.layer_of[a], found.layer_of[b] + 1))
    assert sorted(p for layer in found.layers for p in layer) == list(range(len(found.layer_of)))
    for layer in found.layers:
        assert layer, "no layer is empty"
        for p, q in pairwise(layer):
            half = [(widths[n] if n < count else 2.0) / 2 for n in (p, q)]
            assert found.centre[q] - found.centre[p] >= sum(half) + 4.0 - 1e-6
    assert (
        min(found.centre[p] - (widths[p] if p < count else 2.0) / 2 for p in range(len(found.centre)))
        >= -1e-6
    )


@settings(max_examples=60, deadline=None)
@given(dags(), st.booleans())
def test_every_graph_can_be_drawn(graph: tuple[int, list[tuple[int, int]]], ascii: bool) -> None:
    count, edges = graph
    names = [f"n{i}" for i in range(count)]
    links = tuple(Link(names[a], names[b], (DATA, ORDER)[(a + b) % 2]) for a, b in sorted(set(edges)))
    drawing = Drawing("any", "", tuple(Node(name) for name in names), links)
    text = "\n".join(text_lines(drawing, ascii=ascii))
    for name in names:
        assert len(re.findall(rf"\b{name}\b", text)) >= 1
    ElementTree.fromstring(svg(drawing))


def test_crossings_are_taken_out() -> None:
    edges = [(0, 5), (1, 4), (2, 3)]
    found = layout(6, edges, lambda p: 1.0, 1.0)
    down: list[list[int]] = [[] for _ in range(6)]
    for a, b in edges:
        down[a].append(b)
    assert crossings([[0, 1, 2], [3, 4, 5]], down) == 3
    assert crossings(found.layers, down) == 0
    assert all(abs(found.centre[a] - found.centre[b]) < 0.01 for a, b in edges), "and the lines are straight"


def test_wires_that_overlap_take_rows_of_their_own() -> None:
    assert tracks([Wire(0, (10,)), Wire(5, (15,))]) in ([0, 1], [1, 0])
    assert tracks([Wire(0, (4,)), Wire(6, (10,))]) == [0, 0]
    assert tracks([Wire(3, (3,))]) == [0]
    ends_where_the_other_begins = tracks([Wire(0, (6,)), Wire(6, (12,))])
    assert ends_where_the_other_begins == [1, 0]
