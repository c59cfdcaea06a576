//! One call for all who ask for the same at the same time.

use std::{
    cell::{Cell, RefCell},
    future::{Future, pending, poll_fn},
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::Poll,
    thread,
    time::Duration,
};

use selvedge::{
    context::decorate::{Backoff, Flight, Retry, SendCall, op},
    time::{Timer, VirtualClock, sleep_on},
};

use super::{Failed, MS};
use crate::harness::{Watched, allocations, growth, panics, poll, ready};

pub(crate) use sweep::sweep;

mod histories;
mod hostile;
mod sweep;

type Outcome = Result<u32, &'static str>;

/// Calls that end when they are told to.
#[derive(Default)]
struct Calls(RefCell<Vec<Option<Outcome>>>);

impl Calls {
    /// Begins one.
    fn begin(&self) -> impl Future<Output = Outcome> + use<'_> {
        let at = self.0.borrow().len();
        self.0.borrow_mut().push(None);
        poll_fn(move |_| self.0.borrow()[at].map_or(Poll::Pending, Poll::Ready))
    }

    fn end(&self, at: usize, outcome: Outcome) {
        self.0.borrow_mut()[at] = Some(outcome);
    }

    fn begun(&self) -> usize {
        self.0.borrow().len()
    }
}

/// Semantics 127.
#[test]
fn one_calls_and_other_keys_are_not_held_up() {
    let (flight, calls) = (Flight::new(), Calls::default());
    let ask = op(async |_: &str| calls.begin().await);
    let ask = ask.single_flight(&flight, |(name,): &(&str,)| (*name).to_owned());
    let watched = [(); 2].map(|()| Watched::new());
    let (mut first, mut second) = (pin!(ask.call("warp")), pin!(ask.call("warp")));
    assert!(watched[0].poll(first.as_mut()).is_pending());
    assert!(watched[1].poll(second.as_mut()).is_pending());
    let mut other = pin!(ask.call("weft"));
    assert!(poll(other.as_mut()).is_pending());
    assert_eq!((calls.begun(), flight.len()), (2, 2));
    calls.end(1, Ok(5));
    assert_eq!(ready(other.as_mut()), Ok(5));
    calls.end(0, Ok(4));
    assert_eq!(ready(first.as_mut()), Ok(4));
    assert_eq!(watched.each_ref().map(Watched::woken), [0, 1]);
    assert!(flight.is_empty(), "though the second has not looked yet");
    assert_eq!(ready(second.as_mut()), Ok(4));
    assert_eq!(calls.begun(), 2);
    assert!(flight.is_empty());
}

/// Nothing happens before the first poll, and who comes after the end begins anew: what was called
/// before is not handed out any more, though somebody in line has not fetched it yet.
#[test]
fn whoever_comes_after_the_end_begins_anew() {
    let (flight, calls) = (Flight::new(), Calls::default());
    let (mut first, mut second) =
        (pin!(flight.try_run(7, || calls.begin())), pin!(flight.try_run(7, || calls.begin())));
    let third = flight.try_run(7, || calls.begin());
    assert!(flight.is_empty());
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    calls.end(0, Ok(1));
    assert_eq!(ready(first.as_mut()), Ok(1));
    let mut third = pin!(third);
    assert!(poll(third.as_mut()).is_pending());
    assert_eq!((calls.begun(), flight.len()), (2, 1));
    assert_eq!(ready(second.as_mut()), Ok(1));
    assert_eq!(flight.len(), 1, "the third is under way");
    calls.end(1, Ok(2));
    assert_eq!(ready(third.as_mut()), Ok(2));
    assert!(flight.is_empty());
}

/// Semantics 68, a key: exactly one is promoted, with its own call.
#[test]
fn a_leader_that_is_dropped_promotes_a_waiter() {
    let flight = Flight::new();
    let leader = flight.run(7, pending::<u32>);
    let mut leader = Box::pin(leader);
    assert!(poll(leader.as_mut()).is_pending());
    let watched = [(); 3].map(|()| Watched::new());
    let mut waiters: Vec<_> =
        (0..3).map(|n| Box::pin(flight.run(7, move || std::future::ready(n)))).collect();
    for (watched, waiter) in watched.iter().zip(&mut waiters) {
        assert!(watched.poll(waiter.as_mut()).is_pending());
    }
    drop(leader);
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 0, 0]);
    // Promoted, and dropped before it looks.
    drop(waiters.remove(0));
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 1, 0]);
    assert_eq!(ready(waiters[0].as_mut()), 1);
    assert_eq!(ready(waiters[1].as_mut()), 1, "the answer, and no call of its own");
    assert!(flight.is_empty());
}

#[test]
fn a_leader_that_fails_promotes_a_waiter() {
    let (flight, calls) = (Flight::new(), Calls::default());
    let ask = op(async || calls.begin().await).single_flight(&flight, |_: &()| 7);
    let mut asking: Vec<_> = (0..3).map(|_| Box::pin(ask.call0())).collect();
    for asking in &mut asking {
        assert!(poll(asking.as_mut()).is_pending());
    }
    calls.end(0, Err("torn"));
    assert_eq!(ready(asking[0].as_mut()), Err("torn"));
    assert!(poll(asking[2].as_mut()).is_pending(), "it is the second's turn");
    assert!(poll(asking[1].as_mut()).is_pending());
    assert_eq!((calls.begun(), flight.len()), (2, 1));
    calls.end(1, Ok(2));
    assert_eq!((ready(asking[1].as_mut()), ready(asking[2].as_mut())), (Ok(2), Ok(2)));
    // Where everything fails, each gets an error of its own, and nothing is left.
    let mut asking: Vec<_> = (0..3).map(|_| Box::pin(ask.call0())).collect();
    for asking in &mut asking {
        assert!(poll(asking.as_mut()).is_pending());
    }
    for (at, asking) in asking.iter_mut().enumerate() {
        assert!(poll(asking.as_mut()).is_pending());
        calls.end(2 + at, Err("torn"));
        assert_eq!(ready(asking.as_mut()), Err("torn"));
    }
    assert_eq!((calls.begun(), flight.len()), (5, 0));
}

/// Semantics 70, a key.
#[test]
fn a_leader_that_panics_promotes_a_waiter() {
    let flight = Flight::new();
    let panics_at = |n: u32| {
        let mut polls = 0;
        poll_fn(move |_| {
            polls += 1;
            assert!(polls < n, "on purpose");
            Poll::<u32>::Pending
        })
    };
    for at in 1..3 {
        let mut leader = Box::pin(flight.run(7, || panics_at(at)));
        if at == 2 {
            assert!(poll(leader.as_mut()).is_pending());
            let mut waiter = pin!(flight.run(7, || std::future::ready(8)));
            assert!(poll(waiter.as_mut()).is_pending());
            assert!(panics(|| assert!(poll(leader.as_mut()).is_pending())));
            // It is over at once, not only when the leader's future is dropped.
            assert_eq!(ready(waiter.as_mut()), 8);
        } else {
            assert!(panics(|| assert!(poll(leader.as_mut()).is_pending())));
        }
        assert!(flight.is_empty());
    }
    let mut early = Box::pin(flight.run(7, || -> std::future::Ready<u32> { panic!("on purpose") }));
    assert!(panics(|| assert!(poll(early.as_mut()).is_pending())));
    assert!(flight.is_empty());
}

/// One failure is everybody's, where the whole output is shared.
#[test]
fn errors_are_shared_where_that_is_asked_for() {
    #[derive(Debug)]
    struct NotClone;
    let flight = Flight::new();
    let torn = Cell::new(false);
    let ask = op(async || {
        poll_fn(|_| if torn.get() { Poll::Ready(()) } else { Poll::Pending }).await;
        Err::<u32, _>(NotClone)
    });
    let ask = ask.arc_errors().single_flight_all(&flight, |_: &()| "key");
    let (mut first, mut second) = (pin!(ask.call0()), pin!(ask.call0()));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    torn.set(true);
    let errors = (ready(first.as_mut()).unwrap_err(), ready(second.as_mut()).unwrap_err());
    assert!(Arc::ptr_eq(&errors.0, &errors.1));
    assert!(flight.is_empty());
}

/// As Go's does.
#[test]
fn a_flag_tells_who_shared() {
    let (flight, calls) = (Flight::new(), Calls::default());
    let ask = op(async || calls.begin().await).single_flight(&flight, |_: &()| 7).flagged();
    let (mut first, mut second) = (pin!(ask.call0()), pin!(ask.call0()));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    calls.end(0, Ok(1));
    assert_eq!(ready(first.as_mut()), Ok((1, true)));
    assert_eq!(ready(second.as_mut()), Ok((1, true)));
    // Alone, and alone again because the other has left.
    for _ in 0..2 {
        let mut only = pin!(ask.call0());
        assert!(poll(only.as_mut()).is_pending());
        let mut leaves = Box::pin(ask.call0());
        assert!(poll(leaves.as_mut()).is_pending());
        drop(leaves);
        calls.end(calls.begun() - 1, Ok(2));
        assert_eq!(ready(only.as_mut()), Ok((2, false)));
    }
    let alone = flight.run(7, || std::future::ready(3)).flagged();
    assert_eq!(ready(pin!(alone)), (3, false));
}

/// What is forgotten goes on for those who wait, and harms nothing that has begun since.
#[test]
fn a_forgotten_key_begins_anew() {
    let (flight, calls) = (Flight::<String, _>::new(), Calls::default());
    let ask = || Box::pin(flight.try_run("warp".to_owned(), || calls.begin()));
    let (mut old, mut with_old) = (ask(), ask());
    assert!(poll(old.as_mut()).is_pending());
    assert!(poll(with_old.as_mut()).is_pending());
    flight.forget("warp");
    flight.forget("weft");
    assert!(flight.is_empty());
    let (mut new, mut with_new) = (ask(), ask());
    assert!(poll(new.as_mut()).is_pending());
    assert!(poll(with_new.as_mut()).is_pending());
    assert_eq!(calls.begun(), 2);
    drop(old);
    assert!(poll(with_old.as_mut()).is_pending(), "promoted");
    assert_eq!((calls.begun(), flight.len()), (3, 1));
    calls.end(2, Ok(1));
    assert_eq!(ready(with_old.as_mut()), Ok(1));
    assert_eq!(flight.len(), 1);
    calls.end(1, Ok(2));
    assert_eq!((ready(new.as_mut()), ready(with_new.as_mut())), (Ok(2), Ok(2)));
    assert!(flight.is_empty());
}

/// A call that nobody joined clones nothing; with others there is a clone for each, and one to hand out.
#[test]
fn an_output_is_cloned_for_others_only() {
    struct Counted<'a>(&'a Cell<u32>);
    impl Clone for Counted<'_> {
        fn clone(&self) -> Self {
            self.0.set(self.0.get() + 1);
            Self(self.0)
        }
    }
    let (clones, open) = (Cell::new(0), Cell::new(false));
    let flight = Flight::new();
    for others in 0..4 {
        clones.set(0);
        open.set(false);
        let call =
            || poll_fn(|_| if open.get() { Poll::Ready(Counted(&clones)) } else { Poll::Pending });
        let mut asking: Vec<_> = (0..=others).map(|_| Box::pin(flight.run(7, call))).collect();
        for asking in &mut asking {
            assert!(poll(asking.as_mut()).is_pending());
        }
        open.set(true);
        for asking in &mut asking {
            let _counted = ready(asking.as_mut());
        }
        assert_eq!(clones.get(), if others == 0 { 0 } else { others + 1 });
    }
}

/// A waiter needs no room of its own, and nothing grows from call to call.
#[test]
fn a_call_allocates_an_entry() {
    let flight = Flight::<u32, u32>::new();
    let call = |key| assert_eq!(ready(pin!(flight.run(key, || std::future::ready(1)))), 1);
    // Until each part of the map has its table.
    (0..100).for_each(call);
    assert_eq!(allocations(|| call(1)), 1);
    assert_eq!(growth(|| (0..1000).for_each(call)), 0);
    let mut leader = Box::pin(flight.run(7, pending));
    let mut waiter = Box::pin(flight.run(7, pending));
    assert!(poll(leader.as_mut()).is_pending());
    assert_eq!(allocations(|| assert!(poll(waiter.as_mut()).is_pending())), 0);
}

/// The key and the call are never there at the same time as the place in line or the turn.
#[test]
fn a_flight_is_hardly_larger_than_its_call() {
    let flight = Flight::<u8, u8>::new();
    let small = flight.run(1, || async { 1 });
    let large = flight.run(1, || async {
        let ballast = [1; 1000];
        futures_lite::future::yield_now().await;
        ballast[7]
    });
    let (small, large) = (size_of_val(&small), size_of_val(&large));
    println!("{small} bytes, {large} with a call of 1000");
    assert!(small <= 14 * size_of::<usize>());
    assert!(large <= 1000 + 7 * size_of::<usize>());
}

/// Borrowed arguments, a key that is made of them, in an `Arc`, across threads.
#[test]
fn threads_share_calls() {
    fn spawns<C>(ask: C, calls: &AtomicU32) -> u32
    where
        C: for<'a> SendCall<(&'a str,), Output = Result<usize, Failed>>,
    {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let text = String::from("warp");
                    assert_eq!(pollster::block_on(ask.send_call((&text,))), Ok(4));
                });
            }
        });
        calls.load(Relaxed)
    }
    static CALLS: AtomicU32 = AtomicU32::new(0);
    for _ in 0..50 {
        CALLS.store(0, Relaxed);
        let flight = Arc::new(Flight::new());
        let ask = op(async |text: &str| {
            CALLS.fetch_add(1, Relaxed);
            thread::yield_now();
            Ok::<_, Failed>(text.len())
        });
        let ask = ask.single_flight(flight.clone(), |(text,): &(&str,)| (*text).to_owned());
        assert!((1..=4).contains(&spawns(ask, &CALLS)));
        assert!(flight.is_empty());
    }
}

/// Neither keys, arguments nor outputs have to be `Send`.
#[test]
fn a_flight_may_stay_on_its_thread() {
    let flight = Rc::new(Flight::new());
    let ask = op(async |n: Rc<u32>| Rc::new(2 * *n));
    let ask = ask.single_flight_all(&*flight, |(n,): &(Rc<u32>,)| n.clone());
    assert_eq!(ready(pin!(ask.call(Rc::new(3)))), Rc::new(6));
}

/// With a retry outside, an error is tried again, in a flight of its own or another's.
#[test]
fn a_flight_in_a_chain_on_virtual_time() {
    static FLIGHT: Flight<u32, u32> = Flight::new();
    let clock = VirtualClock::new();
    let start = clock.now();
    let tries = Cell::new(0);
    let ask = op(async |n: u32| {
        tries.set(tries.get() + 1);
        let now = tries.get();
        sleep_on(&clock, Duration::from_secs(1)).await;
        if now < 3 { Err("not yet".into()) } else { Ok::<_, Box<dyn std::error::Error>>(n) }
    })
    .on(&clock)
    .single_flight(&FLIGHT, |&(n,): &(u32,)| n)
    .timeout(Duration::from_secs(5))
    .retry(Retry::new(Backoff::constant(10 * MS)));
    let both = futures_lite::future::zip(ask.call(7), ask.call(7));
    let (one, two) = pollster::block_on(clock.auto_advance(both));
    assert_eq!((one.unwrap(), two.unwrap(), tries.get()), (7, 7, 3));
    assert_eq!(clock.now() - start, Duration::from_secs(3));
    assert!(FLIGHT.is_empty());
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let flight = Flight::new();
    let mut run = pin!(flight.run(1, || std::future::ready(1)));
    ready(run.as_mut());
    let _ = poll(run.as_mut());
}

#[test]
fn debug_shows_what_is_under_way() {
    let flight = Flight::<u8, u8>::default();
    let mut run = pin!(flight.run(1, pending));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(format!("{flight:?}"), "{1}");
    assert_eq!(format!("{run:?}"), "FlightRun { leads: true, .. }");
}
