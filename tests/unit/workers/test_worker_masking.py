"""Secrets in every form in which they turn up in texts."""

from __future__ import annotations

import base64
import html
import json
import random
import urllib.parse
from pathlib import Path

import pytest

from pipeline_runner.workers.masking import MASK, Masker, masker

SECRETS = [
    "hunter2hunter2",
    's3cr3t/"ok&<\u00e9\\zz',
    "a b+c/d=e~",
    "line one!\nline two!",
    "\u5bc6\u7801\u5bc6\u7801",
]
FORMS = {
    "as it is": lambda s: s,
    "repr": lambda s: repr([s]),
    "bytes": lambda s: repr(s.encode()),
    "json": lambda s: json.dumps({"x": s}),
    "json of letters": lambda s: json.dumps(s, ensure_ascii=False),
    "json in json": lambda s: json.dumps({"body": json.dumps({"x": s})}),
    "url": lambda s: "https://h/?x=" + urllib.parse.quote(s, safe=""),
    "path": lambda s: urllib.parse.quote(s),
    "form": lambda s: urllib.parse.urlencode({"x": s}),
    "html": lambda s: f"<b>{html.escape(s)}</b>",
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "url base64": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "basic auth": lambda s: base64.b64encode(f"ada:{s}".encode()).decode(),
    "basic auth, one more": lambda s: base64.b64encode(f"adam:{s}".encode()).decode(),
    "basic auth, two more": lambda s: base64.b64encode(f"adam1:{s}:x".encode()).decode(),
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", FORMS)
def test_no_form_gets_through(secret: str, form: str) -> None:
    text = FORMS[form](secret)
    masked = Masker({"S": secret})(text)
    assert MASK in masked
    # what is left of base64 are the few bits shared with what stands before and after
    for size in range(len(secret), 5, -1):
        for start in range(len(secret) - size + 1):
            assert secret[start : start + size] not in masked
    assert len(masked) <= len(text) - len(secret) + len(MASK) + 1


def test_other_text_stays() -> None:
    mask = Masker({"S": "hunter2hunter2"})
    text = "hunter2 hunter 68756e746572 aHVudGVy"
    assert mask(text) == text
    assert Masker({})("all of it") == "all of it"
    assert Masker({}).so_far("all of it") == "all of it"


@pytest.mark.parametrize("seed", range(20))
def test_of_a_text_that_goes_on_no_piece_of_a_secret_is_shown(seed: int) -> None:
    """Whatever was printed when somebody looked: what is shown never tells the beginning of one."""
    chance = random.Random(seed)
    secret = "hunter2-and-more"
    mask = Masker({"S": secret, "T": "hunger-games"})
    whole = f"it is {secret}, or {json.dumps(secret)}; h, hu: hun{secret}"
    for end in range(len(whole)):
        shown = mask.so_far(whole[:end])
        assert "hunt" not in shown
        assert mask(whole).startswith(shown)
    assert mask.so_far("x" * chance.randrange(5) + secret).endswith(MASK)


def test_a_secret_that_is_too_short_does_not_uncover_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHORT", "abc")
    monkeypatch.setenv("LONG", "hunter2hunter2")
    mask = masker({"A": "env:SHORT", "B": "env:LONG", "C": "env:UNSET_HERE"}, str(tmp_path))
    assert mask("abc hunter2hunter2") == "abc ***"
