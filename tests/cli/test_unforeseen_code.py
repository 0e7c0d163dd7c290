"""A task that loads code which cannot be seen from its callable says so, and its result is not reused."""

from __future__ import annotations

import pytest
from harness import Project, ran, reasons, reused

# No name, no import, nothing that importlib's functions are called: only running it tells what it loads.
HIDDEN = """
import _frozen_importlib as frozen

def hidden(text): return frozen._gcd_import(bytes.fromhex(text).decode())
"""
HELPER = b"helper".hex()
BACKENDS = pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])


@pytest.fixture
def hole(project: Project) -> Project:
    return (
        project.file("hidden.py", HIDDEN)
        .file("helper.py", "def f(): return 1\n")
        .file(
            "app.py",
            f"""
            from hidden import hidden

            def one(): return hidden("{HELPER}").f()
            def many(x): return hidden("{HELPER}").f() + x
            def clean(x): return x
            """,
        )
    )


STEPS = """
params: {xs: [1, 2, 3, 4, 5]}
steps:
  one: {call: app:one, publish: one.json}
  many: {call: app:many, foreach: params.xs, inputs: {x: item}}
  clean: {call: app:clean, inputs: {x: many}, publish: clean.json}
"""
HOLES = {"one", "many[1]", "many[2]", "many[3]", "many[4]", "many[5]"}


@BACKENDS
def test_its_result_is_not_reused(hole: Project, backend: str) -> None:
    hole.pipeline(STEPS)
    first = hole.run("--backend", backend, "-j", "2")
    assert first.err.count("one loaded helper.py") == 1
    assert first.err.count("many[") == 1, "told once for all items"
    assert "name what is used of it" in first.err
    again = hole.run("--backend", backend, "-j", "2")
    assert ran(again) >= HOLES
    if backend != "threading":  # in threads, nobody can tell which task loaded it
        assert reused(again) == {"clean"}, "readers go by content"
    hole.edit("helper.py", "1", "2")
    assert ran(hole.run("--backend", backend, "-j", "2")) == {*HOLES, "clean"}
    assert (hole.data("one.json"), hole.data("clean.json")) == (2, [3, 4, 5, 6, 7])


def test_logs_and_plan_say_why(hole: Project) -> None:
    hole.pipeline(STEPS).run()
    said = hole.prun("logs", "one").text
    assert "helper.py" in said
    assert "app:one" in said
    plan = hole.plan("--json")
    assert {"one", "many[3]"} <= {t["id"] for t in plan.json["tasks"] if t["action"] == "run"}
    assert reasons(plan, "one") == {"cache-off"}
    assert "loaded code" in hole.plan().out


def test_names_mend_it(hole: Project) -> None:
    hole.pipeline(STEPS).run()
    hole.file("hidden.py", "import helper\n\ndef hidden(text): return [helper][0]\n")
    assert ran(hole.run()) == HOLES
    found = hole.run()
    assert reused(found) == {*HOLES, "clean"}
    assert "warning" not in found.err
    hole.edit("helper.py", "1", "2")
    assert ran(hole.run()) == {*HOLES, "clean"}


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_what_another_task_has_loaded_hides_nothing(hole: Project, backend: str) -> None:
    """`honest` imports helper by name, in the same process and before."""
    hole.file("more.py", "import helper\n\ndef honest(): return helper.f()\n").pipeline(
        """
        steps:
          honest: {call: more:honest}
          one: {call: app:one, needs: [honest], publish: one.json}
          last: {call: more:honest, needs: [one], with: {}, cache: {version: "2"}}
        """
    )
    for _ in range(2):
        assert "one loaded helper.py" in hole.run("--backend", backend, "-j", "1", "--force", "honest").err
    hole.edit("helper.py", "1", "2")
    hole.run("--backend", backend, "-j", "1")
    assert hole.data("one.json") == 2
    again = hole.run("--backend", backend, "-j", "1")
    assert (ran(again), reused(again)) == ({"one"}, {"honest", "last"})


def test_modules_keep_their_state_from_task_to_task(project: Project) -> None:
    """A module that the next step doesn't know is put aside, and the same one comes back."""
    project.file("state.py", "import os\nLOADED = os.urandom(8).hex()\n").file(
        "app.py",
        """
        def first():
            import state
            return state.LOADED
        def between(x): return x
        def second(x):
            import state
            return (x, state.LOADED)
        """,
    ).pipeline(
        """
        steps:
          first: {call: app:first}
          between: {call: app:between, inputs: {x: first}}
          second: {call: app:second, inputs: {x: between}, publish: out.json}
        """
    )
    found = project.run("--backend", "loky", "-j", "1")
    assert "warning" not in found.err
    before, after = project.data("out.json")
    assert before == after


def test_no_false_alarm(project: Project) -> None:
    """Classes of inputs, checks, packages, submodules and modules that are imported late."""
    project.file("models.py", "class Model:\n    n = 1\n").file(
        "pkg/__init__.py", "from . import inner\n"
    ).file("pkg/inner.py", "def f(): return 1\n").file("late.py", "X = 1\n").file(
        "checks.py", "import late\n\ndef good(x): return late.X == 1\n"
    ).file(
        "app.py",
        """
        def make():
            import models
            return models.Model()
        def use(model):
            import pkg
            return model.n + pkg.inner.f()
        def many(x):
            from late import X
            return X + x
        """,
    ).pipeline(
        """
        params: {xs: [1, 2, 3]}
        steps:
          make: {call: app:make}
          use: {call: app:use, inputs: {model: make}, check: checks:good}
          many: {call: app:many, foreach: params.xs, inputs: {x: item}}
          off: {call: app:make, cache: false}
          loads: {call: lazy:load, cache: false}
          waits: {call: lazy:wait}
          byname: {call: app:make, cache: {code: false, version: "1"}}
        """
    )
    project.file("slow.py", "import time\ntime.sleep(0.2)\n").file(
        "lazy.py",
        "def load():\n    import slow\n    return 1\ndef wait():\n    import time\n    time.sleep(0.4)\n",
    )
    for backend in ("sequential", "threading", "loky"):
        found = project.run("--backend", backend, "-j", "2", "--store", f".{backend}")
        assert "warning" not in found.err
        assert ran(project.run("--backend", backend, "--store", f".{backend}")) == {"off", "loads"}
