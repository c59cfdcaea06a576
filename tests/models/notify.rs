//! What must hold of a notification in every interleaving.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use loom::thread::JoinHandle;
use selvedge::{
    model::{
        Cell,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    sync::{Notify, OwnedNotified},
};

use crate::runner::{block_on, block_on_moved, check, poll_and_cancel, spawn};

/// A notification, and a value that the notifier has left behind; loom reports overlaps.
struct Shared {
    notify: Arc<Notify>,
    value: Cell<i32>,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self { notify: Arc::new(Notify::new()), value: Cell::new(0) })
    }

    fn made(&self) -> OwnedNotified {
        self.notify.clone().notified_owned()
    }

    fn touch(&self) {
        #[expect(unsafe_code, reason = "the value is shared on purpose")]
        // SAFETY: whoever is notified comes after the notifier; if that is not enough, the model
        // turns red.
        unsafe {
            self.value.with(|value| *value += 1);
        }
    }
}

/// Whoever is notified sees what the notifier did, whether it was kept or handed over.
///
/// Red when: the CAS of `without_waiters` or `try_take` is Relaxed.
#[test]
fn one_is_notified_and_sees() {
    check(3, || {
        let shared = Shared::new();
        let waiter = spawn({
            let shared = shared.clone();
            move || {
                block_on(shared.notify.notified());
                shared.touch();
            }
        });
        shared.touch();
        shared.notify.notify_one();
        waiter.join().unwrap();
        assert!(!shared.notify.statistics().kept);
    });
}

/// Notifications that were kept as one are all seen.
///
/// Red when: mutant "a second notification publishes nothing", or the CAS of `without_waiters` or of
/// `try_take` is Relaxed.
#[test]
fn kept_as_one_and_seen_as_two() {
    check(3, || {
        let shared = Arc::new((Notify::new(), [AtomicBool::new(false), AtomicBool::new(false)]));
        let notifiers = [0, 1].map(|at| {
            let shared = shared.clone();
            spawn(move || {
                shared.1[at].store(true, Relaxed);
                shared.0.notify_one();
            })
        });
        while !shared.1.iter().all(|flag| flag.load(Relaxed)) {
            block_on(shared.0.notified());
        }
        for notifier in notifiers {
            notifier.join().unwrap();
        }
    });
}

/// A future that was made before a call is reached by it, polled or not, and sees what came before;
/// with somebody in line and without.
///
/// Red when: the load of `try_take`, the CAS of `without_waiters` or the store of `set` is Relaxed.
#[test]
fn all_are_notified_and_see() {
    for with_line in [false, true] {
        check(3, move || {
            let shared = Shared::new();
            let mut in_line = pin!(shared.notify.notified());
            if with_line {
                assert!(!in_line.as_mut().enable());
            }
            let waiter = spawn({
                let (shared, made) = (shared.clone(), shared.made());
                move || {
                    block_on(made);
                    shared.touch();
                }
            });
            // The caller comes first in the first schedule: loom looks for others by the last access
            // alone, which is the caller's own.
            shared.touch();
            shared.notify.notify_waiters();
            waiter.join().unwrap();
            block_on(in_line);
            assert_eq!(shared.notify.statistics().waiting, 0);
        });
    }
}

/// Whoever makes the future, looks at a flag and waits, does not miss who sets it and calls.
///
/// Red when: the load of `since` is Relaxed.
#[test]
fn a_flag_is_not_missed() {
    check(3, || {
        let shared = Arc::new((Notify::new(), AtomicBool::new(false)));
        let setter = spawn({
            let shared = shared.clone();
            move || {
                shared.1.store(true, Relaxed);
                shared.0.notify_waiters();
            }
        });
        loop {
            let notified = shared.0.notified();
            if shared.1.load(Relaxed) {
                break;
            }
            block_on(notified);
        }
        setter.join().unwrap();
    });
}

/// Whoever leaves hands a notification on, from either end.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn who_leaves_hands_the_notification_on() {
    for last in [false, true] {
        check(3, move || {
            let notify = Arc::new(Notify::new());
            let quitter = spawn({
                let notify = notify.clone();
                move || poll_and_cancel(notify.notified()).is_some()
            });
            let stayer = spawn({
                let notify = notify.clone();
                move || block_on(notify.clone().notified_owned())
            });
            if last {
                notify.notify_last()
            } else {
                notify.notify_one()
            }
            if quitter.join().unwrap() {
                notify.notify_one();
            }
            stayer.join().unwrap();
            let seen = notify.statistics();
            assert_eq!((seen.waiting, seen.kept), (0, false));
        });
    }
}

/// Three in line, whom another thread calls; a batch is two of them.
fn called(notify: &Arc<Notify>) -> ([Pin<Box<OwnedNotified>>; 3], JoinHandle<()>) {
    let mut all = [(); 3].map(|()| Box::pin(notify.clone().notified_owned()));
    for notified in &mut all {
        assert!(poll(notified.as_mut()).is_pending());
    }
    let notify = notify.clone();
    (all, spawn(move || notify.notify_waiters()))
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Who comes while a call is under way is not woken by it.
///
/// Red when: mutant "newcomers are woken".
#[test]
fn who_comes_after_a_call_is_not_woken() {
    check(3, || {
        let notify = Arc::new(Notify::new());
        let (mut all, caller) = called(&notify);
        let mut newcomer = None;
        if poll(all[0].as_mut()).is_ready() {
            let newcomer = newcomer.insert(Box::pin(notify.notified()));
            assert!(poll(newcomer.as_mut()).is_pending());
        }
        caller.join().unwrap();
        assert_eq!(notify.statistics().waiting, usize::from(newcomer.is_some()));
        for notified in all {
            block_on(notified);
        }
        if let Some(newcomer) = &mut newcomer {
            assert!(poll(newcomer.as_mut()).is_pending());
        }
    });
}

/// A notification beside a call goes to none of those who are called.
///
/// Red when: mutant "who is due gets two".
#[test]
fn a_notification_beside_a_call_is_not_lost() {
    for how in [Notify::notify_one, Notify::notify_last] {
        check(3, move || {
            let notify = Arc::new(Notify::new());
            let (mut all, caller) = called(&notify);
            let is_called = poll(all[0].as_mut()).is_ready();
            if is_called {
                how(&notify);
            }
            caller.join().unwrap();
            assert_eq!(notify.statistics().kept, is_called);
            for notified in all {
                block_on(notified);
            }
        });
    }
}

/// All whom a call reaches are ready once one of them is.
///
/// Red when: mutant "some are due before others".
#[test]
fn all_are_ready_once_one_is() {
    check(3, || {
        let notify = Arc::new(Notify::new());
        let (mut all, caller) = called(&notify);
        let first = poll(all[0].as_mut()).is_ready();
        for notified in &mut all[1..] {
            assert!(poll(notified.as_mut()).is_ready() || !first);
        }
        caller.join().unwrap();
    });
}

/// A waiter that moves to another task is woken there.
///
/// Red when: mutant "the waker is not replaced".
#[test]
fn a_moved_waiter_is_woken_where_it_is() {
    check(3, || {
        let notify = Arc::new(Notify::new());
        let mover = spawn({
            let notify = notify.clone();
            move || block_on_moved(notify.notified())
        });
        notify.notify_one();
        mover.join().unwrap();
    });
}
