"""What the flags of a run say of it: Snakemake's own reading of them, profiles included."""

from pathlib import Path
from typing import NamedTuple

import yaml
from snakemake.cli import parse_args, parse_config
from snakemake.utils import update_config

from lib.criteria import with_criteria
from lib.places import default_config
from recurrence_circuits.config.check import expand_config, require_plain


class Run(NamedTuple):
    """What the flags of a run say of where it worked, and with which settings."""

    folder: Path  # with the results and with Snakemake's records
    configs: list[Path]
    values: list[str]  # of --config
    flags: list[str]  # for another call of Snakemake in the same folder, with the same settings, for other targets


def run_of(arguments: list[str], where: Path) -> Run:
    """What these flags of Snakemake, and the profiles that they name, say of a run started in the folder `where`.

    Raises SystemExit, as Snakemake does, for flags that it does not know.
    """
    flags = parse_args(arguments)[1]
    folder = (where / (flags.directory or ".")).resolve()
    configs = [where / path for path in flags.configfile] or [folder / default_config(folder)]
    again = ["--directory", str(folder), "--configfile", *map(str, configs)]
    again += ["--config", *flags.config] if flags.config else []
    again += ["--snakefile", str(flags.snakefile)] if flags.snakefile else []
    return Run(folder, configs, flags.config or [], again)


def read_experiments(run: Run) -> dict:
    """The experiments of a run's config files and of --config, merged as Snakemake merges them.

    Raises ConfigError, naming file and key, for what the workflow would refuse.
    """
    config: dict = {}
    for path in run.configs:
        require_plain(path)
        update_config(config, yaml.safe_load(path.read_text(encoding="utf-8")))
    update_config(config, parse_config(run.values))
    return expand_config(with_criteria(config), ", ".join(map(str, run.configs)))["experiments"]
