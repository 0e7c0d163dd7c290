"""`publish:` seen from outside: where it may lead, and folders as they are."""

from __future__ import annotations

import os
import sys

import pytest
from harness import Project, ran, reused

TASKS = """\
from pathlib import Path

def names(): return ["../escaped", "/escaped", "~/escaped", "sub/ok", ".."]
def text(x): return f"text of {x}"
def tree(names):
    made = Path("made")
    for name in names:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(f"the file {name}")
    (made / names[0]).chmod(0o755)
    return made
"""


@pytest.fixture
def tasks(project: Project) -> Project:
    return project.file("tasks.py", TASKS)


@pytest.mark.parametrize("where", ["${{ item }}", "${{ item }}.txt", "out/${{ item }}", "out/${{ item }}/x"])
def test_what_a_run_returns_publishes_nothing_outside(tasks: Project, where: str) -> None:
    tasks.pipeline({"steps": {
        "names": {"call": "tasks:names"},
        "text": {"call": "tasks:text", "foreach": "names", "inputs": {"x": "item"}, "publish": where},
    }})  # fmt: skip
    result = tasks.run(exit=1)
    home = os.path.expanduser("~")
    assert not [n for n in os.listdir(tasks.folder.parent) if "escaped" in n]
    assert not [n for folder in ("/", home) for n in os.listdir(folder) if "escaped" in n]
    error = result.tasks["text[0]"]["error"]
    assert "leads out of" in error, result
    assert "FOLDER/" in tasks.prun("run", "--backend", "sequential", exit=1).err


def test_the_user_s_own_words_lead_anywhere(tasks: Project) -> None:
    outside = tasks.folder.parent / "outside"
    tasks.pipeline({"params": {"out": "here", "names": ["../a", "b"]}, "steps": {
        "one": {"call": "tasks:text", "with": {"x": 1}, "publish": "${{ params.out }}/one.txt"},
        "two": {"call": "tasks:text", "foreach": "params.names", "inputs": {"x": "item"},
                "publish": "../outside/${{ item }}.txt"},
    }})  # fmt: skip
    tasks.run("-p", f"out={outside}")
    assert (outside / "one.txt").read_text() == "text of 1"
    assert (outside / "b.txt").read_text() == "text of b"
    assert (outside.parent / "a.txt").read_text() == "text of ../a"


@pytest.mark.parametrize("names", [["a", "a"], ["a", "./a"], ["a", "b/../a"]])
def test_two_results_of_a_run_do_not_lie_at_one_path(tasks: Project, names: list[str]) -> None:
    """Where the names come from a step, it is found when the second is published."""
    tasks.file("rows.py", f"def rows(): return [{{'n': n, 'i': i}} for i, n in enumerate({names})]\n")
    tasks.pipeline({"steps": {
        "rows": {"call": "rows:rows"},
        "text": {"call": "tasks:text", "foreach": "rows", "inputs": {"x": "item"},
                 "publish": "out/${{ item.n }}.txt"},
    }})  # fmt: skip
    for _ in range(2):  # the second time both are there already
        result = tasks.run(exit=1)
        assert sorted(result.tasks[f"text[{i}]"]["status"] == "failed" for i in (0, 1)) == [False, True]
        assert "'out/a.txt' is published by text[" in result.err
    if names[0] == names[1]:
        tasks.edit("rows.py", "'i': i", "'i': 0").run()  # equal results do not contradict one another
        assert tasks.text("out/a.txt").startswith("text of {")


@pytest.mark.parametrize(
    ("items", "second", "exit"),
    [
        ("params.rows", "out/${{ item.a }}.txt", 2),
        ("params.rows", "out/${{ item.b }}.txt", 2),
        ("rows", "out/${{ item.a }}.txt", 2),
        ("rows", "out/${{ item.b }}.txt", 1),
    ],
)
def test_nor_do_two_outputs_of_a_task(tasks: Project, items: str, second: str, exit: int) -> None:
    tasks.file("two.py", "def rows(): return [{'a': 'x', 'b': 'x'}]\ndef both(): return 'one', 'two'\n")
    tasks.pipeline({"params": {"rows": [{"a": "x", "b": "x"}]}, "steps": {
        "rows": {"call": "two:rows"},
        "both": {"call": "two:both", "foreach": items, "outputs": ["p", "q"],
                 "publish": {"p": "out/${{ item.a }}.txt", "q": second}},
    }})  # fmt: skip
    assert "is published by" in tasks.run(exit=exit).err


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_folder_is_kept_as_the_step_made_it(tasks: Project) -> None:
    tasks.pipeline("""
        params: {names: [bin/tool, data]}
        steps: {tree: {call: tasks:tree, inputs: {names: params.names}, publish: out}}
        """)
    tasks.run()
    tool, data = tasks.folder / "out" / "bin" / "tool", tasks.folder / "out" / "data"
    assert tool.stat().st_mode & 0o100
    tasks.file("out/mine", "of the user's")
    for change in (lambda: tool.chmod(0o644), lambda: data.chmod(0o755), lambda: data.unlink()):
        change()
        assert reused(tasks.run()) == {"tree"}
        assert tool.stat().st_mode & 0o100
        assert not data.stat().st_mode & 0o100
    tasks.remove("made")
    assert ran(tasks.run("-p", "names=[data]")) == {"tree"}
    assert sorted(os.listdir(tasks.folder / "out")) == ["data", "mine"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_program_that_one_step_makes_another_can_run(project: Project) -> None:
    project.file("tasks.py", """
        import subprocess
        from pathlib import Path

        def make():
            path = Path("tool.sh")
            path.write_text("#!/bin/sh\\necho it runs\\n")
            path.chmod(0o755)
            return path

        def use(tool): return subprocess.check_output([tool], text=True)
        """)  # fmt: skip
    project.pipeline("""
        steps:
          make: {call: tasks:make, publish: bin/tool}
          use: {call: tasks:use, inputs: {tool: make}, publish: said.txt}
        """)
    project.run()
    assert project.text("said.txt") == "it runs\n"
    assert (project.folder / "bin" / "tool").stat().st_mode & 0o100


@pytest.mark.parametrize("value", ["[1.0, float('nan')]", "{'auc': -float('inf')}"])
def test_what_json_has_no_number_for_is_not_published_as_json(project: Project, value: str) -> None:
    project.file("tasks.py", f"def odd(): return {value}\n")
    project.pipeline({"steps": {"odd": {"call": "tasks:odd", "publish": "odd.json"}}})
    error = project.run(exit=1).tasks["odd"]["error"]
    assert "cannot be written as .json" in error
    assert not (project.folder / "odd.json").exists()
