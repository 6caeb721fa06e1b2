"""Tables: what is written is read again, and what is not a table of the project is refused by name."""

import csv

import pandas as pd
import pytest
from recurrence_circuits.summaries import gather, spread
from recurrence_circuits.tables import COLUMNS, read_table, write_table


def predictions(seed=0, value=0.5, **changes):
    row = {
        "experiment": "toy", "seed": seed, "predictor": "model", "position": pd.NA, "measure": "mse",
        "value": value, "low": 0.25, "high": 1 / 3,
    }  # fmt: skip
    return pd.DataFrame([row | changes, row | {"position": 3} | changes])


def test_round_trip(tmp_path):
    path = str(tmp_path / "a.csv")
    write_table("predictions", predictions(), path)
    table = read_table("predictions", path)
    assert table["position"].isna().tolist() == [True, False]
    assert table["high"].tolist() == pytest.approx([1 / 3, 1 / 3], rel=1e-8)
    assert table.dtypes["position"] == "Int64"


def test_columns_come_in_the_declared_order(tmp_path):
    path = tmp_path / "a.csv"
    write_table("predictions", predictions()[sorted(COLUMNS["predictions"])], str(path))
    assert path.read_text().splitlines()[0].split(",") == list(COLUMNS["predictions"])


def test_an_interval_may_be_empty_a_value_may_not(tmp_path):
    path = str(tmp_path / "a.csv")
    write_table("predictions", predictions(low=float("nan")), path)
    with pytest.raises(ValueError, match=r"a\.csv: expected numbers in column 'value', found NaN in data row 1"):
        write_table("predictions", predictions(value=float("nan")), path)


HEADER = "experiment,seed,predictor,position,measure,value,low,high"


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "not a 'predictions' table"),
        ("experiment,seed\ntoy,0\n\n", r"missing \['high', 'low', 'measure'"),
        (f"{HEADER},more\ntoy,0,model,1,mse,1,1,1,1\n\n", r"unknown \['more'\]"),
        (f"{HEADER}\ntoy,zero,model,1,mse,1,1,1\n\n", "not a 'predictions' table"),
        (f"{HEADER}\ntoy,0,model,1,mse,,1,1\n\n", "found NaN in data row 1"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, text, message):
    path = tmp_path / "damaged.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as refusal:
        read_table("predictions", str(path))
    assert str(path) in str(refusal.value)


def test_a_table_is_refused_wherever_it_is_cut(tmp_path):
    path = tmp_path / "cut.csv"
    write_table("predictions", predictions(), str(path))
    content = path.read_bytes()
    for length in range(1, len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"cut\.csv: expected an empty last line, .* the file is cut; delete it"):
            read_table("predictions", str(path))


def test_other_readers_of_csv_skip_the_empty_line(tmp_path):
    path = tmp_path / "a.csv"
    write_table("predictions", predictions(), str(path))
    assert len(pd.read_csv(path)) == len(predictions())
    with path.open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(predictions())


def test_seeds_are_gathered_and_summarised(tmp_path):
    paths = [str(tmp_path / f"{seed}.csv") for seed in range(3)]
    for seed, path in enumerate(paths):
        write_table("predictions", predictions(seed, value=seed + 1.0), path)
    table = gather("predictions", paths)
    assert table["seed"].tolist() == [0, 0, 1, 1, 2, 2]
    summary = spread("predictions", table)
    assert len(summary) == 2
    assert summary[["n_seeds", "mean", "sd", "min", "max"]].iloc[0].tolist() == [3, 2.0, 1.0, 1.0, 3.0]


def test_one_seed_has_no_standard_deviation(tmp_path):
    path = str(tmp_path / "0.csv")
    write_table("predictions", predictions(), path)
    assert spread("predictions", gather("predictions", [path]))["sd"].isna().all()
