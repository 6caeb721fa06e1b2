"""Go on after Snakemake itself was killed: `make recover ARGS="…"`, with the flags of the run that was killed.

Its jobs live on without it, on this machine or in a scheduler's queue, and would write the same files as the jobs of
a new Snakemake. So they are ended first (a training keeps its checkpoint at the signal). What ended by itself in the
meantime is on no record, so that no later edit would make it stale: trainings, which say themselves what made them, are
put on record, so that none is repeated; the rest, cheap, is made again. Then Snakemake goes on.
"""

import argparse
import getpass
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import yaml
from provenance import code_digest
from records import submitted_jobs, unrecorded
from snakemake.utils import update_config
from validation import ConfigError, expand_config, require_plain

JOB_NAME = "recurrence-circuits"  # with which the profiles begin the name of every job
PATIENCE = 120.0  # seconds for jobs to end
TRAINED = ("model.safetensors", "snapshots.safetensors", "history.csv", "run.json")  # of one training


class QueueError(RuntimeError):
    """The jobs in a scheduler's queue cannot be ended."""


def main(arguments: list[str], folder: Path) -> int:
    """Recover the run in `folder`; the exit status of the Snakemake that goes on."""
    if running := snakemakes(folder):
        print(f"expected no Snakemake at work in {folder}, found process {running[0].pid}: stop it first (Ctrl-C)")
        return 1
    configs = config_files(arguments)
    try:
        experiments = read_experiments(folder, configs)
    except ConfigError as error:
        print(f"{error}\nNothing was touched. Recovering takes the flags of the run that was killed", file=sys.stderr)
        return 1
    end_here(orphans_here(folder))
    try:
        cancel_cluster_jobs(folder)
    except QueueError as error:
        print(f"{error}. Two jobs must not write one file: try again when they are gone", file=sys.stderr)
        return 1
    if failed := snakemake(folder, "--unlock", *arguments):
        return failed
    unseen = [path for name in experiments for path in unrecorded(folder, name)]
    if trained := finished_trainings(folder, unseen, experiments):
        print(f"finished without Snakemake, put on record: {' '.join(trained)}", flush=True)
        if failed := snakemake(folder, "--touch", "--force", *trained, "--configfile", *configs):  # no other target
            return failed
    if again := sorted(set(unseen) - set(trained)):
        print(f"finished without Snakemake, made again if needed: {' '.join(again)}", flush=True)
    return snakemake(folder, *arguments, *(["--forcerun", *again] if again else []))


def snakemake(folder: Path, *arguments: str) -> int:
    """Run Snakemake in `folder`; its exit status. What it has to say it says on the terminal."""
    return subprocess.run([sys.executable, "-m", "snakemake", *arguments], cwd=folder).returncode


def config_files(arguments: list[str]) -> list[str]:
    """The config files that the flags of a run name."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=["config/config.yaml"])
    return parser.parse_known_args(arguments)[0].configfile


def read_experiments(folder: Path, configs: list[str]) -> dict:
    """The experiments of one or more config files, later ones over earlier ones as Snakemake takes them.

    Raises ConfigError, naming file and key, for what the workflow would refuse.
    """
    config: dict = {}
    for name in configs:
        require_plain(folder / name)
        update_config(config, yaml.safe_load((folder / name).read_text(encoding="utf-8")))
    return expand_config(config, ", ".join(configs))["experiments"]


# --- on this machine ---


def processes(folder: Path) -> list[psutil.Process]:
    """The processes on this machine that work in `folder`, but those of the jobs that its Snakemake submitted.

    Those are their scheduler's to end. A Snakemake that runs within a job of SLURM is here all the same.
    """
    found, submitted = [], set(submitted_jobs(folder))
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder) and process.environ().get("SLURM_JOB_ID") not in submitted:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue  # gone, or of somebody else
    return found


def snakemakes(folder: Path) -> list[psutil.Process]:
    """Snakemakes that a person or a script started in `folder`, not those that run one job each (they have a mode)."""
    return [p for p in processes(folder) if _is_snakemake(_words(p)) and "--mode" not in _words(p)]


def orphans_here(folder: Path) -> list[psutil.Process]:
    """Rule scripts, and the Snakemakes that run one job each, in `folder`."""
    return [
        p
        for p in processes(folder)
        if ".snakemake/scripts/" in " ".join(_words(p)) or (_is_snakemake(_words(p)) and "--mode" in _words(p))
    ]


def end_here(orphans: list[psutil.Process]) -> None:
    """End processes, with time to keep a checkpoint."""
    for process in orphans:
        print(f"ending process {process.pid}: {' '.join(_words(process))[:100]}", flush=True)
        process.terminate()
    _, alive = psutil.wait_procs(orphans, timeout=30)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _is_snakemake(words: list[str]) -> bool:
    """Whether a command line runs Snakemake: `snakemake …`, `python -m snakemake …`, `python …/bin/snakemake …`."""
    program = next((word for word in words[1:] if not word.startswith("-")), "") if words else ""
    return any(Path(word).name in ("snakemake", "__main__.py") for word in (*words[:1], program))


# --- in the queue ---


def cancel_cluster_jobs(folder: Path) -> None:
    """Cancel this folder's jobs in the scheduler's queue and wait until they are gone, if any were submitted.

    SLURM tells jobs by their folder and name. SGE, PBS and LSF are asked to cancel what the killed Snakemake submitted.
    Raises QueueError if SLURM does not answer, or if a job is still there after PATIENCE.
    """
    submitted = submitted_jobs(folder)
    if not submitted:
        return
    if shutil.which("squeue"):
        ids = slurm_jobs(folder)
        if ids:
            print(f"cancelling jobs {' '.join(ids)}", flush=True)
            subprocess.run(["scancel", *ids], check=True)
        deadline = time.monotonic() + PATIENCE
        while ids := slurm_jobs(folder):
            if time.monotonic() > deadline:
                raise QueueError(f"expected the cancelled jobs to end in {PATIENCE:.0f} s, found {' '.join(ids)}")
            time.sleep(1)
    elif command := next((name for name in ("qdel", "bkill") if shutil.which(name)), None):
        print(f"cancelling jobs {' '.join(submitted)}; check that they are gone", flush=True)
        subprocess.run([command, *submitted])  # complains of those that have ended


def slurm_jobs(folder: Path) -> list[str]:
    """Ids of this user's jobs that a profile of this project submitted from `folder` and that have not ended."""
    command = ["squeue", "--noheader", "--user", getpass.getuser(), "--format=%i|%j|%Z"]
    asked = subprocess.run(command, capture_output=True, text=True)
    if asked.returncode:
        raise QueueError(f"expected squeue to list the jobs that are left, found: {asked.stderr.strip()}")
    rows = [line.split("|", 2) for line in asked.stdout.splitlines()]
    return [id for id, name, where in rows if name.startswith(JOB_NAME) and Path(where).resolve() == folder]


# --- what the killed Snakemake did not get to know ---


def finished_trainings(folder: Path, unseen: list[str], experiments: dict) -> list[str]:
    """Of the outputs that are not on record those of seeds that are trained, whole, by this code and these settings.

    The record of a run is the last file that a training writes, and names what made it.
    """
    code = code_digest("train_model.py", folder / "scripts")
    found = []
    for record in (Path(path) for path in unseen if Path(path).name == "run.json"):
        files = [record.with_name(name) for name in TRAINED]
        try:
            made_now = _made_by(json.loads((folder / record).read_text(encoding="utf-8")), code, experiments)
        except (ValueError, KeyError, TypeError) as error:
            print(
                f"{record}: expected the record of a training, found {error!r}: that seed is trained again", flush=True
            )
            continue
        if made_now and all((folder / file).is_file() for file in files):
            found += [file.as_posix() for file in files]
    return sorted(found)


def _made_by(record: dict, code: str, experiments: dict) -> bool:
    settings = record["settings"]
    experiment = experiments.get(settings["experiment"])
    if experiment is None or record["code_digest"] != code:
        return False
    training = {key: value for key, value in experiment["training"].items() if key != "checkpoint_every"}
    model = experiment["model"] | {"n_terms": experiment["data"]["n_terms"]}
    wanted = {"task": experiment["task"], "data": experiment["data"], "model": model, "training": training}
    return {key: settings[key] for key in wanted} == wanted and settings["seed"] in experiment["seeds"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path.cwd()))
