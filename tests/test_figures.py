import pytest

from hikari_ml.figures import told


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0.0, 4, "0"),
        (1_234_567.0, 4, "1,234,567"),
        (12_340.4, 4, "12,340"),
        (387.25, 4, "387.2"),
        (100.45, 6, "100.45"),
        (100.0, 4, "100"),
        (-4152.0, 4, "-4,152"),
        (0.01234567, 3, "0.0123"),
        (1.1e-5, 4, "0.000011"),
        (1e300, 4, "1e+300"),
        (-2e-9, 4, "-2e-09"),
    ],
)
def test_numbers_are_told_as_people_write_them(value, digits, expected):
    assert told(value, digits) == expected
