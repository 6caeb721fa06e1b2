"""`make verify` compares tables cell by cell, within a small tolerance."""

import pytest

from tools.verify import as_archived, compare


@pytest.mark.parametrize(
    ("new", "beyond", "within"),
    [
        ("a,1,0.5", 0, 0),
        ("a,1,0.500001", 0, 1),
        ("a,1,0.51", 1, 0),
        ("a,2,0.5", 1, 0),
        ("b,1,0.5", 1, 0),
        ("a,1,", 1, 0),
        ("a,1,nan", 1, 0),
    ],
)
def test_cells_are_compared_within_a_small_tolerance(new, beyond, within):
    found = compare("kind,step,value\na,1,0.5\n", f"kind,step,value\n{new}\n")
    assert found[:2] == (beyond, within)
    assert ("data row 1" in found[2]) == bool(beyond or within)


def test_whole_numbers_have_no_tolerance():
    assert compare("step\n1000000\n", "step\n1000001\n")[:2] == (1, 0)


@pytest.mark.parametrize("new", ["x,y\n1,2\n", "x\n1\n2\n"])
def test_tables_of_another_shape_differ(new):
    with pytest.raises(ValueError, match="expected 1 rows of x, found"):
        compare("x\n1\n", new)


@pytest.mark.parametrize(
    ("found", "good"),
    [
        ({"same"}, True),
        ({"same", "close"}, True),
        ({"same", "close", "other"}, True),
        ({"same", "other"}, False),
        ({"same", "close", "different"}, False),
    ],
)
def test_what_is_no_table_may_differ_only_where_tables_do(found, good):
    assert as_archived(found) == good
