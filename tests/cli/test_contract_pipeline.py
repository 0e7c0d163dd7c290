"""The complete pipeline of the contract, exactly as written, with small stand-ins for the callables."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract_example import PIPELINE
from harness import Project, actions, having, ran, reasons, reused, statuses

DATA = '''\
"""Loading, cleaning and splitting."""
import csv

from calls import called
from churn.cleaning import tidy


def load(path):
    called("load")
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def clean(frame):
    called("clean")
    return [tidy(row) for row in frame]


def split(frame, test_size):
    called("split")
    cut = len(frame) - round(len(frame) * test_size)
    return {"train": frame[:cut], "test": frame[cut:]}
'''

CLEANING = """\
from churn import numbers


def tidy(row):
    return {name: numbers.to_number(value) for name, value in row.items()}
"""

NUMBERS = """\
def to_number(text):
    # numbers are written with blanks around them
    return float(text.strip())


def not_reached(text):
    return int(text)
"""

MODEL = """\
from calls import called


class Model:
    def __init__(self, kind, seed, mean):
        self.kind, self.seed, self.mean = kind, seed, mean

    def predict(self, row):
        return self.mean + len(self.kind) + self.seed / 100


def train(frame, model, seed):
    called(f"train {model['kind']} {seed}")
    return Model(model["kind"], seed, sum(row["spend"] for row in frame) / len(frame))


def score(model, frame):
    called(f"score {model.kind} {model.seed}")
    return sum(model.predict(row) for row in frame)


def pick_best(models, scores):
    called("best")
    assert len(models) == len(scores)
    return max(zip(scores, models), key=lambda pair: pair[0])[1]


def evaluate(model, frame, bootstrap, n_jobs):
    called("evaluate")
    return 0.8, [[0, 0], [0.5, 0.9], [1, model.seed]]
"""

TRAIN = {f"train[{model},{seed}]" for model in (0, 1) for seed in (1, 2, 3)}
SCORE = {id.replace("train", "score") for id in TRAIN}
ALL = {"load", "clean", "split", *TRAIN, *SCORE, "best", "evaluate", "promote", "report"}


def churn(project: Project) -> Project:
    rows = "".join(f"{i},{i * 1.5}\n" for i in range(10))
    return (
        project.file("pipeline.yaml", PIPELINE)
        .file("data/customers.csv", "id,spend\n" + rows)
        .file("churn/__init__.py", "")
        .file("churn/data.py", DATA)
        .file("churn/cleaning.py", CLEANING)
        .file("churn/numbers.py", NUMBERS)
        .file("churn/model.py", MODEL)
        .file("churn/registry.py", "from calls import called\n\ndef promote(model):\n    called('promote')\n")
        .file(
            "churn/report.py",
            "from calls import called\n\ndef render(auc, curve):\n"
            "    called('report')\n    return f'<h1>{auc:.2f}</h1> {len(curve)} puntos: ñ'\n",
        )
    )


@pytest.fixture
def done(project: Project) -> Project:
    """The pipeline, run once."""
    churn(project).run()
    project.calls()
    return project


def run(project: Project, *args: str, exit: int = 0):
    return project.run(*args, exit=exit)


def test_it_validates(project: Project) -> None:
    churn(project).check()
    assert project.calls() == []


def test_it_plans_without_running(project: Project) -> None:
    plan = churn(project).plan()
    assert plan.json["pipeline"] == "churn"
    assert actions(plan) == dict.fromkeys(ALL, "run")
    assert plan.json["summary"] == {"run": len(ALL), "reuse": 0, "skip": 0, "undecided": 0}
    assert plan.tasks["train[1,3]"]["wave"] == 3  # load 0, clean 1, split 2
    assert plan.tasks["train[1,3]"]["needs"] == ["split"]
    assert plan.tasks["train[1,3]"]["key"] == "1,3"
    assert plan.tasks["train[1,3]"]["step"] == "train"
    assert project.calls() == []


def test_it_runs_as_written_on_loky(project: Project) -> None:
    """No option at all: the executor is the one that the file names."""
    first = churn(project).prun("run", "--json")
    assert first.json["status"] == "succeeded"
    assert ran(first) == ALL
    assert first.json["counts"]["succeeded"] == len(ALL)
    assert sorted(project.calls()) == sorted(
        ["load", "clean", "split", "best", "evaluate", "promote", "report"]
        + [
            f"{step} {kind} {seed}"
            for step in ("train", "score")
            for kind in ("logreg", "forest")
            for seed in (1, 2, 3)
        ]
    )
    assert project.text("reports/churn.html") == "<h1>0.80</h1> 3 puntos: ñ"
    second = project.prun("run", "--json")
    assert reused(second) == ALL - {"promote"}
    assert ran(second) == {"promote"}
    assert project.calls() == ["promote"]


def test_the_second_run_reuses_all_but_promote(done: Project) -> None:
    """`report` only waits for promote: nothing of promote is in its key."""
    second = run(done)
    assert reused(second) == ALL - {"promote"}
    assert second.json["counts"]["reused"] == len(ALL) - 1
    assert done.calls() == ["promote"]
    plan = done.plan()
    assert actions(plan) == dict.fromkeys(ALL, "reuse") | {"promote": "run"}
    assert reasons(plan, "promote") == {"cache-off"}


def test_another_backend_reuses_too(done: Project) -> None:
    assert reused(done.run("--backend", "threading")) == ALL - {"promote"}


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("churn/numbers.py", "# numbers are written with blanks around them", "# blanks, again"),
        ("churn/numbers.py", "return int(text)", "return int(text) + 1"),
        ("churn/data.py", '"""Loading, cleaning and splitting."""', '"""Other words."""'),
        ("pipeline.yaml", "description: Train, compare and report", "description: Compare"),
        ("pipeline.yaml", "n_jobs: 2", "n_jobs: 1"),
        ("pipeline.yaml", "limit: 2", "limit: 1"),
        ("pipeline.yaml", "timeout: 30m", "timeout: 40m"),
        ("pipeline.yaml", "memory: 2GiB", "memory: 1GiB"),
        ("pipeline.yaml", "name: churn", "name: leavers"),
        ("pipeline.yaml", "workers: 4", "workers: 1"),
        ("pipeline.yaml", "    on_error: skip  ", "    max_parallel: 2 "),
    ],
)
def test_edits_that_change_no_result_rerun_nothing(done: Project, path: str, old: str, new: str) -> None:
    result = run(done.edit(path, old, new))
    assert ran(result) == {"promote"}, result
    assert done.calls() == ["promote"]


def test_a_helper_two_modules_away_reruns_what_reaches_it(done: Project) -> None:
    result = run(done.edit("churn/numbers.py", "float(text.strip())", "float(text.strip()) + 1"))
    # evaluate gives the same as before, so the report is reused: early cutoff
    assert reused(result) == {"load", "report"}
    assert ran(result) == ALL - {"load", "report"}


def test_equal_output_stops_the_rerun(done: Project) -> None:
    done.edit("churn/numbers.py", "float(text.strip())", "float(str(text).strip())")
    plan = actions(done.plan())
    assert plan["load"] == "reuse"
    assert plan["clean"] == "run"
    assert {plan[id] for id in ALL - {"load", "clean", "promote"}} == {"undecided"}
    assert plan["promote"] == "run"
    result = run(done)
    assert ran(result) == {"clean", "promote"}
    assert done.calls() == ["clean", "promote"]


def test_a_new_row_in_the_file_reruns_from_load(done: Project) -> None:
    done.file("data/customers.csv", done.text("data/customers.csv") + "10,99\n")
    plan = done.plan()
    assert plan.tasks["load"]["action"] == "run"
    assert reasons(plan, "load") == {"file"}
    assert {"load", "clean", "split", *TRAIN} <= ran(run(done))


def test_a_param_reruns_those_that_read_it(done: Project) -> None:
    result = run(done, "-p", "test_size=0.4")
    assert {"load", "clean"} <= reused(result)
    assert {"split", *TRAIN, *SCORE} <= ran(result)


def test_another_seed_runs_its_items_alone(done: Project) -> None:
    result = run(done, "-p", "seeds=[0, 1, 2, 3]")
    new = {"train[0,0]", "train[1,0]", "score[0,0]", "score[1,0]"}
    assert {id for id in ran(result) if id.startswith(("train", "score"))} == new
    assert reused(result) >= TRAIN | SCORE
    assert "best" in ran(result)


def test_a_model_method_reruns_the_steps_that_get_models(done: Project) -> None:
    done.edit("churn/model.py", "self.seed / 100", "self.seed / 10")
    assert ran(run(done)) >= SCORE


def test_the_dev_profile(done: Project) -> None:
    result = run(done, "--profile", "dev")
    assert {id for id in statuses(result) if id.startswith("train")} == {"train[0,1]", "train[1,1]"}
    assert {"load", "clean", "split", "train[0,1]", "train[1,1]", "score[0,1]", "score[1,1]"} <= reused(
        result
    )
    assert "best" in ran(result)


def test_a_false_condition_skips_promote_and_the_report_still_comes(done: Project) -> None:
    result = run(done, "-p", "min_auc=0.9")
    assert having(result, "skipped") == {"promote"}
    assert statuses(result)["report"] == "reused"
    assert done.calls() == []


def test_a_failed_item_is_left_out_and_the_run_succeeds(project: Project) -> None:
    churn(project).edit(
        "churn/model.py",
        "    return Model(model",
        "    if (model['kind'], seed) == ('forest', 3):\n        raise ValueError('no')\n"
        "    return Model(model",
    )
    result = run(project)
    assert having(result, "failed") == {"train[1,3]"}
    assert having(result, "skipped") == {"score[1,3]"}
    assert ran(result) == ALL - {"train[1,3]", "score[1,3]"}
    assert result.json["status"] == "succeeded"


def test_the_report_is_put_back_when_it_was_deleted(done: Project) -> None:
    done.remove("reports/churn.html")
    assert statuses(run(done))["report"] == "reused"
    assert done.text("reports/churn.html") == "<h1>0.80</h1> 3 puntos: ñ"


def test_a_copy_of_the_project_elsewhere_reuses(done: Project, tmp_path: Path) -> None:
    """Keys hold paths relative to the pipeline's folder, and no machine."""
    elsewhere = tmp_path / "else" / "where"
    elsewhere.parent.mkdir()
    done.folder.rename(elsewhere)
    moved = Project(elsewhere)
    assert ran(run(moved)) == {"promote"}
