"""The config's refusals: each names the key, what was expected and what was found."""

import re

import pytest
import yaml

from recurrence_circuits.config.check import ConfigError, expand_config


def problems(text: str) -> list[str]:
    """The lines of the refusal, without the heading."""
    with pytest.raises(ConfigError) as refusal:
        expand_config(yaml.safe_load(text), "my.yaml")
    heading, *lines = str(refusal.value).splitlines()
    assert heading == f"my.yaml: {len(lines)} problem{'s' * (len(lines) > 1)}"
    return [line.strip() for line in lines]


AT_ONCE = (
    "at most 25318 sequences of context_length 16, n_layers 3, n_heads 4, d_model 64, d_mlp 256 (all are taken at once "
    "and have to fit in memory)"
)
# Keys of the experiment `affine` in flow style, then the whole line of the refusal.
REFUSED = [
    # names
    ("modle: {}", "modle: expected one of the keys task, data, model, training, seeds, confirmation_seeds, "
     "analysis, claims, "
     "found 'modle' (did you mean model?)"),
    ("training: {step: 3}", "training.step: expected one of the keys steps, batch_size, optimiser, learning_rate, "
     "beta1, beta2, precondition_every, momentum, warmup_steps, final_learning_rate, weight_decay, clip_norm, "
     "evaluate_every, n_snapshots, device, checkpoint_every, found 'step' (did you mean steps?)"),
    ("n_layers: 2", "n_layers: expected one of the keys task, data, model, training, seeds, confirmation_seeds, "
     "analysis, claims, "
     "found 'n_layers' (did you mean model.n_layers?)"),
    ("data: {n_terms: 16}", "data.n_terms: expected one of the keys seed, context_length, noise, dimension, degree, "
     "a_max, b_std, x0_std, n_train, n_validation, n_test, found 'n_terms' (did you mean n_test?)"),
    ("model: {layer_norm: false}", "model.layer_norm: expected one of the keys n_layers, n_heads, d_model, d_mlp, "
     "attention_only, norm, activation, position_embedding, found 'layer_norm'"),
    ("model: {1: 2}", "model.1: expected a key that is text, found 1; put it in quotes"),
    ("model: {off: 2}", "model.False: expected a key that is text, found false; put it in quotes"),
    ("model: {norm: rmsnorm}", "model.norm: expected one of layer_norm, rms_norm, none, found the text 'rmsnorm' "
     "(did you mean rms_norm?)"),
    ("model: {norm: false}", "model.norm: expected one of layer_norm, rms_norm, none, found false"),
    ("model: {norm: null}", "model.norm: expected one of layer_norm, rms_norm, none, found nothing (null)"),
    ("model: {activation: silu}", "model.activation: expected one of gelu, relu, found the text 'silu'"),
    ("model: {position_embedding: 0}", "model.position_embedding: expected true or false, found 0"),
    # sections
    ("model: ", "model: expected a mapping, found nothing (null)"),
    ("model: [n_layers]", "model: expected a mapping, found a list, ['n_layers']"),
    ("training: 6000", "training: expected a mapping, found 6000"),
    # types
    ("training: {steps: 6000.0}", "training.steps: expected a whole number from 1 to 10000000, found 6000.0"),
    ("training: {steps: true}", "training.steps: expected a whole number from 1 to 10000000, found true"),
    ("training: {steps: '900'}", "training.steps: expected a whole number from 1 to 10000000, found the text '900' "
     "(it looks like a number, but YAML reads it as text: write 900, without quotes)"),
    ("training: {learning_rate: 5e-3}", "training.learning_rate: expected a number above 0 and at most 1 or null, "
     "found the text '5e-3' (it looks like a number, but YAML reads it as text: write 0.005, without quotes)"),
    ("training: {learning_rate: 1e-5}", "training.learning_rate: expected a number above 0 and at most 1 or null, "
     "found the text '1e-5' (it looks like a number, but YAML reads it as text: write 1.0e-05, without quotes)"),
    ("training: {learning_rate: yes}", "training.learning_rate: expected a number above 0 and at most 1 or null, "
     "found true"),
    ("training: {learning_rate: .nan}", "training.learning_rate: expected a number above 0 and at most 1 or null, "
     "found nan"),
    ("training: {clip_norm: .inf}", "training.clip_norm: expected a number above 0 and at most 1000000, found inf"),
    ("training: {weight_decay: null}", "training.weight_decay: expected a number from 0 to 10, found nothing (null)"),
    ("training: {steps: 2024-01-31}", "training.steps: expected a whole number from 1 to 10000000, "
     "found a date, 2024-01-31"),
    ("training: {device: [cpu]}", "training.device: expected one of cpu, cuda, auto, found a list, ['cpu']"),
    ("training: {device: CPU}", "training.device: expected one of cpu, cuda, auto, found the text 'CPU'"),
    ("model: {attention_only: 1}", "model.attention_only: expected true or false, found 1"),
    ("data: {n_train: many}", "data.n_train: expected a whole number from 1 to 1000000000 or null, "
     "found the text 'many'"),
    # ranges
    ("data: {n_test: 31}", "data.n_test: expected a whole number from 32 to 1000000, found 31"),
    ("data: {n_validation: 31}", "data.n_validation: expected a whole number from 32 to 1000000, found 31"),
    ("data: {noise: -0.1}", "data.noise: expected a number from 0 to 100, found -0.1"),
    ("data: {context_length: 513}", "data.context_length: expected a whole number from 3 to 512, found 513"),
    ("model: {n_layers: 0}", "model.n_layers: expected a whole number from 1 to 12, found 0"),
    ("model: {n_layers: 13}", "model.n_layers: expected a whole number from 1 to 12, found 13"),
    ("training: {learning_rate: 0}", "training.learning_rate: expected a number above 0 and at most 1 or null, "
     "found 0"),
    ("training: {beta2: 1}", "training.beta2: expected a number above 0 and below 1 or null, found 1"),
    ("training: {batch_size: 0}", "training.batch_size: expected a whole number from 1 to 65536, found 0"),
    ("analysis: {resamples: 99}", "analysis.resamples: expected a whole number from 100 to 100000, found 99"),
    ("analysis: {confidence: 95}", "analysis.confidence: expected a number above 0.5 and at most 0.9999, found 95"),
    ("analysis: {confidence: 0.5}", "analysis.confidence: expected a number above 0.5 and at most 0.9999, found 0.5"),
    ("analysis: {noise_levels: [0.1, 0.1]}", "analysis.noise_levels: expected a list of 0 to 20 different numbers "
     "from 0.0001 to 100, found a list, [0.1, 0.1]"),
    ("analysis: {noise_levels: [0.1, 0]}", "analysis.noise_levels[1]: expected a number from 0.0001 to 100, found 0"),
    ("analysis: {negative_head_correlation_max: -1.5}", "analysis.negative_head_correlation_max: expected a number "
     "from -1 to 1, found -1.5"),
    ("analysis: {copying_head_correlation_min: 2}", "analysis.copying_head_correlation_min: expected a number "
     "from -1 to 1, found 2"),
    ("claims: {learned_ratio_max: 0}", "claims.learned_ratio_max: expected a number above 0 and at most 1, found 0"),
    ("claims: {null_level: 0.6}", "claims.null_level: expected a number above 0 and at most 0.5, found 0.6"),
    ("claims: {restored_min: -1}", "claims.restored_min: expected a number above 0 and at most 1, found -1"),
    ("claims: {agreement_min: 0.5}", "claims.agreement_min: expected a number above 0.5 and at most 1, found 0.5"),
    ("claims: {ablation_kind: meen}", "claims.ablation_kind: expected one of zero, mean, resample, "
     "found the text 'meen' (did you mean mean?)"),
    # seeds
    ("seeds: 3", "seeds: expected a list of 1 to 1000 different whole numbers from 0 to 2147483647, found 3"),
    ("seeds: []", "seeds: expected a list of 1 to 1000 different whole numbers from 0 to 2147483647, "
     "found a list, []"),
    ("seeds: [1, 2, 1]", "seeds: expected a list of 1 to 1000 different whole numbers from 0 to 2147483647, "
     "found a list, [1, 2, 1]"),
    ("seeds: [0, -1]", "seeds[1]: expected a whole number from 0 to 2147483647, found -1"),
    ("seeds: [2147483648]", "seeds[0]: expected a whole number from 0 to 2147483647, found 2147483648"),
    ("seeds: [true]", "seeds[0]: expected a whole number from 0 to 2147483647, found true"),
    ("confirmation_seeds: [7, 3], seeds: [3, 4]", "confirmation_seeds: expected none of seeds, which have 3, "
     "found a list, [7, 3]"),
    # keys together
    ("model: {n_heads: 3}", "model.n_heads: expected a divisor of model.d_model (64), found 3"),
    ("model: {d_model: 30}", "model.n_heads: expected a divisor of model.d_model (30), found 4 (the default)"),
    ("training: {steps: 200, evaluate_every: 100}", "training.warmup_steps: expected fewer than training.steps (200), "
     "found 200 (the default)"),
    ("training: {steps: 240}", "training.evaluate_every: expected at most training.steps (240), "
     "found 250 (the default)"),
    ("data: {n_train: 63}", "data.n_train: expected null or at least training.batch_size (64), found 63"),
    ("data: {n_train: 900000000}", "data.n_train: expected at most 58823529 sequences of this size, not 900000000, "
     "found 900000000"),
    ("training: {steps: 1000000}", "data.n_train: expected at most 58823529 sequences of this size, not 64000000 "
     "(steps × batch_size), found nothing (null) (the default)"),
    ("data: {dimension: 2}", "data.dimension: expected 1 for the task affine, found 2"),
    ("data: {degree: 1}", "data.degree: expected 0 for the task affine, found 1"),
    ("data: {context_length: 3}", "data.context_length: expected at least 4 for the task affine (the next term is "
     "fixed from position 2 on, counted from 0, and the analysis needs two such positions), found 3"),
    ("data: {n_test: 100}", "analysis.n_shown: expected at most data.n_test (100), found 200 (the default)"),
    ("data: {noise: 0.00009}", "data.noise: expected 0 or at least 0.0001 (less is lost in the rounding of float32), "
     "found 9e-05"),
    ("data: {noise: 0.001, a_max: 1.5}", "data.noise: expected 0 or at least 0.0082 (less is lost in the rounding of "
     "float32), found 0.001"),
    ("data: {noise: 0.0002, b_std: 3}", "data.noise: expected 0 or at least 0.0003 (less is lost in the rounding of "
     "float32), found 0.0002"),
    ("data: {a_max: 2.1}", "data.a_max: expected a number from 0.1 to 2, found 2.1"),
    ("data: {a_max: 0}", "data.a_max: expected a number from 0.1 to 2, found 0"),
    ("data: {b_std: 0}", "data.b_std: expected a number from 0.01 to 100, found 0"),
    ("data: {x0_std: -1}", "data.x0_std: expected a number from 0.01 to 100, found -1"),
    ("data: {a_max: 1.6, context_length: 32}, training: {steps: 1000}", "data.a_max: expected at most 1.539 for "
     "data.context_length 32 (terms may not grow by more than 10⁶), found 1.6"),
    ("training: {weight_decay: 2, learning_rate: 0.6}", "training.weight_decay: expected at most 1 / "
     "training.learning_rate (1.66667): a step multiplies weights by 1 less their product, found 2.0"),
    ("training: {weight_decay: 10, learning_rate: null, optimiser: muon, momentum: 1}", "training.momentum: expected a "
     "number above 0 and below 1 or null, found 1"),
    ("training: {momentum: 0.9}", "training.momentum: expected null for the optimiser adamw (it is a key of muon), "
     "found 0.9"),
    ("training: {optimiser: muon, precondition_every: 10}", "training.precondition_every: expected null for the "
     "optimiser muon (it is a key of soap), found 10"),
    ("training: {optimiser: adam}", "training.optimiser: expected one of adamw, soap, muon, found the text 'adam' "
     "(did you mean adamw?)"),
    ("data: {n_test: 100001}, model: {n_heads: 1, d_mlp: 1}",
     "analysis.resamples: expected at most 999 for data.n_test 100001 and "
     "analysis.n_condition 1024, found 1000 (the default)"),
    ("analysis: {n_condition: 100000, resamples: 1001}, model: {n_heads: 1, d_mlp: 1}",
     "analysis.resamples: expected at most 1000 for data.n_test "
     "4096 and analysis.n_condition 100000, found 1001"),
    ("data: {n_test: 25319}", f"data.n_test: expected {AT_ONCE}, found 25319"),
    ("data: {n_validation: 25319}", f"data.n_validation: expected {AT_ONCE}, found 25319"),
    ("analysis: {n_condition: 25319}", f"analysis.n_condition: expected {AT_ONCE}, found 25319"),
    ("training: {batch_size: 25319, steps: 300}", f"training.batch_size: expected {AT_ONCE}, found 25319"),
    ("data: {context_length: 512, n_validation: 100}, analysis: {n_condition: 100}",
     "data.n_test: expected at most 178 sequences of context_length 512, n_layers 3, n_heads 4, d_model 64, d_mlp 256 "
     "(all are taken at once and have to fit in memory), found 4096 (the default)"),
    ("claims: {copy_ratio_min: 2.5}", "claims.copy_ratio_min: expected less than claims.copy_ratio_max (2.0), "
     "found 2.5"),
    ("claims: {copy_ratio_min: 2.0}", "claims.copy_ratio_min: expected less than claims.copy_ratio_max (2.0), "
     "found 2.0"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line"), REFUSED, ids=[re.sub(r"\W+", " ", text).strip() for text, _ in REFUSED])
def test_refusals_name_the_key_what_was_expected_and_what_was_found(text, line):
    assert problems(f"experiments: {{affine: {{task: affine, {text}}}}}") == [f"experiments.affine.{line}"]


NAME = "expected an experiment's name of at most 64 letters, digits, _ and -, a letter first (it names a folder)"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["the whole file: expected a mapping, found nothing (null)"]),
        ("[experiments]", ["the whole file: expected a mapping, found a list, ['experiments']"]),
        ("experiments: ", ["experiments: expected a mapping with 1 to 200 keys, found nothing (null)"]),
        ("experiments: {}", ["experiments: expected a mapping with 1 to 200 keys, found a mapping, {}"]),
        ("experiments: [affine]", ["experiments: expected a mapping with 1 to 200 keys, found a list, ['affine']"]),
        ("experiments: {affine: }", ["experiments.affine: expected a mapping, found nothing (null)"]),
        ("experiments: {affine: affine}", ["experiments.affine: expected a mapping, found the text 'affine'"]),
        (
            "{threads: 2, experiments: {a: {task: affine}}}",
            ["threads: expected one of the keys experiments, found 'threads'"],
        ),
        (
            "experiment: {a: {task: affine}}",
            [
                "experiment: expected one of the keys experiments, found 'experiment' (did you mean experiments?)",
                "experiments: expected a mapping with 1 to 200 keys, found nothing",
            ],
        ),
        ("experiments: {1: {task: affine}}", ["experiments.1: expected a key that is text, found 1; put it in quotes"]),
        (
            "experiments: {no: {task: affine}}",
            ["experiments.False: expected a key that is text, found false; put it in quotes"],
        ),
        (
            "experiments: {a: {}}",
            ["experiments.a.task: expected one of affine, affine_vector, polynomial, found nothing"],
        ),
        (
            "experiments: {a: {task: afine}}",
            [
                "experiments.a.task: expected one of affine, affine_vector, polynomial, found the text 'afine' "
                "(did you mean affine?)"
            ],
        ),
        ("experiments: {a b: {task: affine}}", [f"experiments.'a b': {NAME}, found 'a b'"]),
        ("experiments: {../x: {task: affine}}", [f"experiments.'../x': {NAME}, found '../x'"]),
        ("experiments: {..: {task: affine}}", [f"experiments...: {NAME}, found '..'"]),
        ("experiments: {'1': {task: affine}}", [f"experiments.1: {NAME}, found '1'"]),
        ('experiments: {"a\\n": {task: affine}}', [f"experiments.'a\\n': {NAME}, found 'a\\n'"]),
        (f"experiments: {{{'a' * 65}: {{task: affine}}}}", [f"experiments.{'a' * 65}: {NAME}, found '{'a' * 58}…"]),
        (
            "experiments: {Run: {task: affine}, run: {task: affine}}",
            ["experiments.run: expected names that differ in more than case, found Run and run"],
        ),
        (
            "experiments: {v: {task: affine_vector}}",
            ["experiments.v.data.dimension: expected 2 to 16 for the task affine_vector, found 1 (the default)"],
        ),
        (
            "experiments: {v: {task: affine_vector, data: {dimension: 3, context_length: 5}}}",
            [
                "experiments.v.data.context_length: expected at least 6 for the task affine_vector (the next term is "
                "fixed from position 4 on, counted from 0, and the analysis needs two such positions), found 5"
            ],
        ),
        (
            "experiments: {v: {task: affine_vector, data: {dimension: 16, context_length: 512, n_train: 64, "
            "n_test: 200000}, model: {n_layers: 1, n_heads: 1, d_model: 2, d_mlp: 1}, analysis: {resamples: 100}}}",
            ["experiments.v.data.n_test: expected at most 121832 sequences of this size, found 200000"],
        ),
        (
            "experiments: {p: {task: polynomial}}",
            ["experiments.p.data.degree: expected 1 to 16 for the task polynomial, found 0 (the default)"],
        ),
        (
            "experiments: {p: {task: polynomial, data: {degree: 2, a_max: 1.2, b_std: 2}}}",
            [
                "experiments.p.data.b_std: expected 1 for the task polynomial (it has no such parameter), found 2.0",
                "experiments.p.data.a_max: expected 1 for the task polynomial (it has no such parameter), found 1.2",
            ],
        ),
        (
            "experiments: {p: {task: polynomial, data: {degree: 15}}}",
            [
                "experiments.p.data.context_length: expected at least 17 for the task polynomial (the next term is "
                "fixed from position 15 on, counted from 0, and the analysis needs two such positions), found 16 "
                "(the default)"
            ],
        ),
    ],
)
def test_files_experiments_and_tasks_that_are_refused(text, lines):
    assert problems(text) == lines


def test_all_problems_are_told_at_once():
    """Problems of single keys do not hide those of keys together, unless they share a key."""
    lines = problems("""
        experiments:
          a: {task: affine, model: {n_heads: 3, d_modle: 8}, training: {steps: 0}, seeds: [0, 0]}
          b: {task: affin, data: {degree: 1}}
        """)
    assert [line.split(": ")[0] for line in lines] == [
        "experiments.a.model.d_modle",
        "experiments.a.training.steps",
        "experiments.a.seeds",
        "experiments.a.model.n_heads",
        "experiments.b.task",
    ]


def test_an_alias_that_contains_itself_is_refused():
    assert problems("experiments: &all {a: *all}")[0].startswith("experiments.a.a: expected one of the keys")
