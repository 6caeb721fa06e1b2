"""The workflow as its users run it: the whole DAG, and what it refuses. What reruns when is in test_reruns.py."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest
import yaml

from lib.registry import COLUMNS, SEED_STAGES, TASK_OF, figures_of
from projects import ROOT, add_twin, change_config, edit, outside, planned, snakemake, tool

pytestmark = pytest.mark.slow


def test_every_rule_ran(finished, workflow):
    ran = set(re.findall(r"^(?:local)?rule (\w+):", (finished / "terminal.txt").read_text(), flags=re.MULTILINE))
    # Not run: targets that only name files, what compares several experiments, and archives, made on demand.
    left_out = {"figures", "tables", "models", "draw_comparison", "write_comparison", "archive", "archive_experiment"}
    assert set(workflow.rules) - ran == left_out


def test_every_figure_is_drawn_and_every_table_gathered(finished):
    results = finished / "results/smoke"
    expected = {f"{figure}.{kind}" for figure in figures_of("affine") for kind in ("pdf", "png", "csv")}
    assert {path.name for path in (results / "figures").iterdir()} == expected
    assert {path.name for path in (results / "tables").iterdir()} == {f"{table}.csv" for table in COLUMNS} | {
        "claims.md",
        "standing.json",
    }
    assert set(TASK_OF.values()) == {"affine"}  # else another task's would have to be asked for here


def test_progress_reaches_terminal_and_log(finished):
    for text in (
        (finished / "terminal.txt").read_text(),
        (finished / "results/smoke/logs/seed1/train_model.log").read_text(),
    ):
        assert re.search(r"smoke seed 1  loss \S+  excess \S+  step 60/60  \S+/s  0:00 left", text)


def test_every_log_and_benchmark_is_written(finished):
    names = {}
    for kind, ending in (("logs", ".log"), ("benchmarks", ".tsv")):
        folder = finished / "results/smoke" / kind
        names[kind] = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob(f"*{ending}")}
    assert names["logs"] == names["benchmarks"]
    assert {f"seed{seed}/{stage}" for seed in (0, 1) for stage in SEED_STAGES} < names["logs"]


def test_the_report_shows_every_figure_of_the_task(finished):
    html = (finished / "results/smoke/report.html").read_text()
    assert re.findall(r'<figure id="(\w+)">', html) == figures_of("affine")


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


def test_a_finished_run_has_nothing_to_do(project):
    assert "Nothing to be done" in snakemake(project, "-n")


def test_the_end_of_make_paper_tells_where_its_pages_are(finished):
    told = tool("addresses", ROOT, "--directory", str(finished), "--cores", "1")
    pages = [(finished / "results/smoke" / page).as_uri() for page in ("report.html", "explorer.html")]
    assert told.split() == ["Report:", pages[0], "Explorer:", pages[1]]


def test_an_edit_under_an_old_date_reruns(project):
    script = project / "scripts" / "judge_claims.py"
    times = script.stat().st_atime, script.stat().st_mtime
    edit(script, 'logger.info("claim %s, %s: %s"', 'logger.info("verdict on claim %s, %s: %s"')
    os.utime(script, times)
    assert planned(project) == {"judge_claims": 1, "draw_figure": 1, "write_report": 1}


def test_an_edited_figure_is_drawn_alone(project):
    edit(project / "scripts/recurrence_circuits/figures/ablation.py", "def draw(", "REDRAWN = True\n\n\ndef draw(")
    assert planned(project, "figures") == {"draw_figure": 1}


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
    assert plan["train_model"] == plan["write_report"] == plan["draw_comparison"] == plan["write_comparison"] == 1
    assert plan["generate_data"] == 3
    assert plan["draw_figure"] == len(figures_of("affine"))


def test_several_experiments_have_a_figure_and_a_page_that_leads_to_their_reports(project):
    add_twin(project, "again")
    rules = ["draw_comparison", "write_comparison"]
    snakemake(project, "results/_comparison/affine.html", "--allowed-rules", *rules)
    html = (project / "results/_comparison/affine.html").read_text()
    assert set(re.findall(r'href="\.\./(\w+)/report\.html"', html)) == {"smoke", "again"}
    assert "2 experiments of the task affine: 4 models." in html
    assert sorted(path.name for path in (project / "results/_comparison/figures").iterdir()) == [
        f"comparison.{kind}" for kind in ("csv", "pdf", "png")
    ]
    assert planned(project, "results/_comparison/affine.html", "--allowed-rules", *rules) == {}


def test_a_run_in_another_folder_takes_the_default_config_unless_there_is_one(project, tmp_path):
    shutil.copy(project / "config/smoke.yaml", project / "config/config.yaml")
    plan = snakemake_alone(project, "-n", "--directory", str(tmp_path / "D"))
    assert re.search(r"^train_model +2$", plan, re.MULTILINE)
    change_config(project, lambda smoke: smoke.update(seeds=[0, 1, 2]))
    (tmp_path / "D/config").mkdir(parents=True, exist_ok=True)
    shutil.copy(project / "config/smoke.yaml", tmp_path / "D/config/config.yaml")
    plan = snakemake_alone(project, "-n", "--directory", str(tmp_path / "D"))
    assert re.search(r"^train_model +3$", plan, re.MULTILINE)


def test_the_snakefile_by_another_name_is_the_same_one(project, tmp_path):
    (tmp_path / "link").symlink_to(project)
    (project / "linked").symlink_to(project / "workflow")
    for snakefile in (tmp_path / "link/workflow/Snakefile", "linked/Snakefile"):
        assert "Nothing to be done" in snakemake(project, "-n", "--snakefile", str(snakefile))


def test_the_library_of_another_clone_on_the_users_path_is_not_run(project, tmp_path):
    other = tmp_path / "other/scripts/recurrence_circuits/__init__.py"
    other.parent.mkdir(parents=True)
    other.write_text("raise SystemExit('the library of another clone')\n")
    (project / "results/smoke/figures/ablation.pdf").unlink()
    path = str(tmp_path / "other/scripts")
    snakemake_alone(project, "figures", "--configfile", "config/smoke.yaml", PYTHONPATH=path)
    assert (project / "results/smoke/figures/ablation.pdf").exists()


def test_an_environment_whose_path_has_a_blank_is_refused_before_any_rule(project, tmp_path):
    place = tmp_path / "my environments" / "python"
    place.parent.mkdir()
    place.symlink_to(sys.executable)
    packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    said = snakemake_alone(project, "--forceall", python=str(place), ok=False, PYTHONPATH=packages)
    assert f"{place}: expected a Python whose path has no blank" in said
    assert "Job stats" not in said
    assert "Traceback" not in said


def snakemake_alone(
    folder: Path, *arguments: str, python: str = sys.executable, ok: bool = True, **variables: str
) -> str:
    """Run the workflow as a user would: without --configfile, and with PYTHONPATH only if it is given."""
    environment = {key: value for key, value in outside().items() if key != "PYTHONPATH"} | variables
    done = subprocess.run(
        [python, "-m", "snakemake", *arguments], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert (done.returncode == 0) == ok, done.stdout
    return done.stdout
