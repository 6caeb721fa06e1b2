"""Put an archived experiment back, so that Snakemake takes it for its own: `make restore ARCHIVE=file`.

All of it or nothing, and only where no results of that experiment are. Its settings and provenance are kept in
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
from bags import RECORDS, ArchiveError, Contents, unpack
from provenance import code_digest
from validation import ConfigError, expand_config

ROOT = Path(__file__).resolve().parents[1]


def restore(archive: str | Path, root: Path = ROOT) -> Contents:
    """Put the experiment of an archive into the project at `root`; what was in it, by its new places.

    Raises ArchiveError, having changed nothing, if `unpack` refuses it or there are results of that experiment.
    """
    kept = root / "results" / "_restored"
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept, prefix=".unpacked-") as scratch:
        contents = unpack(archive, Path(scratch))
        target = root / "results" / contents.experiment
        if target.exists():
            raise ArchiveError(
                f"{target}: expected no results of this experiment yet, found some. Nothing was restored"
            )
        about = kept / contents.experiment
        about.mkdir(exist_ok=True)
        for name in ("config.yaml", "provenance.json"):
            os.replace(contents.config.with_name(name), about / name)
        # Records first: results without them would look fresh whatever becomes of the code.
        records, incomplete = root / RECORDS, root / RECORDS / "../incomplete"
        for folder in (records, incomplete):
            folder.mkdir(parents=True, exist_ok=True)
        for record in (contents.folder / RECORDS).iterdir():
            shutil.move(record, records / record.name)
            (incomplete / record.name).unlink(missing_ok=True)  # of an earlier run that was killed
        os.rename(contents.folder / "results" / contents.experiment, target)
    return contents._replace(folder=root, config=about / "config.yaml")


def changed_code(contents: Contents) -> list[str]:
    """The rules whose code is another here than it was when the archive was made."""
    here = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    archived = contents.provenance["code_digests"]
    return [rule for rule, digest in archived.items() if rule not in here or code_digest(f"{rule}.py") != digest]


def planned(config: Path) -> dict[str, int]:
    """How many jobs of each rule Snakemake would run with a config file. Raises CalledProcessError if it fails."""
    command = [sys.executable, "-m", "snakemake", "-n", "--configfile", os.path.relpath(config, ROOT)]
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout)
    table = re.search(r"^Job stats:\n.*\n-.*\n((?:\w+ +\d+\n)+)", done.stdout, re.MULTILINE)
    counts = dict(line.split() for line in table.group(1).splitlines()) if table else {}
    return {rule: int(n) for rule, n in counts.items() if rule not in ("all", "total")}


def differences(contents: Contents) -> dict[str, list[str]]:
    """For every config file here that has the experiment: the keys that it sets to other values than the archive."""
    found = {}
    for path in sorted((ROOT / "config").glob("*.yaml")):
        try:
            settings = expand_config(yaml.safe_load(path.read_text(encoding="utf-8")), source=path.name)["experiments"]
        except (ConfigError, yaml.YAMLError):
            continue  # whoever uses it is told
        if contents.experiment in settings:
            one, other = _leaves(contents.settings), _leaves(settings[contents.experiment])
            found[f"config/{path.name}"] = sorted(key for key in one | other if one.get(key) != other.get(key))
    return found


def _leaves(settings: dict) -> dict:
    leaves = {}
    for key, value in settings.items():
        leaves |= {f"{key}.{name}": inner for name, inner in value.items()} if isinstance(value, dict) else {key: value}
    return leaves


def report(contents: Contents) -> None:
    """Print what was restored, which settings it has and what would run again."""
    made = contents.provenance
    print(f"Restored results/{contents.experiment}: {len(contents.checksums)} files, every checksum right.")
    print(f"Archived {made['archived']}, commit {made['commit'] or 'unknown'}.")
    config = os.path.relpath(contents.config, ROOT)
    known = differences(contents)
    for path, keys in known.items():
        print(f"Its settings are those of {path}" + (f", but for {', '.join(keys)}." if keys else "."))
        config = config if keys else path
    if changed := changed_code(contents):
        print(f"The code of these rules has changed since: {', '.join(changed)}.")
    jobs = planned(contents.config)
    print("With these settings, nothing is left to run." if not jobs else "With these settings, these would run again:")
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
    except subprocess.CalledProcessError as error:  # of the dry run that is to tell what is stale
        print(f"restore: the results are in place, but {error}\n{error.stdout}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
