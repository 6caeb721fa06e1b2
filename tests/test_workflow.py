"""The workflow as its users run it: the whole DAG, then what reruns after each kind of change.

Each test works on its own copy of a finished run, so that changes do not meet.
"""

import ast
import json
import os
import re
from base64 import b64decode
from pathlib import Path

import pytest
import yaml
from projects import change_config, edit, planned, snakemake

pytestmark = pytest.mark.slow
LIBRARY = Path("scripts/recurrence_circuits")


def test_a_finished_run_has_nothing_to_do(project):
    assert "Nothing to be done" in snakemake(project, "-n")


def test_every_rule_ran(finished):
    rules = set()
    for path in [finished / "workflow" / "Snakefile", *(finished / "workflow" / "rules").glob("*.smk")]:
        rules |= set(re.findall(r"^rule (\w+):", path.read_text(), flags=re.MULTILINE))
    ran = set(re.findall(r"^(?:local)?rule (\w+):", (finished / "terminal.txt").read_text(), flags=re.MULTILINE))
    # Not run: targets that only name files, what compares several experiments, and archives, made on demand.
    assert rules - ran == {"figures", "tables", "models", "draw_variants", "archive", "archive_experiment"}


def test_progress_reaches_terminal_and_log(finished):
    for text in (
        (finished / "terminal.txt").read_text(),
        (finished / "results/smoke/logs/seed1/train_model.log").read_text(),
    ):
        assert re.search(r"smoke seed 1  loss \S+  excess \S+  step 60/60  \S+/s  0:00 left", text)


def test_every_log_and_benchmark_is_written(finished):
    logs = list((finished / "results/smoke/logs").rglob("*.log"))
    assert len(logs) == len(list((finished / "results/smoke/benchmarks").rglob("*.tsv"))) > 20


# --- what reruns when ---


def test_an_edited_module_reruns_exactly_the_rules_that_reach_it(project):
    edit(project / LIBRARY / "ablation.py", "components ablated:", "ablated components:")
    assert planned(project) == {
        "ablate_heads": 2, "gather_seeds": 1, "judge_claims": 1,
        "draw_ablation": 1, "draw_claims": 1, "write_report": 1,
    }  # fmt: skip


def test_touched_files_rerun_nothing(project):
    for path in [
        *(project / "scripts").rglob("*.py"),
        *(project / "workflow").rglob("*"),
        *(project / "config").glob("*"),
    ]:
        os.utime(path)
    assert planned(project) == {}


def test_an_edit_under_an_old_date_reruns(project):
    script = project / "scripts" / "judge_claims.py"
    times = script.stat().st_atime, script.stat().st_mtime
    edit(script, 'logger.info("claim %s: %s"', 'logger.info("verdict on claim %s: %s"')
    os.utime(script, times)
    assert planned(project)["judge_claims"] == 1


def test_comments_and_docstrings_rerun_nothing(project):
    edit(project / LIBRARY / "training.py", '"""Training: ', '"""How training goes: ')
    edit(project / LIBRARY / "model.py", "# batch head query d_head", "# one row a query")
    assert planned(project) == {}


def test_a_changed_setting_reruns_what_uses_it(project):
    change_config(project, lambda smoke: smoke["analysis"].update(resamples=200))
    plan = planned(project)
    assert {rule: plan[rule] for rule in ("score_predictions", "ablate_heads", "measure_similarity")} == {
        "score_predictions": 2, "ablate_heads": 2, "measure_similarity": 2,
    }  # fmt: skip
    assert not {"generate_data", "train_model"} & set(plan)


def test_a_changed_threshold_measures_nothing_again(project):
    change_config(project, lambda smoke: smoke.update(claims={"learned_ratio_max": 0.2}))
    assert planned(project) == {"judge_claims": 1, "draw_claims": 1, "write_report": 1}


def test_another_interval_of_checkpoints_trains_nothing_again(project):
    change_config(project, lambda smoke: smoke["training"].update(checkpoint_every=7))
    assert planned(project) == {"write_report": 1}  # which shows the settings


def test_an_added_seed_trains_that_seed_only(project):
    change_config(project, lambda smoke: smoke.update(seeds=[0, 1, 7]))
    plan = planned(project)
    assert plan["train_model"] == plan["ablate_heads"] == plan["score_predictions"] == plan["measure_similarity"] == 1
    assert "generate_data" not in plan
    assert plan["gather_seeds"] == len(list((project / "results/smoke/seed0").glob("*.csv")))


def test_an_edited_figure_is_drawn_alone(project):
    edit(project / LIBRARY / "figures" / "ablation.py", "def draw(", "REDRAWN = True\n\n\ndef draw(")
    assert planned(project, "figures") == {"draw_ablation": 1}
    assert planned(project) == {"draw_ablation": 1, "write_report": 1}


def test_every_tracked_param_is_a_plain_value(finished):
    """Snakemake leaves params of other types out of its records without a word."""
    records = 0
    for path in (finished / ".snakemake" / "metadata").iterdir():
        record = json.loads(path.read_text())
        assert record["params"], b64decode(path.name)
        for value in record["params"]:
            ast.literal_eval(value)
        records += 1
    assert records > 50


# --- the config ---


def test_a_refused_config_runs_nothing(project):
    change_config(project, lambda smoke: smoke["training"].update(learning_rat=0.1))
    output = snakemake(project, ok=False)
    assert "experiments.smoke.training.learning_rat" in output
    assert "Traceback" not in output
    assert "rule " not in output


def test_the_config_may_be_another_file_of_several_experiments(project):
    config = yaml.safe_load((project / "config/smoke.yaml").read_text())
    config["experiments"]["other"] = config["experiments"]["smoke"] | {"seeds": [3]}
    (project / "config/smoke.yaml").write_text(yaml.safe_dump(config))
    plan = planned(project)
    assert plan["train_model"] == plan["generate_data"] == plan["write_report"] == 1
