from __future__ import annotations

import pytest

from pipeline_runner.keys import file_urls


@pytest.mark.parametrize(
    ("url", "path", "on_windows"),
    [
        ("file:///data/x", "/data/x", "/data/x"),
        ("file:///C:/data/x", "/C:/data/x", "C:/data/x"),
        ("file://C:/data/x", "C:/data/x", "C:/data/x"),
        ("file://localhost/data/x", "/data/x", "/data/x"),
        ("file://data/x", "data/x", "data/x"),
        ("file:////server/share/x", "//server/share/x", "//server/share/x"),
    ],
)
def test_file_urls_are_paths(url: str, path: str, on_windows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert file_urls.path_of(url) == path
    monkeypatch.setattr(file_urls, "_WINDOWS", True)
    assert file_urls.path_of(url) == on_windows
