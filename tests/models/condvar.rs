//! What must hold of a condition variable in every interleaving.

use std::{future::Future, pin::Pin, sync::Arc};

use selvedge::sync::{Condvar, Mutex};

use crate::runner::{design, moved, poll_and_cancel};

#[derive(Default)]
struct Shared {
    value: Arc<Mutex<i32>>,
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
        assert!(poll_and_cancel(waiting.as_mut()).is_none());
        waiting
    }

    /// Waits until the value is `at`, and makes it one more.
    async fn turn(&self, at: i32) {
        let guard = self.value.lock().await;
        *self.changed.wait_while(guard, |value| *value != at).await += 1;
        self.changed.notify_all();
    }

    /// In the end nobody waits or holds the mutex.
    fn is_at_rest(&self) -> bool {
        self.changed.statistics().waiting == 0 && self.value.try_lock().is_ok()
    }
}

/// A change that is made with the mutex held, and notified, is seen by who waits for it.
///
/// Red when: mutant "the mutex goes before the place in line is had".
#[test]
fn a_change_is_not_missed() {
    design(3, |d| {
        let shared = Arc::new(Shared::default());
        let (waiter, changer) = (shared.clone(), shared.clone());
        d.task("waiter", async move {
            let guard = waiter.value.lock().await;
            assert_eq!(*waiter.changed.wait_while(guard, |value| *value == 0).await, 1);
        });
        d.task("changer", async move {
            *changer.value.lock().await += 1;
            changer.changed.notify_one();
        });
        d.after(move || assert!(shared.is_at_rest()));
    });
}

/// Two take turns, each waiting for the other.
///
/// Red when: mutant "the mutex goes before the place in line is had".
#[test]
fn two_take_turns() {
    design(2, |d| {
        let shared = Arc::new(Shared::default());
        let (one, two) = (shared.clone(), shared.clone());
        d.task("one", async move {
            one.turn(0).await;
            one.turn(2).await;
        });
        d.task("two", async move { two.turn(1).await });
        d.after(move || assert!(shared.is_at_rest()));
    });
}

/// A waiter that is cancelled, before or after it is notified, keeps nobody from being notified.
///
/// Red when: mutant "no re-grant on cancel" or "who leaves takes the others along".
#[test]
fn a_cancelled_waiter_hands_its_notification_on() {
    design(3, |d| {
        let shared = Arc::new(Shared::default());
        let (quitter, stayer) = (shared.in_line(), shared.in_line());
        let notifier = shared.clone();
        d.thread("quitter", move || drop(quitter));
        d.task("stayer", stayer);
        d.thread("notifier", move || notifier.changed.notify_one());
        d.after(move || assert!(shared.is_at_rest()));
    });
}

/// One item for two who wait: whoever quits, wherever, leaves it or its notification to the other.
///
/// Red when: mutant "no re-grant on cancel" or "a notification is spent before the mutex is had".
#[test]
fn whoever_quits_leaves_the_item_to_the_other() {
    design(2, |d| {
        let shared = Arc::new(Shared::default());
        let take = |shared: Arc<Shared>| async move {
            let guard = shared.value.lock().await;
            let mut items = shared.changed.wait_while(guard, |items| *items == 0).await;
            *items -= 1;
        };
        d.cancellable("quitter", take(shared.clone()));
        d.task("stayer", take(shared.clone()));
        let maker = shared.clone();
        d.task("maker", async move {
            for _ in 0..2 {
                *maker.value.lock().await += 1;
                maker.changed.notify_one();
            }
        });
        d.after(move || assert!(shared.is_at_rest()));
    });
}

/// A waiter that is cancelled on its way to the mutex hands its notification on.
///
/// Red when: mutant "a notification is spent before the mutex is had".
#[test]
fn a_waiter_cancelled_on_its_way_to_the_mutex_hands_its_notification_on() {
    design(3, |d| {
        let shared = Arc::new(Shared::default());
        let (mut quitter, stayer) = (shared.in_line(), shared.in_line());
        let holder = shared.clone();
        d.task("holder", async move {
            let held = holder.value.lock().await;
            holder.changed.notify_one();
            assert!(poll_and_cancel(quitter.as_mut()).is_none(), "the mutex is held");
            drop(held);
            drop(quitter);
        });
        d.task("stayer", stayer);
        d.after(move || assert!(shared.is_at_rest()));
    });
}

/// All who wait are notified, in more than one batch.
///
/// Red when: mutant "a batch is all".
#[test]
fn all_are_notified() {
    design(2, |d| {
        let shared = Arc::new(Shared::default());
        for name in ["one", "two", "three"] {
            d.task(name, shared.in_line());
        }
        let notifier = shared.clone();
        d.thread("notifier", move || notifier.changed.notify_all());
        d.after(move || assert!(shared.is_at_rest()));
    });
}

/// A waiter that moves to another task is woken there, on its way to the mutex as well.
///
/// Red when: mutant "the waker is not replaced".
#[test]
fn a_moved_waiter_is_woken_where_it_is() {
    design(3, |d| {
        let shared = Arc::new(Shared::default());
        let mut waiting = shared.in_line();
        let held = shared.value.clone().try_lock_owned().unwrap();
        shared.changed.notify_one();
        assert!(poll_and_cancel(waiting.as_mut()).is_none());
        d.task("mover", async move { moved(waiting).await });
        d.thread("holder", move || drop(held));
        d.after(move || assert!(shared.is_at_rest()));
    });
}

/// Each waiter goes back to its own mutex.
///
/// Red when: a wait takes the mutex of another.
#[test]
fn each_goes_back_to_its_own_mutex() {
    design(2, |d| {
        let condvar = Arc::new(Condvar::new());
        for (name, own) in [("one", 1), ("two", 2)] {
            let (condvar, mutex) = (condvar.clone(), Arc::new(Mutex::new(own)));
            let guard = mutex.try_lock_owned().unwrap();
            let mut waiting: Waiting = Box::pin(async move {
                assert_eq!(*condvar.wait_owned(guard).await, own);
            });
            assert!(poll_and_cancel(waiting.as_mut()).is_none());
            d.task(name, waiting);
        }
        d.thread("notifier", move || condvar.notify_n(2));
    });
}
