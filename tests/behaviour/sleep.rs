use std::{
    cell::RefCell,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use selvedge::time::{
    Key, Sleep, Timer, TimerError, VirtualClock, never, sleep, sleep_on, sleep_until,
    sleep_until_on,
};

use crate::{
    harness::{Meddler, PollWith, Spy, Watched, allocations, panics, poll, ready},
    sweep::{Report, Swept},
};

const SECOND: Duration = Duration::from_secs(1);
/// A tick of the wheel.
const TICK: Duration = Duration::from_nanos(1 << 16);

/// A clock in a steady state: it has seen as many sleeps come and go as it takes to sweep.
pub(crate) fn seasoned() -> VirtualClock {
    let clock = VirtualClock::new();
    for _ in 0..600 {
        let mut passing = Box::pin(sleep_on(&clock, SECOND));
        assert!(poll(passing.as_mut()).is_pending());
    }
    clock
}

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "Sleep",
        make: seasoned,
        wait: |clock| {
            let sleep = sleep_on(VirtualClock::clone(clock), SECOND);
            Box::pin(async {
                sleep.await;
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

fn pending(clock: &VirtualClock, after: Duration) -> Pin<Box<Sleep<VirtualClock>>> {
    let mut sleep = Box::pin(sleep_on(clock.clone(), after));
    assert!(poll(sleep.as_mut()).is_pending());
    sleep
}

/// On both sides of each boundary between slots and levels, beyond the horizon, and in one jump.
#[test]
fn it_is_never_early_and_never_late() {
    let day = 86_400 * SECOND;
    let ticks = [1, 2, 63, 64, 65, 4095, 4096, 4097, 262_143, 262_144, 16_777_216];
    let lengths = ticks.map(|ticks| TICK * ticks);
    let lengths =
        lengths.into_iter().chain([5 * SECOND, 7 * 3600 * SECOND, 60 * day, 30_000 * day]);
    for length in lengths {
        for nanos in [0, 1] {
            for warm in [Duration::ZERO, TICK * 63, TICK * 4095] {
                let clock = VirtualClock::new();
                let nano = Duration::from_nanos(1);
                clock.advance(warm);
                let watched = Watched::new();
                let length = length + nanos * nano;
                let mut sleep = pin!(sleep_on(&clock, length));
                assert!(watched.poll(sleep.as_mut()).is_pending());
                clock.advance(length - nano);
                assert_eq!(watched.woken(), 0, "{length:?} after {warm:?}");
                assert!(watched.poll(sleep.as_mut()).is_pending(), "{length:?} after {warm:?}");
                clock.advance(nano);
                assert_eq!(watched.woken(), 1, "{length:?} after {warm:?}");
                assert!(watched.poll(sleep.as_mut()).is_ready());
                assert_eq!((watched.kept(), clock.waiting()), (0, 0));
            }
        }
    }
}

#[test]
fn equal_deadlines_wake_in_order_of_creation() {
    let clock = VirtualClock::new();
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut sleeps = Vec::new();
    let at = clock.now() + 500 * SECOND;
    for n in 0..100 {
        let order = order.clone();
        let waker = Meddler::waker(move || order.lock().unwrap().push(n), || ());
        let mut sleep = Box::pin(sleep_until_on(clock.clone(), at));
        assert!(sleep.as_mut().poll_with(&waker).is_pending());
        sleeps.push(sleep);
        // As time goes on they wander through the levels.
        clock.advance(SECOND);
    }
    drop(sleeps.remove(31));
    clock.advance(500 * SECOND);
    let expected: Vec<_> = (0..100).filter(|n| *n != 31).collect();
    assert_eq!(*order.lock().unwrap(), expected);
}

/// Semantics 104.
#[test]
fn it_can_be_reset_to_the_past_to_later_and_to_never() {
    let clock = VirtualClock::new();
    let start = clock.now();
    let watched = Watched::new();
    let mut sleep = pin!(sleep_on(&clock, 10 * SECOND));
    assert!(watched.poll(sleep.as_mut()).is_pending());

    sleep.as_mut().reset(start + 20 * SECOND);
    clock.advance(15 * SECOND);
    assert_eq!(watched.woken(), 0);
    assert!(watched.poll(sleep.as_mut()).is_pending());

    sleep.as_mut().reset(never());
    assert_eq!(sleep.deadline(), never());
    clock.advance(1_000_000 * SECOND);
    assert_eq!((watched.woken(), sleep.is_elapsed()), (0, false));

    sleep.as_mut().reset(start);
    assert_eq!((watched.woken(), sleep.is_elapsed(), sleep.deadline()), (1, true, start));
    assert!(watched.poll(sleep.as_mut()).is_ready());
    assert!(watched.poll(sleep.as_mut()).is_ready(), "polled again, it is ready again");

    // Used again.
    sleep.as_mut().reset(clock.now() + SECOND);
    assert!(!sleep.is_elapsed());
    assert!(watched.poll(sleep.as_mut()).is_pending());
    clock.advance(SECOND);
    assert_eq!(watched.woken(), 2);
    assert!(watched.poll(sleep.as_mut()).is_ready());
    assert_eq!(watched.kept(), 0);
}

#[test]
fn what_has_passed_is_ready_at_once() {
    let clock = VirtualClock::new();
    clock.advance(SECOND);
    let now = clock.now();
    for at in [now, now - SECOND / 2, now - 3600 * SECOND] {
        ready(pin!(sleep_until_on(&clock, at)));
    }
    ready(pin!(sleep_on(&clock, Duration::ZERO)));
    ready(pin!(sleep(Duration::ZERO)));
    assert_eq!(clock.waiting(), 0);
}

/// Semantics 104.
#[test]
fn the_longest_duration_is_never() {
    let clock = VirtualClock::new();
    for length in
        [Duration::MAX, Duration::MAX - Duration::from_nanos(1), Duration::from_secs(1 << 60)]
    {
        let mut sleep = pin!(sleep_on(&clock, length));
        assert_eq!(sleep.deadline(), never());
        assert!(poll(sleep.as_mut()).is_pending());
        clock.advance(Duration::MAX);
        assert!(poll(sleep.as_mut()).is_pending());
        assert!(!sleep.is_elapsed());
    }
    // Nobody is woken by jumping to it.
    let idle = clock.auto_advance(sleep_on(&clock, Duration::MAX));
    assert!(poll(pin!(idle)).is_pending());
}

#[test]
fn the_waker_may_change_at_every_poll() {
    let clock = VirtualClock::new();
    let mut sleep = pin!(sleep_on(&clock, SECOND));
    let watched: Vec<_> = (0..20).map(|_| Watched::new()).collect();
    for (n, current) in watched.iter().enumerate() {
        assert!(current.poll(sleep.as_mut()).is_pending());
        assert!(watched[..n].iter().all(|old| old.kept() == 0));
    }
    clock.advance(SECOND);
    let woken: Vec<_> = watched.iter().map(Watched::woken).collect();
    assert_eq!(woken.iter().sum::<usize>(), 1);
    assert_eq!(woken.last(), Some(&1));
}

/// Semantics 14, for sleeps.
#[test]
fn a_waker_is_cloned_once_a_wait() {
    let clock = VirtualClock::new();
    let (spy, waker) = Spy::new(|_| ());
    let mut sleep = Box::pin(sleep_on(&clock, SECOND));
    for _ in 0..1000 {
        assert!(sleep.as_mut().poll_with(&waker).is_pending());
    }
    assert_eq!(spy.seen(), [1, 0, 0]);
    clock.advance(SECOND);
    assert!(sleep.as_mut().poll_with(&waker).is_ready());
    assert_eq!(spy.seen(), [1, 1, 0]);
}

/// The first task that is woken drops the sleep of the second, which is due as well; and its own.
#[test]
fn a_sleep_may_be_dropped_while_it_is_woken() {
    let clock = VirtualClock::new();
    let sleeps: Arc<std::sync::Mutex<Vec<_>>> = Arc::default();
    let count = Arc::new(AtomicUsize::new(0));
    for _ in 0..2 {
        let (inside, counted) = (Arc::downgrade(&sleeps), count.clone());
        let drop_all = move || {
            counted.fetch_add(1, SeqCst);
            if let Some(sleeps) = inside.upgrade() {
                let gone = std::mem::take(&mut *sleeps.lock().unwrap());
                drop(gone);
            }
        };
        let waker = Meddler::waker(drop_all, || ());
        let mut sleep = Box::pin(sleep_on(clock.clone(), SECOND));
        assert!(sleep.as_mut().poll_with(&waker).is_pending());
        sleeps.lock().unwrap().push(sleep);
    }
    clock.advance(SECOND);
    assert!(sleeps.lock().unwrap().is_empty());
    assert_eq!((count.load(SeqCst), clock.waiting()), (2, 0), "both were due");
}

/// What was woken has no place in the timer any more, though its task has not run since: whoever
/// comes next has that place to itself.
#[test]
fn a_sleep_that_was_woken_leaves_later_ones_alone() {
    let clock = VirtualClock::new();
    let [gone, mut moved] = [(); 2].map(|()| pending(&clock, SECOND));
    clock.advance(SECOND);
    assert_eq!(clock.waiting(), 0);
    let watched = [(); 3].map(|()| Watched::new());
    let mut next = [(); 2].map(|()| Box::pin(sleep_on(&clock, SECOND)));
    for (watched, next) in watched.iter().zip(&mut next) {
        assert!(watched.poll(next.as_mut()).is_pending());
    }
    drop(gone);
    moved.as_mut().reset(clock.now() + 2 * SECOND);
    assert_eq!(clock.waiting(), 2, "it waits from its next poll on");
    assert!(watched[2].poll(moved.as_mut()).is_pending());
    clock.advance(SECOND);
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 1, 0]);
    next.iter_mut().for_each(|next| ready(next.as_mut()));
    clock.advance(SECOND);
    assert_eq!((watched[2].woken(), clock.waiting()), (1, 0));
    ready(moved.as_mut());
}

/// A task that was woken in time takes no lock of the timer's and does not look at the clock.
#[test]
fn who_is_woken_asks_the_timer_once() {
    struct Counted(VirtualClock, AtomicUsize);
    impl Timer for Counted {
        fn now(&self) -> Instant {
            self.1.fetch_add(1, SeqCst);
            self.0.now()
        }

        fn register(&self, at: Instant, waker: &std::task::Waker) -> Result<Key, TimerError> {
            self.0.register(at, waker)
        }

        fn update(
            &self,
            key: &mut Key,
            at: Instant,
            waker: Option<&std::task::Waker>,
        ) -> Result<(), TimerError> {
            self.0.update(key, at, waker)
        }

        fn cancel(&self, key: Key) {
            self.1.fetch_add(1, SeqCst);
            self.0.cancel(key);
        }

        fn has_forgotten(&self, at: Instant) -> bool {
            self.0.has_forgotten(at)
        }
    }

    let timer = Counted(VirtualClock::new(), AtomicUsize::new(0));
    let mut sleep = pin!(sleep_on(&timer, SECOND));
    assert!(poll(sleep.as_mut()).is_pending());
    let nano = Duration::from_nanos(1);
    timer.0.advance(SECOND - nano);
    assert!(!timer.has_forgotten(sleep.deadline()));
    timer.0.advance(nano);
    assert!(timer.has_forgotten(sleep.deadline()) && !timer.has_forgotten(never()));
    let before = timer.1.load(SeqCst);
    ready(sleep.as_mut());
    assert_eq!(timer.1.load(SeqCst), before);
    // One that is later than another that is due too.
    let [mut first, mut second] = [1, 2].map(|n| Box::pin(sleep_on(&timer, n * SECOND)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    timer.0.advance(3 * SECOND);
    ready(first.as_mut());
    ready(second.as_mut());
    assert_eq!(timer.0.waiting(), 0);
}

/// Whatever a waker does when it is touched, no lock is held.
#[test]
fn a_waker_may_use_the_timer_whenever_it_is_touched() {
    let clock = VirtualClock::new();
    let inside = clock.clone();
    let (spy, waker) = Spy::new(move |_| drop(pending(&inside, SECOND)));
    let mut sleep = pin!(sleep_on(&clock, SECOND));
    assert!(sleep.as_mut().poll_with(&waker).is_pending());
    let (other_spy, other) = Spy::new(|_| ());
    assert!(sleep.as_mut().poll_with(&other).is_pending());
    assert_eq!((spy.seen(), other_spy.seen()), ([1, 0, 1], [1, 0, 0]));
    sleep.as_mut().reset(clock.now() + 2 * SECOND);
    assert!(sleep.as_mut().poll_with(&waker).is_pending());
    clock.advance(2 * SECOND);
    assert_eq!(spy.seen(), [2, 1, 1]);
    ready(sleep);
}

/// A jump of hours wakes everything, each once, in order.
#[test]
fn a_jump_of_hours_wakes_all_in_order() {
    let clock = VirtualClock::new();
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut sleeps = Vec::new();
    for n in 0..2000_u32 {
        // From a microsecond to nine hours.
        let after = Duration::from_micros(u64::from(n * n) * 8192 + 1);
        let (seen, inside) = (seen.clone(), clock.clone());
        let at = clock.now() + after;
        let wake = move || {
            assert_eq!(inside.now(), at, "it is as late as the deadline says");
            seen.lock().unwrap().push(n);
        };
        let mut sleep = Box::pin(sleep_on(clock.clone(), after));
        assert!(sleep.as_mut().poll_with(&Meddler::waker(wake, || ())).is_pending());
        sleeps.push(sleep);
    }
    clock.advance(10 * 3600 * SECOND);
    assert_eq!(*seen.lock().unwrap(), (0..2000).collect::<Vec<_>>());
}

#[test]
fn a_steady_state_allocates_nothing() {
    let clock = seasoned();
    // Round all slots that a second's sleeps come through.
    let round = |turns: u32| {
        for _ in 0..turns {
            let mut kept = pin!(sleep_on(&clock, SECOND));
            assert!(poll(kept.as_mut()).is_pending());
            for _ in 0..3 {
                let mut passing = pin!(sleep_on(&clock, SECOND));
                assert!(poll(passing.as_mut()).is_pending());
            }
            clock.advance(SECOND);
            ready(kept);
        }
    };
    round(2000);
    let mut due = 0;
    let count = allocations(|| {
        round(500);
        due += 500;
    });
    // `advance` collects what is due in a vector of its own; and of the 385 slots one or two were
    // never used before.
    assert!(count <= due + 2, "{count} allocations in {due} turns");
}

/// Each task waits by the clock that was current where the sleep was made.
#[test]
fn two_clocks_do_not_meet() {
    let (one, two) = (VirtualClock::new(), VirtualClock::new());
    let mut first = {
        let _entered = one.enter();
        let first = Box::pin(sleep(SECOND));
        let nested = two.enter();
        let second = Box::pin(sleep(SECOND));
        drop(nested);
        (first, second, Box::pin(sleep(2 * SECOND)))
    };
    assert!(poll(first.0.as_mut()).is_pending());
    assert!(poll(first.1.as_mut()).is_pending());
    assert!(poll(first.2.as_mut()).is_pending());
    assert_eq!((one.waiting(), two.waiting()), (2, 1));
    one.advance(SECOND);
    ready(first.0.as_mut());
    assert!(poll(first.1.as_mut()).is_pending());
    two.advance(SECOND);
    ready(first.1.as_mut());
    assert!(poll(first.2.as_mut()).is_pending());
    drop(first);
    assert_eq!((one.waiting(), two.waiting()), (0, 0));
    // Outside, the machine's time goes on.
    pollster::block_on(sleep(Duration::from_millis(1)));
}

/// A timer that cannot run is told of, and a sleep on it is what it was.
#[test]
fn a_timer_that_cannot_run_is_an_error_that_the_caller_sees() {
    struct Broken(RefCell<Option<VirtualClock>>);

    impl Timer for Broken {
        fn now(&self) -> Instant {
            Instant::now()
        }

        fn register(&self, at: Instant, waker: &std::task::Waker) -> Result<Key, TimerError> {
            self.0.borrow().as_ref().ok_or(TimerError)?.register(at, waker)
        }

        fn update(
            &self,
            key: &mut Key,
            at: Instant,
            waker: Option<&std::task::Waker>,
        ) -> Result<(), TimerError> {
            self.0.borrow().as_ref().ok_or(TimerError)?.update(key, at, waker)
        }

        fn cancel(&self, key: Key) {
            self.0.borrow().as_ref().unwrap().cancel(key);
        }
    }

    let timer = Broken(RefCell::new(None));
    let mut sleep = pin!(sleep_on(&timer, SECOND));
    assert!(panics(|| _ = poll(sleep.as_mut())));
    let watched = Watched::new();
    timer.0.replace(Some(VirtualClock::new()));
    assert!(watched.poll(sleep.as_mut()).is_pending());

    // In the middle of a wait.
    let clock = timer.0.replace(None);
    assert!(panics(|| _ = poll(sleep.as_mut())));
    timer.0.replace(clock);
    let fresh = Watched::new();
    assert!(fresh.poll(sleep.as_mut()).is_pending());
    timer.0.borrow().as_ref().unwrap().advance(2 * SECOND);
    assert_eq!((watched.woken(), fresh.woken()), (0, 1));
}

/// Sleeps of many threads on the thread timer, some cancelled: all wake, and none early.
#[test]
fn many_threads_sleep() {
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            thread::spawn(move || {
                for n in 0..50 {
                    let start = Instant::now();
                    let length = Duration::from_micros(13 * ((n * 7 + thread) % 40) + 1);
                    let mut passing = pin!(sleep(length / 2));
                    let _ = poll(passing.as_mut());
                    let mut moved = pin!(sleep_until(start + length / 3));
                    let _ = poll(moved.as_mut());
                    moved.as_mut().reset(start + length);
                    pollster::block_on(moved);
                    assert!(start.elapsed() >= length);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// A waker that panics harms neither the thread of the timer nor anybody else.
#[test]
fn a_panicking_waker_leaves_the_thread_timer_alone() {
    let panicking = Meddler::waker(|| panic!("on purpose"), || ());
    let mut doomed = pin!(sleep(Duration::from_millis(1)));
    assert!(doomed.as_mut().poll_with(&panicking).is_pending());
    pollster::block_on(sleep(Duration::from_millis(5)));
    assert!(doomed.poll_with(&panicking).is_ready());
    pollster::block_on(sleep(Duration::from_millis(1)));
}

#[test]
fn debug_says_when() {
    let clock = VirtualClock::new();
    let sleep = sleep_on(&clock, SECOND);
    assert!(format!("{sleep:?}").starts_with("Sleep { deadline: Instant"));
    assert!(format!("{:?}", sleep_until(never())).starts_with("Sleep"));
    assert_eq!(TimerError.to_string(), "the timer cannot run");
    assert!(matches!(poll(pin!(sleep)), Poll::Pending));
}
