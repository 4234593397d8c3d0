"""What is usual for a time of the day is learned from the days before."""

from hikari_ml.realtime_analytics.alarms.season import DAY, DAYS, TimeOfDay


def learned(days, spacing=600, value=lambda day, second: second):
    season = TimeOfDay()
    for day in range(days):
        for second in range(0, int(DAY), spacing):
            season.learn(day * DAY + second, value(day, second))
    return season


def test_on_the_first_day_nothing_is_usual():
    season = TimeOfDay()
    assert season.usual(0.0) is None
    assert learned(1).usual(DAY / 2) is None


def test_the_same_time_of_the_days_before_is_usual():
    assert learned(3).usual(3 * DAY + 36_000) == 36_000


def test_one_strange_day_does_not_change_what_is_usual():
    season = learned(4, value=lambda day, _: 1000.0 if day == 2 else 10.0)
    assert season.usual(4 * DAY + 7200) == 10.0


def test_a_new_habit_becomes_usual_and_memory_stays_bounded():
    season = learned(3 * DAYS, value=lambda day, _: 1.0 if day < DAYS else 2.0)
    assert season.usual(3 * DAYS * DAY + 7200) == 2.0
    assert sum(len(slot.before) for slot in season._slots.values()) <= 288 * DAYS


def test_streams_some_days_apart_are_days_all_the_same():
    season = TimeOfDay()
    for day in (0, 3, 4, 8):
        for second in range(0, 7200, 60):
            season.learn(day * DAY + second, float(day))
    assert season.usual(15 * DAY + 3600) == 3.5


def test_points_at_the_same_moment_are_no_trouble():
    season = TimeOfDay()
    for _ in range(100):
        season.learn(50.0, 3.0)
    assert season.usual(DAY + 50.0) == 3.0


def test_spacings_that_do_not_part_a_day_evenly_do_not_wander():
    season, spacing = TimeOfDay(), 1000
    for point in range(20 * 86):
        at = point * spacing
        season.learn(at, 100.0 if at % DAY < DAY / 2 else 0.0)
    for day in (18, 19):
        assert season.usual(day * DAY + DAY / 4) == 100.0
        assert season.usual(day * DAY + 3 * DAY / 4) == 0.0
