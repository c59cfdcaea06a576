//! A condition variable, polled by hand.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    thread,
};

use selvedge::sync::{Condvar, CondvarWait, Mutex, MutexGuard};

use crate::{
    harness::{Meddler, PollWith, Spy, Watched, allocations, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

mod notifications;

type Wait<'a> = Pin<Box<CondvarWait<'a, MutexGuard<'a, i32>>>>;

/// Waiters that are asleep, with the waker that all of them left.
fn asleep<'a, const N: usize>(
    condvar: &'a Condvar,
    mutex: &'a Mutex<i32>,
) -> (Watched, [Wait<'a>; N]) {
    let watched = Watched::new();
    let line = [(); N].map(|()| {
        let mut wait = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
        assert!(watched.poll(wait.as_mut()).is_pending());
        wait
    });
    (watched, line)
}

fn waiting(condvar: &Condvar) -> usize {
    condvar.statistics().waiting
}

/// Both mutexes that there are.
fn each(test: impl Fn(&Condvar, &Mutex<i32>)) {
    test(&Condvar::new(), &Mutex::new(0));
    test(&Condvar::default(), &Mutex::fair(0));
}

/// Semantics 47.
#[test]
fn waiting_gives_the_mutex_back_and_has_it_again() {
    each(|condvar, mutex| {
        let mut wait = pin!(condvar.wait(mutex.try_lock().unwrap()));
        assert!(mutex.try_lock().is_err(), "held until the first poll");
        assert!(poll(wait.as_mut()).is_pending());
        *mutex.try_lock().unwrap() += 1;
        condvar.notify_one();
        let held = mutex.try_lock().unwrap();
        assert!(poll(wait.as_mut()).is_pending(), "notified, and the mutex is held");
        drop(held);
        let guard = ready(wait.as_mut());
        assert_eq!(*guard, 1);
        assert!(mutex.try_lock().is_err());
        drop(guard);
        assert!(mutex.try_lock().is_ok());
    });
}

/// Semantics 47: a wait that is dropped before its first poll has never begun.
#[test]
fn a_wait_that_is_not_polled_gives_the_mutex_back() {
    each(|condvar, mutex| {
        drop(condvar.wait(mutex.try_lock().unwrap()));
        drop(condvar.wait_while(mutex.try_lock().unwrap(), |_| true));
        assert!(mutex.try_lock().is_ok());
        assert_eq!(waiting(condvar), 0);
    });
}

/// Semantics 50: the guard goes with the dropped future.
#[test]
fn a_waiter_cancelled_asleep_leaves_the_mutex_usable() {
    each(|condvar, mutex| {
        let (watched, [first, mut second]) = asleep(condvar, mutex);
        drop(first);
        assert_eq!((waiting(condvar), watched.kept()), (1, 1));
        drop(mutex.try_lock().unwrap());
        condvar.notify_one();
        drop(ready(second.as_mut()));
        assert_eq!(*ready(pin!(mutex.lock()).as_mut()), 0);
    });
}

/// Semantics 53: whichever of notification, release and cancel comes first.
#[test]
fn a_contested_mutex_is_neither_stuck_nor_held_twice() {
    each(|condvar, mutex| {
        for order in 0..6 {
            let (_, [mut quitter, mut stayer]) = asleep(condvar, mutex);
            let held = mutex.try_lock().unwrap();
            condvar.notify_all();
            let mut contender = pin!(mutex.lock());
            if order % 2 == 0 {
                assert!(poll(quitter.as_mut()).is_pending());
            }
            assert!(poll(contender.as_mut()).is_pending());
            assert!(poll(stayer.as_mut()).is_pending());
            let mut steps: Vec<Box<dyn FnOnce() + '_>> =
                vec![Box::new(|| drop(held)), Box::new(|| drop(quitter))];
            if order / 2 == 1 {
                steps.reverse();
            }
            for step in steps {
                step();
            }
            let (mut inside, mut rounds) = (0, 0);
            let (mut contended, mut stayed) = (false, false);
            while !(contended && stayed) {
                rounds += 1;
                assert!(rounds < 10, "somebody is stuck");
                if !contended {
                    if let std::task::Poll::Ready(guard) = poll(contender.as_mut()) {
                        assert!(mutex.try_lock().is_err());
                        (contended, inside) = (true, inside + 1);
                        drop(guard);
                    }
                }
                if !stayed {
                    if let std::task::Poll::Ready(guard) = poll(stayer.as_mut()) {
                        assert!(mutex.try_lock().is_err());
                        (stayed, inside) = (true, inside + 1);
                        drop(guard);
                    }
                }
            }
            assert_eq!((inside, mutex.statistics().waiting, waiting(condvar)), (2, 0, 0));
            assert!(mutex.try_lock().is_ok());
        }
    });
}

/// Semantics 54.
#[test]
fn a_condition_is_asked_with_the_mutex_held_before_and_after_each_sleep() {
    each(|condvar, mutex| {
        let mut asked = 0;
        {
            let at_once = condvar.wait_while(mutex.try_lock().unwrap(), |value| {
                asked += 1;
                *value != 0
            });
            drop(ready(pin!(at_once)));
        }
        assert_eq!((asked, waiting(condvar)), (1, 0));

        let watched = Watched::new();
        let mut wait = pin!(condvar.wait_while(mutex.try_lock().unwrap(), |value| {
            assert!(mutex.try_lock().is_err());
            asked += 1;
            *value < 2
        }));
        assert!(watched.poll(wait.as_mut()).is_pending());
        for round in 1..=2 {
            *mutex.try_lock().unwrap() += 1;
            condvar.notify_one();
            assert_eq!(watched.woken(), round);
            assert_eq!(watched.poll(wait.as_mut()).is_ready(), round == 2);
        }
        assert_eq!((asked, waiting(condvar)), (4, 0));
        *mutex.try_lock().unwrap() = 0;
    });
}

/// Semantics 54 and 10: a condition that panics gives the mutex back.
#[test]
fn a_condition_that_panics_gives_the_mutex_back() {
    each(|condvar, mutex| {
        let mut asked = 0;
        let mut wait = Box::pin(condvar.wait_while(mutex.try_lock().unwrap(), |_| {
            asked += 1;
            assert!(asked < 2, "on purpose");
            true
        }));
        assert!(poll(wait.as_mut()).is_pending());
        condvar.notify_one();
        assert!(panics(|| drop(poll(wait.as_mut()))));
        assert!(mutex.try_lock().is_ok());
        assert!(panics(|| drop(poll(wait.as_mut()))), "it is over");
        drop(wait);
        assert_eq!((waiting(condvar), mutex.statistics().waiting), (0, 0));
    });
}

/// Semantics 55.
#[test]
fn giving_up_at_a_deadline_leaves_mutex_and_line_as_they_were() {
    each(|condvar, mutex| {
        for notified in [false, true] {
            let (watched, mut behind) = asleep::<1>(condvar, mutex);
            let late = pin!(async {
                let guard = mutex.lock().await;
                futures_lite::future::or(async { Some(condvar.wait(guard).await) }, async {
                    futures_lite::future::yield_now().await;
                    None
                })
                .await
                .is_none()
            });
            let mut late = late;
            assert!(poll(late.as_mut()).is_pending());
            assert_eq!(waiting(condvar), 2);
            if notified {
                // The one in front, and then the one that is about to give up.
                condvar.notify_one();
                drop(ready(behind[0].as_mut()));
                let held = mutex.try_lock().unwrap();
                condvar.notify_one();
                assert!(ready(late.as_mut()), "the mutex is held: the deadline comes first");
                drop(held);
            } else {
                assert!(ready(late.as_mut()));
                condvar.notify_one();
                drop(ready(behind[0].as_mut()));
            }
            assert_eq!(watched.woken(), 1);
            assert_eq!((waiting(condvar), mutex.statistics().waiting), (0, 0));
            assert!(mutex.try_lock().is_ok());
        }
    });
}

/// Semantics 56: each waiter goes back to its own mutex.
#[test]
fn each_goes_back_to_its_own_mutex() {
    let condvar = Condvar::new();
    let (one, two) = (Mutex::new("one"), Mutex::fair("two"));
    let mut first = pin!(condvar.wait(one.try_lock().unwrap()));
    let mut second = pin!(condvar.wait(two.try_lock().unwrap()));
    let owned = Arc::new(Mutex::new(3));
    let mut third = pin!(condvar.wait_owned(owned.clone().try_lock_owned().unwrap()));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    assert!(poll(third.as_mut()).is_pending());
    condvar.notify_all();
    let held = one.try_lock().unwrap();
    assert!(poll(first.as_mut()).is_pending());
    let guard = ready(second.as_mut());
    assert!(std::ptr::eq(MutexGuard::mutex(&guard), &raw const two));
    assert_eq!((*guard, *ready(third.as_mut())), ("two", 3));
    drop(held);
    assert_eq!(*ready(first.as_mut()), "one");
}

/// An owned wait keeps its mutex alive, asleep as well.
#[test]
fn an_owned_wait_keeps_the_mutex_alive() {
    let condvar = Condvar::new();
    let mutex = Arc::new(Mutex::new(5));
    let weak = Arc::downgrade(&mutex);
    let mut wait = Box::pin(condvar.wait_owned(mutex.clone().try_lock_owned().unwrap()));
    assert!(poll(wait.as_mut()).is_pending());
    drop(mutex);
    condvar.notify_one();
    assert_eq!(*ready(wait.as_mut()), 5);
    drop(wait);
    assert_eq!(weak.strong_count(), 0);

    let mutex = Arc::new(Mutex::new(5));
    let guard = mutex.clone().try_lock_owned().unwrap();
    let mut wait = Box::pin(condvar.wait_while_owned(guard, |value| *value == 5));
    assert!(poll(wait.as_mut()).is_pending());
    *mutex.try_lock().unwrap() = 6;
    condvar.notify_one();
    assert_eq!(*ready(wait.as_mut()), 6);
}

/// Semantics 14.
#[test]
fn nobody_is_woken_or_cloned_while_nothing_happens() {
    each(|condvar, mutex| {
        let (spy, waker) = Spy::new(|_| ());
        let mut wait = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
        for _ in 0..1000 {
            assert!(wait.as_mut().poll_with(&waker).is_pending());
        }
        assert_eq!(spy.seen(), [1, 0, 0]);
        drop(wait);
        assert_eq!(spy.seen(), [1, 0, 1]);
    });
}

#[test]
fn no_wait_allocates() {
    each(|condvar, mutex| {
        let watched = Watched::new();
        let mut wait = pin!(condvar.wait(mutex.try_lock().unwrap()));
        assert_eq!(allocations(|| assert!(watched.poll(wait.as_mut()).is_pending())), 0);
        assert_eq!(allocations(|| condvar.notify_all()), 0);
        assert_eq!(allocations(|| drop(watched.poll(wait.as_mut()))), 0);
    });
}

/// Giving the mutex back at the first poll may run a waker that panics: the wait has begun.
#[test]
fn a_waker_that_panics_when_the_mutex_is_given_back_costs_no_place() {
    each(|condvar, mutex| {
        let mut wait = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
        let bad = Meddler::waker(|| panic!("on purpose"), || ());
        let mut lock = Box::pin(mutex.lock());
        assert!(lock.as_mut().poll_with(&bad).is_pending());
        assert!(panics(|| drop(poll(wait.as_mut()))));
        drop(ready(lock.as_mut()));
        assert_eq!(waiting(condvar), 1);
        condvar.notify_one();
        drop(ready(wait.as_mut()));
        assert!(mutex.try_lock().is_ok());
    });
}

#[test]
fn polling_after_completion_panics() {
    each(|condvar, mutex| {
        let (_, mut line) = asleep::<1>(condvar, mutex);
        condvar.notify_one();
        drop(ready(line[0].as_mut()));
        assert!(panics(|| drop(poll(line[0].as_mut()))));
        let mut wait = pin!(condvar.wait_while(mutex.try_lock().unwrap(), |_| false));
        drop(ready(wait.as_mut()));
        assert!(panics(|| drop(poll(wait.as_mut()))));
    });
}

/// Semantics 13.
#[test]
fn debug_and_statistics_show_who_waits() {
    each(|condvar, mutex| {
        let (_, line) = asleep::<2>(condvar, mutex);
        assert_eq!(waiting(condvar), 2);
        assert_eq!(
            format!("{condvar:?} {:?}", line[0]),
            "Condvar { waiting: 2, .. } CondvarWait { .. }"
        );
        let wait = condvar.wait_while(mutex.try_lock().unwrap(), |_| true);
        assert_eq!(format!("{wait:?}"), "CondvarWaitWhile { .. }");
        drop((line, wait));
        assert_eq!(waiting(condvar), 0);
    });
}

/// A table that threads and a task fill and empty.
#[test]
fn threads_wait_beside_tasks() {
    const ROUNDS: i32 = 100;
    let shared = Arc::new((Condvar::new(), Mutex::new(0)));
    let threads: Vec<_> = (0..4)
        .map(|who| {
            let shared = shared.clone();
            thread::spawn(move || {
                let (condvar, mutex) = (&shared.0, &shared.1);
                for _ in 0..ROUNDS {
                    let mine = |value: &mut i32| *value % 5 != who;
                    if who % 2 == 0 {
                        let mut guard = mutex.blocking_lock();
                        while mine(&mut guard) {
                            guard = condvar.blocking_wait(guard);
                        }
                        *guard += 1;
                    } else {
                        *condvar.blocking_wait_while(mutex.blocking_lock(), mine) += 1;
                    }
                    condvar.notify_all();
                }
            })
        })
        .collect();
    pollster::block_on(async {
        for _ in 0..ROUNDS {
            let guard = shared.1.lock().await;
            *shared.0.wait_while(guard, |value| *value % 5 != 4).await += 1;
            shared.0.notify_all();
        }
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*shared.1.blocking_lock(), 5 * ROUNDS);
}

#[test]
fn owned_guards_wait_in_threads() {
    let condvar = Arc::new(Condvar::new());
    let mutex = Arc::new(Mutex::new(0));
    let waiters: Vec<_> = (0..2)
        .map(|who| {
            let (condvar, mutex) = (condvar.clone(), mutex.clone());
            thread::spawn(move || {
                let mut guard = mutex.blocking_lock_owned();
                if who == 0 {
                    while *guard == 0 {
                        guard = condvar.blocking_wait_owned(guard);
                    }
                } else {
                    guard = condvar.blocking_wait_while_owned(guard, |value| *value == 0);
                }
                *guard += 1;
            })
        })
        .collect();
    *mutex.blocking_lock() = 1;
    condvar.notify_all();
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert_eq!(*mutex.blocking_lock(), 3);
}

/// A door that opens once; who is let through tells the next.
struct Door {
    open: Mutex<bool>,
    opens: Condvar,
}

impl Door {
    fn new(open: Mutex<bool>) -> Self {
        Self { open, opens: Condvar::new() }
    }

    fn free(&self) {
        *self.open.blocking_lock() = true;
        self.opens.notify_one();
    }

    fn is_free(&self) -> bool {
        self.open.try_lock().is_ok() && waiting(&self.opens) == 0
    }
}

pub(crate) fn sweep(report: Report<'_>) {
    let door = |name, make, wait| Swept {
        name,
        make,
        wait,
        free: Door::free,
        waiting: |door: &Door| waiting(&door.opens),
        is_free: Door::is_free,
        close: None,
    };
    let wait: fn(&Arc<Door>) -> Waiting = |door| {
        let door = door.clone();
        Box::pin(async move {
            let mut open = door.open.lock().await;
            while !*open {
                open = door.opens.wait(open).await;
            }
            drop(open);
            door.opens.notify_one();
            true
        })
    };
    let wait_while: fn(&Arc<Door>) -> Waiting = |door| {
        let door = door.clone();
        Box::pin(async move {
            let open = door.open.lock().await;
            drop(door.opens.wait_while(open, |open| !*open).await);
            door.opens.notify_one();
            true
        })
    };
    door("Condvar::wait", || Door::new(Mutex::new(false)), wait).sweep(report);
    door("Condvar::wait, fair", || Door::new(Mutex::fair(false)), wait).sweep(report);
    door("Condvar::wait_while", || Door::new(Mutex::new(false)), wait_while).sweep(report);
}
