"""Write what is made from the config's models and the registry: `make tables`.

The table of config/README.md, the JSON schema of a config file, and the list of measures in the profile slurm-grouped,
which Snakemake reads as plain YAML.
"""

import json
import re
from pathlib import Path

from lib.registry import MEASURES
from lib.stages import used_by
from recurrence_circuits.config.check import leaves
from recurrence_circuits.config.experiment import json_schema
from tools.marked_block import with_block

README = Path(__file__).resolve().parents[2] / "config" / "README.md"
SCHEMA = README.with_name("config.schema.json")  # for editors
PROFILE = README.parents[1] / "workflow" / "profiles" / "slurm-grouped" / "config.yaml"
BLOCK = ("table", "make tables")  # its name, and the command that makes it


def table() -> str:
    """The table of every key of an experiment, in Markdown."""
    lines = ["| key | default | expected | meaning | used by |", "|---|---|---|---|---|"]
    for key, leaf in leaves().items():
        default = f"`{json.dumps(leaf['default'])}`" if "default" in leaf else "required"
        unit = f" Unit: {leaf['unit']}." if "unit" in leaf else ""
        rules = ", ".join(f"`{rule}`" for rule in used_by(key))
        lines.append(f"| `{key}` | {default} | {leaf['expected']} | {leaf['description']}{unit} | {rules} |")
    return "\n".join(lines) + "\n"


def schema() -> str:
    """The JSON schema of a config file."""
    return json.dumps(json_schema(), indent=1) + "\n"


def grouped(profile: str) -> str:
    """The text of the profile slurm-grouped with every measure in its group."""
    lines = "".join(f"  - measure_{measure}=measure\n" for measure in MEASURES)
    return re.sub(r"(  - measure_\w+=measure\n)+", lines, profile)


if __name__ == "__main__":
    PROFILE.write_text(grouped(PROFILE.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
    page = README.read_text(encoding="utf-8")
    README.write_text(with_block(README, page, table(), *BLOCK), encoding="utf-8")
