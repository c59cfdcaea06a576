//! What must hold of a condition variable in every interleaving.

use std::{future::Future, pin::Pin, sync::Arc};

use selvedge::sync::{Condvar, Mutex};

use crate::runner::{block_on, block_on_moved, check, spawn};

#[derive(Default)]
struct Shared {
    value: Mutex<i32>,
    changed: Condvar,
}

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Shared {
    /// One who is in line already, and comes back for nothing but a notification.
    fn in_line(self: &Arc<Self>) -> Waiting {
        let shared = self.clone();
        let mut waiting: Waiting = Box::pin(async move {
            let guard = shared.value.try_lock().unwrap();
            drop(shared.changed.wait(guard).await);
        });
        assert!(poll(&mut waiting).is_none());
        waiting
    }
}

fn poll(waiting: &mut Waiting) -> Option<()> {
    crate::runner::poll_and_cancel(waiting.as_mut())
}

/// A change that is made with the mutex held, and notified, is seen by who waits for it.
///
/// Red when: mutant "the mutex goes before the place in line is had".
#[test]
fn a_change_is_not_missed() {
    check(3, || {
        let shared = Arc::new(Shared::default());
        let waiter = spawn({
            let shared = shared.clone();
            move || {
                let guard = block_on(shared.value.lock());
                *block_on(shared.changed.wait_while(guard, |value| *value == 0))
            }
        });
        *block_on(shared.value.lock()) += 1;
        shared.changed.notify_one();
        assert_eq!(waiter.join().unwrap(), 1);
    });
}

/// Two threads take turns, each waiting for the other.
///
/// Red when: mutant "the mutex goes before the place in line is had".
#[test]
fn two_take_turns() {
    check(2, || {
        let shared = Arc::new(Shared::default());
        let turn = |shared: &Shared, at: i32| {
            let guard = block_on(shared.value.lock());
            let mut value = block_on(shared.changed.wait_while(guard, |value| *value != at));
            *value += 1;
            shared.changed.notify_all();
        };
        let other = spawn({
            let shared = shared.clone();
            move || turn(&shared, 1)
        });
        turn(&shared, 0);
        turn(&shared, 2);
        other.join().unwrap();
        assert_eq!(*shared.value.try_lock().unwrap(), 3);
    });
}

/// A waiter that is cancelled, before or after it is notified, keeps nobody from being notified.
///
/// Red when: mutant "no re-grant on cancel" or "who leaves takes the others along".
#[test]
fn a_cancelled_waiter_hands_its_notification_on() {
    check(3, || {
        let shared = Arc::new(Shared::default());
        let quitter = shared.in_line();
        let stayer = shared.in_line();
        let quits = spawn(move || drop(quitter));
        let stays = spawn(move || block_on(stayer));
        shared.changed.notify_one();
        quits.join().unwrap();
        stays.join().unwrap();
        assert_eq!(shared.changed.statistics().waiting, 0);
    });
}

/// As above, where it is cancelled on its way to the mutex.
///
/// Red when: mutant "a notification is spent before the mutex is had".
#[test]
fn a_waiter_cancelled_on_its_way_to_the_mutex_hands_its_notification_on() {
    check(3, || {
        let shared = Arc::new(Shared::default());
        let mut quitter = shared.in_line();
        let stayer = shared.in_line();
        let held = shared.value.try_lock().unwrap();
        shared.changed.notify_one();
        assert!(poll(&mut quitter).is_none(), "the mutex is held");
        let quits = spawn(move || drop(quitter));
        let stays = spawn(move || block_on(stayer));
        drop(held);
        quits.join().unwrap();
        stays.join().unwrap();
        assert!(shared.value.try_lock().is_ok());
    });
}

/// All who wait are notified, in more than one batch.
///
/// Red when: mutant "a batch is all".
#[test]
fn all_are_notified() {
    check(2, || {
        let shared = Arc::new(Shared::default());
        let waiters = [(); 3].map(|()| {
            let waiting = shared.in_line();
            spawn(move || block_on(waiting))
        });
        shared.changed.notify_all();
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert!(shared.value.try_lock().is_ok());
    });
}

/// A waiter that moves to another task is woken there, asleep and on its way to the mutex.
///
/// Red when: mutant "the waker is not replaced".
#[test]
fn a_moved_waiter_is_woken_where_it_is() {
    check(3, || {
        let shared = Arc::new(Shared::default());
        let mut waiting = shared.in_line();
        let held = shared.value.try_lock().unwrap();
        shared.changed.notify_one();
        assert!(poll(&mut waiting).is_none());
        let mover = spawn(move || block_on_moved(waiting));
        drop(held);
        mover.join().unwrap();
    });
}

/// Each waiter goes back to its own mutex.
///
/// Red when: a wait takes the mutex of another.
#[test]
fn each_goes_back_to_its_own_mutex() {
    check(2, || {
        let condvar = Arc::new(Condvar::new());
        let waiters = [1, 2].map(|own| {
            let (condvar, mutex) = (condvar.clone(), Arc::new(Mutex::new(own)));
            let guard = mutex.try_lock_owned().unwrap();
            let mut waiting: Pin<Box<dyn Future<Output = i32> + Send>> =
                Box::pin(async move { *condvar.wait_owned(guard).await });
            assert!(crate::runner::poll_and_cancel(waiting.as_mut()).is_none());
            spawn(move || assert_eq!(block_on(waiting), own))
        });
        condvar.notify_n(2);
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}
