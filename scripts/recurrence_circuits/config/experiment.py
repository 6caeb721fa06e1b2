"""An experiment, the whole config, and the settings that decide one trained model."""

from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from recurrence_circuits.config.analysis import AnalysisSettings
from recurrence_circuits.config.base import Different, Seed, Settings, key
from recurrence_circuits.config.claims import ClaimSettings
from recurrence_circuits.config.data import DataSettings, SequenceSettings
from recurrence_circuits.config.model import ModelSettings
from recurrence_circuits.config.refusals import RELATION, refusal, refusals
from recurrence_circuits.config.relations import n_train_of, violations
from recurrence_circuits.config.tasks import TASKS
from recurrence_circuits.config.training import USUAL, TrainingSection, TrainingSettings

TaskName = Literal[*TASKS]
ExperimentName = Annotated[
    str,
    Field(
        description="an experiment's name of at most 64 letters, digits, _ and -, a letter first (it names a folder)",
        max_length=64,
        pattern=r"^[A-Za-z][A-Za-z0-9_-]*$",
    ),
]


class Experiment(Settings):
    """The settings of one experiment: its task, data, model, training, seeds, analysis and claims."""

    task: TaskName = key(..., "The family of sequences, the one key without a default.")
    data: DataSettings = Field(default_factory=DataSettings, description="The sequences.")
    model: ModelSettings = Field(default_factory=ModelSettings, description="The transformer.")
    training: TrainingSection = Field(default_factory=TrainingSection, description="How the transformer is trained.")
    seeds: Annotated[list[Seed], Different] = key(
        [0, 1, 2, 3, 4],
        "Seeds of the models (initial weights and batch order); one model is trained for each.",
        min_length=1, max_length=1000,
    )  # fmt: skip
    confirmation_seeds: Annotated[list[Seed], Different] = key(
        [],
        "Seeds of further models, by which the claims are judged alone, once the criteria are fixed; none of `seeds`.",
        min_length=0, max_length=1000,
    )  # fmt: skip
    analysis: AnalysisSettings = Field(default_factory=AnalysisSettings, description="How a model is measured.")
    claims: ClaimSettings = Field(default_factory=ClaimSettings, description="The thresholds of the claims.")

    @model_validator(mode="wrap")
    @classmethod
    def _keys_fit_together(cls, given, handler):
        """Check the relations between keys as well as single keys, so that all problems are reported at once."""
        problems, refused = [], set()
        try:
            made = handler(given)
        except ValidationError as error:
            if not isinstance(given, dict):
                raise
            problems = refusals(error)
            refused = {tuple(part for part in line["loc"] if isinstance(part, str)) for line in problems}
            made = handler({"task": next(iter(TASKS)), **_without(given, refused)})
        for path, value, text in violations(made, refused):
            problems.append(refusal(RELATION, text, path, value))
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return made


def _without(given: dict, refused: set[tuple[str, ...]]) -> dict:
    """An experiment without its refused keys, so that the relations between the others can be checked."""
    return {
        name: {inner: v for inner, v in value.items() if (name, inner) not in refused}
        if isinstance(value, dict)
        else value
        for name, value in given.items()
        if (name,) not in refused
    }


class Config(Settings):
    """One run of the workflow."""

    experiments: dict[ExperimentName, Experiment] = Field(
        description="The experiments by name; each writes into results/<name>/.", min_length=1, max_length=200
    )

    @field_validator("experiments", mode="wrap")
    @classmethod
    def _names_are_folders(cls, given, handler):
        """Refuse names that differ in case only: on some file systems they are one folder."""
        problems = []
        try:
            made = handler(given)
        except ValidationError as error:
            problems = refusals(error)
        seen: dict[str, str] = {}
        for name in given if isinstance(given, dict) else ():
            first = seen.setdefault(name.lower(), name)
            if first != name:
                text = f"expected names that differ in more than case, found {first} and {name}"
                problems.append(refusal(RELATION, text, (name,), name))
        if problems:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return made


def json_schema() -> dict:
    """The config as JSON schema, for editors and other tools."""
    return Config.model_json_schema()


def resolve_nulls(experiment: dict) -> None:
    """Replace what is null in an expanded experiment, in place, by what it means.

    `data.n_train` becomes the number of sequences for one pass, and keys of the optimiser what is usual for it.
    """
    data, training = experiment["data"], experiment["training"]
    data["n_train"] = n_train_of(data["n_train"], training["steps"], training["batch_size"])
    for name, usual in USUAL[training["optimiser"]].items():
        training[name] = usual if training[name] is None else training[name]


class RunSettings(Settings):
    """Everything that decides one trained model; stored in its weights file."""

    experiment: ExperimentName
    seed: Seed  # of the model: initial weights and batch order
    task: TaskName
    data: SequenceSettings
    n_train: int = Field(ge=1, le=10**9)
    model: ModelSettings
    training: TrainingSettings


def run_settings(name: str, experiment: dict, seed: int) -> dict:
    """The rule param from which RunSettings is made: what decides one seed's model, of an expanded experiment."""
    return {
        "experiment": name,
        "seed": seed,
        "task": experiment["task"],
        "data": {key: experiment["data"][key] for key in SequenceSettings.model_fields},
        "n_train": experiment["data"]["n_train"],
        "model": {key: experiment["model"][key] for key in ModelSettings.model_fields},
        "training": {key: experiment["training"][key] for key in TrainingSettings.model_fields},
    }
