# What the rules share: which files there are, and how a rule's params are made from the config.
# Params hold plain values only (str, int, float, bool, list, dict), since Snakemake tracks no others.


wildcard_constraints:
    experiment="|".join(EXPERIMENTS),
    seed=r"\d+",
    part="train|validation|test",
    figure="|".join(FIGURES),


def of_experiment(*keys):
    """A param function: the value under `keys` in the wildcards' experiment."""

    def value(wildcards):
        found = EXPERIMENTS[wildcards.experiment]
        for key in keys:
            found = found[key]
        return found

    return value


def seed_of(wildcards):
    """The seed of a job; of one that is the experiment's as a whole, the first."""
    return int(wildcards.get("seed", EXPERIMENTS[wildcards.experiment]["seeds"][0]))


# The params that hold settings, by name. A stage gets those that its code reads (see lib/stages.py).
SETTINGS = {
    "task": of_experiment("task"),
    "sequences": lambda wildcards: {
        key: EXPERIMENTS[wildcards.experiment]["data"][key] for key in SequenceSettings.model_fields
    },
    "n_sequences": lambda wildcards: EXPERIMENTS[wildcards.experiment]["data"][f"n_{wildcards.part}"],
    "run": lambda wildcards: run_settings(wildcards.experiment, EXPERIMENTS[wildcards.experiment], seed_of(wildcards)),
    "runs": lambda wildcards: [
        run_settings(wildcards.experiment, EXPERIMENTS[wildcards.experiment], seed)
        for seed in EXPERIMENTS[wildcards.experiment]["seeds"]
    ],
    "model": of_experiment("model"),
    "thresholds": of_experiment("claims"),
    "confirmation_seeds": of_experiment("confirmation_seeds"),
    "settings": of_experiment(),
}


def settings_of(stage):
    """The param functions of the settings that a stage's code reads, by name."""
    sections = {name: keys[0].split(".") for name, keys in keys_behind().items()}
    return {name: SETTINGS.get(name) or of_experiment(*sections[name]) for name in settings_read(stage)}


def code_of(stage):
    """A param function: the digest of a stage's code, including the file of the experiment's task."""
    return lambda wildcards: stage_digest(stage, EXPERIMENTS[wildcards.experiment]["task"])


def criteria_of(wildcards):
    """The digest of the criteria by which the wildcards' experiment is judged."""
    return criteria_digest(EXPERIMENTS[wildcards.experiment]["claims"])


def memory(least, **bytes_each):
    """A resource function: memory in MB, at least `least`, times the attempt.

    bytes_each gives, by the config key for a number of sequences, the bytes per activation of these sequences. They
    are added to 1000 MB for torch. (Measured: up to 24 bytes, by measure_similarity, which keeps most activations.)
    """

    def megabytes(wildcards, attempt):
        settings = EXPERIMENTS[wildcards.experiment]
        flat = {
            key: value for part in ("data", "model", "training", "analysis") for key, value in settings[part].items()
        }
        numbers = activations(*(flat[key.rpartition(".")[2]] for key in ACTIVATIONS))
        needed = 1000 + round(sum(flat[key] * numbers * each for key, each in bytes_each.items()) / 1e6)
        return attempt * max(least, needed)

    return megabytes


def every_seed(pattern, **others):
    """An input function: `pattern` for every seed of the wildcards' experiment, and every value of `others`."""

    def paths(wildcards):
        return expand(
            pattern, experiment=wildcards.experiment, seed=EXPERIMENTS[wildcards.experiment]["seeds"], **others
        )

    return paths


def all_seeds(experiment):
    """The seeds of an experiment that are measured in full, then those that only the claims are judged by."""
    return EXPERIMENTS[experiment]["seeds"] + EXPERIMENTS[experiment]["confirmation_seeds"]


def judged_files(wildcards):
    """What the claims of the wildcards' experiment are judged by: tables by name, of all seeds, and their records."""
    path, seeds = f"results/{wildcards.experiment}/seed{{seed}}/{{file}}", all_seeds(wildcards.experiment)
    files = {table: expand(path, seed=seeds, file=f"{table}.csv") for table in JUDGED}
    null = f"results/{wildcards.experiment}/tables/null.csv"
    return files | {"records": expand(path, seed=seeds, file="run.json"), "null": [null]}


def table_files(experiments, *tables):
    """The files of tables, by name: those of every seed, or the experiment's one where a table has no seeds."""
    return {
        table: [
            path
            for name in experiments
            for path in (
                expand("results/{name}/seed{seed}/{table}.csv", name=name, seed=EXPERIMENTS[name]["seeds"], table=table)
                if table in SEED_TABLES
                else [f"results/{name}/tables/{table}.csv"]
            )
        ]
        for table in tables
    }


def figure_files(experiment):
    """The files of all figures of an experiment: each as PDF and PNG, and the numbers drawn as CSV."""
    figures = figures_of(EXPERIMENTS[experiment]["task"])
    return expand(f"results/{experiment}/figures/{{figure}}.{{kind}}", figure=figures, kind=["pdf", "png", "csv"])


def gathered_tables(experiment):
    """The tables of one experiment that have the rows of all its seeds."""
    return expand(f"results/{experiment}/tables/{{table}}.csv", table=tables_of(EXPERIMENTS[experiment]["task"]))


def results_of(experiment):
    """All outputs of an experiment except its sequences, which are made only if training or measuring needs them."""
    seed_files = ["model.safetensors", "snapshots.safetensors", "run.json", *(f"{table}.csv" for table in SEED_TABLES)]
    return [
        *expand(f"results/{experiment}/seed{{seed}}/{{file}}", seed=EXPERIMENTS[experiment]["seeds"], file=seed_files),
        *expand(
            f"results/{experiment}/seed{{seed}}/{{file}}",
            seed=EXPERIMENTS[experiment]["confirmation_seeds"],
            file=["model.safetensors", "snapshots.safetensors", "run.json", *(f"{table}.csv" for table in JUDGED)],
        ),
        *gathered_tables(experiment),
        f"results/{experiment}/tables/claims.md",
        f"results/{experiment}/tables/standing.json",
        *figure_files(experiment),
        f"results/{experiment}/report.html",
        f"results/{experiment}/explorer.html",
    ]


def outputs_of(wildcards):
    """All outputs of the wildcards' experiment. Sequences too: a rerun without them would train anew."""
    sequences = expand(
        "results/{experiment}/data/{part}.safetensors", part=["train", "validation", "test"], **wildcards
    )
    return sequences + results_of(wildcards.experiment)


def layout_of(template):
    """The digests of a page's template and of what it shares with others."""
    return [
        text_digest(TEMPLATES / name) for name in (template, "page.html.j2", "page.css", "page.js", "parts.html.j2")
    ]


# The comparison of experiments: one page a task; one figure of all, and one a task if there are several. No
# experiment's name may begin with an underscore, so the folder cannot be one's.
OF_TASK = {
    task: [name for name, settings in EXPERIMENTS.items() if settings["task"] == task]
    for task in dict.fromkeys(settings["task"] for settings in EXPERIMENTS.values())
}
COMPARED = {"comparison": list(EXPERIMENTS), **(OF_TASK if len(OF_TASK) > 1 else {})}
DIFFERENCES = differences(EXPERIMENTS)
COMPARISON_FIGURES = expand(
    "results/_comparison/figures/{compared}.{kind}", compared=COMPARED, kind=["pdf", "png", "csv"]
)
COMPARISON_PAGES = expand("results/_comparison/{task}.html", task=OF_TASK)
if len(EXPERIMENTS) == 1:
    COMPARISON_FIGURES = COMPARISON_PAGES = []


def differences_of(names):
    """How the experiments of these names differ from the first of all; in the order of the groups."""
    return {name: about for name, about in DIFFERENCES.items() if name in names}


def figure_of_task(task):
    """The name of the figure that compares the experiments with this task."""
    return task if task in COMPARED else "comparison"


def first_determined(experiment):
    """The first position at which the terms seen fix the next one, in the sequences of an experiment."""
    settings = EXPERIMENTS[experiment]
    return TASKS[settings["task"]].first_determined(settings["data"]["dimension"], settings["data"]["degree"])
