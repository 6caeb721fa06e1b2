"""SIGTERM to Snakemake alone, as from `kill` or a service manager: it starts nothing more and waits for its jobs."""

import signal

from projects import LIMIT, change_config, copy_project, documented, planned, start, wait_until


def test_running_jobs_are_finished_and_no_others_started(tmp_path):
    project = copy_project(tmp_path / "project")
    change_config(project, lambda smoke: smoke["training"].update(steps=6000))
    log = project / "results/smoke/logs/seed0/train_model.log"
    snakemake = start(project)
    wait_until(lambda: log.exists() and "/6000" in log.read_text(), snakemake, project)
    snakemake.send_signal(signal.SIGTERM)
    assert snakemake.wait(LIMIT) != 0
    assert documented("Will exit after finishing currently running jobs") in (project / "terminal.txt").read_text()
    assert (project / "results/smoke/seed0/model.safetensors").exists()
    assert not (project / "results/smoke/seed0/predictions.csv").exists()
    left = planned(project)  # and the folder is not locked
    assert "train_model" not in left
    assert "measure_predictions" in left
