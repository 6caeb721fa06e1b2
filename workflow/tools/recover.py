"""Go on after Snakemake itself was killed: `make recover ARGS="…"`, with the flags of the run that was killed.

Its jobs live on without it, on this machine or in a scheduler's queue, and would write the same files as the jobs of
a new Snakemake. So they are ended first (a training writes a checkpoint at the signal). Jobs that finished in the
meantime have no record, so that no later edit would make their outputs stale. Trainings, whose outputs name what made
them, are put on record and not repeated; the rest, which is cheap, is made again. Then Snakemake goes on.
"""

import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import psutil

from lib.registry import TRAINING_TABLES
from lib.stages import stage_digest
from recurrence_circuits.config.check import ConfigError
from recurrence_circuits.config.experiment import run_settings
from tools.flags import read_experiments, run_of
from tools.metadata import submitted_jobs, unrecorded

JOB_NAME = "recurrence-circuits"  # with which the profiles begin the name of every job
PATIENCE = 120.0  # seconds for jobs to end
# The outputs of one training.
TRAINED = ("model.safetensors", "snapshots.safetensors", "run.json", *(f"{table}.csv" for table in TRAINING_TABLES))


class QueueError(RuntimeError):
    """The jobs in a scheduler's queue cannot be ended."""


def main(arguments: list[str], where: Path) -> int:
    """Recover the run that was started in the folder `where` with these flags of Snakemake.

    Returns the exit status if there is nothing to go on with; otherwise this process becomes the Snakemake that goes
    on.
    """
    run = run_of(arguments, where)
    folder = run.folder
    if running := snakemakes(folder):
        print(f"expected no Snakemake at work in {folder}, found process {running[0].pid}: stop it first (Ctrl-C)")
        return 1
    try:
        experiments = read_experiments(run)
    except ConfigError as error:
        print(f"{error}\nNothing was touched. Recovering takes the flags of the run that was killed", file=sys.stderr)
        return 1
    end_here(orphans_here(folder))
    try:
        cancel_cluster_jobs(folder)
    except QueueError as error:
        print(f"{error}. Two jobs must not write one file: try again when they are gone", file=sys.stderr)
        return 1
    if failed := snakemake(where, "--unlock", *arguments):
        return failed
    unseen = [path for name in experiments for path in unrecorded(folder, name)]
    if trained := finished_trainings(folder, unseen, experiments):
        print(f"finished without Snakemake, put on record: {' '.join(trained)}", flush=True)
        if failed := snakemake(where, "--touch", "--force", *trained, *run.flags):
            return failed
    if again := sorted(set(unseen) - set(trained)):
        print(f"finished without Snakemake, made again if needed: {' '.join(again)}", flush=True)
    become_snakemake(where, *arguments, *(["--forcerun", *again] if again else []))


def snakemake(where: Path, *arguments: str) -> int:
    """Run Snakemake in the folder `where`, on this terminal; its exit status. For work of a few seconds.

    Ctrl-C is left to that Snakemake, which has it too: Python would kill it after a quarter of a second.
    """
    earlier = signal.signal(signal.SIGINT, lambda *_: None)  # not SIG_IGN, which Snakemake would inherit
    try:
        return subprocess.run([sys.executable, "-m", "snakemake", *arguments], cwd=where).returncode
    finally:
        signal.signal(signal.SIGINT, earlier)


def become_snakemake(where: Path, *arguments: str) -> NoReturn:
    """Go on as Snakemake in the folder `where`: every signal then does what it does to a plain `snakemake`."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(where)
    os.execv(sys.executable, [sys.executable, "-m", "snakemake", *arguments])


# ---- on this machine ------------------------------------------------------------------------------------------------


def processes(folder: Path) -> list[psutil.Process]:
    """The processes on this machine that work in `folder`, without those of jobs that its Snakemake submitted.

    Those are their scheduler's to end. A Snakemake inside a SLURM job of somebody's own counts all the same.
    """
    submitted = submitted_jobs(folder)
    return [
        process
        for process in psutil.process_iter(["cwd", "environ", "cmdline"])  # None where it may not be read
        if process.info["cwd"] == str(folder)
        and process.info["cmdline"]
        and (process.info["environ"] or {}).get("SLURM_JOB_ID") not in submitted
    ]


def snakemakes(folder: Path) -> list[psutil.Process]:
    """Snakemakes that a person or a script started in `folder`, not those that run one job each (they have a mode)."""
    return [p for p in processes(folder) if _is_snakemake(p.info["cmdline"]) and "--mode" not in p.info["cmdline"]]


def orphans_here(folder: Path) -> list[psutil.Process]:
    """Rule scripts, and the Snakemakes that run one job each, in `folder`."""
    return [
        p
        for p in processes(folder)
        if ".snakemake/scripts/" in " ".join(p.info["cmdline"])
        or (_is_snakemake(p.info["cmdline"]) and "--mode" in p.info["cmdline"])
    ]


def _is_snakemake(words: list[str]) -> bool:
    """Whether a command line runs Snakemake: `snakemake …`, `python -m snakemake …`, `python …/bin/snakemake …`."""
    program = next((word for word in words[1:] if not word.startswith("-")), "")
    return any(Path(word).name in ("snakemake", "__main__.py") for word in (words[0], program))


def end_here(orphans: list[psutil.Process]) -> None:
    """End processes, with time to write a checkpoint."""
    for process in orphans:
        print(f"ending process {process.pid}: {' '.join(process.info['cmdline'])[:100]}", flush=True)
        process.terminate()
    _, alive = psutil.wait_procs(orphans, timeout=30)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive)


# ---- in the queue ---------------------------------------------------------------------------------------------------


def cancel_cluster_jobs(folder: Path) -> None:
    """Cancel this folder's jobs in the scheduler's queue, if any were submitted, and wait until they are gone.

    SLURM's jobs are known by their folder and name. SGE, PBS and LSF are asked to cancel what the killed Snakemake
    submitted. Raises QueueError if SLURM does not answer, or if a job is still there after PATIENCE.
    """
    submitted = submitted_jobs(folder)
    if submitted and shutil.which("squeue"):
        if ids := slurm_jobs(folder):
            print(f"cancelling jobs {' '.join(ids)}", flush=True)
            subprocess.run(["scancel", *ids], check=True)
        deadline = time.monotonic() + PATIENCE
        while ids := slurm_jobs(folder):
            if time.monotonic() > deadline:
                raise QueueError(f"expected the cancelled jobs to end in {PATIENCE:.0f} s, found {' '.join(ids)}")
            time.sleep(1)
    elif submitted and (command := next((name for name in ("qdel", "bkill") if shutil.which(name)), None)):
        print(f"cancelling jobs {' '.join(submitted)}; check that they are gone", flush=True)
        subprocess.run([command, *submitted])  # complains about those that have ended


def slurm_jobs(folder: Path) -> list[str]:
    """Ids of this user's jobs that a profile of this project submitted from `folder` and that have not ended."""
    command = ["squeue", "--noheader", "--user", getpass.getuser(), "--format=%i|%j|%Z"]
    asked = subprocess.run(command, capture_output=True, text=True)
    if asked.returncode:
        raise QueueError(f"expected squeue to list the jobs that are left, found: {asked.stderr.strip()}")
    rows = [line.split("|", 2) for line in asked.stdout.splitlines()]
    return [id for id, name, where in rows if name.startswith(JOB_NAME) and Path(where).resolve() == folder]


# ---- finished without Snakemake -------------------------------------------------------------------------------------


def finished_trainings(folder: Path, unseen: list[str], experiments: dict) -> list[str]:
    """Of the outputs without a record, those of seeds that this code trained to the end with these settings.

    run.json is the last file that a training writes, and says what made it.
    """
    found = []
    for record in (Path(path) for path in unseen if Path(path).name == "run.json"):
        files = [record.with_name(name) for name in TRAINED]
        try:
            made_now = _made_now(json.loads((folder / record).read_text(encoding="utf-8")), experiments)
        except (ValueError, LookupError, TypeError) as error:
            print(f"{record}: expected the record of a training, found {error!r}: that seed is trained again")
            continue
        if made_now and all((folder / file).is_file() for file in files):
            found += [file.as_posix() for file in files]
    return sorted(found)


def _made_now(record: dict, experiments: dict) -> bool:
    """Whether a training's record is of the code here and of one of these experiments' seeds."""
    name, seed = record["settings"]["experiment"], record["settings"]["seed"]
    if name not in experiments or seed not in experiments[name]["seeds"] + experiments[name]["confirmation_seeds"]:
        return False
    experiment = experiments[name]
    wanted = {
        "settings": run_settings(name, experiment, seed),
        "code_digest": stage_digest("train_model", experiment["task"]),
    }
    return {key: record[key] for key in wanted} == wanted


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:], Path.cwd()))
    except KeyboardInterrupt:
        print("recover: stopped; the same command begins again", file=sys.stderr)
        sys.exit(130)  # as a shell names a program that Ctrl-C ended
