"""How the experiments of a config differ from its first one, in words: what their comparison orders and names them by.

What a difference of `analysis` and of the numbers of validation and test sequences makes is no difference of the
models, so they are left out.
"""

from recurrence_circuits.config.training import USUAL

REFERENCE = "reference"
TRAINING = "optimiser and length of training"
# The keys that make a difference, by group, each with its words: of a value, or, in a mapping, of each choice. An
# experiment that differs in keys of several groups stands in the last of them.
GROUPS = {
    "depth, heads, width": {
        "model.n_layers": "{} layers",
        "model.n_heads": "{} heads",
        "model.d_model": "width {}",
        "model.d_mlp": "MLP width {}",
    },
    "norm, MLPs, positions": {
        "model.attention_only": {True: "no MLPs", False: "MLPs"},
        "model.norm": {"layer_norm": "LayerNorm", "rms_norm": "RMSNorm", "none": "no norm"},
        "model.activation": {"gelu": "GELU", "relu": "ReLU"},
        "model.position_embedding": {True: "position embedding", False: "no position embedding"},
    },
    "length and ranges of the sequences": {
        "data.seed": "other sequences (seed {})",
        "data.n_train": "{}",
        "data.context_length": "{} terms",
        "data.a_max": "|a| up to {:g}",
        "data.b_std": "b of std. {:g}",
        "data.x0_std": "x_{{0}} of std. {:g}",
    },
    "observation noise": {"data.noise": "noise of std. {:g}"},
    TRAINING: {
        "training.optimiser": {"adamw": "AdamW", "soap": "SOAP", "muon": "Muon"},
        "training.steps": "{:,} steps",
        "training.batch_size": "batches of {}",
        "training.learning_rate": "rate {:g}",
        "training.beta1": "β1 {:g}",
        "training.beta2": "β2 {:g}",
        "training.precondition_every": "basis every {}",
        "training.momentum": "momentum {:g}",
        "training.warmup_steps": "warm-up {}",
        "training.final_learning_rate": "final rate {:g}",
        "training.weight_decay": "weight decay {:g}",
        "training.clip_norm": "clipped at {:g}",
    },
    "task {}": {"task": "", "data.dimension": "d = {}", "data.degree": "degree {}"},  # the heading names the task
}
WORDS = {key: words for group in GROUPS.values() for key, words in group.items()}
TOLD = ["model.n_layers", "model.n_heads", "model.d_model", "training.optimiser", "training.steps"]  # of the reference


def differences(experiments: dict[str, dict]) -> dict[str, dict[str, str]]:
    """`group` and `differs`, the words, of each experiment, by name: group by group, else in the order of the config.

    experiments: the expanded config's. Those that do not differ from the first have no words.
    """
    first = next(iter(experiments))
    flat = {name: _flat(settings) for name, settings in experiments.items()}
    keys = {name: _different(own, flat[first]) for name, own in flat.items()}
    order = [REFERENCE, *GROUPS]
    found = {}
    for name in sorted(experiments, key=lambda name: order.index(_group(keys[name]))):
        group = _group(keys[name]).format(experiments[name]["task"])
        found[name] = {"group": group, "differs": _told(keys[name], flat[name])}
    return found


def reference_words(experiments: dict[str, dict]) -> str:
    """The name of the experiment that all are compared with, the first, and what it is."""
    first, settings = next(iter(experiments.items()))
    return f"{first} ({_told(TOLD, _flat(settings))})"


def _flat(experiment: dict) -> dict:
    """The settings that decide the models, by key; those that mean nothing are None."""
    flat = {f"{part}.{key}": value for part in ("data", "model", "training") for key, value in experiment[part].items()}
    flat["task"], n_train = experiment["task"], flat["data.n_train"]
    one_pass = n_train == flat["training.steps"] * flat["training.batch_size"]
    flat["data.n_train"] = "one pass over fresh sequences" if one_pass else f"{n_train:,} training sequences"
    if flat["model.attention_only"]:
        flat["model.d_mlp"] = flat["model.activation"] = None
    return {key: flat[key] for key in WORDS}


def _different(own: dict, reference: dict) -> list[str]:
    """The keys to tell, those of the group that decides first.

    Those in which the settings differ; but of the optimiser's own keys, where it is another one, those that are not
    what is usual for it, and the width of an MLP only where it is not in proportion to the model's.
    """
    against = dict(reference)
    if own["training.optimiser"] != reference["training.optimiser"]:
        against |= {f"training.{key}": value for key, value in USUAL[own["training.optimiser"]].items()}
    if own["model.d_mlp"] is not None and reference["model.d_mlp"] is not None:
        against["model.d_mlp"] = own["model.d_model"] * reference["model.d_mlp"] / reference["model.d_model"]
    groups = reversed(GROUPS.values())
    return [key for group in groups for key in group if own[key] is not None and own[key] != against[key]]


def _group(keys: list[str]) -> str:
    """The last group with one of the keys."""
    return [REFERENCE, *(group for group, words in GROUPS.items() if set(words) & set(keys))][-1]


def _told(keys: list[str], flat: dict) -> str:
    """The settings under some keys, in words."""
    told = []
    for key in keys:
        words, value = WORDS[key], flat[key]
        text = words[value] if isinstance(words, dict) else words.format(value).removesuffix("s" * (value == 1))
        told += [text] if text else []
    return ", ".join(told)
