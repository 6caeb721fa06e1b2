"""Archives: an experiment in one file, a BagIt bag (RFC 8493) in a plain tar. Writer and reader.

    <experiment>/data/results/<experiment>/…     every output, the logs and the benchmarks, with their dates
    <experiment>/data/.snakemake/metadata/…      Snakemake's record of each output: without it a stale one looks fresh
    <experiment>/config.yaml                     its settings, all defaults filled in, for snakemake --configfile
    <experiment>/provenance.json                 digest of each stage's code, versions installed, commit, date
    <experiment>/manifest-sha256.txt, tagmanifest-sha256.txt    a checksum of every file above

`data` is laid out like the project's own folder. The tar is not compressed, so it never unpacks to more than its size.

An archive may come from anybody. Nothing is unpacked before every file's name and kind are known to be harmless, and
nothing is used before every checksum is right. Checksums show damage, not forgery: whoever changes a file can change
its checksum too. Recomputing the tables (`make verify`) shows that.
"""

import logging
import platform
import re
import shutil
import tarfile
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Annotated, NamedTuple

import bagit
import yaml
from pydantic import BaseModel, Field

from recurrence_circuits.config.check import expand_config, require_plain
from recurrence_circuits.io.commits import commit_of
from recurrence_circuits.io.compression import require_uncompressed
from recurrence_circuits.io.files import whole_file
from recurrence_circuits.io.reading import json_mapping, short

RECORDS = ".snakemake/metadata"  # one file per output, named by the URL-safe base64 of the output's path
UNTRACKED = ("logs", "benchmarks")  # folders of an experiment for which Snakemake keeps no records
TAGS = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "config.yaml", "provenance.json"}
# The paths that files of an archive may have. Experiments are named as in the config; no part of a path is . or ..
PLACES = re.compile(
    r"(?P<experiment>[A-Za-z][A-Za-z0-9_-]{0,63})/"
    rf"({'|'.join(map(re.escape, TAGS))}|data/{re.escape(RECORDS)}/[\w=-]+"
    r"|data/results/(?P=experiment)(/(?!\.{1,2}(/|$))[^/]+)+)",
    re.ASCII,
)
# What the libraries raise when they read a damaged or hostile file.
REFUSED = (
    OSError, EOFError, ValueError, LookupError, TypeError, RecursionError,
    tarfile.TarError, bagit.BagError, yaml.YAMLError,
)  # fmt: skip

Line = Annotated[str, Field(pattern=r"^[ -~]{0,200}$")]  # safe to print on a terminal


class Provenance(BaseModel):
    """What made the results, as far as it is known when the archive is made."""

    archived: Line  # date and time
    commit: Line | None  # of this code, followed by -dirty if files differ; None outside a git repository
    code_digests: dict[Line, Line]  # by stage
    versions: dict[Line, Line]  # by package


class ArchiveError(ValueError):
    """An archive is refused. The message names the file in it, what was expected and what was found."""


class Contents(NamedTuple):
    """An archive, unpacked and checked."""

    experiment: str
    folder: Path  # laid out like the project's own folder: results/<experiment> and Snakemake's records
    config: Path
    settings: dict  # of the experiment, all defaults filled in
    provenance: Provenance
    checksums: dict[str, str]  # SHA-256 by path in `folder`


# ---- writing --------------------------------------------------------------------------------------------------------


def pack(archive: str, experiment: str, outputs: Iterable[str], settings: dict, digests: dict[str, str]) -> int:
    """Write the archive of an experiment. Returns the number of outputs, logs and benchmarks in it.

    outputs   all outputs of the experiment, as paths from the project's folder, which is the current one; all of them
              in results/<experiment>
    settings  of the experiment, as in the config
    digests   digest of each stage's code, by the stage's name

    Raises ValueError naming an output that lies elsewhere or is without a complete record by Snakemake, and OSError as
    `whole_file` does.
    """
    outputs = [Path(output) for output in outputs]
    folder = Path("results") / experiment
    if elsewhere := [output for output in outputs if not output.is_relative_to(folder)]:  # a module with a prefix
        raise ValueError(f"{elsewhere[0]}: expected outputs in {folder} only, where `make restore` would put them back")
    records = [_record(output) for output in outputs]
    untracked = [path for name in UNTRACKED for path in sorted((folder / name).rglob("*")) if path.is_file()]
    # The scratch folder is beside the archive, where there is room for it: /tmp may be held in memory.
    with (
        whole_file(archive) as part,
        tempfile.TemporaryDirectory(dir=part.parent, prefix=f"{experiment}-") as scratch,
    ):
        bag = Path(scratch)
        for path in [*outputs, *records, *untracked]:
            (bag / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, bag / path)  # with its date: Snakemake compares dates
        made = bagit.make_bag(scratch, {"External-Identifier": experiment}, checksums=["sha256"])
        config = {"experiments": {experiment: settings}}
        (bag / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        (bag / "provenance.json").write_text(_provenance(digests).model_dump_json(indent=2) + "\n", encoding="utf-8")
        made.save()  # adds the checksums of these two files
        with tarfile.open(part, "w") as tar:
            for path in sorted(path for path in bag.rglob("*") if path.is_file()):
                tar.add(path, Path(experiment) / path.relative_to(bag))
    return len(outputs) + len(untracked)


def _record(output: Path) -> Path:
    """The path of Snakemake's record of an output. Raises ValueError if there is none, or an incomplete one."""
    record = Path(RECORDS) / urlsafe_b64encode(output.as_posix().encode()).decode()
    try:
        incomplete = json_mapping(str(record), record.read_text(encoding="utf-8")).get("incomplete")
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{output}: expected Snakemake's record of how it was made, found: {error}; without it nobody could tell "
            "when the file is stale. Delete the file and run snakemake, which makes it again"
        ) from error
    if incomplete:
        raise ValueError(f"{output}: expected a finished output, found it marked as incomplete in {record}")
    return record


def _provenance(digests: dict[str, str]) -> Provenance:
    installed = {found.metadata["Name"]: found.version for found in distributions()}
    return Provenance(
        archived=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=commit_of(Path(__file__).resolve().parents[3]),
        code_digests=digests,
        versions={"python": platform.python_version(), **dict(sorted(installed.items()))},
    )


# ---- reading --------------------------------------------------------------------------------------------------------


def unpack(archive: str | Path, scratch: Path) -> Contents:
    """Unpack an archive into the empty folder `scratch`, and check all of it.

    Raises ArchiveError if it is not an archive of an experiment, is damaged, holds a foreign file or lacks a file.
    """
    try:
        require_uncompressed(archive)
        with tarfile.open(archive, "r:") as tar:
            members = [member for member in tar if not member.isdir()]
            experiment = _harmless(members)
            tar.extractall(scratch, members, filter="data")
        return _contents(scratch / experiment, experiment)
    except REFUSED as error:
        raise ArchiveError(f"{archive}: {error}") from error


def _harmless(members: list[tarfile.TarInfo]) -> str:
    """The experiment of the archive with these members. Raises ArchiveError naming a member that is not allowed."""
    experiments, names = set(), set()
    for member in members:
        name = member.name
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
            raise ArchiveError(f"{name!r}: expected plain files and folders only, found another kind")
        if not (place := PLACES.fullmatch(name)) or not name.isprintable():
            raise ArchiveError(f"{name!r}: expected files of one experiment only, found a foreign one")
        if name in names:
            raise ArchiveError(f"{name}: expected every file once, found it twice")
        names.add(name)
        experiments.add(place["experiment"])
    if len(experiments) != 1:
        raise ArchiveError(f"expected one folder, named after its experiment, found {short(sorted(experiments))}")
    return experiments.pop()


def _contents(folder: Path, experiment: str) -> Contents:
    if lacking := TAGS - {path.name for path in folder.iterdir()}:
        raise ArchiveError(f"expected {', '.join(sorted(TAGS))}, found no {min(lacking)}")
    logging.getLogger("bagit").setLevel(logging.CRITICAL)  # its exception says the same
    bag = bagit.Bag(str(folder))
    bag.validate()
    if unchecked := TAGS - {"tagmanifest-sha256.txt"} - set(bag.entries):
        raise ArchiveError(f"{min(unchecked)}: expected a checksum of every file, found none of this one")
    _check_records(folder / "data", experiment)
    config = folder / "config.yaml"
    require_plain(config)
    settings = expand_config(yaml.safe_load(config.read_text(encoding="utf-8")), source=config.name)["experiments"]
    if set(settings) != {experiment}:
        raise ArchiveError(f"config.yaml: expected the experiment {experiment}, found {', '.join(settings)}")
    try:
        provenance = Provenance.model_validate_json((folder / "provenance.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArchiveError("provenance.json: expected a date, a commit, digests and versions, found others") from error
    checksums = {path.removeprefix("data/"): sums["sha256"] for path, sums in bag.payload_entries().items()}
    return Contents(experiment, folder / "data", config, settings[experiment], provenance, checksums)


def _check_records(data: Path, experiment: str) -> None:
    """Raise ArchiveError unless every output has its record, and every record its output."""
    results = data / "results" / experiment
    outputs = {
        path.relative_to(data).as_posix()
        for path in results.rglob("*")
        if path.is_file() and path.relative_to(results).parts[0] not in UNTRACKED
    }
    recorded = set()
    for path in (data / RECORDS).glob("*"):
        if "rule" not in json_mapping(path.name, path.read_text(encoding="utf-8")):
            raise ArchiveError(f"{path.name}: expected one of Snakemake's records, found none")
        recorded.add(urlsafe_b64decode(path.name).decode())
    if different := outputs ^ recorded:
        found = "an output without a record" if min(different) in outputs else "a record without its output"
        raise ArchiveError(f"{min(different)}: expected a record of every output, found {found}")
    if not outputs:
        raise ArchiveError(f"expected outputs in results/{experiment}, found none")
