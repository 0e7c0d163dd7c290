"""What every test folder shares: the harness on the import path, and a fresh project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Project


@pytest.hookimpl(optionalhook=True)  # the suite also runs without xdist
def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: one more than there are cores, as many tests wait for processes."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project in a folder of its own."""
    return Project(tmp_path / "project")
