"""Open an archive of an experiment (see scripts/recurrence_circuits/archives.py) that anybody may have sent.

Nothing is unpacked before every name, kind and size in it is known to be harmless, and nothing of it is used before
every checksum is right. Checksums tell damage, not who made the archive: whoever changes a file can change its
checksum too. That is what `make verify` is for.
"""

import json
import logging
import re
import tarfile
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import NamedTuple

import bagit
import yaml
from records import RECORDS, UNTRACKED
from validation import expand_config

TAG_FILES = {
    "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "config.yaml", "provenance.json",
}  # fmt: skip
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")  # of an experiment, as in the config's schema

# What reading a file that is not what it says can raise, in each of the libraries.
REFUSED = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    RecursionError,
    tarfile.TarError,
    bagit.BagError,
    yaml.YAMLError,
)


class ArchiveError(ValueError):
    """An archive that is refused. The message names the file in it, what was expected and what was found."""


class Contents(NamedTuple):
    """An archive, unpacked and checked."""

    experiment: str
    folder: Path  # laid out like the project's own folder: results/<experiment> and Snakemake's records
    config: Path
    settings: dict  # of the experiment, all defaults filled in
    provenance: dict
    checksums: dict[str, str]  # SHA-256 by path in `folder`


def unpack(archive: str | Path, scratch: Path) -> Contents:
    """Unpack an archive into the empty folder `scratch`, and check all of it.

    Raises ArchiveError if it is no archive of an experiment, is damaged, holds a file that does not belong in it or
    lacks one that does.
    """
    try:
        with tarfile.open(archive, "r:") as tar:  # not compressed, so that it is as large as what it unpacks to
            members = tar.getmembers()
            experiment = _experiment(members)
            for member in members:
                _refuse_foreign(member, experiment)
            names = [member.name for member in members if member.isfile()]
            if len(set(names)) < len(names):
                raise ArchiveError(
                    f"expected every file once, found {sorted({n for n in names if names.count(n) > 1})}"
                )
            tar.extractall(scratch, members, filter="data")
        return _contents(scratch / experiment, experiment)
    except REFUSED as error:
        raise ArchiveError(f"{archive}: {error}") from error


def _experiment(members: list[tarfile.TarInfo]) -> str:
    tops = {member.name.split("/")[0] for member in members}
    if len(tops) != 1 or not NAME.fullmatch(top := tops.pop()):
        raise ArchiveError(f"expected one folder, named after its experiment, found {sorted(tops) or 'something else'}")
    return top


def _refuse_foreign(member: tarfile.TarInfo, experiment: str) -> None:
    """Raise unless a member is a plain file or a folder at a place where an archive has one."""
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE) or member.issparse():
        raise ArchiveError(f"{member.name!r}: expected plain files and folders only, found another kind")
    parts = member.name.split("/")
    if {"", ".", ".."} & set(parts) or not member.name.isprintable():
        raise ArchiveError(f"{member.name!r}: expected a plain path below {experiment}/, found another")
    inner = "/".join(parts[1:])
    record = parts[1:-1] == ["data", *RECORDS.split("/")]
    if member.isfile() and not (inner in TAG_FILES or record or inner.startswith(f"data/results/{experiment}/")):
        raise ArchiveError(f"{member.name}: expected files of results/{experiment} only, found a foreign one")


def _contents(folder: Path, experiment: str) -> Contents:
    logging.getLogger("bagit").setLevel(logging.CRITICAL)  # it says in its error, too, what it would log
    bag = bagit.Bag(str(folder))
    bag.validate()
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if lacking := TAG_FILES - files:
        raise ArchiveError(f"expected {', '.join(sorted(TAG_FILES))}, found none of {', '.join(sorted(lacking))}")
    if unchecked := files - {"tagmanifest-sha256.txt"} - set(bag.entries):
        raise ArchiveError(f"{min(unchecked)}: expected a checksum of every file, found none of this one")
    _check_records(folder / "data", experiment)
    config = folder / "config.yaml"
    with config.open(encoding="utf-8") as file:
        settings = expand_config(yaml.safe_load(file), source=config.name)["experiments"]
    if set(settings) != {experiment}:
        raise ArchiveError(f"config.yaml: expected the experiment {experiment}, found {', '.join(settings)}")
    provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    kinds = {"archived": str, "commit": str | None, "code_digests": dict}
    known = isinstance(provenance, dict) and all(isinstance(provenance.get(key), kinds[key]) for key in kinds)
    told = [provenance["archived"], provenance["commit"] or "", *provenance["code_digests"]] if known else [None]
    if not all(isinstance(text, str) and text.isprintable() for text in told):
        raise ArchiveError(f"provenance.json: expected a date, a commit and names of rules, found {told}")
    entries = {path.removeprefix("data/"): sums["sha256"] for path, sums in bag.payload_entries().items()}
    return Contents(experiment, folder / "data", config, settings[experiment], provenance, entries)


def _check_records(data: Path, experiment: str) -> None:
    """Raise unless every output has its record, and every record its output."""
    results = data / "results" / experiment
    untracked = {results / name for name in UNTRACKED}
    outputs = {
        path.relative_to(data).as_posix()
        for path in results.rglob("*")
        if path.is_file() and not untracked & set(path.parents)
    }
    recorded = set()
    for path in (data / RECORDS).glob("*"):
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict) or "rule" not in record:
            raise ArchiveError(f"{path.name}: expected a record of Snakemake's, found none")
        recorded.add(urlsafe_b64decode(path.name).decode())
    if different := outputs ^ recorded:
        found = "an output without a record" if min(different) in outputs else "a record without its output"
        raise ArchiveError(f"{min(different)}: expected a record of every output, found {found}")
    if not outputs:
        raise ArchiveError(f"expected outputs in results/{experiment}, found none")
