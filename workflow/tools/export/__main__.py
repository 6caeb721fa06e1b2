"""Write trained models for other libraries: `make export`, in the peers' environment."""

import argparse
import sys
from pathlib import Path

import torch
from transformers.utils.logging import disable_progress_bar

from recurrence_circuits.runs import WEIGHTS, open_run
from tools.export import gpt2, hooked
from tools.export.check import export

FORMATS = (gpt2, hooked)


def export_run(folder: Path) -> int:
    """Write one run, in every format that can hold it, beside its seed's folder; the number of refusals.

    Says a line for each. A run that cannot be opened is one refusal.
    """
    try:
        run = open_run(folder)
    except ValueError as error:
        print(f"export: {error}", file=sys.stderr, flush=True)
        return 1
    refused = 0
    for form in FORMATS:
        target = folder.parent / "export" / folder.name / form.NAME
        try:
            rounded = export(run, form, target)
        except (ValueError, OSError) as error:
            print(f"export: {error}", file=sys.stderr, flush=True)
            refused += 1
        else:
            print(
                f"{target}: in float32 predictions within {rounded.prediction:.1e}, "
                f"attention within {rounded.attention:.1e}",
                flush=True,
            )
    return refused


def main() -> int:
    parser = argparse.ArgumentParser("export", description="Write trained models for transformers and TransformerLens.")
    parser.add_argument("runs", nargs="*", type=Path, help="seeds' folders; default: every finished run in results")
    folders = parser.parse_args().runs or sorted(path.parent for path in Path("results").glob(f"*/seed*/{WEIGHTS}"))
    if not folders:
        parser.error("expected a finished run, found none in results: `make paper` makes them")
    torch.set_num_threads(1)
    disable_progress_bar()
    return int(sum(export_run(folder) for folder in folders) > 0)


if __name__ == "__main__":
    sys.exit(main())
