//! Notifications, polled by hand.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use selvedge::sync::{Notified, Notify, OwnedNotified};

use crate::{
    harness::{Meddler, PollWith, Spy, Watched, allocations, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

fn waiting(notify: &Notify) -> (Watched, Pin<Box<Notified<'_>>>) {
    let watched = Watched::new();
    let mut notified = Box::pin(notify.notified());
    assert!(watched.poll(notified.as_mut()).is_pending());
    (watched, notified)
}

fn waits(notify: &Notify) -> usize {
    notify.statistics().waiting
}

fn keeps(notify: &Notify) -> bool {
    notify.statistics().kept
}

/// Semantics 44.
#[test]
fn without_waiters_one_notification_is_kept() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_last();
    assert!(keeps(&notify));
    ready(pin!(notify.notified()));
    assert!(!keeps(&notify));
    assert!(poll(pin!(notify.notified())).is_pending());
}

#[test]
fn one_at_a_time_in_order_or_from_the_end() {
    let notify = Notify::new();
    let mut all: Vec<_> = (0..4).map(|_| waiting(&notify)).collect();
    let mut woken = |how: fn(&Notify)| {
        let before: Vec<_> = all.iter().map(|(watched, _)| watched.woken()).collect();
        how(&notify);
        let at = all.iter().zip(before).position(|((watched, _), before)| watched.woken() > before);
        let at = at.unwrap();
        ready(all.remove(at).1.as_mut());
        at
    };
    assert_eq!(woken(Notify::notify_one), 0);
    assert_eq!(woken(Notify::notify_last), 2);
    assert_eq!(woken(Notify::notify_last), 1);
    assert_eq!(woken(Notify::notify_one), 0);
    assert!(!keeps(&notify));
}

/// Semantics 45.
#[test]
fn a_notification_of_one_who_left_goes_on_or_is_kept() {
    type Case = (fn(&Notify), usize);
    let cases: [Case; 2] = [(Notify::notify_one, 0), (Notify::notify_last, 2)];
    for (how, first) in cases {
        let notify = Notify::new();
        let mut all: Vec<_> = (0..3).map(|_| waiting(&notify)).collect();
        how(&notify);
        drop(all.remove(first));
        let woken: Vec<_> = all.iter().map(|(watched, _)| watched.woken()).collect();
        assert_eq!(woken, if first == 0 { [1, 0] } else { [0, 1] });
        drop(all.remove(first / 2));
        assert_eq!(all[0].0.woken(), 1);
        drop(all);
        assert!(keeps(&notify));
        assert_eq!(waits(&notify), 0);
    }
}

/// Semantics 42 and 45.
#[test]
fn one_that_was_notified_with_all_passes_nothing_on() {
    let notify = Notify::new();
    let (_, first) = waiting(&notify);
    notify.notify_waiters();
    let (watched, second) = waiting(&notify);
    drop(first);
    assert_eq!(watched.woken(), 0);
    drop(second);
    assert!(!keeps(&notify));
    assert_eq!(waits(&notify), 0);
}

/// Semantics 46.
#[test]
fn all_are_those_made_before() {
    let notify = Notify::new();
    let (watched, mut polled) = waiting(&notify);
    let mut enabled = pin!(notify.notified());
    assert!(!enabled.as_mut().enable());
    let mut made = pin!(notify.notified());
    notify.notify_waiters();
    let mut late = pin!(notify.notified());
    assert_eq!(watched.woken(), 1);
    ready(polled.as_mut());
    ready(enabled.as_mut());
    ready(made.as_mut());
    assert!(poll(late.as_mut()).is_pending());
    assert!(!keeps(&notify));
}

/// A kept notification is not used up by one that `notify_waiters` has reached.
#[test]
fn who_was_reached_leaves_what_is_kept() {
    let notify = Notify::new();
    let made = notify.notified();
    notify.notify_one();
    notify.notify_waiters();
    ready(pin!(made));
    assert!(keeps(&notify));
}

#[test]
fn enabling_takes_a_place_or_what_is_kept() {
    let notify = Notify::new();
    let mut first = Box::pin(notify.notified());
    assert!(!first.as_mut().enable());
    assert!(!first.as_mut().enable());
    let (watched, second) = waiting(&notify);
    notify.notify_one();
    assert_eq!(watched.woken(), 0, "the enabled one comes first");
    assert!(first.as_mut().enable());
    assert!(first.as_mut().enable(), "it stays so");
    ready(first.as_mut());
    ready(first.as_mut());
    drop((first, second));
    assert!(!keeps(&notify), "it was used up");

    notify.notify_one();
    let mut kept = pin!(notify.notified());
    assert!(kept.as_mut().enable());
    assert!(!keeps(&notify));
    ready(kept);

    let mut all = pin!(notify.notified());
    notify.notify_waiters();
    assert!(all.as_mut().enable());
}

/// An enabled future that is polled is woken; one that is polled and then enabled, too.
#[test]
fn enabling_takes_no_waker_away() {
    let notify = Notify::new();
    let watched = Watched::new();
    let mut notified = Box::pin(notify.notified());
    assert!(!notified.as_mut().enable());
    assert!(watched.poll(notified.as_mut()).is_pending());
    assert!(!notified.as_mut().enable());
    assert_eq!((watched.kept(), waits(&notify)), (1, 1));
    notify.notify_one();
    assert_eq!(watched.woken(), 1);
    ready(notified.as_mut());
}

#[test]
fn an_enabled_one_that_leaves_passes_its_notification_on() {
    let notify = Notify::new();
    let mut first = Box::pin(notify.notified());
    assert!(!first.as_mut().enable());
    let (watched, _second) = waiting(&notify);
    notify.notify_one();
    drop(first);
    assert_eq!(watched.woken(), 1);
}

#[test]
fn owned_futures_keep_it_alive() {
    let notify = Arc::new(Notify::new());
    let mut first = Box::pin(notify.clone().notified_owned());
    let watched = Watched::new();
    assert!(watched.poll(first.as_mut()).is_pending());
    let mut second: Pin<Box<OwnedNotified>> = Box::pin(notify.clone().notified_owned());
    assert!(!second.as_mut().enable());
    notify.notify_waiters();
    let weak = Arc::downgrade(&notify);
    drop(notify);
    assert_eq!(watched.woken(), 1);
    ready(first.as_mut());
    ready(second.as_mut());
    ready(second.as_mut());
    drop((first, second));
    assert_eq!(weak.strong_count(), 0);
}

/// Sizes around those of a batch; a waker of the first batch lines somebody up and polls all.
#[test]
fn all_are_reached_at_once_and_newcomers_never() {
    for n in [1, 2, 31, 32, 33, 64, 65, 100] {
        let notify = Arc::new(Notify::new());
        let late = Arc::new(Mutex::new(Vec::new()));
        let all: Arc<Mutex<Vec<Pin<Box<OwnedNotified>>>>> = Arc::default();
        let seen = Arc::new(AtomicUsize::new(0));
        let waker = {
            let (notify, late, all, seen) =
                (notify.clone(), late.clone(), all.clone(), seen.clone());
            Meddler::waker(
                move || {
                    let mut newcomer = Box::pin(notify.clone().notified_owned());
                    assert!(poll(newcomer.as_mut()).is_pending(), "nothing is kept");
                    late.lock().unwrap().push(newcomer);
                    // The first to be woken sees that all the others are ready, in any order.
                    let others: Vec<_> = all.lock().unwrap().drain(..).rev().collect();
                    for mut other in others {
                        ready(other.as_mut());
                        seen.fetch_add(1, SeqCst);
                    }
                },
                || (),
            )
        };
        let mut first = Box::pin(notify.clone().notified_owned());
        assert!(first.as_mut().poll_with(&waker).is_pending());
        for _ in 0..n {
            let mut notified = Box::pin(notify.clone().notified_owned());
            assert!(poll(notified.as_mut()).is_pending());
            all.lock().unwrap().push(notified);
        }
        notify.notify_waiters();
        ready(first.as_mut());
        assert_eq!(seen.load(SeqCst), n);
        assert_eq!(waits(&notify), 1, "the newcomer waits on");
        let mut newcomer = late.lock().unwrap().pop().unwrap();
        assert!(poll(newcomer.as_mut()).is_pending());
        assert!(!keeps(&notify));
    }
}

/// While a large `notify_waiters` is under way, a `notify_one` is for those who came after it.
#[test]
fn a_notification_in_between_is_for_those_who_came_later() {
    for last in [false, true] {
        for newcomers in 0..2 {
            let notify = Arc::new(Notify::new());
            let late = Arc::new(Mutex::new(Vec::new()));
            let waker = {
                let (notify, late) = (notify.clone(), late.clone());
                Meddler::waker(
                    move || {
                        for _ in 0..newcomers {
                            let mut newcomer = Box::pin(notify.clone().notified_owned());
                            assert!(poll(newcomer.as_mut()).is_pending());
                            late.lock().unwrap().push(newcomer);
                        }
                        if last { notify.notify_last() } else { notify.notify_one() }
                    },
                    || (),
                )
            };
            let mut first = Box::pin(notify.clone().notified_owned());
            assert!(first.as_mut().poll_with(&waker).is_pending());
            let mut all: Vec<_> = (0..99).map(|_| waiting(&notify)).collect();
            notify.notify_waiters();
            for (watched, notified) in &mut all {
                assert_eq!((watched.woken(), watched.kept()), (1, 0));
                ready(notified.as_mut());
            }
            drop(all);
            assert_eq!((keeps(&notify), waits(&notify)), (newcomers == 0, 0));
            for newcomer in late.lock().unwrap().iter_mut() {
                ready(newcomer.as_mut());
            }
        }
    }
}

/// A waiter of a later batch is dropped by a waker of the first.
#[test]
fn who_is_due_and_leaves_passes_nothing_on() {
    let notify = Arc::new(Notify::new());
    let rest: Arc<Mutex<Vec<Pin<Box<OwnedNotified>>>>> = Arc::default();
    let dropped = rest.clone();
    let waker = Meddler::waker(move || dropped.lock().unwrap().clear(), || ());
    let mut first = Box::pin(notify.clone().notified_owned());
    assert!(first.as_mut().poll_with(&waker).is_pending());
    for _ in 0..70 {
        let mut notified = Box::pin(notify.clone().notified_owned());
        assert!(poll(notified.as_mut()).is_pending());
        rest.lock().unwrap().push(notified);
    }
    notify.notify_waiters();
    assert!(rest.lock().unwrap().is_empty());
    assert_eq!((waits(&notify), keeps(&notify)), (0, false));
    assert!(poll(pin!(notify.notified())).is_pending());
}

#[test]
fn calls_within_calls_reach_who_came_in_between() {
    let notify = Arc::new(Notify::new());
    let woken = Arc::new(AtomicUsize::new(0));
    let (inside, count) = (notify.clone(), woken.clone());
    let waker = Meddler::waker(
        move || {
            let watched = Watched::new();
            let mut newcomer = pin!(inside.notified());
            assert!(watched.poll(newcomer.as_mut()).is_pending());
            inside.notify_waiters();
            count.fetch_add(watched.woken(), SeqCst);
            ready(newcomer);
        },
        || (),
    );
    let mut all: Vec<_> = (0..80).map(|_| Box::pin(notify.notified())).collect();
    for notified in &mut all {
        assert!(notified.as_mut().poll_with(&waker).is_pending());
    }
    notify.notify_waiters();
    assert_eq!(woken.load(SeqCst), 80);
    assert_eq!(waits(&notify), 0);
}

#[test]
fn a_waker_that_panics_costs_the_others_nothing() {
    for place in [0, 1, 31, 32, 40, 79] {
        let notify = Notify::new();
        let mut before: Vec<_> = (0..place).map(|_| waiting(&notify)).collect();
        let bad = Meddler::waker(|| panic!("on purpose"), || ());
        let mut middle = Box::pin(notify.notified());
        assert!(middle.as_mut().poll_with(&bad).is_pending());
        let mut behind: Vec<_> = (place..79).map(|_| waiting(&notify)).collect();
        assert!(panics(|| notify.notify_waiters()));
        ready(middle.as_mut());
        for (watched, notified) in before.iter_mut().chain(&mut behind) {
            assert_eq!(watched.woken(), 1);
            ready(notified.as_mut());
        }
    }
}

#[test]
fn a_waker_is_cloned_once_a_wait() {
    let notify = Notify::new();
    let (spy, waker) = Spy::new(|_| ());
    let mut notified = Box::pin(notify.notified());
    for _ in 0..1000 {
        assert!(notified.as_mut().poll_with(&waker).is_pending());
    }
    assert_eq!(spy.seen(), [1, 0, 0]);
    let other = Watched::new();
    assert!(other.poll(notified.as_mut()).is_pending());
    assert_eq!((spy.seen(), other.kept()), ([1, 0, 1], 1));
    notify.notify_one();
    assert_eq!((other.woken(), other.kept()), (1, 0));
}

#[test]
fn nothing_is_allocated() {
    let notify = Notify::new();
    let mut notified = pin!(notify.notified());
    let count = allocations(|| {
        assert!(poll(notified.as_mut()).is_pending());
        notify.notify_waiters();
        ready(notified.as_mut());
        notify.notify_one();
        ready(pin!(notify.notified()));
    });
    assert_eq!(count, 0);
}

#[test]
fn threads_wait_as_well() {
    static NOTIFY: Notify = Notify::const_new();
    let thread = thread::spawn(|| NOTIFY.blocking_notified());
    NOTIFY.notify_one();
    thread.join().unwrap();
    assert!(!keeps(&NOTIFY));
}

#[test]
fn it_shows_what_it_is() {
    let notify = Notify::default();
    assert_eq!(format!("{notify:?}"), "Notify { waiting: 0, kept: false, .. }");
    notify.notify_one();
    assert_eq!(format!("{notify:?}"), "Notify { waiting: 0, kept: true, .. }");
    assert_eq!(format!("{:?}", notify.notified()), "Notified { .. }");
    let owned = Arc::new(notify).notified_owned();
    assert_eq!(format!("{owned:?}"), "OwnedNotified { .. }");
}

pub(crate) fn sweep(report: Report<'_>) {
    fn notify(
        name: &'static str,
        wait: fn(&Arc<Notify>) -> Waiting,
        free: fn(&Notify),
    ) -> Swept<Notify> {
        Swept {
            name,
            make: Notify::new,
            wait,
            free,
            waiting: waits,
            is_free: |notify| keeps(notify) && waits(notify) == 0,
            close: None,
        }
    }
    async fn pass_on(notify: Arc<Notify>, notified: impl Future<Output = ()>) -> bool {
        notified.await;
        notify.notify_one();
        true
    }
    let wait: fn(&Arc<Notify>) -> Waiting = |notify| {
        let notify = notify.clone();
        Box::pin(async move { pass_on(notify.clone(), notify.notified()).await })
    };
    notify("Notify::notified", wait, Notify::notify_one).sweep(report);
    let owned = |notify: &Arc<Notify>| -> Waiting {
        Box::pin(pass_on(notify.clone(), notify.clone().notified_owned()))
    };
    notify("Notify::notified_owned", owned, Notify::notify_one).sweep(report);
    let enabled = |notify: &Arc<Notify>| -> Waiting {
        let notify = notify.clone();
        Box::pin(async move {
            let mut notified = pin!(notify.notified());
            notified.as_mut().enable();
            pass_on(notify.clone(), notified).await
        })
    };
    notify("Notified::enable", enabled, Notify::notify_one).sweep(report);
}
