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
        ("local:///data/x", "/data/x", "/data/x"),
        ("file:////server/share/x", "//server/share/x", "//server/share/x"),
    ],
)
def test_file_urls_are_paths(url: str, path: str, on_windows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for windows, expected in ((False, path), (True, on_windows)):
        monkeypatch.setattr(file_urls, "_WINDOWS", windows)
        assert file_urls.path_of(url) == expected
