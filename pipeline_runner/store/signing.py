"""The key that signs a store's records: read from where the pipeline says, never kept."""

from __future__ import annotations

import os

from blake3 import blake3

from ..errors import Problem, StoreError

SHORTEST = 16  # characters; a signature is worth no more than its key


def signing_key(source: str, root: str) -> bytes:
    """32 bytes made of the text behind ``env:NAME`` or ``file:PATH``.

    Raises:
        StoreError: there is none, or it is too short.
    """
    kind, _, where = source.partition(":")
    if kind == "env":
        text = os.environ.get(where, "").strip()
        name = f"the environment variable {where}"
        if not text:
            raise _refused(f"{name} is not set", f"export {where}=..., the key that signs the store")
    elif kind == "file":
        try:
            with open(os.path.join(root, where), encoding="utf-8") as file:
                text, name = file.read().strip(), where
        except (OSError, UnicodeDecodeError) as error:
            raise _refused(f"cannot read {where}: {error}", "") from None
    else:
        raise _refused(f"{source!r} is neither env:NAME nor file:PATH", "")
    if len(text) < SHORTEST:
        raise _refused(
            f"{name} holds fewer than {SHORTEST} characters",
            "make one: python -c 'import secrets; print(secrets.token_hex(32))'",
        )
    key = text.encode("utf-8", "surrogateescape")  # bytes of an environment that are no text
    return blake3(key, derive_key_context="prun store signature 1").digest()


def _refused(why: str, hint: str) -> StoreError:
    return StoreError(Problem("sign", f"the store's key (sign): {why}", None, hint))
