"""Tell where the pages of a finished run are, by the flags of the run: the end of `make paper`."""

import sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

from tools.flags import read_experiments, run_of

LISTED = 8  # experiments; of more, only the pages that compare them are told


def addresses(folder: Path, experiments: dict) -> list[str]:
    """Lines with the addresses of the pages that there are in a run's folder: on a screen, however many experiments.

    experiments: the run's settings by experiment, with `task`.
    """
    tasks = dict.fromkeys(settings["task"] for settings in experiments.values())
    pages = [("Comparison", f"_comparison/{task}.html") for task in tasks]
    if len(experiments) <= LISTED:
        kinds = {"Report": "report.html", "Explorer": "explorer.html"}
        pages += [(kind, f"{name}/{page}") for name in experiments for kind, page in kinds.items()]
    found = [(kind, path) for kind, page in pages if (path := folder / "results" / page).exists()]
    return [f"{kind + ':':<12} {path.as_uri()}" for kind, path in found]


if __name__ == "__main__":
    with redirect_stderr(StringIO()):  # it names the profile, as the run itself has done, which read the same flags
        ran = run_of(sys.argv[1:], Path.cwd())
    if lines := addresses(ran.folder, read_experiments(ran)):
        print("", *lines, sep="\n")
