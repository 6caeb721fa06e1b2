"""All of an experiment in one file: a BagIt bag (RFC 8493) in a plain tar.

    <experiment>/data/results/<experiment>/…     every output, the logs and the benchmarks, with their dates
    <experiment>/data/.snakemake/metadata/…      Snakemake's record of each output: without it a stale one looks fresh
    <experiment>/config.yaml                     its settings, all defaults filled in, for snakemake --configfile
    <experiment>/provenance.json                 code digest of every rule, versions installed, commit, date
    <experiment>/manifest-sha256.txt, tagmanifest-sha256.txt    a checksum of every file above

`data` is laid out like the project's own folder. The tar is not compressed, so that it never unpacks to more than its
own size: whoever wants it smaller compresses it, whoever restores it need not fear what it swells to.
"""

import json
import platform
import shutil
import subprocess
import tarfile
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

import bagit
import yaml

from recurrence_circuits.files import whole_file

RECORDS = Path(".snakemake/metadata")  # a file an output, named by the URL-safe base64 of its path
UNTRACKED = ("logs", "benchmarks")  # folders of an experiment whose files Snakemake keeps no records of


def pack(archive: str, experiment: str, outputs: Iterable[str], settings: dict, digests: dict[str, str]) -> int:
    """Write the archive of an experiment; how many files of the project it holds.

    outputs   all of the experiment's, as paths from the project's folder, which is the current one
    settings  the experiment's, as the config has them
    digests   fingerprint of the code of every rule, by the rule's name

    Raises ValueError naming an output that Snakemake has no whole record of, and OSError as `whole_file` does.
    """
    outputs = [Path(output) for output in outputs]
    records = [_record(output) for output in outputs]
    folder = Path("results") / experiment
    untracked = [path for name in UNTRACKED for path in sorted((folder / name).rglob("*")) if path.is_file()]
    # The scratch folder is beside the archive, where there is room for it, rather than in a /tmp that may be memory.
    with (
        whole_file(archive) as part,
        tempfile.TemporaryDirectory(dir=part.parent, prefix=f"{experiment}-") as scratch,
    ):
        bag = Path(scratch)
        for path in [*outputs, *records, *untracked]:
            (bag / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, bag / path)  # with its date: Snakemake goes by their order
        made = bagit.make_bag(scratch, {"External-Identifier": experiment}, checksums=["sha256"])
        config = {"experiments": {experiment: settings}}
        (bag / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        (bag / "provenance.json").write_text(json.dumps(_provenance(digests), indent=2) + "\n", encoding="utf-8")
        made.save()  # enters these two among the checksums
        with tarfile.open(part, "w") as tar:
            for path in sorted(path for path in bag.rglob("*") if path.is_file()):
                tar.add(path, Path(experiment) / path.relative_to(bag))
    return len(outputs) + len(untracked)


def _record(output: Path) -> Path:
    """Snakemake's record of an output."""
    record = RECORDS / urlsafe_b64encode(output.as_posix().encode()).decode()
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{output}: expected Snakemake's record of how it was made, {record}, found: {error}; without it nobody "
            "could tell when the file is stale. Delete the file and run snakemake, which makes it again"
        ) from error
    if content.get("incomplete"):
        raise ValueError(f"{output}: expected a finished output, found it marked as incomplete in {record}")
    return record


def _provenance(digests: dict[str, str]) -> dict:
    """What made the results, as far as it is known here."""
    installed = {found.metadata["Name"]: found.version for found in distributions()}
    return {
        "archived": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "code_digests": digests,
        "versions": {"python": platform.python_version(), **dict(sorted(installed.items()))},
    }


def _commit() -> str | None:
    """The commit of this code, with -dirty behind it if files differ from it; None outside a git repository."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
