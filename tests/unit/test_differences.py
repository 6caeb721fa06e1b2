"""How experiments differ from the first of their config: the groups and the words that their comparison shows."""

import pytest
import yaml

from lib.criteria import with_criteria
from lib.differences import GROUPS, REFERENCE, TOLD, TRAINING, WORDS, differences, reference_words
from projects import ROOT
from recurrence_circuits.config.check import expand_config, leaves
from recurrence_circuits.config.training import USUAL

# What decides no model, or only how it is looked at; n_train, where it does not follow from the steps, is told.
SILENT = {f"data.n_{part}" for part in ("validation", "test")}
SILENT |= {f"training.{key}" for key in ("evaluate_every", "n_snapshots", "device", "checkpoint_every")}


def expanded(**experiments):
    """Experiments by name as a config file would have them; underscores stand for hyphens."""
    return expand_config({"experiments": {name: {"task": "affine"} | own for name, own in experiments.items()}}, "t")[
        "experiments"
    ]


def told(**changes) -> tuple[str, str]:
    """The group and the words of an experiment with these changes, beside one of nothing but defaults."""
    return tuple(differences(expanded(first={}, other=changes))["other"].values())


def test_every_key_that_decides_a_model_is_in_one_group():
    keys = [key for group in GROUPS.values() for key in group]
    assert len(keys) == len(set(keys))
    decide = {key for key in leaves() if key.startswith(("data.", "model.", "training.")) or key == "task"}
    assert set(keys) == decide - SILENT
    assert set(TOLD) <= set(keys)


def test_every_choice_has_words():
    for key, words in WORDS.items():
        if isinstance(words, dict):
            assert set(words) == set(leaves()[key].get("enum", [True, False]))


@pytest.mark.parametrize(
    ("changes", "group", "words"),
    [
        ({"model": {"n_layers": 1}}, "depth, heads, width", "1 layer"),
        ({"model": {"n_layers": 2, "n_heads": 1}}, "depth, heads, width", "2 layers, 1 head"),
        ({"model": {"d_model": 32, "d_mlp": 128}}, "depth, heads, width", "width 32"),  # the MLP in proportion
        ({"model": {"d_model": 32}}, "depth, heads, width", "width 32, MLP width 256"),
        ({"model": {"norm": "none", "attention_only": True}}, "norm, MLPs, positions", "no MLPs, no norm"),
        ({"model": {"attention_only": True, "d_mlp": 64}}, "norm, MLPs, positions", "no MLPs"),  # which has none
        ({"data": {"x0_std": 3}}, "length and ranges of the sequences", "x_{0} of std. 3"),
        ({"data": {"n_train": 1000}}, "length and ranges of the sequences", "1,000 training sequences"),
        ({"data": {"noise": 0.03}, "model": {"norm": "none"}}, "observation noise", "noise of std. 0.03, no norm"),
        ({"training": {"steps": 12000}}, TRAINING, "12,000 steps"),
        ({"training": {"optimiser": "soap"}}, TRAINING, "SOAP"),  # with all that is usual for it
        ({"training": {"optimiser": "soap", "beta2": 0.99}}, TRAINING, "SOAP, β2 0.99"),  # AdamW's, and not its own
        ({"task": "affine_vector", "data": {"dimension": 3}, "training": {"steps": 9000}}, "task affine_vector",
         "d = 3, 9,000 steps"),
        ({"task": "polynomial", "data": {"degree": 2}}, "task polynomial", "degree 2"),
        ({"data": {"n_test": 512}, "seeds": [7], "training": {"n_snapshots": 3}}, REFERENCE, ""),
    ],
)  # fmt: skip
def test_an_experiment_stands_in_the_last_group_that_it_differs_in(changes, group, words):
    assert told(**changes) == (group, words)


def test_only_one_pass_over_the_sequences_goes_without_saying():
    repeated = {"data": {"n_train": 1000}}
    found = differences(expanded(first=repeated, again=repeated, fresh={}))
    assert found["again"]["differs"] == ""
    assert found["fresh"]["differs"] == "one pass over fresh sequences"


def test_groups_come_in_order_and_the_experiments_of_a_group_in_that_of_the_config():
    polynomial = {"task": "polynomial", "data": {"degree": 1}}
    found = differences(
        expanded(first={}, a=polynomial, b={"data": {"noise": 0.1}}, c={"model": {"n_layers": 2}},
                 d={"model": {"n_layers": 1}})
    )  # fmt: skip
    assert list(found) == ["first", "c", "d", "b", "a"]


def test_the_reference_is_told_in_its_main_settings():
    first = {"model": {"n_layers": 2, "n_heads": 1}, "training": {"optimiser": "muon", "steps": 1500}}
    assert reference_words(expanded(first=first, other={})) == "first (2 layers, 1 head, width 64, Muon, 1,500 steps)"


def test_in_the_projects_own_atlas_no_two_experiments_are_told_alike():
    config = yaml.safe_load((ROOT / "config/atlas.yaml").read_text())
    experiments = expand_config(with_criteria(config), "config/atlas.yaml")["experiments"]
    found = differences(experiments)
    assert set(found) == set(experiments)
    assert len({tuple(about.values()) for about in found.values()}) == len(experiments)
    optimisers = {name for name, settings in experiments.items() if settings["training"]["optimiser"] != "adamw"}
    assert {found[name]["group"] for name in optimisers} == {TRAINING}
    assert set(USUAL) == {experiments[name]["training"]["optimiser"] for name in [*optimisers, "affine"]}
