"""Imports that may fail where something catches that: whether they do is part of what the code does."""

# ruff: noqa: E501
from __future__ import annotations

from code_scenarios import CHANGED, SAME, Row, one, other

HELPER = "K = 1\nN = [K]\ndef f():\n    return 1\ndef g():\n    return 2\nclass C:\n    def m(self):\n        return 3\n"
TOP = (
    "try:\n    import helper\nexcept ImportError:\n    helper = None\ndef run():\n    return helper is None\n"
)
INSIDE = (
    "def run():\n    try:\n        import helper\n    except Exception:\n        return 1\n    return 2\n"
)
FROM = "try:\n    from helper import f\nexcept ImportError:\n    f = None\ndef run():\n    return f is None\n"
FROM_INSIDE = "def run():\n    try:\n        from helper import f\n    except ImportError:\n        return 1\n    return 2\n"
SUPPRESSED = "import contextlib\nhelper = None\nwith contextlib.suppress(ImportError):\n    import helper\ndef run():\n    return helper is None\n"
CALLED = "def load():\n    import helper\n    return 1\ndef run():\n    try:\n        load()\n    except Exception:\n        return 1\n    return 2\n"
CALLED_ON_IMPORT = "def load():\n    import helper\n    return 1\ntry:\n    load()\n    OK = True\nexcept ImportError:\n    OK = False\ndef run():\n    return OK\n"
BY_NAME = "import importlib\ndef run():\n    try:\n        importlib.import_module('helper')\n    except ImportError:\n        return 1\n    return 2\n"
BY_DUNDER = "def run():\n    try:\n        __import__('helper')\n    except Exception:\n        return 1\n    return 2\n"
IN_LOOP = "for _ in range(1):\n    try:\n        import helper\n    except Exception:\n        helper = None\ndef run():\n    return helper is None\n"
IN_ELSE = "try:\n    import json\nexcept ImportError:\n    helper = None\nelse:\n    try:\n        import helper\n    except ValueError:\n        helper = None\ndef run():\n    return helper is None\n"
OUTER = "try:\n    try:\n        import helper\n    finally:\n        x = 1\nexcept BaseException:\n    helper = None\ndef run():\n    return helper is None\n"
IN_WITH = "import tools\nwith tools.quiet():\n    import helper\ndef run():\n    return 'helper' in dir()\n"

WAYS = {
    "at the top": TOP, "inside": INSIDE, "from": FROM, "from, inside": FROM_INSIDE, "suppressed": SUPPRESSED,
    "by a function": CALLED, "by a function, at the top": CALLED_ON_IMPORT, "import_module": BY_NAME,
    "__import__": BY_DUNDER, "in a loop": IN_LOOP, "in else": IN_ELSE, "around": OUTER,
}  # fmt: skip
EDITS: dict[str, tuple[dict[str, str], dict[str, tuple[str, str] | str | None], bool]] = {
    "it raises now": ({}, {"helper.py": ("K = 1", "K = 1\nraise ValueError('no')")}, CHANGED),
    "it asserts now": ({}, {"helper.py": ("K = 1", "K = 1\nassert K > 5")}, CHANGED),
    "it divides by zero": ({}, {"helper.py": ("K = 1", "K = 1 // 0")}, CHANGED),
    "it uses a name that isn't there": ({}, {"helper.py": ("[K]", "[L]")}, CHANGED),
    "it uses a name before it is there": ({}, {"helper.py": ("K = 1\nN = [K]", "N = [K]\nK = 1")}, CHANGED),
    "it imports what isn't there": ({}, {"helper.py": ("K = 1", "import nosuchthing\nK = 1")}, CHANGED),
    "it imports a module that fails": ({"third.py": "X = 1\n"}, {"helper.py": ("K = 1", "import third\nK = 1"), "third.py": "raise OSError\n"}, CHANGED),
    "a module that it imports fails": ({"helper.py": "import third\n" + HELPER, "third.py": "X = 1\n"}, {"third.py": ("X = 1", "X = {}['a']")}, CHANGED),
    "a name that it imports is gone": ({"helper.py": "from third import X\n" + HELPER, "third.py": "X = 1\n"}, {"third.py": ("X = 1", "Y = 1")}, CHANGED),
    "a function that it calls fails": ({"helper.py": "def make():\n    return 1\nM = make()\n" + HELPER}, {"helper.py": ("def make():\n    return 1", "def make():\n    raise ValueError")}, CHANGED),
    "a base class is gone": ({"helper.py": "import third\nclass D(third.B):\n    pass\n" + HELPER, "third.py": "class B:\n    pass\n"}, {"third.py": ("class B", "class A")}, CHANGED),
    "it is gone": ({}, {"helper.py": None}, CHANGED),
    "it is a syntax error": ({}, {"helper.py": "def f(:\n"}, CHANGED),
    "another function of it": ({}, {"helper.py": ("return 2", "return 3")}, SAME),
    "a method of it": ({}, {"helper.py": ("return 3", "return 4")}, SAME),
    "a plain constant of it": ({}, {"helper.py": ("K = 1", "K = 2")}, SAME),
    "a comment in it": ({}, {"helper.py": ("K = 1", "# K\nK = 1")}, SAME),
    "a function more": ({}, {"helper.py": ("def g", "def h():\n    return 5\ndef g")}, SAME),
    "an import more": ({}, {"helper.py": ("K = 1", "import json\nK = 1")}, SAME),
    "order of functions": ({"helper.py": "def f():\n    return 1\ndef g():\n    return 2\n"}, {"helper.py": "def g():\n    return 2\ndef f():\n    return 1\n"}, SAME),
}  # fmt: skip

FAILING = [
    Row(f"caught import {way}: {what}", {"app.py": app, "helper.py": HELPER, **files}, edit, changes)
    for way, app in WAYS.items()
    for what, (files, edit, changes) in EDITS.items()
    if way in ("at the top", "from, inside", "by a function") or what in ("it raises now", "it is gone", "another function of it", "it imports what isn't there")
] + [
    Row("caught import: a name is gone", {"app.py": FROM_INSIDE, "helper.py": HELPER}, {"helper.py": ("def f", "def e")}, CHANGED),
    Row("caught import: a name is there now", {"app.py": FROM_INSIDE, "helper.py": HELPER.replace("def f", "def e")}, {"helper.py": ("def e", "def f")}, CHANGED),
    Row("caught import: a module is there now", {"app.py": TOP}, {"helper.py": "K = 1\n"}, CHANGED),
    Row("caught import: a module is there now, inside", {"app.py": INSIDE}, {"helper.py": "K = 1\n"}, CHANGED),
    Row("caught import: stops failing", {"app.py": TOP, "helper.py": "raise ValueError\n"}, {"helper.py": "K = 1\n"}, CHANGED),
    Row("caught import: parses now", {"app.py": INSIDE, "helper.py": "def f(:\n"}, {"helper.py": "K = 1\n"}, CHANGED),
    Row("caught import: a package's __init__ fails", {"app.py": INSIDE.replace("import helper", "import helper.a"), "helper/__init__.py": "", "helper/a.py": ""}, {"helper/__init__.py": "raise ImportError\n"}, CHANGED),
    Row("caught import: a submodule is gone", {"app.py": INSIDE.replace("import helper", "from helper import a"), "helper/__init__.py": "", "helper/a.py": ""}, {"helper/a.py": None}, CHANGED),
    Row("caught import: a submodule is there now", {"app.py": INSIDE.replace("import helper", "from helper import a"), "helper/__init__.py": ""}, {"helper/a.py": ""}, CHANGED),
    Row("caught import: of a project's module within a quiet with", {"app.py": IN_WITH, "tools.py": "class quiet:\n    def __enter__(self):\n        return self\n    def __exit__(self, *a):\n        return True\n", "helper.py": HELPER}, {"helper.py": ("K = 1", "K = 1 // 0")}, CHANGED),
    other("caught call: only a value's error", {"app.py": "def load(x):\n    import helper\n    return helper.f()\ndef run(x):\n    try:\n        return load(int(x))\n    except ValueError:\n        return 0\n", "helper.py": HELPER}, "helper.py", "[K]", "[K, 2]", SAME),
    other("plain import of a module that raises now", {"app.py": "import helper\ndef run():\n    return 1\n", "helper.py": HELPER}, "helper.py", "K = 1", "K = 1\nraise ValueError('no')", CHANGED),
    other("is it there: find_spec", {"app.py": "import importlib.util\ndef run():\n    return importlib.util.find_spec('helper') is None\n", "x.py": ""}, "x.py", "", "", SAME),
    Row("is it there: find_spec, there now", {"app.py": "import importlib.util\ndef run():\n    return importlib.util.find_spec('helper') is None\n"}, {"helper.py": "x = 1\n"}, CHANGED),
    Row("is it there: find_spec, gone", {"app.py": "from importlib.util import find_spec\nHAS = find_spec('helper') is not None\ndef run():\n    return HAS\n", "helper.py": "x = 1\n"}, {"helper.py": None}, CHANGED),
    Row("is it there: computed find_spec, there now", {"app.py": "from importlib.util import find_spec\ndef has(name):\n    return find_spec(name) is not None\ndef run():\n    return has('helper')\n"}, {"helper.py": "x = 1\n"}, CHANGED),
    other("is it there: computed find_spec, another edit", {"app.py": "from importlib.util import find_spec\ndef has(name):\n    return find_spec(name) is not None\ndef run():\n    return has('helper')\n", "helper.py": HELPER}, "helper.py", "return 2", "return 3", SAME),
    one("hasattr of a module: the name is gone", "import helper\ndef run():\n    return hasattr(helper, 'f')\n", "", "", SAME, helper=HELPER),
    other("hasattr of a module: gone", {"app.py": "import helper\ndef run():\n    return hasattr(helper, 'f')\n", "helper.py": HELPER}, "helper.py", "def f", "def e", CHANGED),
    other("attribute caught: gone", {"app.py": "import helper\ndef run():\n    try:\n        return helper.f()\n    except AttributeError:\n        return 0\n", "helper.py": HELPER}, "helper.py", "def f", "def e", CHANGED),
]  # fmt: skip
