"""The cluster profiles: every line explained, and a plan that Snakemake accepts. Real runs are in tests/slurm/."""

import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from lib.places import VARIABLE
from projects import ROOT, change_config, copy_project, snakemake
from tools import config_table

PROFILES = sorted(path.parent.name for path in (ROOT / "workflow" / "profiles").glob("*/config.yaml"))


def text(profile: str) -> str:
    return (ROOT / "workflow" / "profiles" / profile / "config.yaml").read_text()


def unexplained(profile: str) -> list[str]:
    """Settings in paragraphs of a profile that do not begin with a comment."""
    paragraphs = [part for part in text(profile).strip().split("\n\n") if not part.startswith("#")]
    return [line for part in paragraphs for line in part.splitlines()]


def test_the_profiles_are_these():
    assert PROFILES == ["default", "generic", "kubernetes", "lsf", "slurm", "slurm-grouped"]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_says_what_it_is_and_holds_the_defaults_that_keep_results_right(profile):
    assert unexplained(profile) == []
    settings, default = yaml.safe_load(text(profile)), yaml.safe_load(text("default"))
    for key in ("rerun-triggers", "max-checksum-file-size", "rerun-incomplete", "keep-going"):
        assert settings[key] == default[key], key
    untried = profile in ("lsf", "kubernetes")
    assert ("NOT tried on a real" in text(profile)) == untried


def test_the_grouped_profile_lists_every_measure():
    assert config_table.grouped(text("slurm-grouped")) == text("slurm-grouped"), "run make tables"
    assert "  - measure_ablation=measure\n" in text("slurm-grouped")


def test_every_rule_declares_what_a_scheduler_asks_for(workflow):
    for name, rule in workflow.scripts.items():
        assert rule.resources["_cores"].value == 1, name
        assert rule.resources["mem_mb"].is_evaluable(), name  # by attempt: more, if a job fails
        assert rule.resources["runtime"].value in (10, 30, 60), name
    assert "gpu" in workflow.rules["train_model"].resources


def test_every_rule_keeps_a_log_and_a_benchmark_and_names_its_environment(workflow):
    for name, rule in workflow.scripts.items():
        assert len(rule.log) == 1, name
        assert rule.benchmark, name
        assert str(rule.conda_env).endswith("/environment.yml"), name
        assert "code" in set(rule.params.keys()), name  # the digest of its code


@pytest.mark.slow
def test_memory_is_asked_for_by_what_the_config_takes_at_once(tmp_path):
    project = copy_project(tmp_path)
    change_config(project, lambda smoke: smoke["data"].update(n_test=500_000, n_validation=500_000))
    planned = snakemake(project, "-n", "--verbose")
    for rule, megabytes in {"measure_similarity": 17000, "measure_algorithm": 4000, "train_model": 4201}.items():
        (resources,) = re.findall(rf"^rule {rule}:\n(?:    .*\n)*?    resources: (.*)", planned, re.MULTILINE)
        assert f"mem_mb={megabytes}," in resources


class Empty(BaseHTTPRequestHandler):
    """A bucket without a file: nothing that is asked for is there."""

    def do_HEAD(self):
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def empty_bucket():
    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["slurm", "slurm-grouped", "generic", "lsf", "kubernetes"])
def test_a_plan_is_made_with_every_profile(profile, tmp_path, empty_bucket):
    project = copy_project(tmp_path)
    (told,) = re.findall(rf"`snakemake (--[\w-]+ workflow/profiles/{profile})`", text(profile))
    flags = [*told.split(), "--configfile", "config/smoke.yaml"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV_")}
    if profile == "kubernetes":
        flags += ["--storage-s3-endpoint-url", empty_bucket]
        environment |= {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "key", "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "secret"}
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", *flags], cwd=project, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert re.search(r"^train_model +1$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ("COMPLETED", 0, "success"),
        ("PENDING", 0, "running"),
        ("COMPLETING", 0, "running"),
        ("FAILED", 0, "failed"),
        ("OUT_OF_MEMORY", 0, "failed"),
        ("slurm_load_jobs error: Invalid job id specified", 1, "failed"),
        ("slurm_load_jobs error: Unable to contact slurm controller", 1, "running"),
    ],
)
def test_the_generic_profile_reads_a_jobs_state(tmp_path, answer, code, said):
    squeue = tmp_path / "squeue"
    squeue.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    squeue.chmod(0o755)
    status = ROOT / "workflow" / "profiles" / "generic" / "status.sh"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run([status, "7"], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said


def test_the_generic_profile_names_commands_that_are_there():
    command = yaml.safe_load(text("generic"))["cluster-generic-status-cmd"]
    assert Path(command.replace(f'"${VARIABLE}"', str(ROOT))).stat().st_mode & 0o100
