use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use selvedge::time::{
    Interval, MissedTickBehavior, Timer, VirtualClock, interval_at_on, interval_on, never,
};

use crate::{
    harness::{Watched, panics, poll, ready},
    sleep::seasoned,
    sweep::{Report, Swept},
};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "Tick",
        make: seasoned,
        wait: |clock| {
            let start = clock.now() + SECOND;
            let mut beat = interval_at_on(VirtualClock::clone(clock), start, SECOND);
            Box::pin(async move {
                beat.tick().await;
                true
            })
        },
        free: |clock| clock.advance(SECOND),
        waiting: VirtualClock::waiting,
        is_free: |clock| clock.waiting() == 0,
        close: None,
    }
    .sweep(report);
}

type Beat = Interval<VirtualClock>;

fn tick(beat: &mut Beat) -> Option<Instant> {
    match beat.poll_tick(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(at) => Some(at),
        Poll::Pending => None,
    }
}

fn beat(behavior: MissedTickBehavior) -> (VirtualClock, Instant, Beat) {
    let clock = VirtualClock::new();
    let start = clock.now();
    let mut beat = interval_on(clock.clone(), 10 * SECOND);
    beat.set_missed_tick_behavior(behavior);
    assert_eq!(beat.missed_tick_behavior(), behavior);
    (clock, start, beat)
}

#[test]
fn it_ticks_at_once_and_then_every_period() {
    let (clock, start, mut beat) = beat(MissedTickBehavior::Burst);
    for n in 0..5 {
        assert_eq!(tick(&mut beat), Some(start + n * 10 * SECOND));
        assert_eq!(tick(&mut beat), None);
        clock.advance(10 * SECOND - Duration::from_nanos(1));
        assert_eq!(tick(&mut beat), None, "never early");
        clock.advance(Duration::from_nanos(1));
    }
    assert_eq!(beat.period(), 10 * SECOND);
}

/// As the table of `MissedTickBehavior` says; and after a jump of hours.
#[test]
fn what_was_missed() {
    for (behavior, missed) in [
        (MissedTickBehavior::Burst, vec![20, 30, 40, 50]),
        (MissedTickBehavior::Delay, vec![20, 55, 65]),
        (MissedTickBehavior::Skip, vec![20, 50, 60]),
    ] {
        let (clock, start, mut beat) = beat(behavior);
        let at = |seconds| Some(start + Duration::from_secs(seconds));
        assert_eq!(tick(&mut beat), at(0));
        clock.advance(10 * SECOND);
        assert_eq!(tick(&mut beat), at(10));
        clock.advance(35 * SECOND);
        for expected in missed {
            while clock.now() < at(expected).unwrap() {
                clock.advance(SECOND);
            }
            assert_eq!(tick(&mut beat), at(expected), "{behavior:?}");
        }
        assert_eq!(tick(&mut beat), None, "{behavior:?}");
        suspend(&clock, &mut beat, behavior);
    }
}

/// Ten hours and half a period late.
fn suspend(clock: &VirtualClock, beat: &mut Beat, behavior: MissedTickBehavior) {
    let before = clock.now();
    beat.reset_after(10 * SECOND);
    let due = before + 10 * SECOND;
    clock.advance(10 * SECOND + 36_005 * SECOND);
    let now = clock.now();
    assert_eq!(tick(beat), Some(due));
    match behavior {
        MissedTickBehavior::Burst => {
            for n in 1..=3600 {
                assert_eq!(tick(beat), Some(due + n * 10 * SECOND));
            }
            assert_eq!(tick(beat), None, "as many as were missed");
        }
        MissedTickBehavior::Delay => {
            assert_eq!(tick(beat), None);
            clock.advance(10 * SECOND);
            assert_eq!(tick(beat), Some(now + 10 * SECOND));
        }
        MissedTickBehavior::Skip => {
            assert_eq!(tick(beat), None);
            clock.advance(5 * SECOND);
            assert_eq!(tick(beat), Some(due + 36_010 * SECOND), "in step");
        }
    }
}

/// A little late is on time; as late as a short period is not.
#[test]
fn a_little_late_is_on_time() {
    let milli = Duration::from_millis(1);
    for behavior in [MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
        let (clock, start, mut beat) = beat(behavior);
        assert!(tick(&mut beat).is_some());
        clock.advance(10 * SECOND + 5 * milli);
        assert_eq!(tick(&mut beat), Some(start + 10 * SECOND));
        clock.advance(10 * SECOND - 5 * milli);
        assert_eq!(tick(&mut beat), Some(start + 20 * SECOND));

        let mut short = interval_on(clock.clone(), milli);
        short.set_missed_tick_behavior(behavior);
        let start = clock.now();
        assert!(tick(&mut short).is_some());
        clock.advance(4 * milli);
        assert_eq!(tick(&mut short), Some(start + milli));
        assert_eq!(tick(&mut short), None, "{behavior:?} does not make up for it");
    }
}

#[test]
fn a_tick_that_is_given_up_is_there_for_the_next_call() {
    let (clock, start, mut beat) = beat(MissedTickBehavior::Burst);
    ready(pin!(beat.tick()));
    let watched = Watched::new();
    for _ in 0..3 {
        assert!(watched.poll(pin!(beat.tick())).is_pending());
    }
    clock.advance(10 * SECOND);
    assert_eq!(watched.woken(), 1);
    {
        let _unpolled = beat.tick();
    }
    assert_eq!(ready(pin!(beat.tick())), start + 10 * SECOND);
}

#[test]
fn it_can_be_reset() {
    let (clock, start, mut beat) = beat(MissedTickBehavior::Burst);
    tick(&mut beat);
    clock.advance(3 * SECOND);
    beat.reset();
    clock.advance(9 * SECOND);
    assert_eq!(tick(&mut beat), None);
    clock.advance(SECOND);
    assert_eq!(tick(&mut beat), Some(start + 13 * SECOND));
    beat.reset_immediately();
    assert_eq!(tick(&mut beat), Some(start + 13 * SECOND));
    beat.reset_after(2 * SECOND);
    clock.advance(2 * SECOND);
    assert_eq!(tick(&mut beat), Some(start + 15 * SECOND));
    beat.reset_at(start);
    assert_eq!(tick(&mut beat), Some(start), "the past is due");
    beat.reset_at(never());
    clock.advance(1_000_000 * SECOND);
    assert_eq!(tick(&mut beat), None);
    assert!(format!("{beat:?}").contains("next: None"));
}

#[test]
fn odd_periods() {
    let clock = VirtualClock::new();
    assert!(panics(|| _ = interval_on(&clock, Duration::ZERO)));
    let mut once = interval_on(clock.clone(), Duration::MAX);
    for behavior in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip]
    {
        once.set_missed_tick_behavior(behavior);
        once.reset_immediately();
        assert!(tick(&mut once).is_some());
        clock.advance(1_000_000 * SECOND);
        assert_eq!(tick(&mut once), None);
    }
    let mut later = interval_at_on(clock.clone(), clock.now() + SECOND, Duration::from_nanos(1));
    assert_eq!(tick(&mut later), None);
    assert!(poll(pin!(later.tick())).is_pending());
    clock.advance(SECOND);
    assert!(tick(&mut later).is_some());
}
