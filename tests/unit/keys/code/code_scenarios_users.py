"""What users really write: plug-ins, commands, validators, lazy packages, files beside modules, odd files."""

# ruff: noqa: E501
from __future__ import annotations

from code_scenarios import CHANGED, SAME, Row, one, other

LAZY_INIT = "import importlib\n_WHERE = {'f': '.impl', 'g': '.other'}\ndef __getattr__(name):\n    if name in _WHERE:\n        return getattr(importlib.import_module(_WHERE[name], __name__), name)\n    raise AttributeError(name)\n"
LAZY = {
    "app.py": "from pkg import f\ndef run():\n    return f()\n",
    "pkg/__init__.py": LAZY_INIT,
    "pkg/impl.py": "def f():\n    return 1\n",
    "pkg/other.py": "def g():\n    return 3\n",
}
ATTACH = {
    "app.py": "import pkg\ndef run():\n    return pkg.f()\n",
    "pkg/__init__.py": "import lazy_loader as lazy\n__getattr__, __dir__, __all__ = lazy.attach(__name__, submod_attrs={'impl': ['f']})\n",
    "pkg/impl.py": "def f():\n    return 1\n",
}
SINGLE = {
    "app.py": "import shapes, more\ndef run(x):\n    return shapes.area(x)\n",
    "shapes.py": "from functools import singledispatch\n@singledispatch\ndef area(x):\n    raise TypeError\nclass Square:\n    pass\n",
    "more.py": "import shapes\n@shapes.area.register(shapes.Square)\ndef _square(x):\n    return 1\n",
}
METHOD = {
    "app.py": "from gen import G\nimport more\ndef run(x):\n    return G().area(x)\n",
    "gen.py": "from functools import singledispatchmethod\nclass G:\n    @singledispatchmethod\n    def area(self, x):\n        return 0\n",
    "more.py": "from gen import G\n@G.area.register\ndef _(self, x: int):\n    return 1\n",
}
PATCH = {
    "app.py": "import lib, third\ndef run():\n    return lib.f()\n",
    "lib.py": "def f():\n    return 1\n",
    "third.py": "import lib\ndef new():\n    return 2\nlib.f = new\n",
}
HOOKS = {
    "app.py": "import plugs\nfrom hooks import pm\ndef run():\n    return pm.hook.go()\n",
    "hooks.py": "import pluggy\nspec = pluggy.HookspecMarker('x')\nimpl = pluggy.HookimplMarker('x')\nclass Spec:\n    @spec\n    def go(self): ...\npm = pluggy.PluginManager('x')\npm.add_hookspecs(Spec)\n",
    "plugs.py": "import sys\nfrom hooks import impl, pm\n@impl\ndef go():\n    return 1\npm.register(sys.modules[__name__])\n",
}

USERS = [
    other("lazy package: what is used", LAZY, "pkg/impl.py", "return 1", "return 2", CHANGED),
    other("lazy package: where it is", LAZY, "pkg/__init__.py", "'.impl'", "'.other'", CHANGED),
    other("lazy package by lazy_loader", ATTACH, "pkg/impl.py", "return 1", "return 2", CHANGED),
    other("singledispatch elsewhere", SINGLE, "more.py", "return 1", "return 2", CHANGED),
    other("singledispatchmethod elsewhere", METHOD, "more.py", "return 1", "return 2", CHANGED),
    other("a third module patches: the new function", PATCH, "third.py", "return 2", "return 3", CHANGED),
    other("a third module patches: the old function", PATCH, "lib.py", "return 1", "return 3", CHANGED),
    other("pluggy", HOOKS, "plugs.py", "return 1", "return 2", CHANGED),
    one("pydantic validator", "from pydantic import BaseModel, field_validator\nclass M(BaseModel):\n    a: int = 1\n    @field_validator('a')\n    @classmethod\n    def ok(cls, v):\n        return v\ndef run():\n    return M()\n", "return v", "return v + 1", CHANGED),
    one("pydantic validator by a helper", "from typing import Annotated\nfrom pydantic import AfterValidator, BaseModel\ndef ok(v):\n    return v\nclass M(BaseModel):\n    a: Annotated[int, AfterValidator(ok)] = 1\ndef run():\n    return M()\n", "return v", "return v + 1", CHANGED),
    one("FunctionTransformer", "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import FunctionTransformer\ndef f(x): return x + 1\nP = make_pipeline(FunctionTransformer(f))\ndef run(x):\n    return P.transform(x)\n", "x + 1", "x + 2", CHANGED),
    one("methodcaller", "import operator\nclass A:\n    def go(self):\n        return 1\ndef run():\n    return operator.methodcaller('go')(A())\n", "return 1", "return 2", CHANGED),
    one("attrgetter", "import operator\nclass A:\n    x = 1\nG = operator.attrgetter('x')\ndef run():\n    return G(A())\n", "x = 1", "x = 2", CHANGED),
    one("partial's constant", "import functools\nK = 1\ndef f(a):\n    return a\nrun = functools.partial(f, K)\n", "K = 1", "K = 2", CHANGED),
    one("partialmethod", "import functools\nclass A:\n    def f(self, a):\n        return a\n    g = functools.partialmethod(f, 1)\ndef run():\n    return A().g()\n", "f, 1", "f, 2", CHANGED),
    one("slots", "class A:\n    __slots__ = ('a',)\ndef run():\n    return A.__slots__\n", "'a'", "'b'", CHANGED),
    one("descriptor", "class D:\n    def __get__(self, o, t):\n        return 1\nclass A:\n    d = D()\ndef run():\n    return A().d\n", "return 1", "return 2", CHANGED),
    one("overload", "from typing import overload\n@overload\ndef f(x: int) -> int: ...\ndef f(x):\n    return x\ndef run():\n    return f(1)\n", "return x", "return -x", CHANGED),
    one("context variable", "import contextvars\nV = contextvars.ContextVar('v', default=1)\ndef run():\n    return V.get()\n", "=1", "=2", CHANGED),
    one("nested class", "class A:\n    class B:\n        x = 1\ndef run():\n    return A.B.x\n", "x = 1", "x = 2", CHANGED),
    one("functions made in a loop", "T = {}\nfor n in (1, 2):\n    def f(x, n=n):\n        return x + n\n    T[n] = f\ndef run():\n    return T[1](0)\n", "x + n", "x - n", CHANGED),
    one("class decorator of the project", "def d(c):\n    c.x = 1\n    return c\n@d\nclass A: ...\ndef run():\n    return A.x\n", "c.x = 1", "c.x = 2", CHANGED),
    one("type hints read", "import typing\nclass A:\n    x: int\ndef run():\n    return typing.get_type_hints(A)\n", "x: int", "x: str", CHANGED),
    one("conditional by version", "import sys\nif sys.version_info >= (3, 9):\n    def f():\n        return 1\nelse:\n    def f():\n        return 2\ndef run():\n    return f()\n", "return 1", "return 3", CHANGED),
    one("computed __all__", "from lib import *\ndef run():\n    return f()\n", "f()", "f() + 1", CHANGED, lib="__all__ = ['f'] + []\ndef f():\n    return 1\n"),
    other("star import with a computed __all__", {"app.py": "from lib import *\ndef run():\n    return _f()\n", "lib.py": "def _f():\n    return 1\n__all__ = [n for n in dir() if n == '_f']\n"}, "lib.py", "return 1", "return 2", CHANGED),
    other("conftest-like name", {"app.py": "import conftest\ndef run():\n    return conftest.f()\n", "conftest.py": "def f():\n    return 1\n"}, "conftest.py", "return 1", "return 2", CHANGED),
    other("relative import beyond the package", {"app.py": "try:\n    from .. import helper\nexcept ImportError:\n    import helper\ndef run():\n    return helper.f()\n", "helper.py": "def f():\n    return 1\n"}, "helper.py", "return 1", "return 2", CHANGED),
    Row("latin-1", {"app.py": "import lib\ndef run():\n    return lib.f()\n", "lib.py": "# -*- coding: utf-8 -*-\ndef f():\n    return 'a'\n"}, {"lib.py": "# -*- coding: latin-1 -*-\ndef f():\n    return 'é'\n"}, CHANGED),
    Row("a byte order mark", {"app.py": "def run():\n    return 1\n"}, {"app.py": "\ufeffdef run():\n    return 1\n"}, SAME),
    Row("a shadowing package without __init__", {"app.py": "import lib\ndef run():\n    return lib.f()\n", "lib.py": "def f():\n    return 1\n"}, {"lib/x.py": ""}, SAME),
    Row("a compiled extension", {"app.py": "import fast\ndef run():\n    return fast.f()\n", "fast.abi3.so": "1"}, {"fast.abi3.so": "2"}, CHANGED),
    Row("a compiled extension comes before the source", {"app.py": "import fast\ndef run():\n    return fast.f()\n", "fast.py": "def f():\n    return 1\n"}, {"fast.abi3.so": "2"}, CHANGED),
    Row("a .pyc without source", {"app.py": "import fast\ndef run():\n    return fast.f()\n", "fast.pyc": "1"}, {"fast.pyc": "2"}, CHANGED),
    one("a caught name error", "def run():\n    try:\n        return K\n    except NameError:\n        return 0\n", "def run", "K = 1\ndef run", CHANGED),
    one("a name that a function of another module sets", "import conf, lib\ndef run():\n    lib.setup()\n    return conf.K\n", "lib.setup()", "lib.setup() or 1", CHANGED, conf="K = 0\n", lib="import conf\ndef setup():\n    conf.K = 1\n"),
    other("weak set of subclasses", {"app.py": "import plug, base\ndef run():\n    return [c() for c in base.B.__subclasses__()]\n", "base.py": "class B:\n    pass\n", "plug.py": "from base import B\nclass S(B):\n    z = 1\n"}, "plug.py", "z = 1", "z = 2", CHANGED),
    other("subclasses of a base elsewhere, not asked", {"app.py": "import plug, base\ndef run():\n    return base.B()\n", "base.py": "class B:\n    pass\n", "plug.py": "from base import B\nclass S(B):\n    z = 1\n"}, "plug.py", "z = 1", "z = 2", SAME),
    other("gc.get_objects finds anything", {"app.py": "import gc, plug\ndef run():\n    return [o.z for o in gc.get_objects() if isinstance(o, type)]\n", "plug.py": "class S:\n    z = 1\n"}, "plug.py", "z = 1", "z = 2", CHANGED),
    other("inspect.getmembers of a module", {"app.py": "import inspect, lib\ndef run():\n    return inspect.getmembers(lib)\n", "lib.py": "def f():\n    return 1\n"}, "lib.py", "return 1", "return 2", CHANGED),
    other("inspect.stack", {"app.py": "import inspect\nfrom lib import f\ndef g():\n    return 1\ndef run(n):\n    return f(n)\n", "lib.py": "import inspect\ndef f(n):\n    return inspect.stack()[1].frame.f_globals[n]()\n"}, "app.py", "return 1", "return 2", CHANGED),
    other("sys._getframe", {"app.py": "from lib import f\ndef g():\n    return 1\ndef run(n):\n    return f(n)\n", "lib.py": "import sys\ndef f(n):\n    return sys._getframe(1).f_globals[n]()\n"}, "app.py", "return 1", "return 2", CHANGED),
    other("builtins set elsewhere", {"app.py": "import conf\ndef run():\n    return answer()\n", "conf.py": "import builtins\nbuiltins.answer = lambda: 1\n"}, "conf.py", "1", "2", CHANGED),
    other("template formatted with globals", {"app.py": "import lib\ndef run(t):\n    return t.format_map(vars(lib))\n", "lib.py": "K = 1\n"}, "lib.py", "K = 1", "K = 2", CHANGED),
    other("a module as an argument of a decorator", {"app.py": "import lib\ndef d(m):\n    return lambda f: lambda: m.g()\n@d(lib)\ndef run(): ...\n", "lib.py": "def g():\n    return 1\n"}, "lib.py", "return 1", "return 2", CHANGED),
    other("a class attribute set elsewhere on import", {"app.py": "import lib, conf\ndef run():\n    return lib.A.x\n", "lib.py": "class A:\n    x = 1\n", "conf.py": "from lib import A\nA.x = 2\n"}, "conf.py", "= 2", "= 3", CHANGED),
    other("a function's default changed elsewhere", {"app.py": "import lib, conf\ndef run():\n    return lib.f()\n", "lib.py": "def f(x=1):\n    return x\n", "conf.py": "import lib\nlib.f.__defaults__ = (2,)\n"}, "conf.py", "(2,)", "(3,)", CHANGED),
    other("an import hook", {"app.py": "import hook\nimport generated\ndef run():\n    return generated.f()\n", "hook.py": "import sys\nclass F:\n    def find_spec(self, *a): ...\nsys.meta_path.append(F())\n", "far.py": "x = 1\n"}, "far.py", "x = 1", "x = 2", CHANGED),
    one("an unused logger at the top", "import logging\nlogger = logging.getLogger(__name__)\ndef run():\n    return 1\n", "__name__", "'other'", SAME),
    one("a used logger's name", "import logging\nlogger = logging.getLogger(__name__)\ndef run():\n    logger.info('x')\n    return 1\n", "__name__", "'other'", CHANGED),
]  # fmt: skip

SQL = "select 1\n"
RESOURCE = {"pkg/__init__.py": "", "pkg/q.sql": SQL, "pkg/sql/r.sql": SQL, "q.sql": SQL}


def data(name: str, text: str, file: str, changes: bool) -> Row:
    """A row that edits a data file; pkg/a.py reads one."""
    files = {"app.py": "from pkg.a import run\n", "pkg/a.py": text, **RESOURCE}
    return other(name, files, file, "1", "2", changes)


DATA = [
    data("resource: files of a package", "from importlib.resources import files\ndef run():\n    return (files('pkg') / 'q.sql').read_text()\n", "pkg/q.sql", CHANGED),
    data("resource: files, joinpath", "import importlib.resources\ndef run():\n    return importlib.resources.files(__package__).joinpath('sql/r.sql').read_text()\n", "pkg/sql/r.sql", CHANGED),
    data("resource: another file", "from importlib.resources import files\ndef run():\n    return (files('pkg') / 'q.sql').read_text()\n", "pkg/sql/r.sql", SAME),
    data("resource: read_text", "from importlib import resources\ndef run():\n    return resources.read_text('pkg', 'q.sql')\n", "pkg/q.sql", CHANGED),
    data("resource: get_data", "import pkgutil\ndef run():\n    return pkgutil.get_data(__name__, 'q.sql')\n", "pkg/q.sql", CHANGED),
    data("resource: pkg_resources", "import pkg_resources\ndef run():\n    return pkg_resources.resource_string('pkg', 'q.sql')\n", "pkg/q.sql", CHANGED),
    data("resource: not read", "from importlib.resources import files\ndef far():\n    return (files('pkg') / 'q.sql').read_text()\ndef run():\n    return 'q.sql'\n", "pkg/q.sql", SAME),
    Row("resource: there now", {"app.py": "import pkgutil\ndef run():\n    return pkgutil.get_data('pkg', 'q.sql')\n", "pkg/__init__.py": ""}, {"pkg/q.sql": SQL}, CHANGED),
    Row("resource: gone", {"app.py": "import pkgutil\ndef run():\n    return pkgutil.get_data('pkg', 'q.sql')\n", "pkg/__init__.py": "", "pkg/q.sql": SQL}, {"pkg/q.sql": None}, CHANGED),
]  # fmt: skip
