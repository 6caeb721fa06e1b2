"""Exploration and confirmation: what the run records and the criteria, as they are now, allow a run to be called."""

import json
import subprocess

import pytest

from lib.criteria import CRITERIA as FILE
from lib.criteria import criteria_digest, read_criteria, with_criteria
from recurrence_circuits.claims.standing import Standing, standing
from recurrence_circuits.config.check import ConfigError, expand_config
from recurrence_circuits.config.claims import ClaimSettings
from recurrence_circuits.io.commits import last_change
from rules import CRITERIA, judge, run_judged
from tables import read_table

NOW, BEFORE = "criteria-1", "criteria-0"


def record(seed, criteria=NOW, begun="2026-01-02T10:00:00+00:00"):
    return {"settings": {"seed": seed}, "criteria": criteria, "begun": begun}


def test_without_confirmation_seeds_verdicts_are_exploratory():
    found = standing([record(0), record(1)], [], NOW, "abc of 2026-01-01")
    assert found.sentence.startswith("These verdicts are exploratory: the same seeds could be looked at")


def test_criteria_fixed_before_the_training_make_them_confirmatory():
    records = [record(0, BEFORE), record(11), record(10, begun="2026-01-02T09:00:00+00:00")]
    found = standing(records, [10, 11], NOW, "abc of 2026-01-01")
    assert (found.kind, found.role) == ("confirmatory", "confirmation")
    assert "fixed in commit abc of 2026-01-01 before the training of seeds 10, 11" in found.why
    assert "began on 2026-01-02T09:00:00+00:00" in found.why  # the first of them


def test_criteria_edited_after_one_training_are_refused_by_seed():
    found = standing([record(0), record(10), record(11, BEFORE)], [10, 11], NOW, "")
    assert (found.kind, found.role) == ("not confirmatory", "unconfirmed")
    assert "after the training of seed 11 began" in found.why


def test_a_record_without_criteria_shows_nothing():
    old = record(10)
    del old["criteria"]
    assert standing([old], [10], NOW, "").kind == "not confirmatory"


def test_a_standing_is_read_back_and_another_file_refused():
    found = standing([record(10)], [10], NOW, "abc")
    assert Standing.from_json("standing.json", found.to_json()) == found
    with pytest.raises(ValueError, match=r"standing\.json: expected texts under kind, why, criteria, commit, found"):
        Standing.from_json("standing.json", json.dumps({"kind": 1}))


def test_the_judge_refuses_to_call_a_run_confirmatory_whose_criteria_were_edited(tmp_path):
    run_judged(tmp_path, seeds=(0, 1))
    table = str(tmp_path / "tables/claims.csv")
    judge(tmp_path, seeds=[0], confirmation_seeds=[1])
    assert set(read_table("claims", table)["role"]) == {"exploration", "confirmation"}
    first = (tmp_path / "tables/claims.md").read_text().splitlines()[2]
    assert first.startswith(
        "These verdicts are confirmatory: the criteria were fixed (git knows no commit of them) before"
    )
    judge(tmp_path, seeds=[0], confirmation_seeds=[1], criteria=f"{CRITERIA}1")
    assert set(read_table("claims", table)["role"]) == {"exploration", "unconfirmed"}
    first = (tmp_path / "tables/claims.md").read_text().splitlines()[2]
    assert first.startswith("These verdicts are not confirmatory: the criteria were written or edited after")


# ---- the file of criteria -------------------------------------------------------------------------------------------


def test_the_projects_criteria_are_the_defaults():
    """So that the table of keys tells what the file holds."""
    assert read_criteria() == ClaimSettings().to_dict()


def test_experiments_get_the_files_thresholds_and_keep_their_own(tmp_path):
    path = tmp_path / "criteria.yaml"
    path.write_text(FILE.read_text().replace("learned_ratio_max: 0.1", "learned_ratio_max: 0.2"))
    config = {"experiments": {"a": {"task": "affine"}, "b": {"task": "affine", "claims": {"agreement_min": 1.0}}}}
    a, b = expand_config(with_criteria(config, path), "my.yaml")["experiments"].values()
    assert a["claims"] == read_criteria() | {"learned_ratio_max": 0.2}
    assert b["claims"] == a["claims"] | {"agreement_min": 1.0}


@pytest.mark.parametrize("config", [None, [], {"experiments": 3}, {"experiments": {"a": 3, "b": {"claims": 4}}}, {}])
def test_what_is_no_config_is_left_for_its_own_refusal(config):
    assert with_criteria(config) == config


@pytest.mark.parametrize(
    "edit, told",
    [
        (("agreement_min: 0.8", ""), "missing ['agreement_min']"),
        (
            ("agreement_min: 0.8", "agreement_min: 2"),
            "agreement_min: expected a number above 0.5 and at most 1, found 2",
        ),
        (("agreement_min", "agreement"), "unknown ['agreement']"),
    ],
)
def test_a_wrong_file_of_criteria_is_refused_by_name(tmp_path, edit, told):
    path = tmp_path / "criteria.yaml"
    path.write_text(FILE.read_text().replace(*edit))
    with pytest.raises(ConfigError) as refused:
        with_criteria({"experiments": {}}, path)
    assert str(refused.value).startswith(f"{path}: ")
    assert told in str(refused.value)


def test_the_digest_follows_the_thresholds_alone_and_is_text():
    one = criteria_digest(read_criteria())
    assert one == criteria_digest(dict(reversed(read_criteria().items())))
    assert one != criteria_digest(read_criteria() | {"agreement_min": 0.9})
    with pytest.raises(ValueError, match="could not convert"):
        float(one)


def test_the_commit_of_the_criteria_is_that_of_their_last_change(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(
            ["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    assert last_change(tmp_path, "one") is None  # no repository
    git("init", "-q")
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
        git("add", name)
        git("commit", "-qm", name)
    first = git("rev-list", "--abbrev-commit", "HEAD").split()[1]
    assert last_change(tmp_path, "one").startswith(f"{first} of 20")
    assert not last_change(tmp_path, "one", "two").startswith(first)
    (tmp_path / "one").write_text("edited")
    assert last_change(tmp_path, "one") is None
