//! Who is notified, and who has it when a waiter is cancelled.

use std::{future::Future, pin::Pin, sync::Arc};

use selvedge::sync::{Condvar, Mutex};

use super::{asleep, each, waiting};
use crate::harness::{Meddler, PollWith, Watched, panics, poll, ready};

/// Semantics 48.
#[test]
fn as_many_go_on_as_are_notified_in_order_of_waiting() {
    each(|condvar, mutex| {
        let (watched, mut line) = asleep::<7>(condvar, mutex);
        let mut through = 0;
        for (notified, expected) in [(0, 0), (1, 1), (3, 4), (usize::MAX, 7)] {
            match notified {
                usize::MAX => condvar.notify_all(),
                1 => condvar.notify_one(),
                n => condvar.notify_n(n),
            }
            assert_eq!((watched.woken(), waiting(condvar)), (expected, 7 - expected));
            for wait in &mut line[expected..] {
                assert!(watched.poll(wait.as_mut()).is_pending());
            }
            while through < expected {
                drop(ready(line[through].as_mut()));
                through += 1;
            }
        }
    });
}

/// Semantics 48: around the sizes at which wake-ups leave in batches.
#[test]
fn any_number_is_notified_by_one_call() {
    for n in [1, 31, 32, 33, 64, 65, 200] {
        for by_n in [false, true] {
            let (condvar, mutex) = (Condvar::new(), Mutex::new(0));
            let watched = Watched::new();
            let mut line: Vec<_> = (0..n)
                .map(|_| {
                    let mut wait = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
                    assert!(watched.poll(wait.as_mut()).is_pending());
                    wait
                })
                .collect();
            if by_n {
                condvar.notify_n(n)
            } else {
                condvar.notify_all()
            }
            assert_eq!((watched.woken(), watched.kept(), waiting(&condvar)), (n, 0, 0));
            for wait in &mut line {
                drop(ready(wait.as_mut()));
            }
        }
    }
}

/// Semantics 48: who waits again while all are being notified came too late.
#[test]
fn who_comes_back_meanwhile_is_not_notified_again() {
    let shared = Arc::new((Condvar::new(), Mutex::new(0)));
    let back = Arc::new(std::sync::Mutex::new(Vec::new()));
    let waker = {
        let (shared, back) = (shared.clone(), back.clone());
        Meddler::waker(
            move || {
                let shared = shared.clone();
                let mut again: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
                    drop(shared.0.wait(shared.1.try_lock().unwrap()).await);
                });
                assert!(poll(again.as_mut()).is_pending());
                back.lock().unwrap().push(again);
            },
            || (),
        )
    };
    let (condvar, mutex) = (&shared.0, &shared.1);
    let mut line: Vec<_> = (0..40)
        .map(|_| {
            let mut wait = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
            assert!(wait.as_mut().poll_with(&waker).is_pending());
            wait
        })
        .collect();
    condvar.notify_all();
    assert_eq!((back.lock().unwrap().len(), waiting(condvar)), (40, 40));
    for wait in &mut line {
        drop(ready(wait.as_mut()));
    }
    condvar.notify_n(39);
    assert_eq!(waiting(condvar), 1);
    let mut back = std::mem::take(&mut *back.lock().unwrap());
    let last = back.pop().unwrap();
    for wait in &mut back {
        ready(wait.as_mut());
    }
    drop(last);
    assert_eq!(waiting(condvar), 0);
}

/// Semantics 49.
#[test]
fn a_notification_for_nobody_is_not_remembered() {
    each(|condvar, mutex| {
        condvar.notify_one();
        condvar.notify_n(5);
        condvar.notify_all();
        let (watched, mut line) = asleep::<1>(condvar, mutex);
        assert!(watched.poll(line[0].as_mut()).is_pending());
        assert_eq!((watched.woken(), waiting(condvar)), (0, 1));
    });
}

/// Semantics 51: in each place of the line, and the one behind it gets it.
#[test]
fn a_notified_waiter_that_is_cancelled_hands_it_on() {
    each(|condvar, mutex| {
        let (watched, [first, second, mut third]) = asleep(condvar, mutex);
        condvar.notify_one();
        assert_eq!(watched.woken(), 1);
        drop(first);
        assert_eq!((watched.woken(), waiting(condvar)), (2, 1));
        drop(second);
        assert_eq!((watched.woken(), waiting(condvar)), (3, 0));
        drop(ready(third.as_mut()));

        let (watched, [last]) = asleep(condvar, mutex);
        condvar.notify_one();
        drop(last);
        let (_, mut late) = asleep::<1>(condvar, mutex);
        assert!(poll(late[0].as_mut()).is_pending(), "with nobody to have it, it is gone");
        assert_eq!(watched.kept(), 0);
    });
}

/// Semantics 51, of many: what two of three had goes to the next two, and to no third.
#[test]
fn notifications_that_are_handed_on_keep_their_number() {
    each(|condvar, mutex| {
        let (watched, [a, b, mut c, mut d, mut e, mut f]) = asleep(condvar, mutex);
        condvar.notify_n(3);
        drop((a, b));
        assert_eq!((watched.woken(), waiting(condvar)), (5, 1));
        for wait in [&mut c, &mut d, &mut e] {
            drop(ready(wait.as_mut()));
        }
        assert!(poll(f.as_mut()).is_pending());
    });
}

/// Semantics 51: who was notified along with all others has nothing that somebody else lacks.
#[test]
fn a_notification_for_all_is_not_handed_on() {
    each(|condvar, mutex| {
        let (_, [first, mut second]) = asleep(condvar, mutex);
        condvar.notify_all();
        let (late_woken, mut late) = asleep::<1>(condvar, mutex);
        drop(first);
        assert_eq!(late_woken.woken(), 0);
        drop(ready(second.as_mut()));
        assert!(poll(late[0].as_mut()).is_pending());
    });
}

/// Semantics 52.
#[test]
fn a_waiter_cancelled_on_its_way_to_the_mutex_hands_it_on() {
    each(|condvar, mutex| {
        let (watched, [mut first, mut second]) = asleep(condvar, mutex);
        let held = mutex.try_lock().unwrap();
        condvar.notify_one();
        assert!(poll(first.as_mut()).is_pending());
        assert_eq!(mutex.statistics().waiting, 1);
        drop(first);
        assert_eq!((mutex.statistics().waiting, watched.woken()), (0, 2));
        assert!(poll(second.as_mut()).is_pending());
        drop(held);
        drop(ready(second.as_mut()));
        assert!(mutex.try_lock().is_ok());
    });
}

#[test]
fn a_waker_that_panics_costs_the_others_nothing() {
    for place in [0, 1, 31, 32, 40] {
        let (condvar, mutex) = (Condvar::new(), Mutex::new(0));
        let watched = Watched::new();
        let bad = Meddler::waker(|| panic!("on purpose"), || ());
        let mut line: Vec<_> = (0..41)
            .map(|at| {
                let mut wait = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
                let pending = if at == place {
                    wait.as_mut().poll_with(&bad).is_pending()
                } else {
                    watched.poll(wait.as_mut()).is_pending()
                };
                assert!(pending);
                wait
            })
            .collect();
        assert!(panics(|| condvar.notify_all()));
        assert_eq!((watched.woken(), waiting(&condvar)), (40, 0));
        for wait in &mut line {
            drop(ready(wait.as_mut()));
        }
    }
}
