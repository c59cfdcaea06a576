//! Asking once more where an answer is late.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use proptest::prelude::*;
use selvedge::{
    context::decorate::{
        Budget, Hedge, IfErr, Latency, Lateness, SendCall, Time, Verdict, hedge, hedge_on, op,
    },
    time::{Timer, VirtualClock, sleep_on},
};

use super::{Failed, MS, Turned};
use crate::harness::{Watched, allocations, panics, poll, ready};

type Answer = Result<u32, &'static str>;

/// Attempts that take a time each, and end in an order that can be seen.
struct Attempts {
    time: Turned,
    /// How long each takes, and what it ends with.
    plan: Vec<(u32, Answer)>,
    begun: Cell<usize>,
    alive: Rc<Cell<usize>>,
}

/// Counts who is alive.
struct Alive(Rc<Cell<usize>>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Attempts {
    fn new(time: &Turned, plan: &[(u32, Answer)]) -> Self {
        let (begun, alive) = (Cell::new(0), Rc::default());
        Self { time: time.clone(), plan: plan.to_vec(), begun, alive }
    }

    fn make(&self) -> impl Future<Output = Answer> + use<> {
        let (takes, answer) = self.plan[self.begun.replace(self.begun.get() + 1)];
        self.alive.set(self.alive.get() + 1);
        let (alive, time) = (Alive(self.alive.clone()), self.time.clone());
        async move {
            let _alive = alive;
            if takes > 0 {
                time.sleep(takes * MS).await;
            }
            answer
        }
    }
}

#[test]
fn a_late_answer_is_asked_for_again() {
    let time = Turned::new();
    let attempts = Attempts::new(&time, &[(100, Ok(1)), (5, Ok(2))]);
    let mut call = pin!(hedge_on(time.clone(), Hedge::after(10 * MS), || attempts.make()));
    let watched = Watched::new();
    assert!(watched.poll(call.as_mut()).is_pending());
    time.turn(9 * MS);
    assert_eq!(watched.woken(), 0);
    time.turn(MS);
    assert_eq!(watched.woken(), 1);
    assert!(watched.poll(call.as_mut()).is_pending());
    assert_eq!((attempts.begun.get(), attempts.alive.get()), (2, 2));
    time.turn(5 * MS);
    assert_eq!(ready(call.as_mut()), Ok(2));
    assert_eq!(attempts.alive.get(), 0, "the loser is gone before the answer is seen");
}

#[test]
fn the_first_may_win_though_it_is_late() {
    let time = Turned::new();
    let attempts = Attempts::new(&time, &[(12, Ok(1)), (50, Ok(2))]);
    let mut call = pin!(hedge_on(time.clone(), Hedge::after(10 * MS), || attempts.make()));
    assert!(poll(call.as_mut()).is_pending());
    time.turn(10 * MS);
    assert!(poll(call.as_mut()).is_pending());
    time.turn(2 * MS);
    assert_eq!(ready(call.as_mut()), Ok(1));
    assert_eq!((attempts.begun.get(), attempts.alive.get()), (2, 0));
}

/// A call that is ready at once arms no timer, reads no clock, and is made once; it allocates nothing.
#[test]
fn what_is_ready_reads_no_clock() {
    let (time, latency) = (Turned::new(), Latency::new(90).minimum_calls(1));
    let calls = Cell::new(0);
    let quick = op(async |n: u32| {
        calls.set(calls.get() + 1);
        Ok::<_, Failed>(n)
    })
    .with_time(time.clone());
    let quick = quick.hedge(Hedge::after(&latency).attempts::<3>());
    assert_eq!(ready(pin!(quick.call(7))), Ok(7));
    assert_eq!(allocations(|| assert_eq!(ready(pin!(quick.call(7))), Ok(7))), 0);
    assert_eq!((calls.get(), time.looks()), (2, 0));
    assert!(latency.late().is_some(), "it was noted all the same");
}

/// Each next attempt comes when the one before is late, up to the last.
#[test]
fn so_many_attempts_and_no_more() {
    let time = Turned::new();
    let attempts = Attempts::new(&time, &[(100, Ok(1)), (100, Ok(2)), (100, Ok(3))]);
    let policy = Hedge::after(10 * MS).attempts::<3>();
    let mut call = pin!(hedge_on(time.clone(), policy, || attempts.make()));
    for begun in [1, 2, 3, 3, 3] {
        assert!(poll(call.as_mut()).is_pending());
        assert_eq!(attempts.begun.get(), begun);
        time.turn(10 * MS);
    }
    time.turn(50 * MS);
    assert_eq!(ready(call.as_mut()), Ok(1));
    let once = Attempts::new(&time, &[(100, Ok(1))]);
    let policy = Hedge::after(Duration::ZERO).attempts::<1>();
    let mut call = pin!(hedge_on(time.clone(), policy, || once.make()));
    assert!(poll(call.as_mut()).is_pending());
    time.turn(100 * MS);
    assert_eq!(ready(call.as_mut()), Ok(1));
    // No delay: all of them at once.
    let all = Attempts::new(&time, &[(3, Ok(1)), (2, Ok(2)), (1, Ok(3))]);
    let policy = Hedge::after(Duration::ZERO).attempts::<3>();
    let mut call = pin!(hedge_on(time.clone(), policy, || all.make()));
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!(all.begun.get(), 3);
    time.turn(MS);
    assert_eq!(ready(call.as_mut()), Ok(3));
}

/// An error is the answer only where no other attempt runs.
#[test]
fn an_error_waits_for_the_others() {
    let time = Turned::new();
    for (plan, answer, at) in [
        // The first fails before it is late: that is it.
        ([(5, Err("torn")), (5, Ok(2))], Err("torn"), 5),
        // It fails while the second runs.
        ([(12, Err("torn")), (5, Ok(2))], Ok(2), 15),
        ([(15, Ok(1)), (2, Err("torn"))], Ok(1), 15),
        // Both fail: the later error.
        ([(15, Err("torn")), (2, Err("worn"))], Err("torn"), 15),
        ([(11, Err("torn")), (2, Err("worn"))], Err("worn"), 12),
    ] {
        let attempts = Attempts::new(&time, &plan);
        let mut call = pin!(hedge_on(time.clone(), Hedge::after(10 * MS), || attempts.make()));
        for _ in 0..at {
            assert!(poll(call.as_mut()).is_pending(), "{plan:?}");
            time.turn(MS);
        }
        assert_eq!(ready(call.as_mut()), answer, "{plan:?}");
        assert_eq!(attempts.alive.get(), 0);
    }
    // What wins can be told otherwise: here every answer does.
    let attempts = Attempts::new(&time, &[(12, Err("torn")), (5, Ok(2))]);
    let policy = Hedge::after(10 * MS).wins(|_: &Answer| Verdict::Done);
    let mut call = pin!(hedge_on(time.clone(), policy, || attempts.make()));
    assert!(poll(call.as_mut()).is_pending());
    time.turn(10 * MS);
    assert!(poll(call.as_mut()).is_pending());
    time.turn(2 * MS);
    assert_eq!(ready(call.as_mut()), Err("torn"));
}

#[test]
fn a_budget_limits_the_attempts_of_all_calls() {
    let (time, budget) = (Turned::new(), Arc::new(Budget::new(50, 1)));
    let policy = Hedge::after(10 * MS).budget(budget.clone()).attempts::<3>();
    let begun: Vec<_> = (0..5)
        .map(|_| {
            let attempts = Attempts::new(&time, &[(100, Ok(1)), (100, Ok(2)), (100, Ok(3))]);
            let mut call = pin!(hedge_on(time.clone(), &policy, || attempts.make()));
            for _ in 0..10 {
                assert!(poll(call.as_mut()).is_pending());
                time.turn(10 * MS);
            }
            assert_eq!(ready(call.as_mut()), Ok(1));
            attempts.begun.get()
        })
        .collect();
    assert_eq!(begun, [2, 1, 2, 1, 2], "one was saved up, two calls pay for one more");
}

/// Only calls that may be made twice are; the last attempt gets the arguments, the others a clone.
#[test]
fn only_eligible_calls_are_made_twice() {
    struct Counted<'a>(&'a Cell<u32>, bool);
    impl Clone for Counted<'_> {
        fn clone(&self) -> Self {
            self.0.set(self.0.get() + 1);
            Self(self.0, self.1)
        }
    }
    let time = Turned::new();
    let (clones, calls) = (Cell::new(0), Cell::new(0));
    let slow = op(async |_: Counted<'_>| {
        calls.set(calls.get() + 1);
        time.sleep(100 * MS).await;
        Ok::<_, Failed>(())
    });
    let policy = Hedge::after(10 * MS).when(|(counted,): &(Counted<'_>,)| counted.1);
    let slow = slow.with_time(time.clone()).hedge(policy);
    for (twice, made, cloned) in [(false, 1, 0), (true, 2, 1)] {
        clones.set(0);
        calls.set(0);
        let mut call = pin!(slow.call(Counted(&clones, twice)));
        assert!(poll(call.as_mut()).is_pending());
        time.turn(10 * MS);
        assert!(poll(call.as_mut()).is_pending());
        time.turn(90 * MS);
        assert_eq!(ready(call.as_mut()), Ok(()));
        assert_eq!((calls.get(), clones.get()), (made, cloned));
    }
}

/// The percentile decides, once it is known; before, nothing is made twice.
#[test]
fn at_a_percentile_of_the_latency() {
    let (time, latency) = (Turned::new(), Latency::new(90).minimum_calls(10));
    let next = Cell::new(10);
    let calls = Cell::new(0);
    let read = op(async || {
        calls.set(calls.get() + 1);
        time.sleep(next.get() * MS).await;
        Ok::<_, Failed>(())
    });
    let read = read.with_time(time.clone()).hedge(Hedge::after(&latency));
    for _ in 0..10 {
        assert_eq!(latency.late(), None);
        let mut call = pin!(read.call0());
        assert!(poll(call.as_mut()).is_pending());
        time.turn(10 * MS);
        assert_eq!(ready(call.as_mut()), Ok(()));
    }
    let late = latency.late().unwrap();
    assert!((10 * MS..=12 * MS).contains(&late), "{late:?}");
    assert_eq!(calls.get(), 10);
    next.set(100);
    let mut call = pin!(read.call0());
    assert!(poll(call.as_mut()).is_pending());
    time.turn(12 * MS);
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!(calls.get(), 12);
}

/// Who is cancelled, or fails, says nothing of how long answers take.
#[test]
fn only_answers_are_noted() {
    let (time, latency) = (Turned::new(), Arc::new(Latency::new(50).minimum_calls(1)));
    let policy = Hedge::after(latency.clone());
    let attempts = Attempts::new(&time, &[(5, Ok(1)), (5, Err("torn")), (0, Err("torn"))]);
    let mut cancelled = Box::pin(hedge_on(time.clone(), &policy, || attempts.make()));
    assert!(poll(cancelled.as_mut()).is_pending());
    time.turn(MS);
    drop(cancelled);
    let mut fails = pin!(hedge_on(time.clone(), &policy, || attempts.make()));
    assert!(poll(fails.as_mut()).is_pending());
    time.turn(5 * MS);
    assert_eq!(ready(fails.as_mut()), Err("torn"));
    assert_eq!(ready(pin!(hedge_on(time, &policy, || attempts.make()))), Err("torn"));
    assert_eq!((latency.late(), attempts.alive.get()), (None, 0));
}

/// A panic goes on, and takes all attempts along.
#[test]
fn a_panic_goes_on() {
    let time = Turned::new();
    let alive = Rc::new(Cell::new(0));
    let first = Cell::new(true);
    let make = || {
        alive.set(alive.get() + 1);
        let (first, time, alive) = (first.replace(false), time.clone(), Alive(alive.clone()));
        async move {
            let _alive = alive;
            time.sleep(if first { 100 * MS } else { MS }).await;
            assert!(first, "on purpose");
            Ok::<(), ()>(())
        }
    };
    let mut call = Box::pin(hedge_on(time.clone(), Hedge::after(10 * MS), make));
    assert!(poll(call.as_mut()).is_pending());
    time.turn(10 * MS);
    assert!(poll(call.as_mut()).is_pending());
    time.turn(MS);
    assert!(panics(|| _ = poll(call.as_mut())));
    drop(call);
    assert_eq!(alive.get(), 0);
}

/// Borrowed arguments, generic code that spawns, statics; or what stays on its thread.
#[test]
fn chains_that_hedge() {
    fn spawns<C>(read: C) -> usize
    where
        C: for<'a> SendCall<(&'a str,), Output = Result<usize, Failed>> + 'static,
    {
        selvedge::block_on(selvedge::spawn(async move {
            let text = String::from("warp");
            read.send_call((&text,)).await.unwrap()
        }))
    }
    static LATENCY: Latency = Latency::new(99);
    static BUDGET: Budget = Budget::new(10, 10);
    let policy = Hedge::after(&LATENCY).budget(&BUDGET).when(|&(name,): &(&str,)| name != "pay");
    async fn length(text: &str) -> Result<usize, Failed> {
        Ok(text.len())
    }
    assert_eq!(spawns(op(length).hedge(policy)), 4);
    let stays = op(async |n: Rc<u32>| Ok::<_, Failed>(*n)).hedge(Hedge::after(MS));
    assert_eq!(ready(pin!(stays.call(Rc::new(3)))), Ok(3));
    assert_eq!(ready(pin!(hedge(Hedge::after(MS), || length("weft")))), Ok(4));
}

#[test]
fn a_call_that_hedges_on_virtual_time() {
    let clock = VirtualClock::new();
    let calls = Cell::new(0);
    let read = op(async || {
        calls.set(calls.get() + 1);
        let seconds = if calls.get() == 1 { 60 } else { 1 };
        sleep_on(&clock, Duration::from_secs(seconds)).await;
        Ok::<_, Failed>(calls.get())
    });
    let read = read.on(&clock).hedge(Hedge::after(Duration::from_secs(2)));
    let start = clock.now();
    assert_eq!(pollster::block_on(clock.auto_advance(read.call0())), Ok(2));
    assert_eq!(clock.now() - start, Duration::from_secs(3));
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let mut call = pin!(hedge(Hedge::after(MS), || std::future::ready(Ok::<_, ()>(1))));
    assert_eq!(ready(call.as_mut()), Ok(1));
    let _ = poll(call.as_mut());
}

#[test]
fn a_percentile_out_of_bounds_is_refused() {
    assert!(panics(|| drop(Latency::new(0))));
    assert!(panics(|| drop(Latency::new(100))));
    let latency = Latency::new(99).minimum_calls(0);
    latency.note(Duration::MAX);
    latency.note(Duration::ZERO);
    assert!(latency.late().is_some());
    assert!(format!("{latency:?}").starts_with("Latency { percentile: 99, late: Some("));
}

proptest! {
    /// The percentile is that of what was noted, to an eighth.
    #[test]
    fn a_percentile_is_nearly_exact(
        percentile in 1_u32..100,
        mut micros in prop::collection::vec(2_u64..10_000_000, 16..200),
    ) {
        let latency = Latency::new(percentile).minimum_calls(micros.len() as u32);
        for took in &micros {
            latency.note(Duration::from_micros(*took));
        }
        micros.sort_unstable();
        let rank = (micros.len() * percentile as usize).div_ceil(100).max(1);
        let exact = Duration::from_micros(micros[rank - 1]);
        let late = latency.late().unwrap();
        prop_assert!(late >= exact, "{late:?} of {exact:?}");
        prop_assert!(late <= exact + exact / 8 + 2 * Duration::from_micros(1), "{late:?} of {exact:?}");
    }
}

/// Calls that hedge at a percentile do not pull it down: the slow ones count as what they took at
/// least, and as many stay late as were.
#[test]
fn hedging_leaves_the_percentile_where_it_is() {
    let mut random = chance(7);
    let (time, latency) = (Turned::new(), Latency::new(80).minimum_calls(100));
    let (attempts, calls) = (Cell::new(0_u32), 1000);
    // One in a hundred takes one millisecond, one two, and so on.
    let takes = RefCell::new(move || (random() % 100 + 1) as u32);
    for _ in 0..calls {
        let mut call = pin!(hedge_on(time.clone(), Hedge::after(&latency), || {
            attempts.set(attempts.get() + 1);
            let sleep = time.sleep(takes.borrow_mut()() * MS);
            async move {
                sleep.await;
                Ok::<(), ()>(())
            }
        }));
        while poll(call.as_mut()).is_pending() {
            time.turn(MS);
        }
    }
    let late = latency.late().unwrap();
    assert!((72 * MS..=100 * MS).contains(&late), "{late:?}");
    let more = attempts.get() - calls;
    assert!((calls / 20..=calls / 4).contains(&more), "{more} of {calls} were made twice");
}

/// Numbers that look like chance (xorshift64*).
fn chance(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed | 1;
    move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    }
}

/// What decides is any [`Decide`](selvedge::context::decorate::Decide), by default errors do not win.
#[test]
fn a_policy_can_be_shared() {
    const POLICY: Hedge<Duration> = Hedge::after(MS);
    let calls: [Poll<Answer>; 2] = [Ok(1), Err("torn")]
        .map(|answer| poll(pin!(hedge(&POLICY, || std::future::ready(answer)))));
    assert_eq!(calls, [Poll::Ready(Ok(1)), Poll::Ready(Err("torn"))]);
    let _: Hedge<Duration, 2, IfErr> = POLICY.attempts::<2>();
}
