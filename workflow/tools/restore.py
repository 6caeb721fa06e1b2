"""Put an archived experiment back, so that Snakemake takes it for its own: `make restore ARCHIVE=file`.

All of it or nothing, and only where there are no results of that experiment. Its settings and provenance are kept in
results/_restored/<experiment>/.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from lib.criteria import with_criteria
from lib.stages import digests
from recurrence_circuits.config.check import ConfigError, expand_config, leaves
from recurrence_circuits.io.archives import RECORDS, ArchiveError, Contents, unpack
from tools.metadata import INCOMPLETE

ROOT = Path(__file__).resolve().parents[2]


def restore(archive: str | Path, root: Path = ROOT) -> Contents:
    """Put the experiment of an archive into the project at `root`; its contents, by their new places.

    Raises ArchiveError, having changed nothing, if `unpack` refuses it or there are results of that experiment.
    """
    kept = root / "results" / "_restored"
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept, prefix=".unpacked-") as scratch:
        contents = unpack(archive, Path(scratch))
        target = root / "results" / contents.experiment
        if target.exists():
            raise ArchiveError(f"{target}: expected no results of this experiment, found some. Nothing was restored")
        about = kept / contents.experiment
        about.mkdir(exist_ok=True)
        for name in ("config.yaml", "provenance.json"):
            os.replace(contents.config.with_name(name), about / name)
        # Records first: results without them would look fresh whatever becomes of the code.
        records, incomplete = root / RECORDS, root / INCOMPLETE
        for folder in (records, incomplete):
            folder.mkdir(parents=True, exist_ok=True)
        for record in (contents.folder / RECORDS).iterdir():
            shutil.move(record, records / record.name)
            (incomplete / record.name).unlink(missing_ok=True)  # of an earlier run that was killed
        os.rename(contents.folder / "results" / contents.experiment, target)
    return contents._replace(folder=root, config=about / "config.yaml")


def changed_code(contents: Contents) -> list[str]:
    """The stages and figures whose code differs from what it was when the archive was made."""
    here = digests(contents.settings)
    return [stage for stage, digest in contents.provenance.code_digests.items() if here.get(stage) != digest]


def planned(config: Path) -> dict[str, int]:
    """The number of jobs of each rule that Snakemake would run. Raises CalledProcessError if it fails."""
    command = [sys.executable, "-m", "snakemake", "-n", "--configfile", os.path.relpath(config, ROOT)]
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout)
    table = re.search(r"^Job stats:\n.*\n-.*\n((?:\w+ +\d+\n)+)", done.stdout, re.MULTILINE)
    counts = dict(line.split() for line in table[1].splitlines()) if table else {}
    return {rule: int(n) for rule, n in counts.items() if rule not in ("all", "total")}


def differences(contents: Contents) -> dict[str, list[str]]:
    """For each config file here that has the experiment: the keys whose values differ from the archive's."""
    found = {}
    for path in sorted((ROOT / "config").glob("*.yaml")):
        try:
            written = with_criteria(yaml.safe_load(path.read_text(encoding="utf-8")))
            settings = expand_config(written, source=path.name)["experiments"]
        except (ConfigError, yaml.YAMLError):
            continue  # whoever uses that file gets the message
        if contents.experiment in settings:
            one, other = contents.settings, settings[contents.experiment]
            found[f"config/{path.name}"] = [key for key in leaves() if _value(one, key) != _value(other, key)]
    return found


def _value(settings: dict, key: str):
    section, _, name = key.partition(".")
    return settings[section][name] if name else settings[section]


def report(contents: Contents) -> None:
    """Print what was restored, which settings it has and what would run again."""
    made = contents.provenance
    print(f"Restored results/{contents.experiment}: {len(contents.checksums)} files, every checksum right.")
    print(f"Archived {made.archived}, commit {made.commit or 'unknown'}.")
    config = os.path.relpath(contents.config, ROOT)
    for path, keys in differences(contents).items():
        print(f"Its settings are those of {path}" + (f", but for {', '.join(keys)}." if keys else "."))
        config = config if keys else path
    if changed := changed_code(contents):
        print(f"This code has changed since: {', '.join(changed)}.")
    jobs = planned(contents.config)
    print("With these settings, these would run again:" if jobs else "With these settings, nothing is left to run.")
    for rule, count in jobs.items():
        print(f"  {rule} {count}")
    print("Next: snakemake" + ("" if config == "config/config.yaml" else f" --configfile {config}"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Put an archived experiment back.")
    parser.add_argument("archive", type=Path, help="file made by `snakemake archive`")
    try:
        report(restore(parser.parse_args().archive))
    except (ArchiveError, OSError) as error:
        print(f"restore: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:  # of the dry run that shows what is stale
        print(f"restore: the results are in place, but {error}\n{error.stdout}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
