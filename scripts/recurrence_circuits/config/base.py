"""What every section of the config is made of: strict, frozen records whose fields carry their description."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from recurrence_circuits.config.refusals import told
from recurrence_circuits.config.wording import found, short


class Settings(BaseModel):
    """Base of the config's records. Values are not converted, except whole numbers where any number is allowed."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def from_params(cls, params: dict) -> Self:
        """Make the record from a rule's param: a mapping of exactly its fields, nested ones included.

        Defaults are not filled in: `expand_config` has done so. Raises ValueError naming the fields that are missing or
        unknown, or else the values that are wrong.
        """
        cls._require_every_key(params)
        try:
            return cls.model_validate(params)
        except ValidationError as error:
            problems = [f"{path}: {problem}" for path, problem in told(error, cls)]
        raise ValueError(f"{cls.__name__}: {'; '.join(problems)}")

    @classmethod
    def _require_every_key(cls, params: dict) -> None:
        if not isinstance(params, dict):
            raise ValueError(f"{cls.__name__}: expected a mapping, found {found(params)}")
        wanted, given = set(cls.model_fields), set(params)
        if wanted != given:
            raise ValueError(
                f"{cls.__name__}: expected the keys {sorted(wanted)}, missing {sorted(wanted - given)}, "
                f"unknown {short(sorted(given - wanted, key=short))}"
            )
        for name, field in cls.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
                field.annotation._require_every_key(params[name])

    def to_dict(self) -> dict[str, Any]:
        """The record as nested plain values, from which `from_params` makes it again."""
        return self.model_dump()


def key(default: Any, description: str, unit: str = "", **limits: Any) -> Any:
    """A field, with everything that the table of keys in config/README.md shows of it.

    default      the value if the key is left out; `...` if it is required
    description  the meaning, in one sentence
    unit         what it counts or is measured in; empty for shares, choices and the like
    limits       ge, gt, le, lt; for a list min_length and max_length
    """
    return Field(default, description=description, json_schema_extra={"unit": unit} if unit else None, **limits)


def _no_negative_zero(value: float) -> float:
    # Snakemake compares params as text, where -0.0 and 0.0 differ.
    return value + 0.0


def _different(values: list) -> list:
    if len(set(values)) < len(values):
        raise ValueError("expected different values")
    return values


Number = Annotated[float, AfterValidator(_no_negative_zero)]
Different = AfterValidator(_different)  # for a list
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
