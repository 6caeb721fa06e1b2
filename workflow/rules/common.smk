# What the rules share: which tables and figures there are, and how a rule's params come out of the config.
# Params hold plain values only (str, int, float, bool, list, dict): Snakemake tracks no others.

# Tables that every seed writes, and those summarised across seeds (heads cannot be: head 0 of one seed
# has nothing to do with head 0 of another).
SEED_TABLES = [
    "history",
    "predictions",
    "ablation",
    "similarity",
    "cosines",
    "attention",
    "contributions",
    "estimates",
    "circuits",
    "composition",
    "feedback",
    "paths",
    "groups",
    "probes",
    "formation",
    "algorithm",
    "nearest",
    "explained",
]
TABLES = [*SEED_TABLES, "claims"]
# All that a seed leaves.
SEED_FILES = [
    "model.safetensors",
    "snapshots.safetensors",
    "run.json",
    "qk_factors.npz",
    *[f"{table}.csv" for table in SEED_TABLES],
]
# Rules that run once a seed.
SEED_STAGES = [
    "train_model",
    "score_predictions",
    "ablate_heads",
    "measure_similarity",
    "measure_circuits",
    "patch_paths",
    "ablate_groups",
    "probe_layers",
    "measure_formation",
    "identify_algorithm",
    "explain_predictions",
]
SUMMARISED = ["predictions_spread", "estimates_spread"]
FIGURES = [
    "learning_curves",
    "error_by_position",
    "estimates",
    "head_similarity",
    "ablation",
    "contributions",
    "attention",
    "cosines",
    "circuits",
    "composition",
    "feedback",
    "paths",
    "groups",
    "probes",
    "formation",
    "algorithm",
    "explained",
    "claims",
]
# Tables and figures that make sense for the scalar affine task only, and its experiments.
AFFINE_TABLES = ["construction"]
AFFINE_FIGURES = ["construction"]
AFFINE = [name for name, settings in EXPERIMENTS.items() if settings["task"] == "affine"]


TABLE_FILES = [
    *expand("results/{experiment}/tables/{table}.csv", experiment=EXPERIMENTS, table=TABLES + SUMMARISED),
    *expand("results/{experiment}/tables/{table}.csv", experiment=AFFINE, table=AFFINE_TABLES),
]


def figures_of(experiment):
    """The figures of one experiment."""
    return FIGURES + (AFFINE_FIGURES if experiment in AFFINE else [])


def figure_files(experiment):
    """The files of every figure of one experiment: two to look at, and the numbers that they draw."""
    return expand(
        "results/{experiment}/figures/{figure}.{kind}",
        experiment=experiment,
        figure=figures_of(experiment),
        kind=["pdf", "png", "csv"],
    )


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    seed=r"\d+",
    table="|".join(SEED_TABLES),


def of_experiment(*keys):
    """A param function: the value under `keys` in the wildcards' experiment."""

    def value(wildcards):
        found = EXPERIMENTS[wildcards.experiment]
        for key in keys:
            found = found[key]
        return found

    return value


def run_settings(wildcards):
    """All settings that decide one trained model: see RunSettings in the library."""
    settings = EXPERIMENTS[wildcards.experiment]
    chosen = {key: settings[key] for key in ("task", "data", "model")}
    chosen["training"] = {key: value for key, value in settings["training"].items() if key != "checkpoint_every"}
    return {"experiment": wildcards.experiment, "seed": int(wildcards.seed), **chosen}


def memory_mb(wildcards, least, **bytes_each):
    """Memory of a stage in MB: torch, and so many bytes for each number that the model computes for the sequences
    that a key counts (measured: up to 24, by measure_similarity, which keeps most of them).
    """
    settings = EXPERIMENTS[wildcards.experiment]
    flat = {key: value for part in ("data", "model", "training", "analysis") for key, value in settings[part].items()}
    numbers = activations(*(flat[key.rpartition(".")[2]] for key in ACTIVATIONS))
    return max(least, 1000 + round(sum(flat[key] * numbers * each for key, each in bytes_each.items()) / 1e6))


def every_seed(pattern, **others):
    """An input function: `pattern` for every seed of the wildcards' experiment, and every value of `others`."""

    def paths(wildcards):
        seeds = EXPERIMENTS[wildcards.experiment]["seeds"]
        return expand(pattern, seed=seeds, **{key: [value] for key, value in wildcards.items()}, **others)

    return paths


def results_of(experiment):
    """Every output of an experiment but its sequences, which only training and measuring ask for."""
    return [
        *expand(
            "results/{experiment}/seed{seed}/{file}",
            experiment=experiment,
            seed=EXPERIMENTS[experiment]["seeds"],
            file=SEED_FILES,
        ),
        *[table for table in TABLE_FILES if table.startswith(f"results/{experiment}/")],
        f"results/{experiment}/tables/claims.md",
        *figure_files(experiment),
        f"results/{experiment}/report.html",
    ]


def outputs_of(wildcards):
    """Every output of the wildcards' experiment. Sequences too: without them an edit would have to train anew."""
    sequences = expand("results/{experiment}/data/{part}.npz", part=["train", "test"], **wildcards)
    return sequences + results_of(wildcards.experiment)
