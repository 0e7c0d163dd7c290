"""``file://`` URLs, which fsspec calls ``local://`` too: paths of this machine."""

from __future__ import annotations

import os

SCHEMES = ("file://", "local://")
_WINDOWS = os.name == "nt"


def path_of(url: str) -> str:
    """``file:///data/x`` is ``/data/x``, ``file:///C:/x`` on Windows ``C:/x``; ``file://x`` is relative."""
    path = url.partition("://")[2]
    if path.startswith("localhost/"):
        path = path.removeprefix("localhost")
    return path[1:] if _WINDOWS and path[2:3] == ":" and path[:1] == "/" else path
