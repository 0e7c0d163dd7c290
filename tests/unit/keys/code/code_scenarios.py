"""The table: a small project, an edit of it, and whether what ``app:run`` does has changed.

``edit`` maps a file to (old, new) pairs of text, to the whole new text, or to None (deleted).
"""

# ruff: noqa: E501
from __future__ import annotations

from typing import NamedTuple

CHANGED, SAME = True, False
Pairs = tuple[str, str]


class Row(NamedTuple):
    name: str
    files: dict[str, str]
    edit: dict[str, Pairs | str | None]
    changes: bool


def one(name: str, app: str, old: str, new: str, changes: bool, **more: str) -> Row:
    """A row that edits app.py; ``more`` are further modules (``pkg__mod`` is pkg/mod.py)."""
    files = {k.replace("__init", "/__init__").replace("___", "/") + ".py": v for k, v in more.items()}
    return Row(name, {"app.py": app, **files}, {"app.py": (old, new)}, changes)


def other(name: str, files: dict[str, str], file: str, old: str, new: str, changes: bool) -> Row:
    return Row(name, files, {file: (old, new)}, changes)


RUN = "def run(x):\n    return x + 1\n"
HELPED = (
    "def helper(x):\n    return x + 1\n\ndef unused(x):\n    return x\n\ndef run(x):\n    return helper(x)\n"
)
CLASSY = (
    "class Base:\n    def m(self):\n        return 1\n\n"
    "class C(Base):\n    k = 1\n    def n(self):\n        return self.m()\n    def o(self):\n        return 2\n\n"
    "class Far:\n    pass\n\n"
    "def run():\n    return C().n()\n"
)

OWN_CODE = [
    one("body", RUN, "x + 1", "x + 2", CHANGED),
    one("comment", RUN, "return", "# why\n    return", SAME),
    one("blank lines", RUN, "def run", "\n\n\ndef run", SAME),
    one("spaces and brackets", RUN, "x + 1", "(x\n      +1)", SAME),
    one("quotes", "def run():\n    return 'a'\n", "'a'", '"a"', SAME),
    one("docstring added", RUN, "    return", '    "Adds."\n    return', SAME),
    one("pass added", RUN, "    return", "    pass\n    return", SAME),
    one("argument's name", RUN, "(x):\n    return x", "(y):\n    return y", CHANGED),
    one("default value", "def run(x=1):\n    return x\n", "x=1", "x=2", CHANGED),
    one("1 is not 1.0", RUN, "x + 1", "x + 1.0", CHANGED),
    one("1 is not True", RUN, "x + 1", "x + True", CHANGED),
    one("hexadecimal", "def run():\n    return 16\n", "16", "0x10", SAME),
    one("text is not bytes", "def run():\n    return 'a'\n", "'a'", "b'a'", CHANGED),
    one("minus zero", "def run():\n    return 0.0\n", "0.0", "-0.0", CHANGED),
    one("f-string", "def run(x):\n    return f'{x}'\n", "{x}", "{x!r}", CHANGED),
    one("format spec", "def run(x):\n    return f'{x:.2f}'\n", ".2f", ".3f", CHANGED),
    one("operator", RUN, "x + 1", "x - 1", CHANGED),
    one("order of statements", "def run(x):\n    x += 1\n    x *= 2\n    return x\n", "x += 1\n    x *= 2", "x *= 2\n    x += 1", CHANGED),
    one("async", "def run():\n    return 1\n", "def", "async def", CHANGED),
    one("annotation", RUN, "(x)", "(x: int)", SAME),
    one("return annotation", RUN, "):", ") -> int:", SAME),
    one("local annotation", "def run():\n    y = 1\n    return y\n", "y =", "y: int =", CHANGED),
    one("other local annotation", "def run():\n    y: int = 1\n    return y\n", "int", "float", SAME),
    one("unused definition", HELPED, "return x\n", "return -x\n", SAME),
    one("unused import", RUN, "def run", "import json\ndef run", SAME),
    one("unused constant", "A = 1\n" + RUN, "A = 1", "A = 2", SAME),
    one("a main guard", RUN + "if __name__ == '__main__':\n    print(1)\n", "print(1)", "print(2)", SAME),
    one("else of a main guard", "K = 1\n" + "def run():\n    return K\nif __name__ == '__main__':\n    pass\nelse:\n    K = 2\n", "K = 2", "K = 3", CHANGED),
    one("nested function", "def run():\n    def inner():\n        return 1\n    return inner()\n", "return 1", "return 2", CHANGED),
    one("lambda", "run = lambda x: x + 1\n", "x + 1", "x + 2", CHANGED),
    one("partial", "from functools import partial\ndef add(a, b):\n    return a + b\nrun = partial(add, 1)\n", "add, 1", "add, 2", CHANGED),
    one("what a partial calls", "from functools import partial\ndef add(a, b):\n    return a + b\nrun = partial(add, 1)\n", "a + b", "a * b", CHANGED),
    one("windows line ends", RUN, "\n", "\r\n", SAME),
    one("type comment", RUN, "return x + 1", "return x + 1  # type: ignore", SAME),
    one("other use of global name as local", "k = 1\ndef run():\n    k = 2\n    return k\n", "k = 1", "k = 3", SAME),
    one("walrus in comprehension", "def run(xs):\n    return [y for x in xs if (y := x)]\n", "if (y := x)", "if (y := -x)", CHANGED),
]  # fmt: skip

HELPERS = [
    one("helper", HELPED, "x + 1", "x + 2", CHANGED),
    one("order of plain functions", HELPED, "def unused(x):\n    return x\n\ndef run(x):\n    return helper(x)\n", "def run(x):\n    return helper(x)\n\ndef unused(x):\n    return x\n", SAME),
    one("helper of a helper", "def a():\n    return 1\ndef b():\n    return a()\ndef run():\n    return b()\n", "return 1", "return 2", CHANGED),
    one("handed on, not called", "def key(x):\n    return x\ndef run(xs):\n    return sorted(xs, key=key)\n", "return x\n", "return -x\n", CHANGED),
    one("in a default value", "def d():\n    return 1\ndef run(x=d()):\n    return x\n", "return 1", "return 2", CHANGED),
    one("constant", "K = 1\ndef run():\n    return K\n", "K = 1", "K = 2", CHANGED),
    one("constant made of a constant", "A = 1\nB = A + 1\ndef run():\n    return B\n", "A = 1", "A = 2", CHANGED),
    one("constant made by a function", "def make():\n    return 1\nK = make()\ndef run():\n    return K\n", "return 1", "return 2", CHANGED),
    one("constant in a comprehension", "K = [1]\ndef run():\n    return [k for k in K]\n", "[1]", "[2]", CHANGED),
    one("same name inside and outside of a comprehension", "x = [1]\ndef run():\n    return [x for x in x]\n", "[1]", "[2]", CHANGED),
    one("dict of functions", "def f():\n    return 1\nD = {'f': f}\ndef run(k):\n    return D[k]()\n", "return 1", "return 2", CHANGED),
    one("two names of one assignment", "a, b = 1, 2\ndef run():\n    return a\n", "1, 2", "1, 3", CHANGED),
    one("closure", "def outer(k):\n    def inner(x):\n        return x + k\n    return inner\nrun = outer(1)\n", "x + k", "x - k", CHANGED),
    one("decorator", "def d(f):\n    return lambda x: f(x)\n@d\ndef run(x):\n    return x\n", "f(x)", "-f(x)", CHANGED),
    one("decorator's argument", "def d(k):\n    return lambda f: lambda x: f(x) + k\n@d(1)\ndef run(x):\n    return x\n", "@d(1)", "@d(2)", CHANGED),
    one("decorator removed", "import functools\n@functools.lru_cache\ndef run(x):\n    return x\n", "@functools.lru_cache\n", "", CHANGED),
    one("recursion", "def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    return n != 0 and even(n - 1)\ndef run(n):\n    return even(n)\n", "n != 0", "n > 0", CHANGED),
    one("renamed helper", "def a():\n    return 1\ndef run():\n    return a()\n", "a()", "b()", CHANGED),
    one("match case", "K = 1\ndef run(x):\n    match x:\n        case [a, *_] if a == K:\n            return 1\n    return 2\n", "K = 1", "K = 2", CHANGED),
    one("match singleton", "def run(x):\n    match x:\n        case True:\n            return 1\n", "True", "False", CHANGED),
    one("match class", "class P:\n    z = 1\ndef run(x):\n    match x:\n        case P(z=3):\n            return 1\n", "z = 1", "z = 2", CHANGED),
    one("match mapping", "def run(x):\n    match x:\n        case {'a': 1, **rest}:\n            return rest\n", "'a'", "'b'", CHANGED),
    one("f-string reads a constant", "K = 1\ndef run():\n    return f'{K}'\n", "K = 1", "K = 2", CHANGED),
    one("exception class", "class E(Exception):\n    code = 1\ndef run():\n    try:\n        return 1\n    except E as e:\n        return e.code\n", "code = 1", "code = 2", CHANGED),
    one("global in a function", "N = 1\ndef bump():\n    global N\n    N += 1\ndef run():\n    bump()\n    return N\n", "N += 1", "N += 2", CHANGED),
    one("only bound by a function", "def setup():\n    global N\n    N = 1\nsetup()\ndef run():\n    return N\n", "N = 1", "N = 2", CHANGED),
    one("builtin shadowed later", "def run(xs):\n    return max(xs)\n", "def run", "def max(xs):\n    return 0\ndef run", CHANGED),
    one("two aliases exchanged", "from math import sin as f, cos as g\ndef run(x):\n    return f(x) - g(x)\n", "sin as f, cos as g", "cos as f, sin as g", CHANGED),
    one("generator", "def gen():\n    yield 1\ndef run():\n    return list(gen())\n", "yield 1", "yield 2", CHANGED),
    one("del of a name", "K = 1\nM = 2\ndef run():\n    return M\n", "M = 2\n", "M = 2\ndel K\n", CHANGED),
]  # fmt: skip

CLASSES = [
    one("method", CLASSY, "self.m()", "self.m() + 1", CHANGED),
    one("other method of the class", CLASSY, "return 2", "return 3", CHANGED),
    one("base class", CLASSY, "return 1", "return 2", CHANGED),
    one("class attribute", CLASSY, "k = 1", "k = 2", CHANGED),
    one("unused class", CLASSY, "class Far:\n    pass", "class Far:\n    z = 1", SAME),
    one("order of methods", CLASSY, "    def n(self):\n        return self.m()\n    def o(self):\n        return 2\n", "    def o(self):\n        return 2\n    def n(self):\n        return self.m()\n", CHANGED),
    one("class docstring", CLASSY, "class C(Base):\n", 'class C(Base):\n    "C."\n', SAME),
    one("method docstring", CLASSY, "def n(self):\n", 'def n(self):\n        "N."\n', SAME),
    one("metaclass", "class M(type):\n    def __call__(cls):\n        return 1\nclass C(metaclass=M):\n    pass\ndef run():\n    return C()\n", "return 1", "return 2", CHANGED),
    one("dataclass field", "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int = 1\ndef run():\n    return P()\n", "a: int = 1", "a: int = 2", CHANGED),
    one("dataclass annotation", "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int = 1\ndef run():\n    return P()\n", "a: int", "a: float", CHANGED),
    one("annotation names a class", "from dataclasses import dataclass\nclass Q:\n    z = 1\n@dataclass\nclass P:\n    a: 'Q' = None\ndef run():\n    return P()\n", "z = 1", "z = 2", CHANGED),
    one("dataclass docstring", "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int = 1\ndef run():\n    return P()\n", "class P:\n", 'class P:\n    "P."\n', SAME),
    one("enum member", "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2\ndef run():\n    return E.A\n", "B = 2", "B = 3", CHANGED),
    one("enum by auto, order", "import enum\nclass E(enum.Enum):\n    A = enum.auto()\n    B = enum.auto()\ndef run():\n    return E.A\n", "A = enum.auto()\n    B", "B = enum.auto()\n    A", CHANGED),
    one("named tuple", "from typing import NamedTuple\nclass T(NamedTuple):\n    a: int\n    b: int = 1\ndef run():\n    return T(1)\n", "b: int = 1", "b: int = 2", CHANGED),
    one("property", "class C:\n    @property\n    def p(self):\n        return 1\ndef run():\n    return C().p\n", "return 1", "return 2", CHANGED),
    one("global name read in a class body", "K = 1\nclass C:\n    K = K\ndef run():\n    return C.K\n", "K = 1\nclass", "K = 2\nclass", CHANGED),
    one("a method doesn't see the class's names", "k = 1\nclass C:\n    k = 2\n    def m(self):\n        return k\ndef run():\n    return C().m()\n", "k = 1\n", "k = 3\n", CHANGED),
    one("mixin set as a base later", "class A:\n    z = 1\nclass C:\n    pass\nC.__bases__ = (A,)\ndef run():\n    return C()\n", "z = 1", "z = 2", CHANGED),
    one("method attached from outside", "class C:\n    pass\ndef m(self):\n    return 1\nC.m = m\ndef run():\n    return C().m()\n", "return 1", "return 2", CHANGED),
    one("subclass registered by its base", "R = []\nclass B:\n    def __init_subclass__(cls):\n        R.append(cls)\nclass S(B):\n    z = 1\ndef run():\n    return R\n", "z = 1", "z = 2", CHANGED),
    one("subclass registered by a metaclass", "R = []\nclass M(type):\n    def __init__(cls, *a):\n        R.append(cls)\nclass B(metaclass=M):\n    pass\nclass S(B):\n    z = 1\ndef run():\n    return R\n", "z = 1", "z = 2", CHANGED),
    one("subclasses asked for", "class B:\n    pass\nclass S(B):\n    z = 1\ndef run():\n    return B.__subclasses__()\n", "z = 1", "z = 2", CHANGED),
    one("unused subclass of a plain base", "class B:\n    pass\nclass S(B):\n    z = 1\ndef run():\n    return B()\n", "z = 1", "z = 2", SAME),
    one("unused subclass of an exception", "class E(ValueError):\n    z = 1\ndef run():\n    return 1\n", "z = 1", "z = 2", SAME),
    one("unused abstract class", "import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def m(self): ...\n    z = 1\ndef run():\n    return 1\n", "z = 1", "z = 2", SAME),
    one("unused dataclass", "from dataclasses import dataclass, field\n@dataclass\nclass P:\n    a: list = field(default_factory=list)\n    z: int = 1\ndef run():\n    return 1\n", "z: int = 1", "z: int = 2", SAME),
    one("unused pydantic model", "import pydantic\nclass P(pydantic.BaseModel):\n    z: int = 1\ndef run():\n    return 1\n", "z: int = 1", "z: int = 2", SAME),
]  # fmt: skip

BINDINGS = [
    one("bound twice: the first", "K = [1]\nL = K\nK = [2]\ndef run():\n    return L\n", "K = [1]", "K = [3]", CHANGED),
    one("bound twice: order", "K = 1\nK = 2\ndef run():\n    return K\n", "K = 1\nK = 2", "K = 2\nK = 1", CHANGED),
    one("function bound twice: order", "def f():\n    return 1\ndef f():\n    return 2\ndef run():\n    return f()\n", "    return 1\ndef f():\n    return 2", "    return 2\ndef f():\n    return 1", CHANGED),
    one("read between two bindings", "K = 1\nL = K\nK = 2\ndef run():\n    return L\n", "L = K\nK = 2", "K = 2\nL = K", CHANGED),
    one("default read between two bindings", "K = 1\ndef f(x=K):\n    return x\nK = 2\ndef run():\n    return f(), K\n", "def f(x=K):\n    return x\nK = 2", "K = 2\ndef f(x=K):\n    return x", CHANGED),
    one("order of plain constants", "A = 1\nB = 2\ndef run():\n    return A + B\n", "A = 1\nB = 2", "B = 2\nA = 1", SAME),
    one("order of functions with plain defaults", "K = 1\ndef a(x=K):\n    return x\ndef b(x=K):\n    return x\ndef run():\n    return a() + b()\n", "def a(x=K):\n    return x\ndef b(x=K):\n    return x", "def b(x=K):\n    return x\ndef a(x=K):\n    return x", SAME),
    one("order of calls", "import itertools\nc = itertools.count()\nA = next(c)\nB = next(c)\ndef run():\n    return A, B\n", "A = next(c)\nB = next(c)", "B = next(c)\nA = next(c)", CHANGED),
    one("augmented", "K = 1\nK += 1\ndef run():\n    return K\n", "K += 1", "K += 2", CHANGED),
    one("augmented list", "K = [1]\nK += [1]\ndef run():\n    return K\n", "K += [1]", "K += [2]", CHANGED),
    one("item set", "D = {}\nD['a'] = 1\ndef run():\n    return D\n", "= 1", "= 2", CHANGED),
    one("item set to a function", "D = {}\ndef f():\n    return 1\nD['a'] = f\ndef run(k):\n    return D[k]()\n", "return 1", "return 2", CHANGED),
    one("updated", "D = {}\nD.update(a=1)\ndef run():\n    return D\n", "a=1", "a=2", CHANGED),
    one("attribute set", "def f():\n    return f.k\nf.k = 1\ndef run():\n    return f()\n", "f.k = 1", "f.k = 2", CHANGED),
    one("filled by a loop", "D = []\nfor i in range(3):\n    D.append(i)\ndef run():\n    return D\n", "range(3)", "range(4)", CHANGED),
    one("bound by a loop", "for K in range(3):\n    pass\ndef run():\n    return K\n", "range(3)", "range(4)", CHANGED),
    one("bound by with", "import contextlib\nwith contextlib.nullcontext(1) as K:\n    pass\ndef run():\n    return K\n", "(1)", "(2)", CHANGED),
    one("bound by a walrus", "if (K := 1):\n    pass\ndef run():\n    return K\n", "K := 1", "K := 2", CHANGED),
    one("if: the branch", "import sys\nif sys.platform == 'x':\n    def f():\n        return 1\nelse:\n    def f():\n        return 2\ndef run():\n    return f()\n", "return 1", "return 3", CHANGED),
    one("if: the condition", "import sys\nif sys.platform == 'x':\n    K = 1\nelse:\n    K = 2\ndef run():\n    return K\n", "'x'", "'y'", CHANGED),
    one("if: what the condition is made of", "DEBUG = 1\nif DEBUG:\n    K = 1\nelse:\n    K = 2\ndef run():\n    return K\n", "DEBUG = 1", "DEBUG = 0", CHANGED),
    one("if: another definition of the branch", "import sys\nif sys.platform == 'x':\n    K = 1\n    def g():\n        return 1\ndef run():\n    return K\n", "return 1", "return 2", SAME),
    one("if: branches exchanged", "import sys\nif sys.platform:\n    K = 1\nelse:\n    K = 2\ndef run():\n    return K\n", "K = 1\nelse:\n    K = 2", "K = 2\nelse:\n    K = 1", CHANGED),
    one("if: a condition that its own import binds", "flag = 1\nif flag:\n    from other import flag\ndef run():\n    return flag\n", "if flag", "if not flag", CHANGED, other="flag = 0\n"),
    one("elif", "import sys\nif sys.platform == 'x':\n    K = 1\nelif sys.platform == 'y':\n    K = 2\ndef run():\n    return K\n", "'y'", "'z'", CHANGED),
    one("try: the fallback", "try:\n    import nosuchthing\n    K = 1\nexcept ImportError:\n    K = 2\ndef run():\n    return K\n", "K = 2", "K = 3", CHANGED),
    one("try: which error", "try:\n    K = 1 // 0\nexcept ZeroDivisionError:\n    K = 2\ndef run():\n    return K\n", "ZeroDivisionError", "ValueError", CHANGED),
    one("type checking only", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from other import T\ndef run(x: 'T'):\n    return x\n", "import T", "import U as T", SAME, other="class T: ...\nclass U: ...\n"),
    one("assert on import", "K = 1\nassert K\ndef run():\n    return 1\n", "assert K", "assert not K", CHANGED),
    one("unpacked from a call", "def f():\n    return 1, 2\na, b = f()\ndef run():\n    return a\n", "1, 2", "2, 1", CHANGED),
]  # fmt: skip
