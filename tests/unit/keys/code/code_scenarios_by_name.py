"""Code that is reached by a text: scripts, modules run by name, a changed import path, files beside modules."""

# ruff: noqa: E501
from __future__ import annotations

from code_scenarios import CHANGED, SAME, Row, one, other

MAIN = "import tool\ndef go():\n    return 1\nif __name__ == '__main__':\n    print(tool.f(2), go())\n"
TOOL = "def f(x):\n    return x\ndef g(x):\n    return 3\n"


def script(name: str, app: str, file: str, old: str, new: str, changes: bool) -> Row:
    """job.py is run as a script; it uses tool.py. scripts/go.py likewise."""
    files = {"app.py": app, "job.py": MAIN, "tool.py": TOOL, "scripts/go.py": MAIN, "far.py": "x = 1\n"}
    return other(name, files, file, old, new, changes)


M = "import subprocess, sys\ndef run():\n    return subprocess.run([sys.executable, '-m', 'job'], check=True)\n"
SYSTEM = "import os\ndef run():\n    return os.system('python3 -m job --fast')\n"
PATH = (
    "import subprocess, sys\ndef run():\n    return subprocess.run([sys.executable, 'scripts/go.py', 'x'])\n"
)
SHELL = "import os\ndef run():\n    return os.system('python scripts/go.py > out')\n"
RUNPY = "import runpy\ndef run():\n    return runpy.run_module('job', run_name='__main__')\n"
RUNPATH = "import runpy\ndef run():\n    return runpy.run_path('scripts/go.py')\n"
ARGS = "import subprocess, sys\nARGS = (sys.executable, '-m', 'job')\ndef run():\n    return subprocess.check_output(ARGS)\n"

SCRIPTS = [
    script("-m: the main block", M, "job.py", "f(2)", "f(3)", CHANGED),
    script("-m: what it calls", M, "job.py", "return 1", "return 2", CHANGED),
    script("-m: what it imports", M, "tool.py", "return x", "return -x", CHANGED),
    script("-m: what it doesn't use", M, "tool.py", "return 3", "return 4", SAME),
    script("-m: another module", M, "far.py", "x = 1", "x = 2", SAME),
    script("-m in a constant", ARGS, "job.py", "f(2)", "f(3)", CHANGED),
    script("-m in a command line", SYSTEM, "job.py", "f(2)", "f(3)", CHANGED),
    script("a script by its path", PATH, "scripts/go.py", "f(2)", "f(3)", CHANGED),
    script("a script by its path: what it imports", PATH, "tool.py", "return x", "return -x", CHANGED),
    script("a script by its path: another module", PATH, "far.py", "x = 1", "x = 2", SAME),
    script("a script in a command line", SHELL, "scripts/go.py", "f(2)", "f(3)", CHANGED),
    script("run_module: the main block", RUNPY, "job.py", "f(2)", "f(3)", CHANGED),
    script("run_module: what it imports", RUNPY, "tool.py", "return x", "return -x", CHANGED),
    script("run_module: another module", RUNPY, "far.py", "x = 1", "x = 2", SAME),
    script("run_module of a computed name", RUNPY.replace("'job'", "'jo' + 'b'"), "job.py", "f(2)", "f(3)", CHANGED),
    script("run_path", RUNPATH, "scripts/go.py", "f(2)", "f(3)", CHANGED),
    script("run_path: what it imports", RUNPATH, "tool.py", "return x", "return -x", CHANGED),
    script("run_path of a computed path", RUNPATH.replace("'scripts/go.py'", "'scripts/' + 'go.py'"), "scripts/go.py", "f(2)", "f(3)", CHANGED),
    script("the interpreter with a computed script", PATH.replace("'scripts/go.py'", "'scripts/' + 'go.py'"), "scripts/go.py", "f(2)", "f(3)", CHANGED),
    script("the interpreter's path, for a log", "import sys\ndef run():\n    return 1\ndef far():\n    print(sys.executable)\n", "far.py", "x = 1", "x = 2", SAME),
    script("a main block of its own", "import job\ndef run():\n    return job.go()\n", "job.py", "f(2)", "f(3)", SAME),
    one("process with a target", "import multiprocessing\ndef f():\n    return 1\ndef run():\n    p = multiprocessing.Process(target=f)\n    p.start()\n", "return 1", "return 2", CHANGED),
    one("executor with a function", "from concurrent.futures import ProcessPoolExecutor\ndef f(x):\n    return 1\ndef run():\n    with ProcessPoolExecutor() as p:\n        return list(p.map(f, [1]))\n", "return 1", "return 2", CHANGED),
    one("joblib", "from joblib import Parallel, delayed\ndef f(x):\n    return 1\ndef run():\n    return Parallel(2)(delayed(f)(i) for i in range(2))\n", "return 1", "return 2", CHANGED),
    other("resolve_name", {"app.py": "import pkgutil\ndef run():\n    return pkgutil.resolve_name('tool:f')(1)\n", "tool.py": TOOL}, "tool.py", "return x", "return -x", CHANGED),
    other("resolve_name: another function", {"app.py": "import pkgutil\ndef run():\n    return pkgutil.resolve_name('tool:f')(1)\n", "tool.py": TOOL}, "tool.py", "return 3", "return 4", SAME),
    other("resolve_name, computed", {"app.py": "import pkgutil\ndef run(n):\n    return pkgutil.resolve_name(n)(1)\n", "tool.py": TOOL}, "tool.py", "return 3", "return 4", CHANGED),
    other("locate", {"app.py": "import pydoc\ndef run():\n    return pydoc.locate('tool.f')(1)\n", "tool.py": TOOL}, "tool.py", "return x", "return -x", CHANGED),
    other("locate, computed", {"app.py": "import pydoc\ndef run(n):\n    return pydoc.locate(n)(1)\n", "tool.py": TOOL}, "tool.py", "return 3", "return 4", CHANGED),
    other("locate of a module", {"app.py": "import pydoc\ndef run(n):\n    return getattr(pydoc.locate('tool'), n)(1)\n", "tool.py": TOOL}, "tool.py", "return 3", "return 4", CHANGED),
    other("reload", {"app.py": "import importlib, tool\ndef run():\n    return importlib.reload(tool).f(1)\n", "tool.py": TOOL}, "tool.py", "return x", "return -x", CHANGED),
    other("a module's loader", {"app.py": "import tool\ndef run():\n    return tool.__loader__.load_module('far').x\n", "tool.py": TOOL, "far.py": "x = 1\n"}, "far.py", "x = 1", "x = 2", CHANGED),
    other("a file loaded as a module", {"app.py": "from importlib.machinery import SourceFileLoader\ndef run():\n    return SourceFileLoader('a', 'my-scripts/go.py').load_module().x\n", "my-scripts/go.py": "x = 1\n"}, "my-scripts/go.py", "x = 1", "x = 2", CHANGED),
    other("mock's patch", {"app.py": "from unittest import mock\nimport tool\ndef run():\n    with mock.patch('far.f', tool.g):\n        return 1\n", "tool.py": TOOL, "far.py": "def f():\n    return 1\n"}, "far.py", "return 1", "return 2", CHANGED),
]  # fmt: skip

EXTRA = {"pkg/__init__.py": "import os\n__path__.append(os.path.join(os.path.dirname(__file__), '..', 'more'))\n", "more/extra.py": "import deeper\ndef f():\n    return deeper.g()\n", "deeper.py": "def g():\n    return 1\n"}  # fmt: skip
PATHS = [
    other("package path appended", {"app.py": "import pkg.extra\ndef run():\n    return pkg.extra.f()\n", **EXTRA}, "more/extra.py", "g()", "g() + 1", CHANGED),
    other("package path appended: what the module imports", {"app.py": "import pkg.extra\ndef run():\n    return pkg.extra.f()\n", **EXTRA}, "deeper.py", "return 1", "return 2", CHANGED),
    other("package path appended from outside", {"app.py": "import pkg\npkg.__path__.append('more')\ndef run():\n    from pkg import extra\n    return extra.f()\n", **EXTRA, "pkg/__init__.py": ""}, "more/extra.py", "g()", "g() + 1", CHANGED),
    other("package path extended from outside", {"app.py": "import pkg\npkg.__path__.extend(['more'])\ndef run():\n    from pkg import extra\n    return extra.f()\n", **EXTRA, "pkg/__init__.py": ""}, "more/extra.py", "g()", "g() + 1", CHANGED),
    other("package path set from outside", {"app.py": "import pkg\npkg.__path__ = ['more']\ndef run():\n    from pkg import extra\n    return extra.f()\n", **EXTRA, "pkg/__init__.py": ""}, "more/extra.py", "g()", "g() + 1", CHANGED),
    other("package path by getattr", {"app.py": "import pkg\ngetattr(pkg, '__path__').append('more')\ndef run():\n    from pkg import extra\n    return extra.f()\n", **EXTRA, "pkg/__init__.py": ""}, "more/extra.py", "g()", "g() + 1", CHANGED),
    other("package path by a helper", {"app.py": "import pkg\ndef add(path):\n    path += ['more']\nadd(pkg.__path__)\ndef run():\n    from pkg import extra\n    return extra.f()\n", **EXTRA, "pkg/__init__.py": ""}, "more/extra.py", "g()", "g() + 1", CHANGED),
    other("package path by extend_path", {"app.py": "import sys\nsys.path.append('lib')\nimport pkg.extra\ndef run():\n    return pkg.extra.f()\n", "pkg/__init__.py": "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n", "lib/pkg/__init__.py": "", "lib/pkg/extra.py": "def f():\n    return 1\n"}, "lib/pkg/extra.py", "return 1", "return 2", CHANGED),
    other("a site folder", {"app.py": "import site\nsite.addsitedir('lib')\ndef run():\n    import thing\n    return thing.f()\n", "lib/thing.py": "def f():\n    return 1\n"}, "lib/thing.py", "return 1", "return 2", CHANGED),
    other("import path changed: what the module imports", {"app.py": "import sys\nsys.path.insert(0, 'lib')\ndef run():\n    import thing\n    return thing.f()\n", "lib/thing.py": "import other\ndef f():\n    return other.g()\n", "lib/other.py": "def g():\n    return 1\n"}, "lib/other.py", "return 1", "return 2", CHANGED),
    other("import path changed: what the module imports of the project", {"app.py": "import sys\nsys.path.insert(0, 'lib')\ndef run():\n    import thing\n    return thing.f()\n", "lib/thing.py": "import other\ndef f():\n    return other.g()\n", "other.py": "def g():\n    return 1\n"}, "other.py", "return 1", "return 2", CHANGED),
    other("import path by from", {"app.py": "from sys import path\npath.append('lib')\ndef run():\n    import thing\n    return thing.f()\n", "lib/thing.py": "def f():\n    return 1\n"}, "lib/thing.py", "return 1", "return 2", CHANGED),
    other("import path set", {"app.py": "import sys\nsys.path = ['lib', *sys.path]\ndef run():\n    import thing\n    return thing.f()\n", "lib/thing.py": "def f():\n    return 1\n"}, "lib/thing.py", "return 1", "return 2", CHANGED),
    other("import path by setattr", {"app.py": "import sys\nsetattr(sys, 'path', ['lib', *getattr(sys, 'path')])\ndef run():\n    import thing\n    return thing.f()\n", "lib/thing.py": "def f():\n    return 1\n"}, "lib/thing.py", "return 1", "return 2", CHANGED),
    other("import path changed by a helper's module", {"app.py": "import setup_path\nimport thing\ndef run():\n    return thing.f()\n", "setup_path.py": "import sys\nsys.path.append('lib')\n", "lib/thing.py": "def f():\n    return 1\n"}, "lib/thing.py", "return 1", "return 2", CHANGED),
    other("import path for child processes", {"app.py": "import os, subprocess, sys\ndef run():\n    os.environ['PYTHONPATH'] = 'lib'\n    return subprocess.run([sys.executable, '-m', 'thing'])\n", "lib/thing.py": "x = 1\n"}, "lib/thing.py", "x = 1", "x = 2", CHANGED),
]  # fmt: skip

BY_NAME = [*SCRIPTS, *PATHS]
