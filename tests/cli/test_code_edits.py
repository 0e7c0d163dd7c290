"""What an edit of the code reruns: one step a row, all edited between two runs.

In the sources ``M`` stands for the row's own module. The function of every row is ``M:f``.
"""

# ruff: noqa: E501 - tables and the text of test projects

from __future__ import annotations

import os
import re
from typing import NamedTuple

import pytest
from harness import Project, ran, reused, statuses


class Row(NamedTuple):
    files: dict[str, str]
    edit: tuple[str, str, str]  # file, old, new
    reruns: bool


def one(source: str, old: str, new: str, reruns: bool = True) -> Row:
    return Row({"M.py": source}, ("M.py", old, new), reruns)


def two(source: str, helper: str, old: str, new: str, reruns: bool = True) -> Row:
    return Row({"M.py": source, "M_h.py": helper}, ("M_h.py", old, new), reruns)


RERUN: dict[str, Row] = {
    "a literal": one("def f(row): return row + 1\n", "row + 1", "row + 2"),
    "the order of operands": one("def f(row): return row - 1\n", "row - 1", "1 - row"),
    "1 becomes True": one("def f(row): return 1\n", "return 1", "return True"),
    "1 becomes 1.0": one("def f(row): return 1\n", "return 1", "return 1.0"),
    "text becomes bytes": one("def f(row): return 'a'\n", "'a'", "b'a'"),
    "a constant": one("N = 1\ndef f(row): return N\n", "N = 1", "N = 2"),
    "a constant of a constant": one("A = 1\nB = [A, 2]\ndef f(row): return B\n", "A = 1", "A = 3"),
    "a constant changed later": one(
        "T = {}\nT['x'] = 1\ndef f(row): return T\n", "T['x'] = 1", "T['x'] = 2"
    ),
    "a constant filled in a loop": one(
        "T = []\nfor i in range(3):\n    T.append(i)\ndef f(row): return T\n", "range(3)", "range(4)"
    ),
    "a helper": one("def g(): return 1\ndef f(row): return g()\n", "return 1", "return 2"),
    "a helper's helper": one(
        "def h(): return 1\ndef g(): return h()\ndef f(row): return g()\n", "return 1", "return 2"
    ),
    "a helper of another module": two(
        "import M_h\ndef f(row): return M_h.g()\n", "def g(): return 1\n", "return 1", "return 2"
    ),
    "a helper under another name": two(
        "from M_h import g as other\ndef f(row): return other()\n", "def g(): return 1\n", "return 1", "return 2"
    ),
    "a constant of another module": two(
        "import M_h as h\ndef f(row): return h.N\n", "N = 1\n", "N = 1", "N = 2"
    ),
    "an import inside the function": two(
        "def f(row):\n    from M_h import g\n    return g()\n", "def g(): return 1\n", "return 1", "return 2"
    ),
    "a star import": two("from M_h import *\ndef f(row): return g()\n", "def g(): return 1\n", "return 1", "return 2"),
    "a default value": one("def f(row, k=1): return k\n", "k=1", "k=2"),
    "a default value that is a constant": one(
        "K = 1\ndef f(row, k=K): return k\n", "K = 1", "K = 2"
    ),
    "a helper's default value": one("def g(k=None): return k\ndef f(row): return g()\n", "k=None", "k=False"),
    "a decorator": one(
        "def d(fn):\n    def wrapped(row): return fn(row) + 1\n    return wrapped\n@d\ndef f(row): return row\n",
        "fn(row) + 1",
        "fn(row) + 2",
    ),
    "a decorator's argument": one(
        "def d(n):\n    def deco(fn):\n        return lambda row: fn(row) + n\n    return deco\n"
        "@d(1)\ndef f(row): return row\n",
        "@d(1)",
        "@d(2)",
    ),
    "a closure": one(
        "def make(n):\n    def inner(row): return n\n    return inner\nf = make(1)\n", "make(1)", "make(2)"
    ),
    "a lambda": one("f = lambda row: 1\n", "row: 1", "row: 2"),
    "a partial": one(
        "from functools import partial\ndef g(row, k): return k\nf = partial(g, k=1)\n", "k=1", "k=2"
    ),
    "a method": one(
        "class A:\n    def go(self): return 1\ndef f(row): return A().go()\n", "return 1", "return 2"
    ),
    "a method of a base class": one(
        "class A:\n    def go(self): return 1\nclass B(A): pass\ndef f(row): return B().go()\n",
        "return 1",
        "return 2",
    ),
    "a method of a base class elsewhere": two(
        "from M_h import A\nclass B(A): pass\ndef f(row): return B().go()\n",
        "class A:\n    def go(self): return 1\n",
        "return 1",
        "return 2",
    ),
    "a property": one(
        "class A:\n    @property\n    def n(self): return 1\ndef f(row): return A().n\n", "return 1", "return 2"
    ),
    "a class attribute": one("class A:\n    n = 1\ndef f(row): return A.n\n", "n = 1", "n = 2"),
    "a special method": one(
        "class A:\n    def __add__(self, o): return 1\ndef f(row): return A() + 2\n", "return 1", "return 3"
    ),
    "a metaclass": one(
        "class Meta(type):\n    n = 1\nclass A(metaclass=Meta): pass\ndef f(row): return A.n\n", "n = 1", "n = 2"
    ),
    "a dataclass's default": one(
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    n: int = 1\ndef f(row): return A().n\n",
        "= 1",
        "= 2",
    ),
    "a dataclass's field": one(
        "from dataclasses import dataclass, fields\n@dataclass\nclass A:\n    n: int = 1\n"
        "def f(row): return [x.name for x in fields(A)]\n",
        "n: int",
        "k: int",
    ),
    "a dataclass's annotation": one(
        "from dataclasses import dataclass, fields\n@dataclass\nclass A:\n    n: int = 1\n"
        "def f(row): return [str(x.type) for x in fields(A)]\n",
        "n: int",
        "n: float",
    ),
    "an enum": one(
        "import enum\nclass E(enum.Enum):\n    A = 1\ndef f(row): return E.A.value\n", "A = 1", "A = 2"
    ),
    "a conditional definition": one(
        "import sys\nif sys.maxsize > 1:\n    def g(): return 1\nelse:\n    def g(): return 2\n"
        "def f(row): return g()\n",
        "return 1",
        "return 3",
    ),
    "a fallback import": Row(
        {
            "M.py": "try:\n    from not_there_at_all import g\nexcept ImportError:\n    from M_h import g\n"
            "def f(row): return g()\n",
            "M_h.py": "def g(): return 1\n",
        },
        ("M_h.py", "return 1", "return 2"),
        True,
    ),
    "a relative import in a package": Row(
        {"M/__init__.py": "from .work import f\n", "M/work.py": "from . import deep\ndef f(row): return deep.g()\n",
         "M/deep.py": "def g(): return 1\n"},
        ("M/deep.py", "return 1", "return 2"),
        True,
    ),
    "a name passed on by a package": Row(
        {"M.py": "from M_p import g\ndef f(row): return g()\n", "M_p/__init__.py": "from M_p.inner import g\n",
         "M_p/inner.py": "def g(): return 1\n"},
        ("M_p/inner.py", "return 1", "return 2"),
        True,
    ),
    "a registry filled by decorators": one(
        "R = {}\ndef register(fn):\n    R[fn.__name__] = fn\n    return fn\n"
        "@register\ndef g(): return 1\ndef f(row): return [fn() for fn in R.values()]\n",
        "return 1",
        "return 2",
    ),
    "a registry filled by another module": Row(
        {"M.py": "import M_plugins\nfrom M_r import R\ndef f(row): return [fn() for fn in R.values()]\n",
         "M_r.py": "R = {}\ndef register(fn):\n    R[fn.__name__] = fn\n    return fn\n",
         "M_plugins.py": "from M_r import register\n@register\ndef g(): return 1\n"},
        ("M_plugins.py", "return 1", "return 2"),
        True,
    ),
    "a side effect of an imported module": two(
        "import M_h, builtins\ndef f(row): return getattr(builtins, 'prun_test_M')\n",
        "import builtins\nbuiltins.prun_test_M = 1\n",
        "= 1",
        "= 2",
    ),
    "a function found by a computed name": one(
        "import sys\ndef g1(): return 1\ndef f(row): return getattr(sys.modules[__name__], 'g' + '1')()\n",
        "return 1",
        "return 2",
    ),
    "a function found in globals()": one(
        "def g1(): return 1\ndef f(row): return globals()['g' + '1']()\n", "return 1", "return 2"
    ),
    "a module imported by a computed name": two(
        "import importlib\ndef f(row): return importlib.import_module(__name__ + '_h').g()\n",
        "def g(): return 1\n",
        "return 1",
        "return 2",
    ),
    "a nested function": one(
        "def f(row):\n    def g(): return 1\n    return g()\n", "return 1", "return 2"
    ),
    "a comprehension": one("def f(row): return [x for x in range(3) if x]\n", "if x", "if not x"),
    "the second of two definitions": one(
        "def g(): return 0\ndef g(): return 1\ndef f(row): return g()\n", "return 1", "return 2"
    ),
    "a definition that covers another": one(
        "def g(): return 0\ndef f(row): return g()\n", "def f", "def g(): return 3\ndef f"
    ),
    "a global that a function sets": one(
        "N = 1\ndef init():\n    global N\n    N = 5\ninit()\ndef f(row): return N\n", "N = 5", "N = 6"
    ),
    "a docstring that is read": one(
        "def g():\n    '''one'''\ndef f(row): return g.__doc__\n", "one", "two"
    ),
    "an annotation of a decorated function": one(
        "def d(fn):\n    fn.seen = str(fn.__annotations__)\n    return fn\n@d\ndef g(x: int): pass\n"
        "def f(row): return g.seen\n",
        "x: int",
        "x: float",
    ),
    "an exception's class": one(
        "class E(Exception):\n    code = 1\ndef f(row):\n    try:\n        raise E\n    except E as e:\n"
        "        return e.code\n",
        "code = 1",
        "code = 2",
    ),
    "a keyword in a call": one("def f(row): return sorted([2, 1], reverse=True)\n", "=True", "=False"),
    "an f-string": one("def f(row): return f'{row:3d}'\n", ":3d", ":4d"),
    "a caught import that fails now": two(
        "try:\n    import M_h\nexcept Exception:\n    M_h = None\ndef f(row): return M_h is None\n",
        "K = 1\n",
        "K = 1",
        "raise ValueError",
    ),
    "a caught import in a function that fails now": two(
        "def g():\n    import M_h\ndef f(row):\n    try:\n        g()\n    except Exception:\n        return 1\n    return 2\n",
        "K = 1\n",
        "K = 1",
        "K = 1 // 0",
    ),
    "a registry that an operator fills": Row(
        {
            "M.py": "import M_h\nfrom M_h2 import SEEN\ndef f(row): return SEEN\n",
            "M_h.py": "from M_h2 import R\nX = R | 1\n",
            "M_h2.py": "SEEN = []\nclass C:\n    def __or__(self, o):\n        SEEN.append(o)\nR = C()\n",
        },
        ("M_h.py", "| 1", "| 2"),
        True,
    ),
    "a shared iterator that is used up": Row(
        {
            "M.py": "import M_h\nfrom M_h2 import IDS\ndef f(row): return next(IDS)\n",
            "M_h.py": "from M_h2 import IDS\nX = [n for n, _ in zip(IDS, 'ab')]\n",
            "M_h2.py": "IDS = iter(range(100))\n",
        },
        ("M_h.py", "'ab'", "'abc'"),
        True,
    ),
    "a module run as a script": two(
        "import subprocess, sys\ndef f(row):\n    command = [sys.executable, '-m', 'M_h']\n"
        "    return subprocess.run(command, capture_output=True, check=True).stdout\n",
        "if __name__ == '__main__':\n    print(1)\n",
        "print(1)",
        "print(2)",
    ),
    "a module behind a changed package path": Row(
        {
            "M.py": "import M_p\nM_p.__path__.append('M_more')\n"
            "def f(row):\n    from M_p import extra\n    return extra.g()\n",
            "M_p/__init__.py": "",
            "M_more/extra.py": "def g(): return 1\n",
        },
        ("M_more/extra.py", "return 1", "return 2"),
        True,
    ),
    "a slice": one("def f(row): return 'abc'[:1]\n", "[:1]", "[1:]"),
}  # fmt: skip

STAY: dict[str, Row] = {
    "a comment": one("def f(row):\n    # old\n    return 1\n", "# old", "# new words", False),
    "a comment added": one("def f(row): return 1\n", "def f", "# why\n\ndef f", False),
    "a docstring": one('def f(row):\n    """Old."""\n    return 1\n', "Old.", "New.", False),
    "a docstring added": one(
        "def f(row):\n    return 1\n", "    return", "    '''New.'''\n    return", False
    ),
    "a module's docstring": one('"""Old."""\n\ndef f(row): return 1\n', "Old.", "New.", False),
    "a helper's docstring": one(
        'def g():\n    """Old."""\n    return 1\ndef f(row): return g()\n', "Old.", "New.", False
    ),
    "layout": one("def f(row): return [1,2,   3]\n", "[1,2,   3]", "[\n    1,\n    2,\n    3,\n]", False),
    "quotes": one("def f(row): return 'a'\n", "'a'", '"a"', False),
    "brackets": one("def f(row): return row + 1\n", "row + 1", "(row + 1)", False),
    "how a number is written": one("def f(row): return 1000\n", "1000", "1_000", False),
    "a function that is not reached": one(
        "def other(): return 1\ndef f(row): return 5\n", "return 1", "return 2", False
    ),
    "a new function": one("def f(row): return 5\n", "def f", "def other(): return 1\ndef f", False),
    "a constant that is not reached": one("N = 1\ndef f(row): return 5\n", "N = 1", "N = 2", False),
    "a new import": one("def f(row): return 5\n", "def f", "import json\ndef f", False),
    "an unreached function of a reached module": two(
        "import M_h\ndef f(row): return M_h.g()\n",
        "def g(): return 1\ndef other(): return 2\n",
        "return 2",
        "return 3",
        False,
    ),
    "a comment in a helper's module": two(
        "import M_h\ndef f(row): return M_h.g()\n", "def g(): return 1  # old\n", "# old", "# new", False
    ),
    "the order of functions": one(
        "def g(): return 1\n\ndef h(): return 2\n\ndef f(row): return g() + h()\n",
        "def g(): return 1\n\ndef h(): return 2\n",
        "def h(): return 2\n\ndef g(): return 1\n",
        False,
    ),
    "annotations of plain functions": one(
        "def g(x: int) -> int: return x\ndef f(row: int) -> int: return g(row)\n",
        "def g(x: int) -> int",
        "def g(x: 'float') -> float",
        False,
    ),
    "annotations of local names": one(
        "def f(row):\n    x: int = 1\n    return x\n", "x: int", "x: float", False
    ),
    "an unreached function of a caught import": two(
        "try:\n    import M_h\nexcept ImportError:\n    M_h = None\ndef f(row): return M_h is None\n",
        "def g(): return 1\n",
        "return 1",
        "return 2",
        False,
    ),
    "a table joined in an imported module": two(
        "import M_h\ndef f(row): return 1\n", "A = {1: 2}\nB = A | {2: 3}\n", "2: 3", "2: 4", False
    ),
    "a main block": one(
        "def f(row): return 1\nif __name__ == '__main__':\n    print(f(1))\n",
        "print(f(1))",
        "print(f(2))",
        False,
    ),
    "lines between": one("def g(): return 1\ndef f(row): return g()\n", "def f", "\n\n\n\ndef f", False),
}


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Each row's state after all were edited."""
    project = Project(tmp_path_factory.mktemp("edits") / "project")
    rows = {**RERUN, **STAY}
    steps = {}
    for n, row in enumerate(rows.values()):
        for path, source in row.files.items():
            project.file(named(path, n), named(source, n))
        steps[f"s{n}"] = {"call": f"m{n}:f", "with": {"row": n}}
    project.pipeline({"steps": steps})
    assert ran(project.run()) == set(steps)
    assert reused(project.run()) == set(steps)
    for n, row in enumerate(rows.values()):
        path, old, new = (named(part, n) for part in row.edit)
        project.edit(path, old, new)
    found = statuses(project.run())
    return {name: found[f"s{n}"] for n, name in enumerate(rows)}


def named(text: str, n: int) -> str:
    """``M``, ``M_h``, ``M.py``, ``prun_test_M`` with the row's own module."""
    return re.sub(r"(?<![A-Za-z0-9])M(?![a-zA-Z0-9])", f"m{n}", text)


@pytest.mark.parametrize("name", RERUN)
def test_an_edit_that_reruns(edited: dict[str, str], name: str) -> None:
    assert edited[name] == "succeeded"


@pytest.mark.parametrize("name", STAY)
def test_an_edit_that_reruns_nothing(edited: dict[str, str], name: str) -> None:
    assert edited[name] == "reused"


# --- the file's own clock


@pytest.mark.parametrize("backend", ["sequential", "loky"])
def test_an_edit_of_the_same_size_in_the_same_second_is_noticed(project: Project, backend: str) -> None:
    """Neither an index by time stamp nor a .pyc may hide it: the new code runs."""
    project.file("tasks.py", "def f(): return 1\n").pipeline(
        "steps:\n  f: {call: tasks:f, publish: out.json}\n"
    )
    at = 1_700_000_000_000_000_000
    os.utime(project.folder / "tasks.py", ns=(at, at))
    for n in (1, 2, 3):
        project.file("tasks.py", f"def f(): return {n}\n")
        os.utime(project.folder / "tasks.py", ns=(at, at))
        assert ran(project.run("--backend", backend)) == {"f"}
        assert project.data("out.json") == n


def test_an_undone_edit_is_reused_again(project: Project) -> None:
    project.file("tasks.py", "def f(): return 1\n").pipeline("steps:\n  f: {call: tasks:f}\n").run()
    project.edit("tasks.py", "1", "2")
    assert ran(project.run()) == {"f"}
    project.edit("tasks.py", "2", "1")
    assert reused(project.run()) == {"f"}


def test_touched_and_reformatted_files_rerun_nothing(project: Project) -> None:
    project.file("tasks.py", "def f(): return 1\n").pipeline("steps:\n  f: {call: tasks:f}\n").run()
    os.utime(project.folder / "tasks.py", (1, 1))
    assert reused(project.run()) == {"f"}
    project.file("tasks.py", b"def f():\r\n\treturn 1\r\n")
    assert reused(project.run()) == {"f"}


def test_a_new_module_that_covers_another_is_noticed(project: Project) -> None:
    """src/ comes before lib/ on the path, so its helper now wins."""
    project.file("lib/helper.py", "def g(): return 1\n").file("src/readme.txt").file(
        "tasks.py", "import helper\n\ndef f(): return helper.g()\n"
    ).pipeline("pythonpath: [src, lib]\nsteps:\n  f: {call: tasks:f, publish: out.json}\n").run()
    assert reused(project.run()) == {"f"}
    project.file("src/helper.py", "def g(): return 2\n")
    assert ran(project.run()) == {"f"}
    assert project.data("out.json") == 2


def test_a_module_that_comes_and_goes(project: Project) -> None:
    """Whether a caught import finds its module is part of what the code does."""
    project.file(
        "tasks.py",
        """
        def f():
            try:
                import fast
            except ImportError:
                return 1
            return 2
        """,
    ).pipeline("steps:\n  f: {call: tasks:f, publish: out.json}\n").run()
    assert project.data("out.json") == 1
    project.file("fast.py", "")
    assert ran(project.run()) == {"f"}
    assert project.data("out.json") == 2
    project.file("fast.py", "import nosuchthing\n")
    assert ran(project.run()) == {"f"}
    assert project.data("out.json") == 1
    project.remove("fast.py")
    project.run()
    assert project.data("out.json") == 1


def test_an_object_carries_the_code_of_its_class(project: Project) -> None:
    """`use` never names Model; it gets one from the cache."""
    project.file(
        "models.py",
        """
        import helpers

        class Base:
            def base(self): return 1

        class Model(Base):
            def __init__(self, n): self.n = n
            def predict(self): return self.n + self.base() + helpers.extra()
            def other(self): return 5
        """,
    ).file("helpers.py", "def extra(): return 100\n").file(
        "makes.py",
        """
        import models

        def make(): return models.Model(1)
        def inside(): return {"deep": [models.Model(2)]}
        """,
    ).file(
        "uses.py",
        """
        def use(model): return model.predict()
        def deep(models): return models["deep"][0].predict()
        """,
    ).pipeline(
        """
        steps:
          make: {call: makes:make}
          inside: {call: makes:inside}
          use: {call: uses:use, inputs: {model: make}, publish: out/use.json}
          deep: {call: uses:deep, inputs: {models: inside}, publish: out/deep.json}
        """
    ).run()
    assert (project.data("out/use.json"), project.data("out/deep.json")) == (102, 103)
    assert reused(project.run()) == {"make", "inside", "use", "deep"}
    for path, old, new, expected in (
        ("models.py", "return self.n +", "return 10 * self.n +", (111, 121)),
        ("models.py", "def base(self): return 1", "def base(self): return 2", (112, 122)),
        ("helpers.py", "return 100", "return 200", (212, 222)),
    ):
        project.edit(path, old, new)
        assert {"use", "deep"} <= ran(project.run())
        assert (project.data("out/use.json"), project.data("out/deep.json")) == expected
    project.edit("models.py", "class Model(Base):", "# a comment\nclass Model(Base):")
    assert ran(project.run()) == set()
