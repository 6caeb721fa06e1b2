"""Made-up tables of several experiments with known shares of seeds in support, for the tests of their comparison."""

import pandas as pd

from synthetic_tables import finish, product

CLAIMS = ["1", "2a", "2b", "2c", "3a", "3b", "3c", "4", "5"]
QUANTILES = {0.5: 1.0, 0.9: 10.0, 0.99: 100.0, 0.999: 1000.0}


def planted_claims(counts: dict[str, dict[str, tuple[int, int, int]]], role: str = "exploration") -> pd.DataFrame:
    """The table `claims`: by experiment and claim, how many seeds and how many controls pass, and of how many."""
    rows = []
    for experiment, by_claim in counts.items():
        for claim, (passing, controls, n_seeds) in by_claim.items():
            verdict = {n_seeds: "supported", 0: "not supported"}.get(passing, "mixed")
            common = {"experiment": experiment, "claim": claim, "seeds_in_support": passing, "n_seeds": n_seeds}
            common |= {"control_in_support": controls, "verdict": verdict, "claim_verdict": verdict}
            rows += [
                common | {"criterion": criterion, "seed": seed, "holds": seed < passing, "value": float(seed < passing)}
                | {"control_holds": seed < controls, "control_value": float(seed < controls)}
                for criterion in ("all", "planted")
                for seed in range(n_seeds)
            ]  # fmt: skip
    frame = pd.DataFrame(rows).assign(role=role, statement="A planted claim", statistic="planted", relation=">=")
    frame = frame.assign(threshold=1.0, low=0.0, high=1.0, support_low=0.0, support_high=1.0)
    return named(finish("claims", frame), frame)


def named(table: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The table with the experiments of the frame that it was made from."""
    return table.assign(experiment=frame["experiment"].astype(table["experiment"].dtype))


def planted_quality(errors: dict[str, dict[str, float]], n_seeds: int = 3) -> pd.DataFrame:
    """The table `quality`: by experiment and predictor the middle seed's median relative error at early positions.

    Other quantiles are ten times as large each, other errors and positions as large as no early relative error is.
    """
    frames = []
    for experiment, by_predictor in errors.items():
        frame = product(
            seed=range(n_seeds), predictor=list(by_predictor), positions=["early", "determined"],
            measure=["relative_error", "squared_error"], level=list(QUANTILES),
        )  # fmt: skip
        level = frame["level"].map(QUANTILES) * frame["predictor"].map(by_predictor)
        other = (frame["positions"] != "early") | (frame["measure"] != "relative_error")
        spread = frame["seed"] - (n_seeds - 1) / 2  # of seeds around the middle one
        frame = frame.assign(statistic="quantile", value=level * 2.0**spread * (1 + 1e6 * other), experiment=experiment)
        means = frame[frame["level"] == 0.999].assign(statistic="mean", level=1.0)
        frames += [frame, means]
    frame = pd.concat(frames, ignore_index=True)
    return named(finish("quality", frame), frame)
