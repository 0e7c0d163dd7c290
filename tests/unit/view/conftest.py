"""Golden texts: PRUN_RENEW_GOLDEN=1 writes them anew; then read the diff."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pipeline_runner.view.text import cells

FOLDER = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, Iterable[str], int | None], None]:
    """Compare lines with a golden text; none may be wider than ``width``."""

    def compare(name: str, lines: Iterable[str], width: int | None = None) -> None:
        text = "\n".join(lines) + "\n"
        for line in text.splitlines():
            assert line == line.rstrip(), f"spaces at the end: {line!r}"
            assert width is None or cells(line) <= width, f"wider than {width}: {line!r}"
        path = FOLDER / f"{name}.txt"
        if os.environ.get("PRUN_RENEW_GOLDEN"):
            path.write_text(text, encoding="utf-8", newline="\n")
        assert text == path.read_text(encoding="utf-8")

    return compare
