"""A finished run opened by its folder: model, settings, test sequences and tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from torch import Tensor

from recurrence_circuits.config.experiment import RunSettings
from recurrence_circuits.io.reading import short
from recurrence_circuits.io.tables import require_end
from recurrence_circuits.io.tensors import read_tensors
from recurrence_circuits.model.transformer import ActivationCache, Transformer
from recurrence_circuits.model.weights import load_model, new_model, require_same
from recurrence_circuits.tasks.dataset import read_sequences

WEIGHTS = "model.safetensors"
# Tables of an experiment; the others are gathered from its seeds.
OF_NO_SEED = ("agreement", "claims", "handcrafted", "null")


@dataclass(frozen=True)
class Run:
    """One seed of an experiment. With `dataclasses.replace(run, sequences=mine)` it has other sequences."""

    folder: Path
    settings: RunSettings
    model: Transformer  # on the CPU, in evaluation mode, without gradients
    sequences: Tensor  # the test sequences: sequence position dimension, one term longer than the context

    @property
    def context(self) -> Tensor:
        """What the model sees: `sequence position dimension`."""
        return self.sequences[:, :-1]

    @property
    def following(self) -> Tensor:
        """What it is to predict: the next term at every position, `sequence position dimension`."""
        return self.sequences[:, 1:]

    @cached_property
    def cache(self) -> ActivationCache:
        """Every activation of the model on all sequences."""
        return self.model(self.context)

    @cached_property
    def untrained(self) -> Transformer:
        """The same model before training: the control."""
        return new_model(self.settings).eval().requires_grad_(False)

    @cached_property
    def tables(self) -> "Tables":
        """The run's tables, and its experiment's agreement, claims, handcrafted and null, by name."""
        return Tables(self.folder, {"experiment": self.settings.experiment, "seed": self.settings.seed})


class Tables(Mapping):
    """DataFrames by the name of the table; each is read when it is first asked for."""

    def __init__(self, folder: Path, run: dict):
        over_seeds = [folder.parent / "tables" / f"{name}.csv" for name in OF_NO_SEED]
        self._paths = {path.stem: path for path in [*over_seeds, *folder.glob("*.csv")] if path.is_file()}
        self._own, self._run, self._read = folder, run, {}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._paths))

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A table; an empty cell is NaN, such as the position of a mean over the determined positions.

        Raises KeyError for a name that is no table's, and ValueError naming the file if it is cut, cannot be parsed or
        has rows of another run.
        """
        if name not in self._paths:
            raise KeyError(f"{self._own}: expected a table of {list(self)}, found {name!r}")
        if name not in self._read:
            path = self._paths[name]
            self._read[name] = _table(path, self._run if path.parent == self._own else {})
        return self._read[name]


def open_run(folder: str | Path) -> Run:
    """Open the finished run of a seed's folder, such as results/affine/seed0.

    Raises ValueError, saying what was expected and found, if the folder has no weights or the experiment no test
    sequences, if one of the files is damaged, or if the sequences were drawn with other settings.
    """
    folder = Path(folder).absolute()
    weights, test = folder / WEIGHTS, folder.parent / "data" / "test.safetensors"
    if not weights.is_file():
        seeds = sorted(path.parent.name for path in folder.glob(f"seed*/{WEIGHTS}"))
        found = f"those of {short(seeds)} below it" if seeds else "none"
        raise ValueError(f"{folder}: expected a seed's folder with its weights in {WEIGHTS}, found {found}")
    _, found = read_tensors(str(weights))
    try:
        settings = RunSettings.from_params(found)
    except ValueError as error:
        raise ValueError(f"{weights}: {error}") from error
    if not test.is_file():
        raise ValueError(f"{test}: expected the test sequences, found none; `snakemake {_shown(test)}` draws them anew")
    _, drawn = read_tensors(str(test), ["sequences"])
    require_same(f"{test}: drawn with other settings", drawn, {"task": settings.task, **settings.data.to_dict()})
    return Run(folder, settings, load_model(str(weights), settings), read_sequences(str(test), settings.data))


def _shown(path: Path) -> str:
    """A path as Snakemake calls it, from the folder of the run."""
    return "/".join(path.parts[-4:])


def _table(path: Path, run: dict) -> pd.DataFrame:
    require_end(str(path), path.read_bytes())
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except ValueError as error:  # pandas' parser errors
        raise ValueError(f"{path}: expected a table, found: {error}") from error
    for column, expected in run.items():
        found = frame[column].unique().tolist() if column in frame else "no such column"
        if found != [expected]:
            raise ValueError(f"{path}: expected {column} to be {expected!r}, found {short(found)}")
    return frame
