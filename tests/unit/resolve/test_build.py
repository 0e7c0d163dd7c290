# ruff: noqa: E501
"""From a file to a graph: edges, policies, and every problem at its place."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from pipeline_runner.errors import PipelineError, Problem
from pipeline_runner.model.graph import (
    CachePolicy,
    Files,
    ForEach,
    Graph,
    Input,
    Literal,
    Matrix,
    Ref,
    Retry,
    Text,
)
from pipeline_runner.resolve.build import build
from pipeline_runner.spec.load import load


def graph_of(folder: Path, text: str, **files: str) -> Graph:
    (folder / "pipeline.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(textwrap.dedent(content), encoding="utf-8")
    return build(load(folder / "pipeline.yaml"))


def problems_of(folder: Path, text: str, **files: str) -> list[Problem]:
    with pytest.raises(PipelineError) as error:
        graph_of(folder, text, **files)
    return list(error.value.problems)


def at(problem: Problem) -> str:
    """What stands in the file from where the problem is."""
    assert problem.where is not None
    return problem.where.text[problem.where.column - 1 :]


# ---- edges -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "root", "name", "path"),
    [
        ("params.p", "params", "p", ()),
        ("params.p.a.0", "params", "p", ("a", 0)),
        ("a", "step", "a", ()),
        ("a.x[1].y", "step", "a", ("x", 1, "y")),
        ("m.left", "step", "m", ("left",)),
        ("m.left.0", "step", "m", ("left", 0)),
        ("f", "step", "f", ()),
        ("f.2", "step", "f", (2,)),
        ("g.left", "step", "g", ("left",)),
        ("g.0.left", "step", "g", (0, "left")),
        ("secrets.S", "secrets", "S", ()),
        ("run.id", "run", "id", ()),
        ("item", "item", "", ()),
        ("item.name", "item", "", ("name",)),
    ],
)
def test_every_kind_of_reference(
    tmp_path: Path, text: str, root: str, name: str, path: tuple[str | int, ...]
) -> None:
    graph = graph_of(
        tmp_path,
        f"""
        params: {{p: {{a: [1]}}}}
        secrets: {{S: 'env:S'}}
        steps:
          x: {{call: m:x, foreach: [1], inputs: {{x: '{text}'}}}}
          a: {{call: m:a}}
          m: {{call: m:m, outputs: [left, right]}}
          f: {{call: m:f, foreach: [1]}}
          g: {{call: m:g, foreach: [1], outputs: [left, right]}}
        """,
    )
    assert graph.steps["x"].args == {"x": Input(Ref(root, name, path, False, text))}
    assert graph.steps["x"].needs == ((name,) if root == "step" else ())


def test_a_step_needs_all_that_it_names(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        """
        steps:
          x:
            call: m:x
            foreach: a
            inputs: {b: b, again: b.0}
            files: {c: c.path}
            when: d > 1 and e.x in [1]
            needs: [f, b]
          a: {call: m:a}
          b: {call: m:b}
          c: {call: m:c}
          d: {call: m:d}
          e: {call: m:e}
          f: {call: m:f}
        """,
    )
    step = graph.steps["x"]
    assert sorted(step.needs) == ["a", "b", "c", "d", "e", "f"]
    assert step.after == ("f", "b")
    assert list(graph.steps)[-1] == "x"
    assert step.where is not None
    assert step.where.line == 3


def test_a_matrix_and_its_needs(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        """
        params: {p: [1]}
        steps:
          a: {call: m:a}
          x: {call: m:x, matrix: {k: params.p, l: a.list, n: [1, {z: 2}]}, inputs: {k: matrix.k, z: matrix.n.z}}
        """,
    )
    fanout = graph.steps["x"].fanout
    assert isinstance(fanout, Matrix)
    assert [name for name, _ in fanout.axes] == ["k", "l", "n"]
    assert fanout.axes[2][1] == (1, {"z": 2})
    assert graph.steps["x"].needs == ("a",)
    assert graph.steps["x"].follows is None


@pytest.mark.parametrize(
    ("over", "follows"),
    [
        ("f", "f"),
        ("f.0", None),
        ("f.*", None),
        ("f.x", None),
        ("g.left", "g"),
        ("g", "g"),
        ("g.left.0", None),
        ("g.left.*", None),
        ("x", "x"),
        ("a", None),
        ("a.*", None),
        ("params.p", None),
        ("{in: f, key: item}", "f"),
    ],
)
def test_which_fan_out_is_followed_item_by_item(tmp_path: Path, over: str, follows: str | None) -> None:
    graph = graph_of(
        tmp_path,
        f"""
        params: {{p: [1]}}
        steps:
          a: {{call: m:a}}
          f: {{call: m:f, foreach: a}}
          g: {{call: m:g, foreach: [1], outputs: [left, right]}}
          x: {{call: m:x, matrix: {{k: [1]}}}}
          y: {{call: m:y, foreach: {over}}}
        """,
    )
    step = graph.steps["y"]
    assert step.follows == follows
    assert isinstance(step.fanout, ForEach)
    if isinstance(step.fanout.source, Ref):
        assert step.fanout.source.star == over.endswith(".*")


# ---- texts, files, policies ------------------------------------------------------------------------


def test_texts_are_parsed_wherever_they_may_stand(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        """
        params: {p: 1}
        env: {A: top, B: 'top ${{ params.p }}'}
        steps:
          x:
            call: m:x
            foreach: [1]
            with: {a: ['${{ item }}', {b: 'x ${{ run.id }}'}], plain: $${{ text }, n: 1}
            env: {B: 'own ${{ item }}'}
            publish: out/${{ item }}.txt
            image: 'image:${{ params.p }}'
            resources: {cpus: 2, memory: '${{ params.p }}'}
        """.replace("$${{ text }", "'$${{ text'"),
    )
    step = graph.steps["x"]
    item = Text((Ref("item", "", (), False, "item"),))
    assert step.args["a"] == Literal([item, {"b": Text(("x ", Ref("run", "id", (), False, "run.id")))}])
    assert step.args["plain"] == Literal("${{ text")
    assert step.args["n"] == Literal(1)
    assert step.env == {"A": "top", "B": Text(("own ", *item.parts))}
    assert step.publish == {"": Text(("out/", *item.parts, ".txt"))}
    assert isinstance(step.image, Text)
    assert isinstance(step.resources["memory"], Text)


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("params.p", Ref("params", "p", (), False, "params.p")),
        ("a.path", Ref("step", "a", ("path",), False, "a.path")),
        ("data/x.csv", "data/x.csv"),
        ("x.csv", "x.csv"),
        ("data/*.csv", "data/*.csv"),
        ("'${{ params.p }}.csv'", Text((Ref("params", "p", (), False, "params.p"), ".csv"))),
    ],
)
def test_a_file_is_a_path_unless_it_names_something(tmp_path: Path, value: str, source: object) -> None:
    graph = graph_of(
        tmp_path,
        f"params: {{p: f}}\nsteps: {{a: {{call: m:a}}, x: {{call: m:x, files: {{f: {value}}}}}}}",
    )
    assert graph.steps["x"].args["f"] == Files(source)  # type: ignore[arg-type]


def test_defaults_and_what_replaces_them(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        """
        defaults:
          retry: {limit: 2, delay: 5s, 'on': [OSError]}
          timeout: 1m
          on_error: skip
          resources: {cpus: 2, memory: 1GiB}
        steps:
          a: {call: m:a}
          b:
            call: m:b
            retry: 1
            timeout: 2h
            on_error: fail
            resources: {cpus: 4}
            cache: {version: 3}
            tags: [x]
        """,
    )
    a, b = graph.steps["a"], graph.steps["b"]
    assert a.retry == Retry(2, 5.0, a.retry.backoff, "none", None, ("OSError",))
    assert (a.timeout, a.on_error, a.tags) == (60.0, "skip", ())
    assert (b.retry.limit, b.retry.on) == (1, ())
    assert (b.timeout, b.on_error, b.tags) == (7200.0, "fail", ("x",))
    assert set(b.resources) == {"cpus", "memory"}
    assert b.resources["cpus"] == 4
    assert b.cache == CachePolicy(version="3")


def test_steps_of_an_include_join(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        "include: [more.yaml]\nsteps: {b: {call: m:b, inputs: {x: a, p: params.q}}}",
        more="params: {q: 1}\nsteps: {a: {call: m:a}}",
    )
    assert list(graph.steps) == ["a", "b"]


def test_steps_stand_in_an_order_that_works_else_as_written(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path,
        "steps: {d: {call: m:d, needs: [b]}, c: {call: m:c}, b: {call: m:b, needs: [a]}, a: {call: m:a}}",
    )
    assert list(graph.steps) == ["a", "b", "d", "c"]


# ---- problems --------------------------------------------------------------------------------------

A = "  a: {call: m:a}\n"
M = "  m: {call: m:m, outputs: [left, right]}\n"
F = "  f: {call: m:f, foreach: [1]}\n"


@pytest.mark.parametrize(
    ("steps", "code", "place", "hint"),
    [
        (A + "  x: {call: m:x, inputs: {v: aa}}", "unknown-step", "aa}", "did you mean 'a'?"),
        (A + "  x: {call: m:x, inputs: {v: p}}", "unknown-step", "p}", "did you mean 'params.p'?"),
        (A + "  x: {call: m:x, inputs: {v: zzz}}", "unknown-step", "zzz}", "steps: a, x"),
        (A + "  x: {call: m:x, needs: [b]}", "unknown-step", "b]", ""),
        (A + "  x: {call: m:x, foreach: bb.*}", "unknown-step", "bb.*", ""),
        (A + "  x: {call: m:x, matrix: {k: bb.c}}", "unknown-step", "bb.c", ""),
        (A + "  x: {call: m:x, when: bb > 1}", "unknown-step", "bb > 1", ""),
        (A + "  x: {call: m:x, inputs: {v: params.q}}", "unknown-param", "params.q", "there are: p"),
        (
            A + "  x: {call: m:x, with: {v: '${{ params.q }}'}}",
            "unknown-param",
            "'${{ params.q",
            "there are: p",
        ),
        (A + "  x: {call: m:x, inputs: {v: secrets.TOKEM}}", "unknown-secret", "secrets.TOKEM", "'TOKEN'"),
        (A + "  x: {call: m:x, with: {v: '${{ secrets.TOKEN }}'}}", "secret", "'${{", "inputs: {token"),
        (A + "  x: {call: m:x, when: secrets.TOKEN == 'a'}", "secret", "secrets.TOKEN", "inputs"),
        (A + "  x: {call: m:x, with: {v: '${{ a }}'}}", "text", "'${{ a }}'", "through inputs"),
        (A + "  x: {call: m:x, inputs: {v: item}}", "no-item", "item}", "add foreach"),
        (A + "  x: {call: m:x, matrix: {k: [1]}, inputs: {v: item}}", "no-item", "item}", "use matrix.NAME"),
        (A + "  x: {call: m:x, inputs: {v: matrix.k}}", "no-matrix", "matrix.k", "add matrix"),
        (
            A + "  x: {call: m:x, matrix: {kk: [1]}, inputs: {v: matrix.k}}",
            "unknown-axis",
            "matrix.k",
            "'kk'",
        ),
        (M + "  x: {call: m:x, inputs: {v: m.lift}}", "unknown-output", "m.lift", "did you mean 'left'?"),
        (M + "  x: {call: m:x, inputs: {v: m.0}}", "unknown-output", "m.0", "its outputs: left, right"),
        (M + "  x: {call: m:x, foreach: m.zz}", "unknown-output", "m.zz", "its outputs: left, right"),
        (
            "  x: {call: m:x, outputs: [o], publish: {p: a.txt}}",
            "unknown-output",
            "p: a.txt",
            "its outputs: o",
        ),
        ("  x: {call: m:x, outputs: [o], check: {p: m:c}}", "unknown-output", "p: m:c", "its outputs: o"),
        ("  x: {call: m:x, max_parallel: 2}", "no-fan-out", "max_parallel", "add foreach"),
        ("  x: {call: m:x, foreach: [1], matrix: {k: [1]}}", "two-fan-outs", "matrix", "one of them"),
        (
            "  x: {call: m:x, inputs: {v: params.p}, with: {v: 1}}",
            "duplicate-argument",
            "v: 1",
            "keep it in one",
        ),
        (
            "  x: {call: m:x, with: {jobs: 1}, cache: {ignore: [jbos]}}",
            "unknown-argument",
            "[jbos]",
            "'jobs'",
        ),
        (A + "  x: {call: m:x, when: a = 1}", "condition", "a = 1", "compare with =="),
        (A + "  x: {call: m:x, inputs: {v: a b}}", "reference", "a b", ""),
        (A + "  x: {call: m:x, inputs: {v: a.*}}", "star", "a.*", ""),
        ("  x: {call: m:x, with: {v: '${{ params.p.* }}'}}", "star", "'${{ params.p.*", ""),
        ("  x: {call: m:x, when: params.p == full}", "unknown-step", "params.p", "a text is quoted: 'full'"),
        (A + "  xy: {call: m:x, when: x == 1}", "unknown-step", "x == 1", "did you mean 'xy'?"),
        ("  x: {call: m:x, foreach: ['${{ params.p }}']}", "text", "'${{", "name a param"),
        (
            "  x: {call: m:x, foreach: {in: [{k: '${{ item }}'}], key: item.k}}",
            "text",
            "'${{",
            "name a param",
        ),
        ("  x: {call: m:x, matrix: {a: [1, '${{ params.p }}']}}", "text", "'${{", "name a param"),
        ("  x: {call: m:x, cache: {version: '${{ params.p }}'}}", "text", "'${{", "by inputs"),
        (A + "  x: {call: m:x, with: {v: 'a ${{ '}}", "reference", "'a ${{ '", "close it"),
        (A + "  x: {call: m:x, foreach: item}", "reference", "item", "params..., STEP"),
        (F + "  x: {call: m:x, foreach: {in: f, key: params.p}}", "reference", "params.p", "item..."),
        ("  x: {call: m:x, foreach: [1], publish: out.txt}", "publish", "out.txt", "name the item"),
        ("  x: {call: m:x, publish: o.txt}\n  y: {call: m:y, publish: o.txt}", "publish", "o.txt", ""),
        ("  x: {call: m:x, inputs: {v: x}}", "cycle", "x}", ""),
        ("  x: {call: m:x, needs: [y]}\n  y: {call: m:y, inputs: {v: x}}", "cycle", "x:", "take one"),
    ],
)
def test_problems_at_their_places(tmp_path: Path, steps: str, code: str, place: str, hint: str) -> None:
    text = "params: {p: [1]}\nsecrets: {TOKEN: 'env:T'}\nsteps:\n" + steps + "\n"
    (problem,) = problems_of(tmp_path, text)
    assert problem.code == code
    assert at(problem).startswith(place)
    assert hint in problem.hint


def test_all_problems_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        """
        steps:
          a: {call: m:a, inputs: {x: nope, y: params.nope}}
          broken: {cal: m:b}
          b: {call: m:b, inputs: {x: broken, y: a}, when: a ==}
          c: {call: m:c, needs: [d]}
          d: {call: m:d, needs: [c]}
        """,
    )
    codes = [(p.where.line, p.code) for p in found if p.where is not None]
    assert codes == sorted(codes, key=lambda c: c[0])
    assert {"unknown-step", "unknown-param", "condition", "cycle"} <= {p.code for p in found}
    assert not any("'broken'" in p.message and p.code == "unknown-step" for p in found)


def test_a_broken_step_s_references_are_judged_too(tmp_path: Path) -> None:
    text = """\
        steps:
          a: {call: m:a, retry: often, inputs: {x: nope, y: 5}, when: a.b =, needs: [c]}
          b: {cal: m:b, with: {x: '${{ params.q }}'}}
          run: {call: m:run, inputs: {x: nope}}
        """
    found = [(p.code, at(p)[:6]) for p in problems_of(tmp_path, text)]
    assert found == [
        ("value", "often,"), ("unknown-step", "nope, "), ("reference", "5}, wh"), ("condition", "a.b =,"),
        ("unknown-step", "c]}"), ("unknown-key", "cal: m"), ("unknown-param", "'${{ p"),
        ("step-name", "run: {"), ("unknown-step", "nope}}"),
    ]  # fmt: skip


def test_what_follows_from_a_misspelt_key_is_not_told_too(tmp_path: Path) -> None:
    text = """\
        steps:
          a: {call: m:a, foreech: [1], inputs: {x: item, y: item.z}, publish: "${{ item }}.txt"}
          b: {call: m:b, matrixx: {k: [1]}, inputs: {x: matrix.k}}
          c: {call: m:c, input: {n: a}, cache: {ignore: [n]}, outputs: 5}
          d: {call: m:d, inputs: {x: a.0, y: c.out, z: b}}
        """
    assert {p.code for p in problems_of(tmp_path, text)} == {"unknown-key", "value"}


def test_a_cycle_is_told_by_its_path(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        "steps: {a: {call: m:a, inputs: {x: c}}, b: {call: m:b, foreach: a}, c: {call: m:c, needs: [b]}}",
    )
    assert [p.message for p in found] == ["these steps need each other: a -> c -> b -> a"]


def test_a_step_cannot_need_itself(tmp_path: Path) -> None:
    (found,) = problems_of(tmp_path, "steps:\n  a: {call: m:a, needs: [a]}\n")
    assert found.message == "step 'a' needs itself"
    assert found.where is not None
    assert (found.where.line, found.where.column) == (2, 25)


def test_a_problem_in_an_include_stands_in_its_file(tmp_path: Path) -> None:
    (problem,) = problems_of(
        tmp_path,
        "include: [more.yaml]\nsteps: {a: {call: m:a}}",
        more="steps:\n  b: {call: m:b, inputs: {x: aa}}\n",
    )
    assert problem.where is not None
    assert problem.where.file.endswith("more.yaml")
    assert problem.where.line == 2
    assert problem.hint == "did you mean 'a'?"


def test_a_chain_of_2000_steps_is_no_recursion(tmp_path: Path) -> None:
    steps = "".join(f"  s{i}: {{call: m:f, needs: [s{i + 1}]}}\n" for i in range(2000))
    graph = graph_of(tmp_path, f"steps:\n{steps}  s2000: {{call: m:f}}\n")
    assert next(iter(graph.steps)) == "s2000"
