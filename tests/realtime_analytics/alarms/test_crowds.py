"""A crowd of alike newcomers is told when the viewers were counted."""

from hikari_ml.realtime_analytics.alarms.crowds import CORRECTED, LATE, LONGEST_WAIT, Crowds, Sight
from hikari_ml.realtime_analytics.alarms.kinds import Audience

FLOOD = Sight("bot_flood", 0.5, "newcomers far above usual", 30)
CAME = Audience(0.5, 1010.0)
UNCHANGED = Audience(0.0, 1000.0)


def seen():
    crowds = Crowds()
    crowds.see(1000.0, FLOOD, news=True)
    return crowds


def test_without_a_crowd_there_is_nothing_to_tell():
    crowds = Crowds()
    crowds.see(1000.0, FLOOD, news=False)
    assert not crowds.waiting
    assert crowds.step(1010.0, CAME) is None


def test_viewers_who_come_make_it_a_raid_at_once():
    crowds = seen()
    assert crowds.step(1000.0, UNCHANGED) is None
    assert crowds.waiting
    assert crowds.step(1010.0, CAME).kind == "raid"
    assert not crowds.waiting
    assert crowds.step(1020.0, CAME) is None


def test_a_count_that_is_new_enough_makes_it_a_flood():
    crowds = seen()
    assert crowds.step(1090.0, Audience(0.0, 1000.0 + LATE - 1)) is None
    assert crowds.step(1090.0, Audience(0.0, 1000.0 + LATE)).kind == "bot_flood"
    assert crowds.step(1100.0, Audience(0.0, 1100.0)) is None
    assert crowds.step(1110.0, CAME).kind == "raid", "they came after all"


def test_it_does_not_wait_for_ever():
    crowds = seen()
    assert crowds.step(1000.0 + LONGEST_WAIT - 1, UNCHANGED) is None
    assert crowds.step(1000.0 + LONGEST_WAIT, UNCHANGED).kind == "bot_flood"


def test_it_is_told_by_the_busiest_of_its_windows():
    crowds = seen()
    crowds.see(1010.0, FLOOD._replace(messages=70, reason="much"), news=False)
    crowds.see(1020.0, FLOOD._replace(messages=10, reason="little"), news=False)
    assert crowds.step(1030.0, CAME).reason == "much, and viewers came"


def test_what_is_long_over_is_not_told():
    crowds = seen()
    assert crowds.step(1000.0 + CORRECTED, CAME) is None
    assert not crowds.waiting


def test_only_a_graver_name_ends_the_doubt():
    crowds = seen()
    crowds.over(Sight("raid", 0.5, "much"))
    assert crowds.waiting
    crowds.over(Sight("hate_raid", 0.5, "much"))
    assert not crowds.waiting
