"""Fan-outs three levels deep, by `.*` over what `.*` made."""

from __future__ import annotations

import json

import pytest
from harness import Project, actions, having, ran, reused, statuses

TASKS = """\
from calls import called

def pages(book):
    called(f"pages {book}")
    return [f"{book}{n}" for n in (1, 2)]

def lines(page):
    called(f"lines {page}")
    if page == "b1":
        raise ValueError("torn")
    return [] if page == "c2" else [f"{page}-{n}" for n in ("x", "y")]

def words(line):
    called(f"words {line}")
    return line.upper()

def length(word, lines):
    return [word, len(lines)]

def gather(**lists): return lists
"""

PIPELINE = """
params: {books: [a, b, c]}
steps:
  pages: {call: tasks:pages, foreach: params.books, inputs: {book: item}}
  lines: {call: tasks:lines, foreach: pages.*, inputs: {page: item}, on_error: skip}
  words: {call: tasks:words, foreach: lines.*, inputs: {line: item}}
  sized: {call: tasks:length, foreach: words, inputs: {word: item, lines: lines}}
  all: {call: tasks:gather, inputs: {words: words}, publish: words.json}
  both: {call: tasks:gather, inputs: {pages: pages, lines: lines, sized: sized}, publish: both.json}
"""

WORDS = [["A1-X", "A1-Y"], ["A2-X", "A2-Y"], ["B2-X", "B2-Y"], ["C1-X", "C1-Y"], []]


@pytest.fixture
def books(project: Project) -> Project:
    return project.file("tasks.py", TASKS).pipeline(PIPELINE)


def test_a_task_for_each_element_of_each_of_the_items_lists(books: Project) -> None:
    assert actions(books.plan())["words"] == "run"  # one row: nobody knows them yet
    result = books.run()
    inner = {f"words[{page},{n}]" for page in ("a,0", "a,1", "b,1", "c,0") for n in (0, 1)}
    assert {id for id in statuses(result) if id.startswith("words")} == inner
    assert inner | {id.replace("words", "sized") for id in inner} <= ran(result)
    assert having(result, "failed") == {"lines[b,0]"}

    assert books.data("words.json") == {"words": WORDS}
    lists = books.data("both.json")
    assert lists["pages"] == [["a1", "a2"], ["b1", "b2"], ["c1", "c2"]]
    assert lists["lines"] == [
        [["a1-x", "a1-y"], ["a2-x", "a2-y"]], [["b2-x", "b2-y"]], [["c1-x", "c1-y"], []],
    ]  # fmt: skip
    # an input that names a fan-out is all of it, in each task
    assert lists["sized"] == [[[word, 3] for word in page] for page in WORDS]


def test_looking_back_at_an_inner_task(books: Project) -> None:
    run = books.run().json["run_id"]
    (record,) = (books.folder / ".prun").rglob(f"runs/{run}/run.json")
    steps = json.loads(record.read_text(encoding="utf-8").partition("\n")[2])["steps"]
    assert steps["words"]["shape"] == steps["sized"]["shape"] == [2, 2, 2, 2, 0]
    told = books.python(
        "from pipeline_runner import Run\n"
        "run = Run.latest()\n"
        "print([run.output('words'), run.output('words[b,1,0]'), run.inputs('words[b,1,0]')])\n"
    )
    assert told.out.strip() == str([WORDS, "B2-X", {"line": "b2-x"}])
    assert "'b2-x'" in books.prun("show", "words[b,1,0]").out
    assert "'B2-X'" in books.prun("debug", "words[b,1,0]").text
    assert "lines" in books.why("words[b,1,0]").out


def test_an_inner_element_that_is_new_runs_alone(books: Project) -> None:
    first = books.run()
    books.calls()
    # the plan cannot tell: what failed runs again, and may give a list this time
    assert actions(books.plan())["words"] == "undecided"
    again = books.run()
    assert books.calls() == ["lines b1"]
    assert reused(again) == ran(first)

    books.edit("tasks.py", "(1, 2)]", "(1, 3, 2)]").edit("tasks.py", 'if page == "b1"', 'if page == "b3"')
    result = books.run()
    called = books.calls()
    assert [c for c in called if c.startswith("words")] == [
        f"words {page}-{n}" for page in ("a3", "b1", "c3") for n in "xy"
    ]
    new = {f"words[{key},{n}]" for key in ("a,1", "b,0", "c,1") for n in (0, 1)}
    assert {id for id in ran(result) if id.startswith("words")} == new
    assert books.data("words.json")["words"] == [
        [f"{page}-X", f"{page}-Y"] for page in ("A1", "A3", "A2", "B1", "B2", "C1", "C3")
    ] + [[]]


def test_lists_that_are_all_empty(books: Project) -> None:
    books.edit("tasks.py", '[] if page == "c2" else', "[] if page else").run()
    assert books.data("words.json") == {"words": [[], [], [], [], []]}
    told = books.python("from pipeline_runner import Run\nprint(Run.latest().output('words'))\n")
    assert told.out.strip() == "[[], [], [], [], []]"


def test_an_item_that_is_no_list_says_which_fan_out_gave_it(books: Project) -> None:
    result = books.edit("pipeline.yaml", "foreach: words,", "foreach: words.*,").run(exit=1)
    assert "an item of words is 'A1-X', and a fan-out takes a list" in result.err
    assert "hint: foreach: words goes over the items themselves" in result.err
    assert statuses(result)["both"] == "blocked"
