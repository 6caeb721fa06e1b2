"""Tables: what is written is read again, and what is not a table of the project is refused by name."""

import csv

import pandas as pd
import pytest

from recurrence_circuits.io.tables import gather, read_tables
from tables import COLUMNS, read_table, write_table


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
        ("", "expected an empty last line"),
        ("\n\n", "not a 'predictions' table"),
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


def seed_tables(folder, n=3) -> list[str]:
    paths = [str(folder / f"{seed}.csv") for seed in range(n)]
    for seed, path in enumerate(paths):
        write_table("predictions", predictions(seed, value=seed + 1.0), path)
    return paths


def test_the_tables_of_all_seeds_are_read_as_one(tmp_path):
    table = read_tables("predictions", COLUMNS["predictions"], seed_tables(tmp_path))
    assert table["seed"].tolist() == [0, 0, 1, 1, 2, 2]
    assert table["value"].tolist() == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    assert list(table.index) == list(range(6))


def test_gathered_tables_are_the_seeds_tables_one_below_the_other(tmp_path):
    paths, path = seed_tables(tmp_path), str(tmp_path / "all.csv")
    assert gather(paths, path) == 6
    expected = read_tables("predictions", COLUMNS["predictions"], paths)
    pd.testing.assert_frame_equal(read_table("predictions", path), expected)
    gather([path], str(tmp_path / "again.csv"))
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "all.csv").read_bytes()


def test_gathering_refuses_a_table_that_is_cut_or_has_other_columns(tmp_path):
    paths, path = seed_tables(tmp_path), tmp_path / "all.csv"
    whole = (tmp_path / "1.csv").read_text()
    (tmp_path / "1.csv").write_text(whole[:-1])
    with pytest.raises(ValueError, match=r"1\.csv: expected an empty last line"):
        gather(paths, str(path))
    (tmp_path / "1.csv").write_text(whole.replace("low", "least"))
    with pytest.raises(ValueError, match=r"1\.csv: expected the columns experiment,.*,low,high, found 'exp"):
        gather(paths, str(path))
    assert not path.exists()
