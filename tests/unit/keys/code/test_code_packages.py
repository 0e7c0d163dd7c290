"""What belongs to a distribution, what to the project, and which versions count."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline_runner.keys.code import CodeError, CodeIndex, Fingerprint
from pipeline_runner.model.work import Project


class Installed:
    """A site folder and a project, both empty."""

    def __init__(self, root: Path) -> None:
        self.site = root / "site-packages"
        self.project = root / "project"
        self.site.mkdir()
        self.project.mkdir()

    def write(self, name: str, text: str = "") -> Path:
        path = self.project.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def add(self, name: str, version: str, files: dict[str, str], requires: list[str] | None = None) -> None:
        """Install a distribution."""
        info = f"site-packages/{name.replace('-', '_')}-{version}.dist-info"
        lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {r}" for r in requires or [])]
        self.write(f"{info}/METADATA", "Metadata-Version: 2.1\n" + "\n".join(lines) + "\n\nLong text\n")
        for file, text in files.items():
            self.write(f"site-packages/{file}", text)
        self.write(f"{info}/RECORD", "".join(f"{f},sha256=x,1\n" for f in files))

    def remove(self, name: str, version: str) -> None:
        info = self.site / f"{name.replace('-', '_')}-{version}.dist-info"
        for path in info.iterdir():
            path.unlink()
        info.rmdir()

    def fingerprint(self, app: str, index: Path | None = None) -> Fingerprint:
        self.write("project/app.py", app)
        made = CodeIndex(
            Project(str(self.project), (str(self.project),)), index_file=str(index) if index else None
        )
        found = made.fingerprint("app:run")
        made.save()
        return found


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    made = Installed(tmp_path)
    library = [p for p in sys.path if p.endswith(("lib-dynload",)) or Path(p, "os.py").exists()]
    monkeypatch.setattr(sys, "path", [*library, str(made.site)])
    return made


USES = "import thing\ndef run():\n    return thing.f()\n"


def test_a_distribution_counts_by_its_version_not_by_its_files(installed: Installed) -> None:
    installed.add("thing", "1.0", {"thing/__init__.py": "def f(): return 1\n"})
    before = installed.fingerprint(USES)
    assert before.packages == {"thing": "1.0"}
    assert set(before.definitions) == {"app:run"}
    installed.write("site-packages/thing/__init__.py", "def f(): return 2\n")
    assert installed.fingerprint(USES).digest == before.digest
    installed.remove("thing", "1.0")
    installed.add("thing", "1.1", {"thing/__init__.py": ""})
    after = installed.fingerprint(USES)
    assert after.packages == {"thing": "1.1"}
    assert after.digest != before.digest


def test_an_upgrade_is_noticed_through_the_index(installed: Installed, tmp_path: Path) -> None:
    installed.add("thing", "1.0", {"thing.py": ""})
    before = installed.fingerprint(USES, tmp_path / "index")
    installed.remove("thing", "1.0")
    installed.add("thing", "1.1", {"thing.py": ""})
    assert installed.fingerprint(USES, tmp_path / "index").digest != before.digest


def test_requirements_count_transitively(installed: Installed) -> None:
    installed.add("thing", "1", {"thing.py": ""}, ["Middle_Part>=2; python_version>'3'", "absent", "x[y]<3"])
    installed.add("middle-part", "2", {"middle.py": ""}, ["deep.er (>=1)"])
    installed.add("deep-er", "3", {"deeper.py": ""}, ["thing"])
    installed.add("x", "4", {"x.py": ""})
    installed.add("other", "5", {"other.py": ""})
    assert installed.fingerprint(USES).packages == {
        "thing": "1",
        "middle-part": "2",
        "deep-er": "3",
        "x": "4",
    }


def test_requirements_of_developers_do_not_count(installed: Installed) -> None:
    requires = ["speed; extra == 'fast'", "checker; extra == 'test'", 'pytest; extra == "all"']
    installed.add("thing", "1", {"thing.py": ""}, requires)
    for name in ("speed", "checker", "pytest"):
        installed.add(name, "1", {f"{name}.py": ""})
    assert set(installed.fingerprint(USES).packages) == {"thing", "speed"}


def test_imports_that_nothing_reached_uses_do_not_count(installed: Installed) -> None:
    installed.add("thing", "1", {"thing.py": ""})
    far = "import thing\ndef far():\n    return thing\ndef run():\n    return 1\n"
    assert installed.fingerprint(far).packages == {}
    assert installed.fingerprint("def far():\n    import thing\ndef run():\n    return 1\n").packages == {}


@pytest.mark.parametrize(
    "app",
    [
        "from thing import f\ndef run():\n    return f()\n",
        "from thing import *\ndef run():\n    return f()\n",
        "def run():\n    import thing\n",
        "import thing as t\nK = t.k\ndef run():\n    return K\n",
        "import thing\nclass C(thing.B): ...\ndef run():\n    return C()\n",
        "import thing\n@thing.d\ndef run(): ...\n",
        "import thing.sub.deep\ndef run():\n    return thing.sub.deep.f()\n",
        "try:\n    import thing\n    K = 1\nexcept ImportError:\n    K = 0\ndef run():\n    return K\n",
        "import importlib\ndef run():\n    return importlib.import_module('thing').f()\n",
        "import thing\nthing.setup()\ndef run():\n    return 1\n",
    ],
)
def test_ways_of_using_a_distribution(installed: Installed, app: str) -> None:
    installed.add("Thing.Dist", "1", {"thing/__init__.py": "", "thing/sub/__init__.py": ""})
    assert installed.fingerprint(app).packages == {"Thing.Dist": "1"}


@pytest.mark.parametrize("line", ["import thing", "import thing.sub", "from thing import enable_it"])
def test_an_import_that_is_never_named_again_is_for_what_it_does(installed: Installed, line: str) -> None:
    installed.add("thing", "1", {"thing/__init__.py": ""})
    assert installed.fingerprint(f"{line}\ndef run():\n    return 1\n").packages == {"thing": "1"}


def test_a_distribution_that_comes_or_goes(installed: Installed) -> None:
    app = "try:\n    import thing\nexcept ImportError:\n    thing = None\ndef run():\n    return thing\n"
    before = installed.fingerprint(app)
    installed.add("thing", "1", {"thing.py": ""})
    assert installed.fingerprint(app).digest != before.digest


def test_namespace_packages_belong_to_those_who_fill_them(installed: Installed) -> None:
    installed.add("cloud-a", "1", {"cloud/a/__init__.py": ""})
    installed.add("cloud-b", "2", {"cloud/b.py": ""})
    installed.write("project/cloud/own.py", "def f():\n    return 1\n")
    app = "from cloud import a, b, own\ndef run():\n    return {}\n"
    assert installed.fingerprint(app.format("a.x")).packages == {"cloud-a": "1"}
    assert installed.fingerprint(app.format("b.x")).packages == {"cloud-b": "2"}
    found = installed.fingerprint(app.format("own.f()"))
    assert found.packages == {}
    assert "cloud.own:f" in found.definitions


def test_loose_modules_of_a_site_are_the_projects(installed: Installed) -> None:
    installed.add("other", "1", {"other.py": ""})
    installed.write("site-packages/thing.py", "def f():\n    return 1\n")
    before = installed.fingerprint(USES)
    assert "thing:f" in before.definitions
    installed.write("site-packages/thing.py", "def f():\n    return 22\n")
    assert installed.fingerprint(USES).digest != before.digest


def editable(installed: Installed, files: dict[str, str]) -> None:
    url = {"url": (installed.project.parent / "else where").as_uri(), "dir_info": {"editable": True}}
    installed.add("thing", "1", files)
    installed.write("site-packages/thing-1.dist-info/direct_url.json", json.dumps(url))
    installed.write("else where/src/thing/__init__.py", "def f():\n    return 1\n")


@pytest.mark.parametrize("way", ["path", "setuptools", "editables", "unknown"])
def test_editable_installs_are_the_projects(
    installed: Installed, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = installed.project.parent / "else where" / "src"
    if way == "path":
        editable(installed, {"__editable__.thing-1.pth": str(source)})
        monkeypatch.setattr(sys, "path", [*sys.path, str(source)])
    elif way == "setuptools":
        mapping = f"MAPPING: dict[str, str] = {{'thing': {str(source / 'thing')!r}}}\n"
        editable(installed, {"__editable___thing_finder.py": mapping})
    elif way == "editables":
        init = str(source / "thing" / "__init__.py")
        editable(installed, {"_editable_impl_thing.py": f"F.map_module('thing', '{init}')\n"})
    else:
        editable(installed, {"_thing_loader.py": "..."})
    before = installed.fingerprint(USES)
    assert "thing:f" in before.definitions
    assert before.packages == {}
    installed.write("else where/src/thing/__init__.py", "def f():\n    return 22\n")
    assert installed.fingerprint(USES).digest != before.digest


def test_what_comes_first_on_the_path_wins(installed: Installed) -> None:
    installed.add("thing", "1", {"thing.py": ""})
    installed.write("project/thing.py", "def f():\n    return 1\n")
    found = installed.fingerprint(USES)
    assert found.packages == {}
    assert "thing:f" in found.definitions


def test_extension_modules_of_the_project_count_by_content(installed: Installed) -> None:
    installed.write("project/thing.abi3.so", "one")
    before = installed.fingerprint(USES)
    assert str(installed.project / "thing.abi3.so") in before.sources
    installed.write("project/thing.abi3.so", "two")
    assert installed.fingerprint(USES).digest != before.digest


def test_archives_on_the_path_count_by_content(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path / "lib.zip"), *sys.path])
    digests = set()
    for text in ("def f(): return 1\n", "def f(): return 2\n"):
        with zipfile.ZipFile(tmp_path / "lib.zip", "w") as archive:
            archive.writestr("thing/__init__.py", text)
        digests.add(installed.fingerprint(USES).digest)
    assert len(digests) == 2


def test_callables_of_others(installed: Installed) -> None:
    installed.add("thing", "1", {"thing.py": ""})
    made = CodeIndex(Project(str(installed.project), (str(installed.project),)))
    assert made.fingerprint("thing:f").packages == {"thing": "1"}
    assert made.fingerprint("json:dumps").definitions == {}
    assert made.fingerprint("json:dumps").digest != made.fingerprint("json:loads").digest
    assert made.fingerprint("builtins:sum").packages == {}
    with pytest.raises(CodeError):
        made.fingerprint("nothing:f")


def test_entry_points_can_be_of_any_distribution(installed: Installed) -> None:
    installed.add("thing", "1", {"thing.py": ""})
    app = "from importlib.metadata import entry_points\ndef run():\n    return entry_points(group='x')\n"
    assert installed.fingerprint(app).packages == {"thing": "1"}
