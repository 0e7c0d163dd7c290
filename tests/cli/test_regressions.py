"""What once went wrong, each as small as it could be made."""

from __future__ import annotations

from harness import Project, ran, reused


# --- what code reaches


def test_a_module_that_its_package_imports_by_name_counts(project: Project) -> None:
    """`from . import x` in a package's own __init__ imports pk.x, which may do something."""
    project.file("pk/__init__.py", "from . import plugin, work\n").file(
        "pk/registry.py", "FOUND = []\n"
    ).file("pk/plugin.py", "from .registry import FOUND\nFOUND.append(1)\n").file(
        "pk/work.py", "from .registry import FOUND\ndef f(): return FOUND\n"
    ).pipeline("steps:\n  f: {call: pk.work:f, publish: out.json}\n").run()
    assert reused(project.run()) == {"f"}
    project.edit("pk/plugin.py", "append(1)", "append(2)")
    assert ran(project.run()) == {"f"}
    assert project.data("out.json") == [2]
