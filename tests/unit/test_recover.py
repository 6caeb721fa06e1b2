"""What `make recover` finds and ends, without a cluster: jobs by what each plugin logs, processes, queues, flags."""

import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from lib.stages import stage_digest
from projects import ROOT, copy_project
from recurrence_circuits.config.check import ConfigError, expand_config
from recurrence_circuits.config.experiment import run_settings
from tools import recover
from tools.flags import Run, read_experiments, run_of
from tools.metadata import submitted_jobs, unrecorded
from tools.recover import (
    QueueError,
    cancel_cluster_jobs,
    finished_trainings,
    orphans_here,
    snakemakes,
)

# What each plugin logs of a job that it has submitted, and the words of that in its source.
LOGGED = {
    "SGE": ("Submitted job 3 with external jobid '4711'.", "with external jobid", "cluster_generic"),
    "PBS": ("Submitted group job 3 with external jobid '4711.head'.", "with external jobid", "cluster_generic"),
    "SLURM": ("Job 3 has been submitted with SLURM jobid 4711 (log: x).", "submitted with SLURM jobid", "slurm"),
    "LSF": ("Job 3 has been submitted with LSF jobid 4711 (log: x).", "submitted with LSF jobid", "lsf"),
}
CANCELS = {"SGE": "qdel", "PBS": "qdel", "LSF": "bkill"}


def write_log(folder: Path, text: str, name: str = "1") -> None:
    log = folder / ".snakemake" / "log" / f"{name}.snakemake.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text)


@pytest.mark.parametrize("scheduler", LOGGED)
def test_submitted_jobs_are_known_by_what_their_plugin_logs(tmp_path, scheduler):
    logged, words, plugin = LOGGED[scheduler]
    assert words in Path(find_spec(f"snakemake_executor_plugin_{plugin}").origin).read_text()
    write_log(tmp_path, f"Building DAG of jobs...\n{logged}\n{logged}\n")
    write_log(tmp_path, "a later Snakemake that submitted nothing", "2")
    assert submitted_jobs(tmp_path) == ["4711.head" if scheduler == "PBS" else "4711"]


def commands(folder: Path, monkeypatch, scripts: dict[str, str]) -> Path:
    """A PATH of these commands alone; the file in which they leave their arguments."""
    said = folder / "said"
    (folder / "bin").mkdir()
    for name, script in scripts.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\necho {name} $* >> {said}\n{script}\n")
        (folder / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "bin"))
    return said


@pytest.mark.parametrize("scheduler", CANCELS)
def test_a_queue_is_asked_to_cancel_what_was_submitted(tmp_path, monkeypatch, scheduler):
    write_log(tmp_path, LOGGED[scheduler][0])
    command = CANCELS[scheduler]
    said = commands(tmp_path, monkeypatch, {command: "exit 1"})  # some have ended: it complains, and is not believed
    cancel_cluster_jobs(tmp_path)
    assert said.read_text() == f"{command} {submitted_jobs(tmp_path)[0]}\n"


def test_jobs_that_slurm_does_not_end_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(recover, "PATIENCE", -1.0)
    write_log(tmp_path, LOGGED["SLURM"][0])
    said = commands(tmp_path, monkeypatch, {"squeue": f"echo '4711|{recover.JOB_NAME}-a|{tmp_path}'", "scancel": ""})
    with pytest.raises(QueueError, match="expected the cancelled jobs to end in -1 s, found 4711"):
        cancel_cluster_jobs(tmp_path)
    assert "scancel 4711" in said.read_text()


def test_without_submitted_jobs_no_queue_is_asked(tmp_path, monkeypatch):
    said = commands(tmp_path, monkeypatch, {"squeue": "exit 1", "qdel": ""})
    cancel_cluster_jobs(tmp_path)
    assert not said.exists()


@pytest.fixture
def at_work(tmp_path):
    """Starts something that looks like a rule script, or like a Snakemake, at work in the folder."""
    started = []

    def start(script: str, *words: str, **environment: str) -> subprocess.Popen:
        path = tmp_path / script
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import time\ntime.sleep(600)\n")
        outside = {name: value for name, value in os.environ.items() if name != "SLURM_JOB_ID"}
        command = [sys.executable, script, *words]
        started.append(subprocess.Popen(command, cwd=tmp_path, env=outside | environment))
        while psutil.Process(started[-1].pid).cmdline() != command:
            time.sleep(0.01)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


RULE_SCRIPT = ".snakemake/scripts/tmpx.train_model.py"


@pytest.mark.parametrize("inside", [{}, {"SLURM_JOB_ID": "70"}], ids=["outside", "in an allocation"])
def test_what_is_at_work_here_is_found(tmp_path, at_work, inside):
    write_log(tmp_path, LOGGED["SLURM"][0])
    script, job = at_work(RULE_SCRIPT, **inside), at_work("snakemake", "--mode", "remote", **inside)
    assert {process.pid for process in orphans_here(tmp_path)} == {script.pid, job.pid}
    assert snakemakes(tmp_path) == []
    main = at_work("snakemake", "--cores", "1", **inside)
    assert [process.pid for process in snakemakes(tmp_path)] == [main.pid]
    recover.end_here(orphans_here(tmp_path))
    assert orphans_here(tmp_path) == []
    assert script.poll() is not None
    assert main.poll() is None


def test_what_a_submitted_job_runs_is_left_to_its_scheduler(tmp_path, at_work):
    write_log(tmp_path, LOGGED["SLURM"][0])
    at_work(RULE_SCRIPT, SLURM_JOB_ID="4711")
    assert orphans_here(tmp_path) == []


DEFAULT = str(ROOT / "config/config.yaml")


def profile(folder: Path) -> str:
    (folder / "profile").mkdir()
    (folder / "profile/config.yaml").write_text("directory: D\nconfigfile: [a.yaml]\n")
    return str(folder / "profile")


@pytest.mark.parametrize(
    ("flags", "folder", "configs"),
    [
        (["-n"], "", [DEFAULT]),
        (["models", "--configfile", "a.yaml", "b.yaml", "--cores", "1"], "", ["a.yaml", "b.yaml"]),
        (["models", "--configfile", "a.yaml", "--directory", "D"], "D", ["a.yaml"]),
        (["--directory=D", "--configfiles", "a.yaml"], "D", ["a.yaml"]),
        (["-d", "own"], "own", ["own/config/config.yaml"]),
        (["--dir", "D", "--snakefile", str(ROOT / "workflow/Snakefile")], "D", [DEFAULT]),
        (["--profile", "PROFILE"], "D", ["a.yaml"]),
        (["--workflow-profile", "PROFILE"], "D", ["a.yaml"]),
    ],
    ids=str,
)
def test_folder_and_config_files_are_those_of_the_flags(tmp_path, flags, folder, configs):
    (tmp_path / "own/config").mkdir(parents=True)
    (tmp_path / "own/config/config.yaml").touch()
    named = profile(tmp_path)
    run = run_of([named if flag == "PROFILE" else flag for flag in flags], tmp_path)
    assert run.folder == tmp_path / folder
    assert run.configs == [tmp_path / path for path in configs]
    assert run_of(run.flags, Path("/"))[:2] == run[:2]  # from wherever the flags are used again


def test_flags_that_snakemake_does_not_know_are_refused_in_its_words(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run_of(["--directry", "D"], tmp_path)
    assert "unrecognized arguments: --directry" in capsys.readouterr().err


def test_several_config_files_are_taken_as_snakemake_takes_them(tmp_path):
    project = copy_project(tmp_path)
    (project / "more.yaml").write_text("experiments: {smoke: {seeds: [4]}, second: {task: affine, seeds: [1]}}\n")
    files = [project / "config/smoke.yaml", project / "more.yaml"]
    found = read_experiments(Run(project, files, [], []))
    assert {name: settings["seeds"] for name, settings in found.items()} == {"smoke": [4], "second": [1]}
    assert found["smoke"]["training"] == read_experiments(Run(project, files[:1], [], []))["smoke"]["training"]
    with pytest.raises(ConfigError, match=r"smoke\.task: expected one of .*, found the text .quadratic."):
        read_experiments(Run(project, files[:1], ["experiments={smoke: {task: quadratic}}"], []))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file or directory"),
        ("experiments: {toy: {task: afine}}", "experiments.toy.task: expected "),
        ("experiments: [", "mistaken.yaml"),
        ("", "expected "),
    ],
)
def test_a_config_that_is_refused_is_reported_before_anything_is_ended(tmp_path, at_work, capsys, content, message):
    script = at_work(RULE_SCRIPT)
    if content is not None:
        (tmp_path / "mistaken.yaml").write_text(content)
    assert recover.main(["--configfile", "mistaken.yaml"], tmp_path) == 1
    assert message in capsys.readouterr().err
    assert script.poll() is None


def trained(folder: Path, seed: int, **changes) -> list[str]:
    """What a finished training of the experiment `toy` leaves in `folder`, its record changed; the paths."""
    files = [f"results/toy/seed{seed}/{name}" for name in recover.TRAINED]
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    record = {"settings": run_settings("toy", TOY["toy"], seed), "code_digest": stage_digest("train_model", "affine")}
    (folder / f"results/toy/seed{seed}/run.json").write_text(json.dumps(record | changes))
    return sorted(files)


TOY = expand_config({"experiments": {"toy": {"task": "affine", "seeds": [0, 1]}}}, "test")["experiments"]


def test_trainings_of_this_code_and_these_settings_are_known_as_finished(tmp_path):
    files = trained(tmp_path, 0) + trained(tmp_path, 1)
    trained(tmp_path, 2)  # no seed of the experiment
    assert finished_trainings(tmp_path, unrecorded(tmp_path, "toy"), TOY) == files


@pytest.mark.parametrize(
    "changes", [{"code_digest": "other"}, {"settings": {}}, {"settings": run_settings("toy", TOY["toy"], 1)}]
)
def test_other_trainings_are_not(tmp_path, changes):
    trained(tmp_path, 0, **changes)
    assert finished_trainings(tmp_path, unrecorded(tmp_path, "toy"), {"toy": TOY["toy"] | {"seeds": [0]}}) == []


def test_a_training_that_lacks_a_file_is_not_finished(tmp_path):
    files = trained(tmp_path, 0)
    (tmp_path / files[0]).unlink()
    assert finished_trainings(tmp_path, unrecorded(tmp_path, "toy"), TOY) == []
