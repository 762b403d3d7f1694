"""When a rate limit window ends by our clock, from what answers say about the service's."""

import pytest

from reconciler.live.window import Heard, Sight, Window

EPOCH = 1_700_000_000.0
"""The service's clock at 0 by ours, unless it is said to be off."""
TRIP = 0.1


def hear(
    window: Window, sent: float, reset: float, *, off: float = 0, date: bool = False, fresh: bool = False
):
    """An answer to a request at `sent` in the window that ends at `reset`, by a clock that is `off` seconds ahead."""
    handled = EPOCH + off + sent + TRIP / 2
    return window.hear(
        Sight(sent, sent + TRIP, EPOCH + off + reset, float(int(handled)) if date else None, -EPOCH),
        fresh=fresh,
    )


def test_the_first_answer_tells_when_a_window_ends_by_clocks_that_go_right() -> None:
    window = Window()
    assert hear(window, 3, 10) is Heard.TURNED
    assert window.number == 1
    assert window.ends == pytest.approx(10)
    assert window.guessed
    assert not window.sure
    assert window.lasts(4) == pytest.approx(6)
    assert window.look() == pytest.approx(10, abs=0.3)


@pytest.mark.parametrize("off", [-7, 7, 300, -300])
def test_a_window_lasts_no_longer_than_its_length_from_the_first_answer_in_it(off) -> None:
    window = Window()
    hear(window, 3, 10, off=off)
    assert 3 <= window.ends <= window.over <= 13.1 + 1e-6


@pytest.mark.parametrize("off", [-7, 0, 7, 300])
def test_dates_tell_how_far_the_clock_is_off(off) -> None:
    window = Window()
    for number in range(40):
        hear(window, number * 0.17, 10, off=off, date=True)
    assert not window.guessed
    assert window.ends <= 10 <= window.over
    assert window.over - window.ends < 0.3


def test_dates_that_are_belied_are_not_believed() -> None:
    window = Window()
    window.hear(Sight(0, 0.1, EPOCH + 10, EPOCH + 8, -EPOCH), fresh=False)
    assert window.over < 2.2
    window.hear(Sight(5, 5.1, EPOCH + 10, EPOCH + 13, -EPOCH), fresh=False)
    assert window.ends >= 5
    assert window.over == pytest.approx(10.1)


@pytest.mark.parametrize("off", [-7, 0, 7, 300])
def test_every_window_narrows_what_is_known_of_the_clock(off) -> None:
    window = Window()
    for number in range(12):
        for part in range(10):
            hear(window, 10 * number + part + 0.07 * number, 10 * number + 10, off=off, fresh=part == 0)
    assert window.number == 12
    assert window.length == pytest.approx(10)
    assert window.ends <= 120 <= window.over
    assert window.over - window.ends < 1.1


def test_an_answer_that_was_overtaken_is_stale() -> None:
    window = Window()
    hear(window, 9, 10)
    assert hear(window, 10.05, 20, fresh=True) is Heard.TURNED
    assert hear(window, 9.95, 10) is Heard.STALE
    assert window.number == 2


def test_a_reset_that_is_over_is_a_name_for_its_window() -> None:
    window = Window()
    hear(window, 0, -5)
    hear(window, 4, -5)
    assert window.ends == pytest.approx(4)
    assert window.over == pytest.approx(10.1)
    assert hear(window, 10, 5, fresh=True) is Heard.TURNED
    hear(window, 19.9, 5)
    assert 19.9 <= window.ends <= window.over <= 20.2


def test_resets_that_are_worked_out_anew_for_each_answer_name_the_same_window() -> None:
    window = Window()
    hear(window, 0, 10)
    assert hear(window, 1, 10.03) is Heard.SAME
    assert hear(window, 2, 9.96) is Heard.SAME


def test_a_reset_that_moves_before_it_is_due_belongs_to_a_window_that_slides() -> None:
    window = Window()
    for number in range(20):
        heard = hear(window, number * 0.5, 10 + number * 0.5)
        assert heard is (Heard.MOVED if number else Heard.TURNED)
    assert window.ends == pytest.approx(19.5, abs=0.2)


def test_windows_of_another_length_are_measured() -> None:
    window = Window()
    hear(window, 0, 3)
    hear(window, 3, 6, fresh=True)
    hear(window, 12, 15, fresh=True)  # some have passed in between
    assert window.length == pytest.approx(3)
    hear(window, 15, 45, fresh=True)
    hear(window, 30, 45)  # it goes on for longer than thought
    assert window.length >= 15
    assert window.over > 30


def test_a_service_whose_clock_is_put_back_is_believed() -> None:
    window = Window()
    hear(window, 0, 10)
    hear(window, 10.1, 20, fresh=True)
    assert hear(window, 15, 20, off=-3600) is Heard.TURNED
    assert 15 <= window.ends <= window.over <= 25.2


def test_what_can_not_be_is_forgotten() -> None:
    """A window can't have been over and still counting."""
    window = Window()
    hear(window, 0, 10)
    hear(window, 2, 20, fresh=True)
    hear(window, 9, 20)
    hear(window, 18, 20)
    assert window.ends >= 18
    assert window.over < 30


def test_where_only_clocks_tell_one_looks_at_growing_intervals() -> None:
    window = Window()
    hear(window, 0, 3)  # seven seconds too early
    looks = [window.look()]
    while looks[-1] < 9:
        hear(window, looks[-1], 3)
        looks.append(window.look())
    assert looks[0] == pytest.approx(3.16, abs=0.02)
    assert len(looks) <= 6
    assert looks[-1] <= 10.2


def test_a_reset_in_seconds_or_far_away_holds_nobody_up_for_long() -> None:
    for reset in (EPOCH / 1000, EPOCH * 1000, 0.0):
        window = Window()
        window.hear(Sight(0, 0.1, reset, None, -EPOCH), fresh=False)
        assert window.look() <= 10.2
