"""The settings of one experiment as the library sees them: plain records made from a rule's params.

Defaults live in workflow/schemas/config.schema.yaml alone, where every key is also checked;
a record here is always given in full.
"""

from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Settings:
    """Base of the records below."""

    @classmethod
    def from_params(cls, params: dict):
        """Make the record from a mapping that holds its fields, all of them and no others.

        Raises ValueError naming the fields that are missing or unknown.
        """
        expected, found = {field.name for field in fields(cls)}, set(params)
        if expected != found:
            raise ValueError(
                f"{cls.__name__}: expected the keys {sorted(expected)}, missing {sorted(expected - found)}, "
                f"unknown {sorted(found - expected)}"
            )
        return cls(**params)

    def to_dict(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class DataSettings(Settings):
    """What sequences are drawn."""

    seed: int  # of the data, apart from the models' seeds
    n_terms: int  # terms of context; a sequence has one more
    n_train: int  # training sequences
    n_test: int  # test sequences, never trained on
    noise: float  # standard deviation of Gaussian observation noise, in units of x
    dimension: int  # coordinates of a term (affine_vector)
    degree: int  # of the polynomial (polynomial)


@dataclass(frozen=True)
class ModelSettings(Settings):
    """The shape of the transformer."""

    n_terms: int
    n_layers: int
    n_heads: int
    d_model: int
    d_mlp: int
    attention_only: bool
    layer_norm: bool

    @property
    def d_head(self) -> int:
        return self.d_model // self.n_heads


@dataclass(frozen=True)
class TrainingSettings(Settings):
    """How the transformer is trained."""

    steps: int
    batch_size: int  # sequences a step
    learning_rate: float  # at its highest
    warmup_steps: int
    final_learning_rate: float  # as a fraction of the highest
    weight_decay: float
    beta2: float  # of AdamW; beta1 is 0.9
    clip_norm: float  # of the whole gradient
    evaluate_every: int  # steps
    n_snapshots: int  # weights kept on the way; 0 is none
    device: str  # cpu, cuda or auto

    @property
    def snapshot_steps(self) -> list[int]:
        """The steps after which weights are kept: evenly spaced in log(step) over the last three decades of training.

        The end of training is not among them (it is the model). Steps that round to one are kept once, so that
        a short training has fewer than n_snapshots.
        """
        shares = [1000 ** (-k / self.n_snapshots) for k in range(self.n_snapshots, 0, -1)]
        steps = {max(1, round(self.steps * share)) for share in shares}
        return sorted(steps - {self.steps})


@dataclass(frozen=True)
class RunSettings(Settings):
    """Everything that decides one trained model: kept inside its weights file."""

    experiment: str
    seed: int  # of the model: initial weights and batch order
    task: str
    data: DataSettings
    model: ModelSettings
    training: TrainingSettings

    @classmethod
    def from_params(cls, params: dict) -> "RunSettings":
        """Make the record from nested mappings; the model gets its n_terms from the data.

        Raises ValueError naming missing or unknown keys.
        """
        data = DataSettings.from_params(params["data"])
        nested = {
            "data": data,
            "model": ModelSettings.from_params({**params["model"], "n_terms": data.n_terms}),
            "training": TrainingSettings.from_params(params["training"]),
        }
        return super().from_params({**params, **nested})
