"""Drawing a figure from made-up tables, for the tests of figures."""

from importlib import import_module

from synthetic_tables import Synthetic

INPUTS = {
    "learning_curves": ["history"],
    "error_by_position": ["predictions"],
    "estimates": ["estimates", "predictions"],
    "head_similarity": ["similarity"],
    "ablation": ["ablation"],
    "contributions": ["contributions", "similarity"],
    "attention": ["attention"],
    "cosines": ["cosines"],
    "claims": ["claims"],
    "circuits": ["circuits"],
    "composition": ["composition"],
    "feedback": ["feedback"],
    "paths": ["paths"],
    "groups": ["groups"],
    "probes": ["probes"],
    "formation": ["formation"],
    "algorithm": ["algorithm", "nearest"],
    "explained": ["explained"],
    "construction": ["construction", "predictions"],
}
SMALL, USUAL = Synthetic(1, 1, 2, attention_only=True), Synthetic(2, 2, 3)


def draw(name, *tables):
    return import_module(f"recurrence_circuits.figures.{name}").draw(*tables)


def draw_from(name, synthetic):
    return draw(name, *(synthetic[table] for table in INPUTS[name]))


def lines(axes, label=None):
    return [line for line in axes.get_lines() if label is None or line.get_label() == label]
