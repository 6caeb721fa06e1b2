"""A workflow as Snakemake itself reads it: parsed in this process, nothing planned and nothing run."""

from pathlib import Path
from typing import NamedTuple

from snakemake.api import SnakemakeApi
from snakemake.rules import Rule
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

from projects import ROOT


class Parsed(NamedTuple):
    """The rules of a workflow by name, and the names of those that run where Snakemake itself runs."""

    rules: dict[str, Rule]
    local: set[str]

    @property
    def scripts(self) -> dict[str, Rule]:
        """The rules that run a script; the others only name files."""
        return {name: rule for name, rule in self.rules.items() if rule.script}


def parse(
    folder: Path, snakefile: Path = ROOT / "workflow" / "Snakefile", config: Path = ROOT / "config" / "smoke.yaml"
) -> Parsed:
    """Parse a workflow; `folder` is an empty one, taken for the project's."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(),
            config_settings=ConfigSettings(configfiles=[config]),
            snakefile=snakefile,
            workdir=folder,
        )._workflow
    return Parsed({rule.name: rule for rule in workflow.rules}, set(workflow._localrules))


def runs_text(rule: Rule) -> bool:
    """Whether a rule hands text to a shell, or has code or anything else in the place of a script."""
    return bool(rule.shellcmd or rule.notebook or rule.wrapper or rule.cwl or (rule.is_run and not rule.script))
