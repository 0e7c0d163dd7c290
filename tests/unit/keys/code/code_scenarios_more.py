"""The table's second half: several modules, imports, registries, dynamic source, readers of source."""

# ruff: noqa: E501
from __future__ import annotations

from code_scenarios import CHANGED, SAME, Row, one, other

LIB = "K = 1\ndef f(x):\n    return x + K\ndef g(x):\n    return x\n"
PKG = {"pkg/__init__.py": "from .impl import f as g\n", "pkg/impl.py": LIB, "app.py": "import pkg\ndef run(x):\n    return pkg.g(x)\n"}  # fmt: skip


def lib(name: str, app: str, old: str, new: str, changes: bool, text: str = LIB, **more: str) -> Row:
    """A row that edits lib.py, which app.py uses."""
    return other(name, {"app.py": app, "lib.py": text, **more}, "lib.py", old, new, changes)


MODULE_F = "import lib\ndef run(x):\n    return lib.f(x)\n"
FROM_F = "from lib import f\ndef run(x):\n    return f(x)\n"

IMPORTS = [
    lib("import module", MODULE_F, "x + K", "x - K", CHANGED),
    lib("import module: a constant behind it", MODULE_F, "K = 1", "K = 2", CHANGED),
    lib("import module: other function", MODULE_F, "return x\n", "return -x\n", SAME),
    lib("from import", FROM_F, "x + K", "x - K", CHANGED),
    lib("from import: other function", FROM_F, "return x\n", "return -x\n", SAME),
    lib("import as", "import lib as l\ndef run(x):\n    return l.f(x)\n", "x + K", "x - K", CHANGED),
    lib("from import as", "from lib import f as h\ndef run(x):\n    return h(x)\n", "x + K", "x - K", CHANGED),
    lib("import inside of a function", "def run(x):\n    import lib\n    return lib.f(x)\n", "x + K", "x - K", CHANGED),
    lib("import inside: other function", "def run(x):\n    import lib\n    return lib.f(x)\n", "return x\n", "return -x\n", SAME),
    lib("from import inside of a function", "def run(x):\n    from lib import f\n    return f(x)\n", "x + K", "x - K", CHANGED),
    lib("import in a class body", "class C:\n    import lib\n    def m(self, x):\n        return self.lib.f(x)\ndef run(x):\n    return C().m(x)\n", "x + K", "x - K", CHANGED),
    lib("import in a helper that isn't reached", "def far(x):\n    import lib\n    return lib.f(x)\ndef run(x):\n    return x\n", "x + K", "x - K", SAME),
    lib("global import in a function", "m = None\ndef load():\n    global m\n    import lib as m\ndef run(x):\n    load()\n    return m.f(x)\n", "x + K", "x - K", CHANGED),
    lib("star import", "from lib import *\ndef run(x):\n    return f(x)\n", "x + K", "x - K", CHANGED),
    lib("star import: other function", "from lib import *\ndef run(x):\n    return f(x)\n", "return x\n", "return -x\n", SAME),
    lib("star import: a name of its own comes along", "from lib import *\ndef run(x):\n    return f(max(x, 2))\n", "K = 1", "K = 1\ndef max(a, b):\n    return a", CHANGED),
    lib("star import: __all__ leaves a name out", "from lib import *\ndef run(x):\n    return f(x)\n", "K = 1", "__all__ = ['g']\nK = 1", CHANGED),
    lib("star import: private name", "from lib import *\ndef run(x):\n    return f(x)\n", "K = 1", "_z = 3\nK = 1", SAME),
    lib("try import", "try:\n    import lib as l\nexcept ImportError:\n    l = None\ndef run(x):\n    return l.f(x)\n", "x + K", "x - K", CHANGED),
    lib("try import, from", "try:\n    from lib import f\nexcept ImportError:\n    f = None\ndef run(x):\n    return f(x)\n", "x + K", "x - K", CHANGED),
    lib("conditional import", "import sys\nif sys.platform:\n    from lib import f\nelse:\n    f = None\ndef run(x):\n    return f(x)\n", "x + K", "x - K", CHANGED),
    lib("suppressed import", "import contextlib\nwith contextlib.suppress(ImportError):\n    import lib\ndef run(x):\n    return lib.f(x)\n", "x + K", "x - K", CHANGED),
    lib("import_module of a literal", "import importlib\ndef run(x):\n    return importlib.import_module('lib').f(x)\n", "x + K", "x - K", CHANGED),
    lib("import_module of a literal: other function", "import importlib\ndef run(x):\n    return importlib.import_module('lib').f(x)\n", "return x\n", "return -x\n", SAME),
    lib("import_module kept in a name", "from importlib import import_module\ndef run(x):\n    m = import_module('lib')\n    return m.f(x)\n", "x + K", "x - K", CHANGED),
    lib("import_module at the top", "from importlib import import_module\nm = import_module('lib')\ndef run(x):\n    return m.f(x)\n", "x + K", "x - K", CHANGED),
    lib("__import__", "def run(x):\n    return __import__('lib').f(x)\n", "x + K", "x - K", CHANGED),
    lib("module handed on", "import lib\ndef use(m, x):\n    return m.f(x)\ndef run(x):\n    return use(lib, x)\n", "x + K", "x - K", CHANGED),
    lib("module in a list", "import lib\nMODULES = [lib]\ndef run(x):\n    return [m.f(x) for m in MODULES]\n", "x + K", "x - K", CHANGED),
    lib("module by another name", "import lib\nother = lib\ndef run(x):\n    return other.f(x)\n", "x + K", "x - K", CHANGED),
    lib("module patched", "import lib\nlib.K = 5\ndef run(x):\n    return lib.f(x)\n", "K = 1", "K = 2", CHANGED),
    other("module patched: the patch", {"app.py": "import lib\nlib.K = 5\ndef run(x):\n    return lib.f(x)\n", "lib.py": LIB}, "app.py", "= 5", "= 6", CHANGED),
    other("patched by a third module", {"app.py": "import lib, third\ndef run(x):\n    return lib.f(x)\n", "lib.py": LIB, "third.py": "import lib\nlib.K = 5\n"}, "third.py", "= 5", "= 6", CHANGED),
    other("circle of imports", {"app.py": "import b\ndef one():\n    return 1\ndef run():\n    return b.two()\n", "b.py": "import app\ndef two():\n    return app.one()\n"}, "app.py", "return 1", "return 2", CHANGED),
    other("circle of from imports", {"app.py": "from b import x\ny = 1\ndef run():\n    return x\n", "b.py": "import app\nx = [1]\n"}, "b.py", "[1]", "[2]", CHANGED),
    other("through a package", PKG, "pkg/impl.py", "x + K", "x - K", CHANGED),
    other("through a package: other function", PKG, "pkg/impl.py", "return x\n", "return -x\n", SAME),
    other("through a package: the alias", PKG, "pkg/__init__.py", "f as g", "g", CHANGED),
    other("through two packages", {"app.py": "from a import f\ndef run():\n    return f()\n", "a/__init__.py": "from b import *\n", "b/__init__.py": "from .c import f\n", "b/c.py": "def f():\n    return 1\n"}, "b/c.py", "return 1", "return 2", CHANGED),
    other("submodule by attribute", {"app.py": "import pkg.sub\ndef run():\n    return pkg.sub.f()\n", "pkg/__init__.py": "", "pkg/sub.py": "def f():\n    return 1\n"}, "pkg/sub.py", "return 1", "return 2", CHANGED),
    other("submodule from import", {"app.py": "from pkg import sub\ndef run():\n    return sub.f()\n", "pkg/__init__.py": "", "pkg/sub.py": "def f():\n    return 1\n"}, "pkg/sub.py", "return 1", "return 2", CHANGED),
    other("submodule that another module imported", {"app.py": "import pkg, third\ndef run():\n    return pkg.sub.f()\n", "third.py": "import pkg.sub\n", "pkg/__init__.py": "", "pkg/sub.py": "def f():\n    return 1\n"}, "pkg/sub.py", "return 1", "return 2", CHANGED),
    other("relative import of a sibling", {"app.py": "from pkg.a import run\n", "pkg/__init__.py": "", "pkg/a.py": "from . import b\ndef run():\n    return b.f()\n", "pkg/b.py": "def f():\n    return 1\n"}, "pkg/b.py", "return 1", "return 2", CHANGED),
    other("relative import of the parent's", {"app.py": "from pkg.sub.a import run\n", "pkg/__init__.py": "", "pkg/b.py": "def f():\n    return 1\n", "pkg/sub/__init__.py": "", "pkg/sub/a.py": "from ..b import f\ndef run():\n    return f()\n"}, "pkg/b.py", "return 1", "return 2", CHANGED),
    other("namespace package", {"app.py": "import ns.a\ndef run():\n    return ns.a.f()\n", "ns/a.py": "def f():\n    return 1\n"}, "ns/a.py", "return 1", "return 2", CHANGED),
    Row("a module that shadows another", {"app.py": "from pkg import f\ndef run():\n    return f()\n", "pkg.py": "def f():\n    return 1\n"}, {"pkg/__init__.py": "def f():\n    return 2\n"}, CHANGED),
    Row("a module that is there now", {"app.py": "try:\n    from fast import f\nexcept ImportError:\n    def f():\n        return 1\ndef run():\n    return f()\n"}, {"fast.py": "def f():\n    return 2\n"}, CHANGED),
    Row("a module that is gone", {"app.py": "try:\n    from fast import f\nexcept ImportError:\n    def f():\n        return 1\ndef run():\n    return f()\n", "fast.py": "def f():\n    return 2\n"}, {"fast.py": None}, CHANGED),
    Row("a module that nothing imports", {"app.py": "def run():\n    return 1\n"}, {"new.py": "x = 1\n"}, SAME),
    Row("a module that shadows the standard library", {"app.py": "import colorsys\ndef run():\n    return colorsys.f()\n"}, {"colorsys.py": "def f():\n    return 2\n"}, CHANGED),
    Row("a submodule may take the place of an attribute", {"app.py": "import pkg\ndef run():\n    return pkg.a\n", "pkg/__init__.py": "a = 1\n"}, {"pkg/a.py": "x = 1\n"}, CHANGED),
    other("module's __getattr__", {"app.py": "import lib\ndef run():\n    return lib.anything\n", "lib.py": "def __getattr__(name):\n    return 1\n"}, "lib.py", "return 1", "return 2", CHANGED),
    other("module's __getattr__ isn't asked", {"app.py": "import lib\ndef run():\n    return lib.k\n", "lib.py": "k = 1\ndef __getattr__(name):\n    return 1\n"}, "lib.py", "return 1", "return 2", SAME),
]  # fmt: skip

REG = "TABLE = {}\ndef register(f):\n    TABLE[f.__name__] = f\n    return f\n"
ON_IMPORT = [
    one("registry in the same module", REG + "@register\ndef a():\n    return 1\ndef run(n):\n    return TABLE[n]()\n", "return 1", "return 2", CHANGED),
    other("registry filled by another module", {"app.py": "import reg, plug\ndef run(n):\n    return reg.TABLE[n]()\n", "reg.py": REG, "plug.py": "from reg import register\n@register\ndef a():\n    return 1\ndef helper():\n    return 1\n"}, "plug.py", "def a():\n    return 1", "def a():\n    return 2", CHANGED),
    other("registry: another function of that module", {"app.py": "import reg, plug\ndef run(n):\n    return reg.TABLE[n]()\n", "reg.py": REG, "plug.py": "from reg import register\n@register\ndef a():\n    return 1\ndef helper():\n    return 3\n"}, "plug.py", "return 3", "return 4", SAME),
    other("registry: a plug-in more", {"app.py": "import reg, plug\ndef run(n):\n    return reg.TABLE[n]()\n", "reg.py": REG, "plug.py": "from reg import register\n"}, "plug.py", "register\n", "register\n@register\ndef b():\n    return 1\n", CHANGED),
    other("registry: the module is imported no more", {"app.py": "import reg, plug\ndef run(n):\n    return reg.TABLE[n]()\n", "reg.py": REG, "plug.py": "from reg import register\n@register\ndef a():\n    return 1\n"}, "app.py", ", plug", "", CHANGED),
    other("registry: order of two plug-ins", {"app.py": "import reg, p, q\ndef run(n):\n    return list(reg.TABLE)\n", "reg.py": REG, "p.py": "from reg import register\n@register\ndef a():\n    return 1\n", "q.py": "from reg import register\n@register\ndef b():\n    return 1\n"}, "app.py", "p, q", "q, p", CHANGED),
    other("registry by an object's decorator", {"app.py": "import reg, plug\ndef run(n):\n    return reg.app.go(n)\n", "reg.py": "class App:\n    def __init__(self):\n        self.t = {}\n    def add(self, name):\n        return lambda f: self.t.setdefault(name, f)\n    def go(self, n):\n        return self.t[n]()\napp = App()\n", "plug.py": "from reg import app\n@app.add('a')\ndef a():\n    return 1\n"}, "plug.py", "return 1", "return 2", CHANGED),
    other("registry by singledispatch", {"app.py": "import gen, plug\ndef run(x):\n    return gen.f(x)\n", "gen.py": "import functools\n@functools.singledispatch\ndef f(x):\n    return 0\n", "plug.py": "import gen\n@gen.f.register\ndef _(x: int):\n    return 1\n"}, "plug.py", "return 1", "return 2", CHANGED),
    other("registry by singledispatch: the type", {"app.py": "import gen, plug\ndef run(x):\n    return gen.f(x)\n", "gen.py": "import functools\n@functools.singledispatch\ndef f(x):\n    return 0\n", "plug.py": "import gen\n@gen.f.register\ndef _(x: int):\n    return 1\n"}, "plug.py", "x: int", "x: float", CHANGED),
    other("registry called as a function", {"app.py": "import reg, plug\ndef run(n):\n    return reg.TABLE[n]()\n", "reg.py": REG, "plug.py": "from reg import register\ndef a():\n    return 1\nregister(a)\n"}, "plug.py", "return 1", "return 2", CHANGED),
    other("registry called in an assignment", {"app.py": "import reg, plug\ndef run(n):\n    return reg.TABLE[n]()\n", "reg.py": REG, "plug.py": "from reg import register\ndef a():\n    return 1\nB = register(a)\n"}, "plug.py", "return 1", "return 2", CHANGED),
    other("side effect of an imported module", {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": "import os\nos.environ['A'] = '1'\n"}, "conf.py", "'1'", "'2'", CHANGED),
    other("side effect by a call", {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": "import random\nrandom.seed(1)\n"}, "conf.py", "(1)", "(2)", CHANGED),
    other("side effect by an assigned call", {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": "import random\n_ = random.seed(1)\n"}, "conf.py", "(1)", "(2)", CHANGED),
    other("side effect of a package", {"app.py": "import pkg.a\ndef run():\n    return pkg.a.f()\n", "pkg/__init__.py": "import os\nos.environ['A'] = '1'\n", "pkg/a.py": "def f():\n    return 1\n"}, "pkg/__init__.py", "'1'", "'2'", CHANGED),
    other("side effect two imports away", {"app.py": "import a\ndef run():\n    return 1\n", "a.py": "import b\n", "b.py": "print('1')\n"}, "b.py", "'1'", "'2'", CHANGED),
    other("side effect of a module imported in a function", {"app.py": "def run():\n    import b\n    return 1\n", "b.py": "print('1')\n"}, "b.py", "'1'", "'2'", CHANGED),
    other("plain constant of an imported module", {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": "A = 1\nB = [A]\n"}, "conf.py", "A = 1", "A = 2", SAME),
    other("logger of an imported module", {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": "import logging\nlog = logging.getLogger('a')\n"}, "conf.py", "'a'", "'b'", SAME),
    other("pattern of an imported module", {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": "import re\nP = re.compile('a')\n"}, "conf.py", "'a'", "'b'", SAME),
    other("path of an imported module", {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": "from pathlib import Path\nP = Path(__file__).parent / 'a'\n"}, "conf.py", "'a'", "'b'", SAME),
    other("array of an imported module", {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": "import numpy as np\nA = np.zeros(1)\n"}, "conf.py", "(1)", "(2)", SAME),
    other("cached function of an imported module", {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": "import functools\n@functools.lru_cache\ndef f():\n    return 1\n"}, "conf.py", "return 1", "return 2", SAME),
    other("order of import and effect", {"app.py": "import reg\nreg.T.append(1)\nimport plug\ndef run():\n    return reg.T\n", "reg.py": "T = []\n", "plug.py": "import reg\nreg.T.append(2)\n"}, "app.py", "reg.T.append(1)\nimport plug", "import plug\nreg.T.append(1)", CHANGED),
    one("order of two effects", "T = []\nT.append(1)\nT.append(2)\ndef run():\n    return T\n", "T.append(1)\nT.append(2)", "T.append(2)\nT.append(1)", CHANGED),
    one("an effect is repeated", "T = []\nT.append(1)\ndef run():\n    return T\n", "T.append(1)\n", "T.append(1)\nT.append(1)\n", CHANGED),
    other("exit handler", {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": "import atexit\n@atexit.register\ndef f():\n    return 1\n"}, "conf.py", "return 1", "return 2", CHANGED),
    other("class that registers by a keyword", {"app.py": "import conf\ndef run():\n    return conf.B.t\n", "conf.py": "class B:\n    t = []\n    def __init_subclass__(cls, name):\n        B.t.append(name)\nclass S(B, name='a'):\n    pass\n"}, "conf.py", "'a'", "'b'", CHANGED),
    other("descriptor that registers", {"app.py": "import conf\ndef run():\n    return conf.T\n", "conf.py": "T = []\nclass D:\n    def __set_name__(self, o, n):\n        T.append(n)\nclass S:\n    a = D()\n"}, "conf.py", "a = D", "b = D", CHANGED),
]  # fmt: skip

DYNAMIC = [
    lib("getattr of a computed name", "import lib\ndef run(n, x):\n    return getattr(lib, n)(x)\n", "return x\n", "return -x\n", CHANGED),
    lib("getattr of a literal", "import lib\ndef run(x):\n    return getattr(lib, 'f')(x)\n", "x + K", "x - K", CHANGED),
    lib("getattr of a literal: other function", "import lib\ndef run(x):\n    return getattr(lib, 'f')(x)\n", "return x\n", "return -x\n", SAME),
    lib("module's __dict__", "import lib\ndef run(n, x):\n    return lib.__dict__[n](x)\n", "return x\n", "return -x\n", CHANGED),
    lib("vars of a module", "import lib\ndef run(n, x):\n    return vars(lib)[n](x)\n", "return x\n", "return -x\n", CHANGED),
    one("globals", "def f():\n    return 1\ndef run(n):\n    return globals()[n]()\n", "return 1", "return 2", CHANGED),
    one("eval of computed source", "def f():\n    return 1\ndef run(n):\n    return eval(n)()\n", "return 1", "return 2", CHANGED),
    one("eval of a literal", "def f():\n    return 1\ndef g():\n    return 3\ndef run():\n    return eval('f()')\n", "return 1", "return 2", CHANGED),
    one("eval of a literal: other function", "def f():\n    return 1\ndef g():\n    return 3\ndef run():\n    return eval('f()')\n", "return 3", "return 4", SAME),
    one("exec", "def f():\n    return 1\ndef run(s):\n    exec(s)\n", "return 1", "return 2", CHANGED),
    lib("exec may import anything", "def run(s):\n    exec(s)\n", "return x\n", "return -x\n", CHANGED),
    lib("import_module of a computed name", "import importlib\ndef run(n, x):\n    return importlib.import_module(n).g(x)\n", "return x\n", "return -x\n", CHANGED),
    lib("import_module by another name", "from importlib import import_module as im\ndef run(n, x):\n    return im(n).g(x)\n", "return x\n", "return -x\n", CHANGED),
    other("a project's own import_module", {"app.py": "from tools import import_module\ndef run():\n    return import_module('lib')\n", "lib.py": LIB, "tools.py": "def import_module(n):\n    return 1\n"}, "tools.py", "return 1", "return 2", CHANGED),
    other("a project's own vars", {"app.py": "from tools import vars\ndef run():\n    return vars()\n", "tools.py": "def vars():\n    return 1\n"}, "tools.py", "return 1", "return 2", CHANGED),
    one("a TYPE_CHECKING of its own that is true", "TYPE_CHECKING = 1\nif TYPE_CHECKING:\n    K = 1\ndef run():\n    return K\n", "K = 1", "K = 2", CHANGED),
    lib("import_module handed on", "from importlib import import_module\ndef run(ns):\n    return list(map(import_module, ns))\n", "return x\n", "return -x\n", CHANGED),
    lib("sys.modules", "import sys, lib\ndef run(n, x):\n    return sys.modules[n].g(x)\n", "return x\n", "return -x\n", CHANGED),
    lib("sys.modules of a literal", "import sys, lib\ndef run(x):\n    return sys.modules['lib'].g(x)\n", "return x\n", "return -x\n", CHANGED),
    one("sys.modules of itself", "import sys\ndef f():\n    return 1\ndef run(n):\n    return getattr(sys.modules[__name__], n)()\n", "return 1", "return 2", CHANGED),
    other("computed name below a package", {"app.py": "import importlib\ndef run(n):\n    return importlib.import_module(f'plugins.{n}').f()\n", "plugins/__init__.py": "", "plugins/a.py": "def f():\n    return 1\n", "far.py": "def f():\n    return 1\n"}, "plugins/a.py", "return 1", "return 2", CHANGED),
    other("computed name below a package: elsewhere", {"app.py": "import importlib\ndef run(n):\n    return importlib.import_module(f'plugins.{n}').f()\n", "plugins/__init__.py": "", "plugins/a.py": "def f():\n    return 1\n", "far.py": "def f():\n    return 1\n"}, "far.py", "return 1", "return 2", SAME),
    other("relative computed name", {"app.py": "from pkg import load\ndef run(n):\n    return load(n)\n", "pkg/__init__.py": "import importlib\ndef load(n):\n    return importlib.import_module('.' + n, __package__)\n", "pkg/a.py": "K = 1\n", "far.py": "K = 1\n"}, "pkg/a.py", "K = 1", "K = 2", CHANGED),
    Row("a new plug-in", {"app.py": "import importlib\ndef run(n):\n    return importlib.import_module(f'plugins.{n}').f()\n", "plugins/__init__.py": ""}, {"plugins/a.py": "def f():\n    return 1\n"}, CHANGED),
    other("lazy attributes of a package", {"app.py": "import pkg\ndef run():\n    return pkg.f()\n", "pkg/__init__.py": "import importlib\ndef __getattr__(name):\n    return getattr(importlib.import_module('pkg.impl'), name)\n", "pkg/impl.py": "def f():\n    return 1\n"}, "pkg/impl.py", "return 1", "return 2", CHANGED),
    other("submodule of a package by a computed name", {"app.py": "import pkg.a\ndef run(n):\n    return getattr(pkg, n).f()\n", "pkg/__init__.py": "", "pkg/a.py": "def f():\n    return 1\n"}, "pkg/a.py", "return 1", "return 2", CHANGED),
    one("names made on import", "def f():\n    return 1\nfor n in 'ab':\n    globals()[n] = f\ndef run():\n    return a()\n", "return 1", "return 2", CHANGED),
    one("method by a computed name", "class C:\n    def a(self):\n        return 1\ndef run(n):\n    return getattr(C(), n)()\n", "return 1", "return 2", CHANGED),
    one("locals inside of a function", "def f():\n    return 1\ndef run():\n    a = 1\n    return locals()\n", "return 1\n", "return 2\n", SAME),
    lib("unpickling can name any class", "import pickle\ndef run(b):\n    return pickle.loads(b)\n", "return x\n", "return -x\n", CHANGED),
    lib("pickling names nothing", "import pickle\ndef run(b):\n    return pickle.dumps(b)\n", "return x\n", "return -x\n", SAME),
    lib("order in a namespace that is gone through", "import lib\ndef run(b):\n    return list(vars(lib))\n", "def f(x):\n    return x + K\ndef g(x):\n    return x\n", "def g(x):\n    return x\ndef f(x):\n    return x + K\n", CHANGED),
    other("import path changed", {"app.py": "import sys\nsys.path.insert(0, 'deep/lib')\ndef run():\n    import thing\n    return thing.f()\n", "deep/lib/thing.py": "def f():\n    return 1\n"}, "deep/lib/thing.py", "return 1", "return 2", CHANGED),
    other("import path changed: a package", {"app.py": "import sys\nsys.path.append('lib')\nimport thing.a\ndef run():\n    return thing.a.f()\n", "lib/thing/__init__.py": "", "lib/thing/a.py": "def f():\n    return 1\n"}, "lib/thing/a.py", "return 1", "return 2", CHANGED),
    other("import path changed: what nothing imports", {"app.py": "import sys\nsys.path.append('lib')\nimport thing\ndef run():\n    return thing.f()\n", "lib/thing.py": "def f():\n    return 1\n", "lib/far.py": "K = 1\n"}, "lib/far.py", "K = 1", "K = 2", SAME),
    Row("import path changed: a new module", {"app.py": "import sys\nsys.path.append('lib')\ndef run():\n    import thing\n    return thing.f()\n", "lib/a.py": ""}, {"lib/thing.py": "x = 1\n"}, CHANGED),
    lib("named by a text", "import nosuchlib\ndef run(x):\n    return nosuchlib.import_string('lib.f')(x)\n", "x + K", "x - K", CHANGED),
    lib("named by a text with a colon", "import nosuchlib\nT = {'_target_': 'lib:f'}\ndef run(x):\n    return nosuchlib.instantiate(T)(x)\n", "x + K", "x - K", CHANGED),
    other("named by a text with a colon, in a package", {"app.py": "T = {'_target_': 'pkg.lib:f'}\ndef run(x):\n    return x.instantiate(T)\n", "pkg/lib.py": LIB}, "pkg/lib.py", "x + K", "x - K", CHANGED),
    lib("a text that names a module only", "import logging\ndef run(x):\n    return logging.getLogger('lib.log')\n", "x + K", "x - K", SAME),
    other("a script run by exec", {"app.py": "def run(s):\n    exec(s)\n", "my-scripts/go.py": "x = 1\n"}, "my-scripts/go.py", "x = 1", "x = 2", CHANGED),
    other("a broken module that only a fall-back reaches", {"app.py": "def run(s):\n    exec(s)\n", "broken.py": "x = = 1\n"}, "broken.py", "1", "2", CHANGED),
    one("a function's globals", "def f():\n    return 1\ndef run(n):\n    return run.__globals__[n]()\n", "return 1", "return 2", CHANGED),
]  # fmt: skip

READERS = [
    one("docstring read by name", "def run():\n    'a'\n    return run.__doc__\n", "'a'", "'b'", CHANGED),
    one("docstring of another read", "def f():\n    'a'\ndef run():\n    return f.__doc__\n", "'a'", "'b'", CHANGED),
    one("module docstring read", "'a'\ndef run():\n    return __doc__\n", "'a'", "'b'", CHANGED),
    one("module docstring not read", "'a'\ndef run():\n    return 1\n", "'a'", "'b'", SAME),
    lib("other module's docstring read", "import lib\ndef run():\n    return lib.__doc__\n", "'a'", "'b'", CHANGED, "'a'\n"),
    one("docstring read by inspect", "import inspect\ndef f():\n    'a'\ndef run():\n    return inspect.getdoc(f)\n", "'a'", "'b'", CHANGED),
    one("docstring read through getattr", "def f():\n    'a'\ndef run():\n    return getattr(f, '__doc__')\n", "'a'", "'b'", CHANGED),
    one("docstring under an unknown decorator", "import nosuchlib\n@nosuchlib.tool\ndef run():\n    'a'\n", "'a'", "'b'", CHANGED),
    one("docstring under a project's decorator", "def d(f):\n    return f\n@d\ndef run():\n    'a'\n    return 1\n", "'a'", "'b'", CHANGED),
    one("docstring under a known decorator", "import functools\n@functools.lru_cache\ndef run():\n    'a'\n    return 1\n", "'a'", "'b'", SAME),
    one("docstring of a command", "import click\n@click.command()\ndef f():\n    'a'\ndef run():\n    return f\n", "'a'", "'b'", CHANGED),
    one("docstring of a pydantic model", "import pydantic\nclass P(pydantic.BaseModel):\n    'a'\n    x: int = 1\ndef run():\n    return P\n", "'a'", "'b'", CHANGED),
    one("docstring of an exception", "class E(Exception):\n    'a'\ndef run():\n    raise E\n", "'a'", "'b'", SAME),
    one("docstring of a tool for an unknown package", "import click\ndef f():\n    'a'\nT = [f]\ndef run():\n    return click.thing(T)\n", "'a'", "'b'", CHANGED),
    one("docstring of a function that is only called", "import click\ndef f():\n    'a'\n    return 1\ndef run():\n    return click.thing(f())\n", "'a'", "'b'", SAME),
    one("annotation under a decorator", "import functools\n@functools.lru_cache\ndef run(x: int):\n    return x\n", "int", "float", CHANGED),
    one("annotation read by name", "def run(x: int):\n    return run.__annotations__\n", "int", "float", CHANGED),
    one("annotation read by typing", "import typing\ndef f(x: int):\n    return x\ndef run():\n    return typing.get_type_hints(f)\n", "int", "float", CHANGED),
    one("annotation read by inspect", "import inspect\ndef f(x: int):\n    return x\ndef run():\n    return inspect.signature(f)\n", "int", "float", CHANGED),
    one("annotation names a class that is read", "import typing\nclass A:\n    z = 1\ndef f(x: A):\n    return x\ndef run():\n    return typing.get_type_hints(f)\n", "z = 1", "z = 2", CHANGED),
    one("annotation names a class that nothing reads", "class A:\n    z = 1\ndef run(x: A):\n    return x\n", "z = 1", "z = 2", SAME),
    one("annotation of a method", "class A:\n    def m(self, x: int):\n        return x\ndef run():\n    return A().m(1)\n", "int", "float", CHANGED),
    one("annotation of a module's name", "K: int = 1\ndef run():\n    return K\n", "int", "float", SAME),
    one("annotations become text: plain function", "def run(x: int):\n    return x\n", "def run", "from __future__ import annotations\ndef run", SAME),
    one("annotations become text: dataclass", "from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int = 1\ndef run():\n    return P()\n", "from dataclasses", "from __future__ import annotations\nfrom dataclasses", CHANGED),
    one("comment where source is read", "import inspect\ndef f():\n    return 1  # a\ndef run():\n    return inspect.getsource(f)\n", "# a", "# b", CHANGED),
]  # fmt: skip


def conf(name: str, text: str, old: str, new: str, changes: bool) -> Row:
    """A row that edits conf.py, which app.py imports and doesn't use."""
    return other(
        name,
        {"app.py": "import conf\ndef run():\n    return 1\n", "conf.py": text},
        "conf.py",
        old,
        new,
        changes,
    )


QUIET = [
    conf("unused constant made by a plain function", "def make(x):\n    return x + 1\nK = make(1)\n", "make(1)", "make(2)", SAME),
    conf("unused instance of a plain class", "class C:\n    def __init__(self, a):\n        self.a = a\nK = C(1)\n", "C(1)", "C(2)", SAME),
    conf("unused instance of a dataclass", "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int\nK = C(1)\n", "C(1)", "C(2)", SAME),
    conf("unused instance of a settings class", "import pydantic\nclass C(pydantic.BaseModel):\n    a: int\nK = C(a=1)\n", "a=1", "a=2", SAME),
    conf("instance of a class that registers", "T = []\nclass C:\n    def __init__(self, a):\n        T.append(self)\nK = C(1)\n", "C(1)", "C(2)", CHANGED),
    conf("instance of a class whose base registers", "T = []\nclass B:\n    def __init__(self, a):\n        T.append(self)\nclass C(B):\n    pass\nK = C(1)\n", "C(1)", "C(2)", CHANGED),
    conf("function that sets an item of what it is given", "T = {}\ndef put(t, k):\n    t[k] = 1\nK = put(T, 1)\n", "(T, 1)", "(T, 2)", CHANGED),
    conf("function that calls one that writes a global", "N = 0\ndef a():\n    global N\n    N += 1\ndef b():\n    a()\nK = b()\n", "N += 1", "N += 2", CHANGED),
    conf("method of what a function gives", "T = []\ndef get():\n    return T\nK = get().append(1)\n", "(1)", "(2)", CHANGED),
    conf("registered by map", "T = []\ndef put(x):\n    T.append(x)\nK = list(map(put, [1]))\n", "[1]", "[2]", CHANGED),
    conf("registered by a lambda in sorted", "T = []\ndef put(x):\n    T.append(x)\nK = sorted([1], key=lambda x: put(x))\n", "sorted([1]", "sorted([2]", CHANGED),
    conf("registered in a comprehension", "T = []\ndef put(x):\n    T.append(x)\nK = [put(x) for x in [1]]\n", "[1]", "[2]", CHANGED),
    conf("registered by a local function", "T = []\ndef put(x):\n    def inner():\n        T.append(x)\n    return inner()\nK = put(1)\n", "put(1)", "put(2)", CHANGED),
    conf("function with a local function", "def make(x):\n    def inner():\n        return x\n    return inner()\nK = make(1)\n", "make(1)", "make(2)", SAME),
    conf("two functions in a circle, one registers", "T = []\ndef a(n):\n    return b(n - 1) if n else 0\ndef b(n):\n    T.append(n)\n    return a(n)\nK = a(1)\n", "a(1)", "a(2)", CHANGED),
    conf("two functions in a circle", "def a(n):\n    return b(n - 1) if n else 0\ndef b(n):\n    return a(n)\nK = a(1)\n", "a(1)", "a(2)", SAME),
    conf("function that imports a module that does something", "def a():\n    import random\n    random.seed(1)\nK = a()\n", "seed(1)", "seed(2)", CHANGED),
    conf("an unknown package is called", "import nosuchlib\nK = nosuchlib.set_up(1)\n", "(1)", "(2)", CHANGED),
    conf("a setting of a known package", "import numpy as np\nOLD = np.seterr(all='ignore')\n", "ignore", "warn", CHANGED),
]  # fmt: skip

MORE = [*IMPORTS, *ON_IMPORT, *QUIET, *DYNAMIC, *READERS]
