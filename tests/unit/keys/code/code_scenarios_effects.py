"""What modules do to others when they are imported, by all kinds of syntax; and what is free of it."""

# ruff: noqa: E501
from __future__ import annotations

from code_scenarios import CHANGED, SAME, Row, other

# A registry that notes whatever is done with it, by every kind of operation.
REG = """
SEEN = []
class Registry:
    def __or__(self, other):
        SEEN.append(other)
        return self
    __add__ = __iadd__ = __matmul__ = __rshift__ = __lt__ = __contains__ = __getitem__ = __or__
    def __ror__(self, other):
        SEEN.append(other)
        return other
    def __neg__(self):
        SEEN.append('neg')
        return self
    def __bool__(self):
        SEEN.append('bool')
        return True
    def __format__(self, spec):
        SEEN.append(spec)
        return ''
    def __iter__(self):
        SEEN.append('iter')
        return iter(())
    def __call__(self, f):
        SEEN.append(f)
        return f
    def __enter__(self):
        SEEN.append('enter')
    def __exit__(self, *a):
        SEEN.append('exit')
    @property
    def touch(self):
        SEEN.append('touch')
        return 1
    def __getattr__(self, name):
        SEEN.append(name)
        return 1
    def __setattr__(self, name, value):
        SEEN.append(name)
    def __delitem__(self, name):
        SEEN.append(name)
REGISTRY = Registry()
def make():
    return Registry()
def both(a, b):
    return a | b
IDS = iter(range(100))
def ids():
    yield from range(100)
MORE = ids()
TABLE = {}
COUNT = 0
class Hook:
    def __set_name__(self, owner, name):
        SEEN.append(name)
HOOK = Hook()
class Base:
    def __init_subclass__(cls, **kw):
        SEEN.append(kw)
class Meta(type):
    def __new__(meta, *a, **k):
        SEEN.append(a[0])
        return super().__new__(meta, *a, **k)
    def __getattr__(cls, name):
        SEEN.append(name)
    def __or__(cls, other):
        SEEN.append(other)
class Odd(metaclass=Meta):
    pass
class Sub:
    def __class_getitem__(cls, item):
        SEEN.append(item)
        return cls
class Fine:
    def __init__(self, a=1):
        self.a = a
    def __add__(self, other):
        return Fine(self.a + other)
    @property
    def double(self):
        return self.a * 2
FINE = Fine()
def __getattr__(name):
    SEEN.append(name)
    return 1
"""


def plug(name: str, text: str, old: str, new: str, changes: bool, **more: str) -> Row:
    """plug.py is imported and not used; reg.py has what it may touch."""
    files = {"app.py": "import plug, reg\ndef run():\n    return reg.SEEN\n", "reg.py": REG, "plug.py": text}
    return other(name, {**files, **{k + ".py": v for k, v in more.items()}}, "plug.py", old, new, changes)


R = "from reg import REGISTRY\n"
TOUCHING = [
    plug("registry by |", R + "X = REGISTRY | {'a': 1}\n", "'a'", "'b'", CHANGED),
    plug("registry by | from the right", R + "X = {'a': 1} | REGISTRY\n", "'a'", "'b'", CHANGED),
    plug("registry by module attribute and |", "import reg\nX = reg.REGISTRY | 1\n", "| 1", "| 2", CHANGED),
    plug("registry by |=", R + "REGISTRY |= 1\n", "= 1", "= 2", CHANGED),
    plug("registry by +=", R + "REGISTRY += 1\n", "= 1", "= 2", CHANGED),
    plug("registry by @", R + "X = [1] @ REGISTRY\n", "[1]", "[2]", CHANGED),
    plug("registry by >>", R + "X = REGISTRY >> 1\n", ">> 1", ">> 2", CHANGED),
    plug("registry by <", R + "X = REGISTRY < 1\n", "< 1", "< 2", CHANGED),
    plug("registry by in", R + "X = 1 in REGISTRY\n", "1 in", "2 in", CHANGED),
    plug("registry by -", R + "X = -REGISTRY\n", "-REG", "--REG", CHANGED),
    plug("registry by not", R + "X = not REGISTRY\n", "not", "not not", CHANGED),
    plug("registry by if", R + "if REGISTRY:\n    X = 1\n", "X = 1", "if REGISTRY:\n        X = 2", CHANGED),
    plug("registry by or", R + "X = REGISTRY or 1\n", "or 1", "or REGISTRY or 1", CHANGED),
    plug("registry by a conditional expression", R + "X = 1 if REGISTRY else 2\n", "1 if", "3 if", CHANGED),
    plug("registry by [ ]", R + "X = REGISTRY['a']\n", "'a'", "'b'", CHANGED),
    plug("registry by an attribute", R + "X = REGISTRY.touch\n", "touch", "tuch", CHANGED),
    plug("registry by a deep attribute", R + "X = REGISTRY.touch.real\n", "touch", "tuch", CHANGED),
    plug("registry by getattr", R + "X = getattr(REGISTRY, 'touch')\n", "touch", "tuch", CHANGED),
    plug("registry by hasattr", R + "X = hasattr(REGISTRY, 'touch')\n", "touch", "tuch", CHANGED),
    plug("registry by an f-string", R + "X = f'{REGISTRY:a}'\n", ":a", ":b", CHANGED),
    plug("registry by format", R + "X = format(REGISTRY, 'a')\n", "'a'", "'b'", CHANGED),
    plug("registry by str.format", R + "X = '{:a}'.format(REGISTRY)\n", ":a", ":b", CHANGED),
    plug("registry by %", R + "X = '%s' % REGISTRY\n", "%s", "%s ", CHANGED),
    plug("registry by list", R + "X = list(REGISTRY)\n", "list", "tuple", CHANGED),
    plug("registry by unpacking", R + "X = [*REGISTRY]\n", "[*REGISTRY]", "[*REGISTRY, *REGISTRY]", CHANGED),
    plug("registry by assignment of several", R + "[*X] = REGISTRY\n", "[*X]", "[*Y]", CHANGED),
    plug("registry by a loop", R + "for X in REGISTRY:\n    pass\n", "X", "Y", CHANGED),
    plug("registry by a comprehension", R + "X = [a for a in REGISTRY]\n", "[a for", "[1 for", CHANGED),
    plug("registry by with", R + "with REGISTRY:\n    X = 1\n", "X = 1", "X = 2", CHANGED),
    plug("registry by a decorator", R + "@REGISTRY\ndef f():\n    return 1\n", "return 1", "return 2", CHANGED),
    plug("registry by a call", R + "X = REGISTRY(1)\n", "(1)", "(2)", CHANGED),
    plug("registry by match", R + "match REGISTRY:\n    case 1:\n        X = 1\n", "case 1", "case 2", CHANGED),
    plug("registry by del of an item", R + "del REGISTRY['a']\n", "'a'", "'b'", CHANGED),
    plug("registry by setting an attribute", R + "REGISTRY.a = 1\n", "= 1", "= 2", CHANGED),
    plug("registry by adding to an attribute", "import reg\nreg.COUNT += 1\n", "= 1", "= 2", CHANGED),
    plug("registry by setting an item", "from reg import TABLE\nTABLE['a'] = 1\n", "'a'", "'b'", CHANGED),
    plug("registry by a tuple of targets", "from reg import TABLE\nX, TABLE['a'] = 1, 2\n", "'a'", "'b'", CHANGED),
    plug("registry by a loop's target", "from reg import TABLE\nfor TABLE['a'] in (1, 2):\n    pass\n", "'a'", "'b'", CHANGED),
    plug("registry by |= of a dict", "from reg import TABLE\nTABLE |= {'a': 1}\n", "'a'", "'b'", CHANGED),
    plug("registry by setattr", "import reg\nX = setattr(reg, 'COUNT', 1)\n", "1)", "2)", CHANGED),
    plug("registry by setdefault", "from reg import TABLE\nX = TABLE.setdefault('a', 1)\n", "'a'", "'b'", CHANGED),
    plug("registry by __setitem__", "from reg import TABLE\nX = TABLE.__setitem__('a', 1)\n", "'a'", "'b'", CHANGED),
    plug("registry by operator.ior", "import operator\nfrom reg import TABLE\nX = operator.ior(TABLE, {'a': 1})\n", "'a'", "'b'", CHANGED),
    plug("registry by operator.or_", "import operator\nfrom reg import REGISTRY\nX = operator.or_(REGISTRY, 'a')\n", "'a'", "'b'", CHANGED),
    plug("registry by a function that applies |", "from reg import REGISTRY, both\nX = both(REGISTRY, 'a')\n", "'a'", "'b'", CHANGED),
    plug("registry by what a function gives", "from reg import make\nX = make() | 'a'\n", "'a'", "'b'", CHANGED),
    plug("registry under a further name", R + "mine = REGISTRY\nX = mine | 'a'\n", "'a'", "'b'", CHANGED),
    plug("registry in a list", R + "mine = [REGISTRY]\nX = mine[0] | 'a'\n", "'a'", "'b'", CHANGED),
    plug("registry in a lambda that is called", R + "X = (lambda: REGISTRY | 'a')()\n", "'a'", "'b'", CHANGED),
    plug("registry in a function that is called", R + "def go():\n    return REGISTRY | 'a'\nX = go()\n", "'a'", "'b'", CHANGED),
    plug("registry in a default value", R + "def go(x=REGISTRY | 'a'):\n    return x\n", "'a'", "'b'", CHANGED),
    plug("registry in a class body", R + "class A:\n    x = REGISTRY | 'a'\n", "'a'", "'b'", CHANGED),
    plug("registry in an annotation", R + "class A:\n    x: REGISTRY['a']\n", "'a'", "'b'", CHANGED),
    plug("registry by map", R + "X = list(map(REGISTRY, 'a'))\n", "'a'", "'b'", CHANGED),
    plug("registry by sum", R + "X = sum([1], start=REGISTRY)\n", "[1]", "[2]", CHANGED),
    plug("shared iterator by next", "from reg import IDS\nX = next(IDS)\n", "X = next(IDS)\n", "X = next(IDS)\nY = next(IDS)\n", CHANGED),
    plug("shared iterator by list", "from reg import IDS\nX = list(IDS)\n", "list", "tuple", CHANGED),
    plug("shared iterator by zip", "from reg import IDS\nX = dict(zip('ab', IDS))\n", "'ab'", "'abc'", CHANGED),
    plug("shared iterator by in", "from reg import IDS\nX = 5 in IDS\n", "5 in", "6 in", CHANGED),
    plug("shared iterator by unpacking", "from reg import IDS\nX, *Y = IDS\n", "X, *Y", "X, Z, *Y", CHANGED),
    plug("shared iterator by a comprehension", "from reg import MORE\nX = [i for _, i in zip('ab', MORE)]\n", "'ab'", "'abc'", CHANGED),
    plug("shared iterator by a loop", "from reg import MORE\nfor X in MORE:\n    if X > 3:\n        break\n", "3", "4", CHANGED),
    plug("descriptor made elsewhere", "from reg import HOOK\nclass A:\n    x = HOOK\n", "x =", "y =", CHANGED),
    plug("base that notes its subclasses", "from reg import Base\nclass A(Base):\n    x = 1\n", "x = 1", "x = 2", CHANGED),
    plug("base that notes its subclasses, by type()", "from reg import Base\nA = type('A', (Base,), {'x': 1})\n", "'x': 1", "'x': 2", CHANGED),
    plug("metaclass that notes its classes", "from reg import Odd\nclass A(Odd):\n    x = 1\n", "x = 1", "x = 2", CHANGED),
    plug("attribute of a class with a metaclass", "from reg import Odd\nX = Odd.thing\n", "thing", "thong", CHANGED),
    plug("operator of a class with a metaclass", "from reg import Odd\nX = Odd | 1\n", "| 1", "| 2", CHANGED),
    plug("__class_getitem__", "from reg import Sub\nX = Sub[1]\n", "[1]", "[2]", CHANGED),
    plug("__class_getitem__ in a base", "from reg import Sub\nclass A(Sub[1]):\n    pass\n", "[1]", "[2]", CHANGED),
    plug("module's __getattr__ on import", "import reg\nX = reg.anything\n", "anything", "something", CHANGED),
    plug("module's __getattr__ by from", "from reg import anything\n", "anything", "something", CHANGED),
    plug("a raise", "K = 1\n", "K = 1", "raise ValueError", CHANGED),
    plug("an assertion", "K = 1\nassert K\n", "assert K", "assert not K", CHANGED),
    plug("print in a lambda default", "f = lambda x=print('a'): x\n", "'a'", "'b'", CHANGED),
    plug("an environment variable", "import os\nos.environ['A'] = 'a'\n", "'a'", "'b'", CHANGED),
    plug("an environment variable's default", "import os\nX = os.environ.setdefault('A', 'a')\n", "'a'", "'b'", CHANGED),
    plug("a file that is written", "from pathlib import Path\nX = Path('x').write_text('a')\n", "'a'", "'b'", CHANGED),
    plug("a file that is opened", "X = open('x', 'w')\n", "'w'", "'a'", CHANGED),
    plug("a global written by a called function", "import reg\ndef go():\n    reg.COUNT = 1\n    return 1\nX = go()\n", "COUNT = 1", "COUNT = 2", CHANGED),
    plug("random numbers", "import random\nX = random.random()\n", "X = random.random()", "X = random.random() + random.random()", CHANGED),
    plug("random numbers of numpy", "import numpy as np\nX = np.random.rand(3)\n", "(3)", "(4)", CHANGED),
    plug("seed of numpy", "import numpy as np\nX = np.random.seed(3)\n", "(3)", "(4)", CHANGED),
    plug("an option of pandas, as an attribute", "import pandas as pd\npd.options.display.width = 3\n", "= 3", "= 4", CHANGED),
    plug("warnings as errors", "import warnings\nwarnings.simplefilter('error')\n", "error", "ignore", CHANGED),
    plug("logging set up", "import logging\nlogging.basicConfig(level=1)\n", "=1", "=2", CHANGED),
    plug("a locale", "import locale\nX = locale.setlocale(locale.LC_ALL, 'C')\n", "'C'", "'D'", CHANGED),
    plug("copyreg", "import copyreg\nclass A: ...\ncopyreg.pickle(A, lambda a: (A, ()))\n", "(A, ())", "(A, (1,))", CHANGED),
    plug("a codec", "import codecs\nX = codecs.register(lambda n: None)\n", "None", "1", CHANGED),
    plug("an abstract class's register", "from collections.abc import Sized\nclass A:\n    x = 1\nX = Sized.register(A)\n", "x = 1", "x = 2", CHANGED),
    plug("an abstract class's register as decorator", "from collections.abc import Sized\n@Sized.register\nclass A:\n    x = 1\n", "x = 1", "x = 2", CHANGED),
    plug("an object's method", "from reg import REGISTRY\nX = REGISTRY.push\n", "push", "pop", CHANGED),
    plug("contextvar set", "import contextvars\nV = contextvars.ContextVar('v', default=1)\nT = V.set(2)\n", "set(2)", "set(3)", CHANGED),
    plug("decimal context", "import decimal\ndecimal.getcontext().prec = 3\n", "= 3", "= 4", CHANGED),
    plug("a thread", "import threading\nT = threading.Thread(target=print)\nT.start()\n", "print", "input", CHANGED),
]  # fmt: skip

FREE = [
    plug("free: operators of plain values", "A = 1\nX = A + 2\n", "2", "3", SAME),
    plug("free: dicts joined", "A = {'a': 1}\nX = A | {'b': 2}\n", "'b'", "'c'", SAME),
    plug("free: paths joined", "from pathlib import Path\nROOT = Path(__file__).parent\nX = ROOT / 'a'\n", "'a'", "'b'", SAME),
    plug("free: os paths joined", "import os\nHERE = os.path.dirname(__file__)\nX = os.path.join(HERE, 'a')\n", "'a'", "'b'", SAME),
    plug("free: an f-string", "A = 1\nX = f'{A}-a'\n", "-a", "-b", SAME),
    plug("free: an item", "A = {'a': 1}\nX = A['a']\n", "A['a']", "A['b']", SAME),
    plug("free: an attribute of a module", "import os\nX = os.sep\n", "sep", "pathsep", SAME),
    plug("free: an attribute of a plain class", "class A:\n    x = 1\nX = A.x\n", "= A.x", "= A.y", SAME),
    plug("free: an operator of a plain class", "from reg import FINE\nX = FINE + 1\n", "+ 1", "+ 2", SAME),
    plug("free: a property of a plain class", "from reg import FINE\nX = FINE.double\n", "= FINE.double", "= FINE.a", SAME),
    plug("free: an enum's member", "import enum\nclass E(enum.Enum):\n    A = 1\nX = E.A\nY = {E.A: 1}\n", ": 1}", ": 2}", SAME),
    plug("free: an enum's value", "import enum\nclass E(enum.Enum):\n    A = 1\nX = E.A.value + 1\n", "+ 1", "+ 2", SAME),
    plug("free: all of an enum", "import enum\nclass E(enum.Enum):\n    A = 1\nX = [e.name for e in E]\n", "e.name", "e.value", SAME),
    plug("free: a comprehension", "A = [1, 2]\nX = {a: 1 for a in A}\n", ": 1 for", ": 2 for", SAME),
    plug("free: unpacking", "A = (1, 2)\nX, Y = A\n", "X, Y", "Y, X", SAME),
    plug("free: a loop", "A = [1]\nfor x in A:\n    Y = x + 1\n", "+ 1", "+ 2", SAME),
    plug("free: a comparison", "import sys\nX = sys.version_info >= (3, 8)\n", "8", "9", SAME),
    plug("free: a condition", "import sys\nif sys.version_info >= (3, 8):\n    X = 1\nelse:\n    X = 2\n", "X = 1", "X = 3", SAME),
    plug("free: os.environ", "import os\nX = os.environ.get('A', 'a') + 'x'\n", "'x'", "'y'", SAME),
    plug("free: os.environ's item", "import os\nX = os.environ['A']\n", "'A'", "'B'", SAME),
    plug("free: a logger", "import logging\nlogger = logging.getLogger(__name__)\n", "__name__", "__name__ + 'a'", SAME),
    plug("free: a logger's child", "import logging\nlogger = logging.getLogger(__name__)\nL = logger.getChild('a')\n", "'a'", "'b'", SAME),
    plug("free: a type variable", "from typing import TypeVar\nT = TypeVar('T', bound=int)\n", "int", "str", SAME),
    plug("free: an alias", "from typing import Optional, Union\nclass A: ...\nX = Optional[A]\nY = dict[str, A]\nZ = A | None\n", "dict[str", "dict[int", SAME),
    plug("free: an alias of a class with operators", "from reg import Registry\nX = dict[str, Registry]\nY = Registry | None\n", "dict[str", "dict[int", SAME),
    plug("free: a generic class", "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass A(Generic[T]):\n    x = 1\nclass B(A[int]):\n    y = 1\n", "y = 1", "y = 2", SAME),
    plug("free: a typer app", "import typer\napp = typer.Typer(help='a')\n", "'a'", "'b'", SAME),
    plug("free: a command of a typer app", "import typer\napp = typer.Typer()\n@app.command()\ndef go(x: int = typer.Option(1)):\n    return 1\n", "return 1", "return 2", SAME),
    plug("free: a click command", "import click\n@click.command()\n@click.option('--a', default=1)\ndef go(a):\n    return 1\n", "return 1", "return 2", SAME),
    plug("free: a command of a click group", "import click\n@click.group()\ndef cli(): ...\n@cli.command()\n@click.argument('a')\ndef go(a):\n    return 1\n", "return 1", "return 2", SAME),
    plug("free: a route", "import fastapi\napp = fastapi.FastAPI()\n@app.get('/a')\ndef go():\n    return 1\n", "return 1", "return 2", SAME),
    plug("free: a main block", "def go():\n    return 1\nif __name__ == '__main__':\n    print(go())\n", "print(go())", "go()", SAME),
    plug("free: a main block's import", "if __name__ == '__main__':\n    import reg\n    reg.SEEN.append(1)\n", "(1)", "(2)", SAME),
    plug("free: a named tuple", "from collections import namedtuple\nP = namedtuple('P', 'a b')\nX = P(1, 2)\n", "(1, 2)", "(2, 1)", SAME),
    plug("free: a named tuple's item", "from collections import namedtuple\nP = namedtuple('P', 'a b')\nX = P(1, 2).a\nY = P(1, 2)[0] + 1\n", "+ 1", "+ 2", SAME),
    plug("free: a dataclass's field", "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass P:\n    a: int = 1\nX = P(1)\nY = X.a\n", "P(1)", "P(2)", SAME),
    plug("free: a pattern", "import re\nP = re.compile('a')\nX = P.pattern + 'x'\n", "'x'", "'y'", SAME),
    plug("free: arrays", "import numpy as np\nA = np.arange(3)\nX = A[1:] * 2 + A.mean()\n", "* 2", "* 3", SAME),
    plug("free: frames", "import pandas as pd\nA = pd.DataFrame({'a': [1]})\nX = A['a'] + 1\n", "+ 1", "+ 2", SAME),
    plug("free: sets", "A = frozenset(['a'])\nX = A | {'b'}\nY = 'a' in A\n", "{'b'}", "{'c'}", SAME),
    plug("free: sorted", "A = {'b', 'a'}\nX = sorted(A)\nY = tuple(A)\n", "sorted(A)", "sorted(A)[::-1]", SAME),
    plug("free: a sorted key", "A = ['b', 'a']\nX = sorted(A, key=len)\n", "len", "str", SAME),
    plug("free: a module's table of functions", "def f(): return 1\ndef g(): return 2\nT = {'f': f, 'g': g}\nX = list(T)\nY = T['f']\n", "return 2", "return 3", SAME),
    plug("free: a table of classes", "class A:\n    def m(self): return 1\nclass B(A):\n    def m(self): return 2\nT = {c.__name__: c for c in (A, B)}\n", "return 2", "return 3", SAME),
    plug("free: a version", "from importlib.metadata import version\n__version__ = version('pytest')\n", "'pytest'", "'numpy'", SAME),
    plug("free: __all__", "__all__ = ['a']\na = 1\n__all__ += ['b']\nb = 1\n", "'b']", "'a']", SAME),
    plug("free: itertools in one go", "import itertools\nX = list(itertools.product('ab', 'cd'))\n", "'cd'", "'ce'", SAME),
    plug("free: a zip in one go", "A = ['a']\nX = dict(zip(A, range(3)))\n", "3", "4", SAME),
    plug("free: a try around a version", "try:\n    import tomllib\nexcept ImportError:\n    tomllib = None\n", "tomllib = None", "tomllib = 1", SAME),
    plug("free: a cached function", "import functools\n@functools.cache\ndef f(x):\n    return 1\n", "return 1", "return 2", SAME),
    plug("free: overloads", "from typing import overload\n@overload\ndef f(x: int) -> int: ...\n@overload\ndef f(x: str) -> str: ...\ndef f(x):\n    return x\n", "-> str", "-> int", SAME),
    plug("free: slots", "class A:\n    __slots__ = ('a', 'b')\n", "'b'", "'c'", SAME),
    plug("free: protocols", "from typing import Protocol, runtime_checkable\n@runtime_checkable\nclass P(Protocol):\n    x: int\n", "x: int", "y: int", SAME),
    plug("free: a lock", "import threading\nL = threading.Lock()\nM = L\n", "M = L", "M = [L]", SAME),
    plug("free: a context variable", "import contextvars\nV = contextvars.ContextVar('v', default=1)\n", "=1", "=2", SAME),
    plug("free: dates", "from datetime import date, timedelta\nX = date(2020, 1, 1) + timedelta(days=1)\n", "days=1", "days=2", SAME),
    plug("free: a partial", "from functools import partial\ndef f(a): return a\nX = partial(f, 1)\n", "(f, 1)", "(f, 2)", SAME),
    plug("free: sklearn", "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import FunctionTransformer\ndef f(x): return x + 1\nP = make_pipeline(FunctionTransformer(f))\n", "x + 1", "x + 2", SAME),
    plug("free: a pydantic validator", "from pydantic import BaseModel, field_validator\nclass M(BaseModel):\n    a: int\n    @field_validator('a')\n    @classmethod\n    def ok(cls, v):\n        return v\n", "return v", "return v + 1", SAME),
    plug("free: a function's attributes read", "def f(): ...\nX = f.__name__ + 'a'\n", "'a'", "'b'", SAME),
    plug("free: a static table of a class", "class A:\n    T = {'a': 1}\n    B = T['a'] + 1\n", "+ 1", "+ 2", SAME),
    plug("free: a deprecated function", "import warnings\ndef f():\n    warnings.warn('x')\n", "'x'", "'y'", SAME),
    plug("free: a SimpleNamespace", "from types import SimpleNamespace\nC = SimpleNamespace(a=1)\nX = C.a + 1\n", "+ 1", "+ 2", SAME),
    plug("free: json", "import json\nfrom pathlib import Path\nX = json.loads(Path('x.json').read_text())['a']\n", "['a']", "['b']", SAME),
]  # fmt: skip

EFFECTS = [*TOUCHING, *FREE]
