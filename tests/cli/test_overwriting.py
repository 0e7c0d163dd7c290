"""`publish:` writes over nothing that the run is made of, and no two results at one place."""

from __future__ import annotations

import pytest
from harness import Project

TASKS = """\
from pathlib import Path
import helpers

def text(x=0, path=None, **more): return f"text of {x}"
def names(): return ["tasks.py", "sub/ok.txt"]
def read(path): return Path(path).read_text()
def tree():
    made = Path("made")
    (made / "sub").mkdir(parents=True, exist_ok=True)
    (made / "helpers.py").write_text("")
    return made
"""


@pytest.fixture
def tasks(project: Project) -> Project:
    return project.file("tasks.py", TASKS).file("helpers.py", "A = 1\n").file("data/raw.csv", "a,b\n")


def refused(project: Project, text: str, *parts: str) -> str:
    """Told by check and by run, with its place, before anything runs."""
    project.pipeline(text)
    before = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    error = project.check(exit=2).err
    assert error == project.run(exit=2).err
    assert {path: path.read_bytes() for path in before} == before
    for part in parts:
        assert part in error, error
    return error


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("pipeline.yaml", "the pipeline's own file"),
        ("./data/../pipeline.yaml", "the pipeline's own file"),
        ("more.yaml", "a file that the pipeline includes"),
        ("tasks.py", "code of step 'a'"),
        ("helpers.py", "code of step 'a'"),
        ("token.txt", "the file of the secret T"),
        ("${{ params.where }}.py", "code of step 'a'"),
    ],
)
def test_what_the_run_is_made_of_is_not_overwritten(tasks: Project, where: str, what: str) -> None:
    tasks.file("more.yaml", "steps: {m: {call: tasks:text}}\n").file("token.txt", "sesame-1234")
    error = refused(
        tasks,
        f"""
        include: [more.yaml]
        params: {{where: tasks}}
        secrets: {{T: "file:token.txt"}}
        steps:
          a:
            call: tasks:text
            publish: {where}
        """,
        f"is {what}, and would be overwritten",
        "pipeline.yaml:7:14",
        "publish it at a path of its own",
    )
    assert error.count("would be overwritten") == 1


def test_a_url_is_no_path(tasks: Project) -> None:
    """Taken for a path, it would make a folder 's3:'."""
    refused(
        tasks,
        """
        params: {out: "s3://bucket"}
        steps:
          a: {call: tasks:text, publish: "${{ params.out }}/a.txt"}
        """,
        "pipeline.yaml:3:34",
        "'publish' takes a path, not the URL s3://bucket/a.txt",
    )
    tasks.file("more.py", "def names(): return ['memory://x']\n").pipeline(
        """
        steps:
          names: {call: more:names}
          a: {call: tasks:text, foreach: names, inputs: {x: item}, publish: "${{ item }}/a.txt"}
        """
    )
    assert "not the URL memory://x/a.txt" in tasks.run(exit=1).err
    assert not tasks.has("memory:")


def test_nor_by_an_item_of_a_list_in_the_file(tasks: Project) -> None:
    refused(
        tasks,
        """
        steps:
          a: {call: tasks:text, foreach: [pipeline, other], inputs: {x: item}, publish: "${{ item }}.yaml"}
        """,
        "'pipeline.yaml' is the pipeline's own file",
    )


def test_nor_by_a_name_that_a_step_gives(tasks: Project) -> None:
    tasks.pipeline(
        """
        steps:
          names: {call: tasks:names}
          a: {call: tasks:text, foreach: names, inputs: {x: item}, publish: "${{ item }}"}
        """
    )
    result = tasks.run(exit=1)
    assert "tasks.py is code of step" in result.tasks["a[tasks.py]"]["error"]
    assert tasks.text("tasks.py") == TASKS
    assert tasks.text("sub/ok.txt") == "text of sub/ok.txt"


def test_nor_by_a_file_of_a_folder(tasks: Project) -> None:
    tasks.pipeline("steps: {a: {call: tasks:tree, publish: .}}")
    result = tasks.run(exit=1)
    assert "code of step 'a' lies there, and would be overwritten" in result.tasks["a"]["error"]
    assert tasks.text("helpers.py") == "A = 1\n"


@pytest.mark.parametrize("files", ["data/raw.csv", "data", "data/*.csv", "${{ params.raw }}", "params.raw"])
def test_a_tracked_file_is_not_overwritten_by_what_comes_after(tasks: Project, files: str) -> None:
    refused(
        tasks,
        f"""
        params: {{raw: data/raw.csv}}
        steps:
          load: {{call: tasks:text, files: {{path: "{files}"}}}}
          last:
            call: tasks:text
            inputs: {{x: load}}
            publish: data/raw.csv
        """,
        "what 'load' tracks (files.path): each run would change what the next one reads",
        "pipeline.yaml:7:14",
    )


def test_nor_by_the_step_that_reads_it(tasks: Project) -> None:
    error = refused(
        tasks,
        """
        steps:
          a: {call: tasks:text, foreach: [data/raw.csv], files: {path: item}, publish: "${{ item }}"}
        """,
        "is what the step itself tracks (files.path)",
    )
    assert "needs:" not in error


def test_what_comes_before_may_make_it(tasks: Project) -> None:
    steps = """
        steps:
          make: {call: tasks:text, publish: data/raw.csv}
          read: {call: tasks:read, files: {path: data/raw.csv}}
        """
    assert "needs: [make]" in refused(tasks, steps)
    tasks.pipeline(steps.replace("tasks:read,", "tasks:read, needs: [make],")).run()
    assert tasks.text("data/raw.csv") == "text of 0"


def test_two_steps_publish_at_one_place(tasks: Project) -> None:
    refused(
        tasks,
        """
        params: {name: x}
        steps:
          a: {call: tasks:text, publish: "out/${{ params.name }}.txt"}
          b: {call: tasks:text, with: {x: 2}, publish: out/x.txt}
        """,
        "'out/x.txt' is published by a too",
        "pipeline.yaml:4:48",
    )


def test_two_items_publish_at_one_place(tasks: Project) -> None:
    refused(
        tasks,
        """
        steps:
          a:
            call: tasks:text
            matrix: {x: [1, 2], y: [3]}
            inputs: {x: matrix.x}
            publish: "out/${{ matrix.y }}.txt"
        """,
        "'out/3.txt' is published by a[1,3] too",
        "name the item in the path",
    )


def test_equal_items_may(tasks: Project) -> None:
    tasks.pipeline(
        'steps: {a: {call: tasks:text, foreach: [1, 1], inputs: {x: item}, publish: "out/${{ item }}.txt"}}'
    ).run()
    assert tasks.text("out/1.txt") == "text of 1"


def test_upper_and_lower_case_are_two_places_where_the_disk_tells_them_apart(tasks: Project) -> None:
    (tasks.folder / "CASE").write_text("")
    one = (tasks.folder / "case").exists()
    tasks.pipeline(
        """
        steps:
          a: {call: tasks:text, publish: out/a.txt}
          b: {call: tasks:text, with: {x: 2}, publish: out/A.txt}
        """
    )
    result = tasks.run(exit=2 if one else 0)
    assert ("does not tell upper from lower case" in result.err) == one
