"""The workflow on a real SLURM, as `make test-slurm` starts it: the profiles, and what a cluster does to a run.

Every run is compared with the same run on this machine alone, byte by byte.
"""

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from lib.registry import SEED_STAGES
from projects import LIMIT, change_config, copy_project, recover, start, wait_until

SLURM = ["--profile", "workflow/profiles/slurm"]
GROUPED = ["--workflow-profile", "workflow/profiles/slurm-grouped"]
GENERIC = ["--profile", "workflow/profiles/generic"]
# Two seeds' stages, three parts of the sequences, the handcrafted weights, the untrained models, the agreement, the
# explorer.
ONE_BY_ONE = 2 * len(SEED_STAGES) + 7
WEIGHTS = "results/smoke/seed{}/model.safetensors"


def make(folder: Path, seeds=(0, 1), **training) -> Path:
    """A copy of the project with a smoke config of these seeds and changes to its training."""
    project = copy_project(folder)
    change_config(project, lambda smoke: (smoke.update(seeds=list(seeds)), smoke["training"].update(training)))
    return project


def finish(running: subprocess.Popen, project: Path, ok: bool = True) -> str:
    """Wait for Snakemake; what it said."""
    try:
        running.wait(LIMIT)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    said = (project / "terminal.txt").read_text()
    assert (running.returncode == 0) == ok, said
    return said


def run(project: Path, *arguments: str, ok: bool = True) -> str:
    return finish(start(project, *arguments), project, ok)


def queue(project: Path, fields: str) -> list[list[str]]:
    """Every job of a project that SLURM knows of, ended ones too."""
    listed = subprocess.run(
        ["squeue", "--noheader", "--states=all", f"--format=%Z|{fields}"], check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split("|") for line in listed.splitlines()]
    return [row[1:] for row in rows if row[0] == str(project)]


def shown(job: str) -> str:
    """All that SLURM knows of a job."""
    return subprocess.run(["scontrol", "show", "job", job], check=True, capture_output=True, text=True).stdout


def running_training(project: Path) -> tuple[str, str] | None:
    """Id and node of a training that SLURM runs and that has kept a checkpoint; None without one."""
    for job, comment, state, node in queue(project, "%i|%k|%T|%N"):
        seed = comment.rpartition("_")[2]
        checkpoint = project / f"results/smoke/seed{seed}/checkpoint.safetensors"
        if comment.startswith("rule_train_model") and state == "RUNNING" and checkpoint.exists():
            return job, node
    return None


def assert_same(project: Path, reference: Path, *patterns: str) -> None:
    for pattern in patterns:
        wanted = sorted(path.relative_to(reference) for path in reference.glob(pattern))
        assert wanted, pattern
        assert sorted(path.relative_to(project) for path in project.glob(pattern)) == wanted
        for path in wanted:
            assert (project / path).read_bytes() == (reference / path).read_bytes(), path


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The whole workflow on this machine alone."""
    project = make(tmp_path_factory.mktemp("here"))
    run(project)
    return project


LONG = {"steps": 9000, "checkpoint_every": 100}  # long enough to be met while it runs


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Longer trainings of six seeds, on this machine alone."""
    project = make(tmp_path_factory.mktemp("trained"), range(6), **LONG)
    run(project, "models")
    return project


# --- the profiles ---


@pytest.mark.parametrize("profile", [SLURM, GROUPED], ids=["slurm", "grouped"])
def test_the_whole_workflow_through_a_profile(reference, tmp_path, profile):
    project = make(tmp_path)
    said = run(project, *profile)
    assert_same(project, reference, "results/**/*.csv", "results/**/*.safetensors", "results/smoke/tables/*.md")
    jobs = queue(project, "%T|%C|%m|%j")
    assert {state for state, *_ in jobs} == {"COMPLETED"}
    assert all(name.startswith("recurrence-circuits") for *_, name in jobs)
    # A group runs its members one after another: it asks for what the largest of them needs, not for the sum.
    assert {cores for _, cores, _, _ in jobs} == {"1"}
    assert {memory for _, _, memory, _ in jobs} <= {"2000M", "4000M"}
    assert "draw_figure" in said  # here, not submitted
    if profile == GROUPED:
        assert len(jobs) < ONE_BY_ONE / 2
    else:
        assert len(jobs) == ONE_BY_ONE
    assert "Nothing to be done" in run(project, *profile, "-n")


def test_trainings_and_a_measure_through_the_generic_profile(reference, tmp_path):
    """The rules are the same for all profiles; what this one does itself is to submit a job and to ask after it."""
    project = make(tmp_path)
    targets = [f"results/smoke/seed{seed}/{file}" for seed in (0, 1) for file in ("model.safetensors", "circuits.csv")]
    run(project, *targets, *GENERIC)
    assert_same(project, reference, "results/smoke/seed*/model.safetensors", "results/smoke/seed*/circuits.csv")
    jobs = queue(project, "%T|%C|%m|%j")
    assert len(jobs) == 3 + 2 * 2  # three parts of the sequences, two stages of two seeds
    assert {(state, cores) for state, cores, *_ in jobs} == {("COMPLETED", "1")}
    assert all(name.startswith("recurrence-circuits") for *_, name in jobs)
    assert "Nothing to be done" in run(project, *targets, *GENERIC, "-n")


def test_a_gpu_is_asked_for_in_either_way(tmp_path):
    project = make(tmp_path, [0], device="auto")
    run(project, "models", *SLURM)
    gres = ["--set-resources", "train_model:gpu=0", "train_model:gres=gpu:1"]
    run(project, "models", "--forcerun", "train_model", *SLURM, *gres)
    jobs = [job for job, comment in queue(project, "%i|%k") if comment.startswith("rule_train_model")]
    texts = [shown(job) for job in jobs]
    assert ["TresPerJob=gres:gpu:1" in text for text in texts] == [True, False]
    assert ["TresPerNode=gres:gpu:1" in text for text in texts] == [False, True]
    assert all("JobState=COMPLETED" in text for text in texts)


def test_trainings_of_one_submission_take_turns_on_one_gpu(tmp_path):
    project = make(tmp_path, [0, 1], device="auto")
    run(project, "models", *GROUPED)
    comments = {job: comment for job, comment in queue(project, "%i|%k") if "generate_data" not in comment}
    (job,) = [job for job, comment in comments.items() if "train" in comment]
    assert "TresPerJob=gres:gpu:1" in shown(job)
    assert "JobState=COMPLETED" in shown(job)


# --- what a cluster does to a run ---


def test_a_job_over_its_memory_is_retried_with_more(tmp_path, trained):
    project = make(tmp_path, [0], **LONG)
    said = run(project, "models", *SLURM, "--retries", "4", "--set-resources", "train_model:mem_mb=250 * attempt")
    assert "Trying to restart job" in said
    asked = [memory for comment, memory in queue(project, "%k|%m") if comment.startswith("rule_train_model")]
    assert {"250M", "500M"} <= set(asked)
    assert_same_seeds(project, trained, [0])


def assert_same_seeds(project: Path, reference: Path, seeds) -> None:
    for seed in seeds:
        assert_same(project, reference, WEIGHTS.format(seed), f"results/smoke/seed{seed}/learning_curves.csv")


def test_a_failing_job_is_reported_with_its_log(tmp_path):
    project = make(tmp_path, [0])
    run(project, "results/smoke/data/test.safetensors")
    data = project / "results/smoke/data/test.safetensors"
    data.write_bytes(data.read_bytes()[:1000])
    said = run(project, "results/smoke/tables/handcrafted.csv", *SLURM, "--retries", "0", ok=False)
    assert "rule measure_handcrafted" in said
    assert "results/smoke/logs/measure_handcrafted.log" in said
    assert "test.safetensors: expected a safetensors file, found: " in said


def test_a_cancelled_job_is_submitted_again_and_goes_on(tmp_path, trained):
    project = make(tmp_path, [0], **LONG)
    running = start(project, "models", *SLURM)
    job, _ = wait_until(lambda: running_training(project), running, project)
    subprocess.run(["scancel", job], check=True)
    said = finish(running, project)
    assert "CANCELLED" in said
    assert "goes on after step" in (project / "results/smoke/logs/seed0/train_model.log").read_text()
    assert_same_seeds(project, trained, [0])


def test_a_node_daemon_is_killed_and_brought_back(tmp_path, trained):
    project = make(tmp_path, [0], **LONG)
    running = start(project, "models", *SLURM)
    _, node = wait_until(lambda: running_training(project), running, project)
    home = Path(os.environ["SLURM_CONF"]).parents[1]
    daemon = psutil.Process(int((home / f"run/slurmd-{node}.pid").read_text()))
    assert daemon.name() == "slurmd"
    daemon.kill()
    daemon.wait(30)
    subprocess.run(["slurmd", "-f", os.environ["SLURM_CONF"], "-N", node], check=True)
    finish(running, project)
    assert_same_seeds(project, trained, [0])


def test_a_node_goes_down_and_its_job_is_run_again(tmp_path, trained):
    """By SLURM itself, under the same id: Snakemake only waits."""
    project = make(tmp_path, [0], **LONG)
    running = start(project, "models", *SLURM)
    job, node = wait_until(lambda: running_training(project), running, project)
    subprocess.run(["scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test"], check=True)
    try:
        wait_until(lambda: "Restarts=1" in shown(job), running, project)
    finally:  # refused if the node has come back by itself, as it may (ReturnToService)
        subprocess.run(["scontrol", "update", f"NodeName={node}", "State=RESUME"])
    finish(running, project)
    assert [row[0] for row in queue(project, "%i|%k") if row[1].startswith("rule_train_model")] == [job]
    assert "goes on after step" in (project / "results/smoke/logs/seed0/train_model.log").read_text()
    assert_same_seeds(project, trained, [0])


def test_snakemake_is_killed_and_recovers(tmp_path, trained):
    project = make(tmp_path, range(6), **LONG)
    running = start(project, "models", *SLURM)
    records = [project / f"results/smoke/seed{seed}/run.json" for seed in range(6)]

    def trainings(state: str) -> set[str]:
        rows = queue(project, "%i|%k|%T")
        return {job for job, comment, found in rows if comment.startswith("rule_train_model") and found == state}

    wait_until(lambda: trainings("RUNNING") and trainings("PENDING"), running, project)
    wait_until(lambda: running_training(project), running, project)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    # A training that ends when there is no Snakemake left to see it.
    at_work = trainings("RUNNING")
    wait_until(lambda: at_work & trainings("COMPLETED"))
    assert trainings("RUNNING") | trainings("PENDING")
    finished = {record.parent: inodes(record.parent) for record in records if record.exists()}

    said = recover(project, "models", *SLURM)
    assert "cancelling jobs" in said
    assert "put on record" in said, said
    assert {folder: inodes(folder) for folder in finished} == finished, said  # touched, never written again
    assert_same_seeds(project, trained, range(6))
    assert no_two_at_once(project)
    assert "Nothing to be done" in run(project, "models", *SLURM, "-n")


def inodes(folder: Path) -> dict[str, int]:
    names = ("model.safetensors", "snapshots.safetensors", "learning_curves.csv", "run.json")
    return {name: (folder / name).stat().st_ino for name in names}


def no_two_at_once(project: Path) -> bool:
    """Whether no two jobs of one rule and wildcards, so of one output, ran at the same time."""
    spans: dict[str, list[tuple[str, str]]] = {}
    for comment, began, ended, state in queue(project, "%k|%S|%e|%T"):
        if began != "N/A" and state != "PENDING":
            spans.setdefault(comment, []).append((began, ended))
    assert any(len(of_one) > 1 for of_one in spans.values())
    return all(
        earlier[1] <= later[0] for of_one in spans.values()
        for earlier, later in zip(sorted(of_one), sorted(of_one)[1:], strict=False)
    )  # fmt: skip
