"""What a callable does, told from source without importing it.

``CodeIndex.fingerprint("package.module:qualname")`` gives the definitions of the user's project that the
callable can reach, each with a digest, and the distributions that this code imports.
"""

from __future__ import annotations

from .errors import CodeError
from .fingerprint import Fingerprint
from .index import CodeIndex

__all__ = ["CodeError", "CodeIndex", "Fingerprint"]
