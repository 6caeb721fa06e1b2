"""The run record says what made the numbers."""

from recurrence_circuits.io.records import ARITHMETIC, processor


def test_variables_that_choose_other_instructions_are_named(monkeypatch):
    for name in ARITHMETIC:
        monkeypatch.delenv(name, raising=False)
    plain = processor()
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    assert processor() == plain + ", MKL_CBWR=COMPATIBLE"
