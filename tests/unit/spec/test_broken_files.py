"""Every mistake: its code, its place, its hint; and how it looks (a golden file)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline_runner.errors import PipelineError, Problem
from pipeline_runner.spec.load import load
from pipeline_runner.view.problems import render

GOLDEN = Path(__file__).parents[2] / "golden" / "problems" / "files.txt"


OK = "steps: {a: {call: m:f}}\n"

BROKEN: dict[str, str] = {
    # ---- YAML
    "reference text in flow": "steps:\n  a: {call: m:f, with: {x: ${{ params.x }}}}\n",
    "position in flow": "steps:\n  a: {call: m:f, inputs: {x: train[0].b}}\n",
    "comparison after quotes": 'steps:\n  a:\n    call: m:f\n    when: "x" == params.x\n',
    "comparison after quotes in flow": 'steps:\n  a: {call: m:f, when: "x" == params.x}\n',
    "braces without dollar": "steps:\n  a:\n    call: m:f\n    with: {x: {{ item }}}\n",
    "colon in a value": "steps:\n  a:\n    call: m:f\n    description: train: all\n",
    "tab": "steps:\n\ta:\n",
    "star": "steps:\n  a:\n    call: m:f\n    files: {path: *.csv}\n",
    "at sign": "steps:\n  a:\n    call: @m:f\n",
    "quote not closed": 'name: "churn\n' + OK,
    "quote in quotes": "description: 'it's'\n" + OK,
    "backslash": 'store: "C:\\data"\n' + OK,
    "brace not closed": "steps:\n  a: {call: m:f\n  b: {call: m:f}\n",
    "bracket not closed": "steps:\n  a: {call: m:f, needs: [b}\n",
    "not indented alike": "steps:\n  a:\n    call: m:f\n   needs: b\n",
    "indented under a value": "steps:\n  a:\n    call: m:f\n      needs: b\n",
    "list among keys": "steps:\n  a:\n    call: m:f\n    - b\n",
    "no colon": "steps:\n  a\n    call: m:f\n",
    "no space after the colon": "steps:\n  a:\n    call: m:f\n    retry:2\n",
    "no space after the colon in flow": "steps:\n  a: {call: m:f, retry:2}\n",
    "tag": "steps:\n  a: {call: m:f, with: {x: !!python/object:os.system ls}}\n",
    "merge key": "defaults: &d {timeout: 5m}\nsteps:\n  a:\n    <<: *d\n    call: m:f\n",
    "duplicate step": "steps:\n  a: {call: m:f}\n  a: {call: m:g}\n",
    "key is a number": "params: {1: a}\n" + OK,
    "two documents": OK + "---\n" + OK,
    "empty": "# nothing here\n",
    "a list": "- call: m:f\n",
    "one word": "name:churn\n",
    "control character": "name: a\x1bb\n" + OK,
    # ---- the top
    "no steps": "name: a\n",
    "steps under another name": "jobs:\n  a: {call: m:f}\n",
    "steps as a list": "steps:\n  - {call: m:f}\n",
    "steps empty": "steps: {}\n",
    "unknown key at the top": "parameters: {x: 1}\n" + OK,
    "step's key at the top": "timeout: 5m\n" + OK,
    "name is a number": "name: 3\n" + OK,
    "key without a value": "store:\n" + OK,
    "params as a list": "params: [1]\n" + OK,
    "param name": "params: {a b: 1}\n" + OK,
    "param type": "params: {x: {type: flaot, default: 1}}\n" + OK,
    "param bound": "params: {x: {type: float, default: 2, lt: 1}}\n" + OK,
    "param default": "params: {x: {type: int, default: a}}\n" + OK,
    "profile's key": "profiles: {dev: {steps: {}}}\n" + OK,
    "secret in clear": "secrets:\n  TOKEN: hunter22\n" + OK,
    "cron": 'schedule: {cron: "0 25 * * *"}\n' + OK,
    "cron fields": 'schedule: {cron: "0 6 * *"}\n' + OK,
    "cron never": 'schedule: {cron: "0 0 31 2 *"}\n' + OK,
    "time zone": 'schedule: {cron: "0 6 * * 1", timezone: Europe/Berln}\n' + OK,
    "executor's key": "executor: {n_jobs: 4}\n" + OK,
    "workers": "executor: {workers: -1}\n" + OK,
    # ---- a step
    "step empty": "steps:\n  a:\n",
    "step is a text": "steps:\n  a: m:f\n",
    "step name": "steps:\n  my step: {call: m:f}\n",
    "step name reserved": "steps:\n  params: {call: m:f}\n",
    "no call": "steps:\n  a: {needs: [b]}\n",
    "call misspelt": "steps:\n  a: {cal: m:f}\n",
    "call with dots": "steps:\n  a: {call: churn.model.train}\n",
    "call is a path": "steps:\n  a: {call: churn/model.py:train}\n",
    "call with brackets": "steps:\n  a: {call: 'm:f()'}\n",
    "retries": "steps:\n  a: {call: m:f, retries: 3}\n",
    "depends_on": "steps:\n  a: {call: m:f, depends_on: [b]}\n",
    "params in a step": "steps:\n  a: {call: m:f, params: {x: 1}}\n",
    "literal in inputs": "steps:\n  a: {call: m:f, inputs: {x: 3}}\n",
    "argument name": "steps:\n  a: {call: m:f, with: {n-jobs: 3}}\n",
    "duration": "steps:\n  a: {call: m:f, timeout: soon}\n",
    "duration in words": "steps:\n  a: {call: m:f, timeout: 5 minutes}\n",
    "duration is a bool": "steps:\n  a: {call: m:f, timeout: true}\n",
    "duration is 0": "steps:\n  a: {call: m:f, timeout: 0}\n",
    "size": "steps:\n  a: {call: m:f, resources: {memory: 2gb}}\n",
    "retry limit": "steps:\n  a: {call: m:f, retry: -1}\n",
    "retry without limit": "steps:\n  a: {call: m:f, retry: {delay: 5s}}\n",
    "retry jitter": "steps:\n  a: {call: m:f, retry: {limit: 1, jitter: ful}}\n",
    "outputs": "steps:\n  a: {call: m:f, outputs: model}\n",
    "outputs twice": "steps:\n  a: {call: m:f, outputs: [x, x]}\n",
    "foreach": "steps:\n  a: {call: m:f, foreach: 3}\n",
    "matrix": "steps:\n  a: {call: m:f, matrix: {x: 3}}\n",
    "matrix empty": "steps:\n  a: {call: m:f, matrix: {}}\n",
    "trigger rule": "steps:\n  a: {call: m:f, trigger_rule: all_sucess}\n",
    "on_error": "steps:\n  a: {call: m:f, on_error: ignore}\n",
    "env is a number": "steps:\n  a: {call: m:f, env: {N: 1}}\n",
    "cache": "steps:\n  a: {call: m:f, cache: 'off'}\n",
    "check": "steps:\n  a: {call: m:f, check: not_empty}\n",
    "needs": "steps:\n  a: {call: m:f, needs: [1]}\n",
    "max_parallel": "steps:\n  a: {call: m:f, foreach: [1], max_parallel: 0}\n",
    "include": "include: [stepz.yaml]\n" + OK,
    "many": "steps:\n  a: {call: m:f, timout: 3}\n"
    "  b: {call: m, retry: {limt: 2}}\n  c: {call: m:f, needs: 3}\n",
}


def problems_of(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Problem, ...]:
    monkeypatch.chdir(folder)
    (folder / "steps.yaml").write_text("steps: {}\n", encoding="utf-8")
    (folder / "pipeline.yaml").write_text(text, encoding="utf-8", newline="\n")
    try:
        return load("pipeline.yaml").problems
    except PipelineError as error:
        return error.problems


# name: code, line, column, a part of the hint
EXPECTED: dict[str, tuple[str, int, int, str]] = {
    "reference text in flow": ("yaml-syntax", 2, 28, 'quote it: "${{ params.x }}"'),
    "position in flow": ("yaml-syntax", 2, 35, 'quote it: "train[0].b"'),
    "comparison after quotes": ("yaml-syntax", 4, 15, "'\"x\" == params.x'"),
    "comparison after quotes in flow": ("yaml-syntax", 2, 28, "'\"x\" == params.x'"),
    "braces without dollar": ("yaml-key", 4, 16, "quote it"),
    "colon in a value": ("yaml-syntax", 4, 23, 'quote it: "train: all"'),
    "tab": ("yaml-syntax", 2, 1, "spaces"),
    "star": ("yaml-syntax", 4, 19, 'quote it: "*.csv"'),
    "at sign": ("yaml-syntax", 3, 11, "quote it"),
    "quote not closed": ("yaml-syntax", 1, 7, "close it"),
    "quote in quotes": ("yaml-syntax", 1, 18, "twice"),
    "backslash": ("yaml-syntax", 1, 11, "single quotes"),
    "brace not closed": ("yaml-syntax", 2, 6, "close it"),
    "bracket not closed": ("yaml-syntax", 2, 27, "close it"),
    "not indented alike": ("yaml-syntax", 4, 4, "indentation"),
    "indented under a value": ("yaml-syntax", 4, 7, "indentation"),
    "list among keys": ("yaml-syntax", 4, 5, "indentation"),
    "no colon": ("yaml-syntax", 2, 3, "': '"),
    "no space after the colon": ("yaml-syntax", 4, 5, "write retry: 2"),
    "no space after the colon in flow": ("unknown-key", 2, 18, "write retry: 2"),
    "tag": ("yaml-tag", 2, 28, "remove"),
    "merge key": ("yaml-merge", 4, 5, "write the keys out"),
    "duplicate step": ("duplicate-key", 3, 3, "line 2"),
    "key is a number": ("yaml-key", 1, 10, 'quote it: "1"'),
    "two documents": ("yaml-documents", 2, 1, "remove '---'"),
    "empty": ("empty", 1, 1, "prun init"),
    "a list": ("not-a-mapping", 1, 1, ""),
    "one word": ("not-a-mapping", 1, 1, "space"),
    "control character": ("yaml-character", 1, 8, "remove it"),
    "no steps": ("no-steps", 1, 1, "add steps"),
    "steps under another name": ("no-steps", 1, 1, "did you mean 'steps'?"),
    "steps as a list": ("no-steps", 2, 3, "NAME: {call"),
    "steps empty": ("no-steps", 1, 1, "add one"),
    "unknown key at the top": ("unknown-key", 1, 1, "did you mean 'params'?"),
    "step's key at the top": ("unknown-key", 1, 1, "'defaults'"),
    "name is a number": ("value", 1, 7, 'quote it: "3"'),
    "key without a value": ("value", 1, 7, ""),
    "params as a list": ("value", 1, 9, "NAME: VALUE"),
    "param name": ("param-name", 1, 10, "write a_b"),
    "param type": ("param-declaration", 1, 20, "did you mean 'float'?"),
    "param bound": ("param-bounds", 1, 36, ""),
    "param default": ("param", 1, 34, ""),
    "profile's key": ("unknown-key", 1, 18, "never the wiring"),
    "secret in clear": ("secret", 2, 10, "never stands in the file"),
    "cron": ("value", 1, 18, ""),
    "cron fields": ("value", 1, 18, "minute"),
    "cron never": ("value", 1, 18, ""),
    "time zone": ("value", 1, 41, "did you mean 'Europe/Berlin'?"),
    "executor's key": ("unknown-key", 1, 12, "did you mean 'workers'?"),
    "workers": ("value", 1, 21, ""),
    "step empty": ("step", 2, 3, "write a: {call"),
    "step is a text": ("step", 2, 6, "write a: {call"),
    "step name": ("step-name", 2, 3, "write my_step"),
    "step name reserved": ("step-name", 2, 3, "another name"),
    "no call": ("missing-key", 2, 3, "add call"),
    "call misspelt": ("unknown-key", 2, 7, "did you mean 'call'?"),
    "call with dots": ("call", 2, 13, "write churn.model:train"),
    "call is a path": ("call", 2, 13, "write churn.model:train"),
    "call with brackets": ("call", 2, 13, "write m:f"),
    "retries": ("unknown-key", 2, 18, "did you mean 'retry'?"),
    "depends_on": ("unknown-key", 2, 18, "did you mean 'needs'?"),
    "params in a step": ("unknown-key", 2, 18, "inputs: {ARGUMENT: params.NAME}"),
    "literal in inputs": ("reference", 2, 30, "'with'"),
    "argument name": ("name", 2, 25, "write n_jobs"),
    "duration": ("value", 2, 27, "units"),
    "duration in words": ("value", 2, 27, "write 5m"),
    "duration is a bool": ("value", 2, 27, "units"),
    "duration is 0": ("value", 2, 27, "leave it out"),
    "size": ("value", 2, 38, "write 2GiB"),
    "retry limit": ("value", 2, 25, ""),
    "retry without limit": ("missing-key", 2, 18, "add limit"),
    "retry jitter": ("value", 2, 44, "did you mean 'full'?"),
    "outputs": ("value", 2, 27, "write [model]"),
    "outputs twice": ("value", 2, 27, ""),
    "foreach": ("value", 2, 27, ""),
    "matrix": ("value", 2, 30, ""),
    "matrix empty": ("value", 2, 26, "leave it out"),
    "trigger rule": ("value", 2, 32, "did you mean 'all_success'?"),
    "on_error": ("value", 2, 28, ""),
    "env is a number": ("value", 2, 27, 'quote it: "1"'),
    "cache": ("value", 2, 25, "write false"),
    "check": ("call", 2, 25, "colon"),
    "needs": ("value", 2, 26, 'quote it: "1"'),
    "max_parallel": ("value", 2, 46, ""),
    "include": ("include", 1, 11, "did you mean 'steps.yaml'?"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_mistake(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = problems_of(BROKEN[name], tmp_path, monkeypatch)
    assert len(found) == 1, render(found)
    code, line, column, hint = EXPECTED[name]
    assert found[0].where is not None
    assert (found[0].code, found[0].where.line, found[0].where.column) == (code, line, column), render(found)
    assert found[0].where.file == "pipeline.yaml"
    assert hint in found[0].hint


def test_every_file_is_expected() -> None:
    assert set(BROKEN) == set(EXPECTED) | {"many"}


def test_all_steps_are_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = problems_of(BROKEN["many"], tmp_path, monkeypatch)
    assert sorted((p.code, p.where.line) for p in found if p.where) == [
        ("call", 3),
        ("unknown-key", 2),
        ("unknown-key", 3),
        ("value", 4),
    ]


def test_a_secret_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("secrets:\n  T: hunter22\n", "secrets:\n  T: 77321\n", "secrets: hunter22\n"):
        shown = render(problems_of(text + "steps: {a: {call: m:f}}\n", tmp_path, monkeypatch))
        assert "secrets" in shown
        assert "hunter22" not in shown
        assert "77321" not in shown


def test_messages_have_no_jargon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in BROKEN.items():
        shown = render(problems_of(text, tmp_path, monkeypatch))
        for word in (
            "pydantic",
            "Input should",
            "type=",
            "Traceback",
            "<unicode string>",
            "ScannerError",
            "[key]",
        ):
            assert word not in shown, name


def test_how_they_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renew with PRUN_RENEW_GOLDEN=1."""
    blocks = [
        f"# {name}\n{render(problems_of(text, tmp_path, monkeypatch))}\n" for name, text in BROKEN.items()
    ]
    shown = "\n".join(blocks)
    if os.environ.get("PRUN_RENEW_GOLDEN"):
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(shown, encoding="utf-8", newline="\n")
    assert shown == GOLDEN.read_text(encoding="utf-8")
