"""What the workflow measures and draws: one entry per measure, one per figure. All other lists are made from these.

To add a measure, add its module in measures/, its script scripts/measure_<name>.py and its entry in MEASURES.
To add a figure, add its module in figures/ and its entry in FIGURES. docs/architecture.md shows both.
"""

from typing import NamedTuple

# The columns that tables may have, by type. A missing whole number is an empty cell.
TEXT, WHOLE, REAL, TRUTH = "str", "Int64", "float64", "boolean"
TYPES = {
    TEXT: "experiment model predictor component kind measure target input receiver_component perturbed pattern group "
    "members heads lens intervention condition nearest tied reference reduced replaced claim criterion statement "
    "statistic relation verdict claim_verdict role positions by use",
    WHOLE: "seed step position layer head after_layer other_layer other_head receiver_layer receiver_head query key "
    "lag initialisation first_swapped last_swapped sequence coordinate size departs n_layers n_seeds seeds_in_support "
    "control_in_support",
    REAL: "value low high loss mse excess learning_rate term next_term contribution level threshold control_value "
    "support_low support_high lower upper",
    TRUTH: "shuffled holds control_holds",
}
TYPE_OF = {column: kind for kind, columns in TYPES.items() for column in columns.split()}


class Measure(NamedTuple):
    """A measuring stage: rule measure_<name>, one job per seed.

    tables   the columns of each table that it writes, without those of KEY
    reads    other files of the seed, by input name; all measures read the weights and the test sequences
    counted  the config key for the number of sequences in memory at once
    """

    tables: dict[str, str]
    reads: dict[str, str] = {}  # noqa: RUF012 (never changed)
    counted: str = "n_test"


KEY = "experiment seed"
# Tables are long and tidy: one value per row, with its bootstrap interval over sequences, `low` to `high`. An empty
# `position` means the mean over the determined positions. docs/measures.md explains every measure.
MEASURES = {
    "predictions": Measure(
        {
            "predictions": "predictor position measure value low high",
            "quality": "predictor positions measure statistic level value low high",
            "failures": "predictor measure by lower upper value low high",
        }
    ),
    "ablation": Measure({"ablation": "model component layer head kind position measure value low high"}),
    "similarity": Measure(
        {
            "similarity": "model component layer head measure value low high",
            "cosines": "model layer head other_layer other_head value",
            "attention": "model layer head query key value",
            "attribution": "layer head sequence position coordinate term next_term contribution",
        }
    ),
    "lags": Measure({"lags": "model component layer head lag measure value low high"}),
    "readout_lens": Measure({"readout_lens": "model after_layer lens position measure value low high"}),
    "circuits": Measure(
        {
            "circuits": "model layer head measure value",
            "composition": "model layer head other_layer other_head input value",
        }
    ),
    "feedback": Measure({"feedback": "model component layer head perturbed pattern position value low high"}),
    "paths": Measure(
        {
            "paths": "model component layer head input receiver_component receiver_layer receiver_head measure "
            "value low high"
        }
    ),
    "groups": Measure(
        {"groups": "model group members size heads intervention kind position measure value low high"},
        reads={"similarity": "similarity.csv"},
    ),
    "patterns": Measure({"patterns": "model layer head replaced position measure value low high"}),
    "probes": Measure({"probes": "model after_layer target shuffled position value low high"}),
    "counterfactuals": Measure(
        {"counterfactuals": "model component layer head first_swapped last_swapped position measure value low high"}
    ),
    "formation": Measure({"formation": "step measure value low high"}, reads={"snapshots": "snapshots.safetensors"}),
    "algorithm": Measure(
        {
            "algorithm": "model condition level predictor position measure value low high",
            "nearest": "model condition level nearest tied value low high reference departs",
        },
        counted="n_condition",
    ),
    "reduced_models": Measure({"reduced_models": "model reduced position measure value low high"}),
    "mechanism": Measure({"mechanism": "model reduced component layer position measure value low high"}),
}
TRAINING_TABLES = {"learning_curves": "step loss mse excess learning_rate"}
# Tables of an experiment, not of a seed.
CLAIMS = (
    "role claim criterion statement statistic relation threshold value low high holds control_value control_holds "
    "seeds_in_support n_seeds support_low support_high control_in_support verdict claim_verdict"
)
NULL = "statistic initialisation value"
HANDCRAFTED = "predictor n_layers position measure value low high"
AGREEMENT = "use statistic kind measure value low high"  # of its first seed

COLUMNS = {
    **{table: f"{KEY} {columns}" for table, columns in TRAINING_TABLES.items()},
    **{table: f"{KEY} {columns}" for measure in MEASURES.values() for table, columns in measure.tables.items()},
    "claims": f"{KEY} {CLAIMS}",
    "handcrafted": f"experiment {HANDCRAFTED}",
    "null": f"experiment {NULL}",
    "agreement": f"{KEY} {AGREEMENT}",
}
SEED_TABLES = [table for table in COLUMNS if table not in ("claims", "handcrafted", "null", "agreement")]

# The tables that the claims are judged by; of confirmation seeds no others are made.
JUDGED = [
    "predictions", "ablation", "similarity", "lags", "circuits", "readout_lens", "probes", "feedback", "groups",
    "mechanism",
]  # fmt: skip

# The figures in the report's order, and the tables that each reads. The docstring of a figure's module is its caption.
FIGURES = {
    "learning_curves": ["learning_curves"],
    "predictions": ["predictions"],
    "quality": ["quality", "failures"],
    "readout_lens": ["readout_lens"],
    "similarity": ["similarity"],
    "lags": ["lags"],
    "ablation": ["ablation"],
    "attribution": ["attribution", "similarity"],
    "attention": ["attention"],
    "cosines": ["cosines"],
    "circuits": ["circuits"],
    "composition": ["composition"],
    "feedback": ["feedback"],
    "paths": ["paths"],
    "groups": ["groups"],
    "patterns": ["patterns"],
    "probes": ["probes"],
    "counterfactuals": ["counterfactuals"],
    "formation": ["formation"],
    "algorithm": ["algorithm", "nearest"],
    "reduced_models": ["reduced_models"],
    "mechanism": ["mechanism"],
    "claims": ["claims"],
    "handcrafted": ["handcrafted", "predictions"],
}
COMPARISON = {"comparison": ["claims", "quality"]}  # the figure across experiments
TASK_OF = {"handcrafted": "affine"}  # tables and figures that make sense for one task only

# The rules that run once per seed; the report shows their costs.
SEED_STAGES = ["train_model", *(f"measure_{name}" for name in MEASURES)]


def columns_of(*tables: str) -> dict[str, dict[str, str]]:
    """The columns of each table with their types, as `io.tables` takes them. Raises KeyError for an unknown table."""
    return {table: {column: TYPE_OF[column] for column in COLUMNS[table].split()} for table in tables}


def figures_of(task: str) -> list[str]:
    """The figures of an experiment with this task, in order."""
    return [figure for figure in FIGURES if TASK_OF.get(figure, task) == task]


def tables_of(task: str) -> list[str]:
    """The gathered tables of an experiment with this task."""
    return [table for table in COLUMNS if TASK_OF.get(table, task) == task]
