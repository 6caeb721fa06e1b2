"""What a run's verdicts are worth: exploratory, or confirmatory because the criteria were fixed before the training."""

import json
from typing import NamedTuple

from recurrence_circuits.io.reading import json_mapping, short

# The roles of seeds. Unconfirmed are confirmation seeds that cannot confirm, since the criteria are newer than they.
EXPLORATION, CONFIRMATION, UNCONFIRMED = "exploration", "confirmation", "unconfirmed"
EXPLORATORY, CONFIRMATORY, REFUSED = "exploratory", "confirmatory", "not confirmatory"


class Standing(NamedTuple):
    """How the verdicts of an experiment are to be read, and why."""

    kind: str  # EXPLORATORY, CONFIRMATORY or REFUSED
    why: str
    criteria: str  # their digest
    commit: str  # that last changed the criteria, with its date; empty if git does not know one

    @property
    def sentence(self) -> str:
        """The first line of every page with verdicts."""
        return f"These verdicts are {self.kind}: {self.why}"

    @property
    def role(self) -> str:
        """The role of the confirmation seeds."""
        return CONFIRMATION if self.kind == CONFIRMATORY else UNCONFIRMED

    def to_json(self) -> str:
        return json.dumps(self._asdict(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, path: str, text: str) -> "Standing":
        """What `to_json` wrote to the file `path`. Raises ValueError naming the file if it is something else."""
        found = json_mapping(path, text)
        if set(found) != set(cls._fields) or not all(isinstance(value, str) for value in found.values()):
            raise ValueError(f"{path}: expected texts under {', '.join(cls._fields)}, found {short(found)}")
        return cls(**found)


def standing(records: list[dict], confirmation_seeds: list[int], criteria: str, commit: str) -> Standing:
    """The standing of the verdicts of one experiment.

    records  the run records of all its seeds; criteria, commit: of the criteria as they are now

    The verdicts are confirmatory if every confirmation seed was trained when the criteria were already what they are
    now. A record without a digest of them is that of an earlier version, so nothing shows it.
    """
    of_seed = {record["settings"]["seed"]: record for record in records}
    if not confirmation_seeds:
        why = "the same seeds could be looked at while measures and thresholds were chosen (no confirmation_seeds)."
        return Standing(EXPLORATORY, why, criteria, commit)
    late = [seed for seed in confirmation_seeds if of_seed[seed].get("criteria") != criteria]
    if late:
        why = f"the criteria were written or edited after the training of {_seeds(late)} began."
        return Standing(REFUSED, why, criteria, commit)
    first = min(of_seed[seed]["begun"] for seed in confirmation_seeds)
    fixed = f"in commit {commit}" if commit else "(git knows no commit of them)"
    why = (
        f"the criteria were fixed {fixed} before the training of {_seeds(confirmation_seeds)}, which began on {first}, "
        "and have not been edited since."
    )
    return Standing(CONFIRMATORY, why, criteria, commit)


def _seeds(seeds: list[int]) -> str:
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
