//! What must hold of an event in every interleaving.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use selvedge::{
    model::{
        Cell,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    sync::Event,
};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// An event, and a value that is left behind by who sets it; overlaps are reported.
struct Shared {
    event: Event,
    value: Cell<i32>,
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self { event: Event::new(false), value: Cell::new(0) })
    }

    fn touch(&self) {
        #[expect(unsafe_code, reason = "the value is shared on purpose")]
        // SAFETY: who was let through comes after who has set it; if that is not enough, the model
        // turns red.
        unsafe {
            self.value.with(|value| *value += 1);
        }
    }

    fn leave_and_set(&self) {
        self.touch();
        self.event.set();
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Whoever is let through sees what was before, whether they stood in line or not.
///
/// Red when: the CAS of `set` or the load of `try_take` is Relaxed.
#[test]
fn all_are_let_through_and_see() {
    check(3, || {
        let shared = Shared::new();
        let waiter = spawn({
            let shared = shared.clone();
            move || block_on(shared.event.wait())
        });
        let seer = spawn({
            let shared = shared.clone();
            move || {
                block_on(shared.event.wait());
                shared.touch();
            }
        });
        shared.leave_and_set();
        waiter.join().unwrap();
        seer.join().unwrap();
        assert_eq!(shared.event.statistics().waiting, 0);
    });
}

/// Whoever finds it set, by a look or by a poll in line, sees what was before.
///
/// Red when: the load of `is_set` or of `is_due` is Relaxed.
#[test]
fn a_look_sees() {
    for in_line in [false, true] {
        check(3, move || {
            let shared = Shared::new();
            let looker = spawn({
                let shared = shared.clone();
                move || {
                    let mut wait = pin!(shared.event.wait());
                    let is_set = if in_line {
                        poll(wait.as_mut()).is_ready() || poll(wait.as_mut()).is_ready()
                    } else {
                        shared.event.is_set()
                    };
                    if is_set {
                        shared.touch();
                    }
                }
            });
            shared.leave_and_set();
            looker.join().unwrap();
        });
    }
}

/// Two set it, the one who is let through clears it and looks for what both have left.
///
/// Red when: mutant "setting what is set publishes nothing", or the CAS of `set` or `clear` is
/// Relaxed.
#[test]
fn who_clears_it_sees_all_who_set_it() {
    check(3, || {
        let shared =
            Arc::new((Event::new(false), [AtomicBool::new(false), AtomicBool::new(false)]));
        let setters = [0, 1].map(|at| {
            let shared = shared.clone();
            spawn(move || {
                shared.1[at].store(true, Relaxed);
                shared.0.set();
            })
        });
        loop {
            shared.0.clear();
            if shared.1.iter().all(|flag| flag.load(Relaxed)) {
                break;
            }
            block_on(shared.0.wait());
        }
        for setter in setters {
            setter.join().unwrap();
        }
    });
}

/// Whoever makes the future, looks at a flag and waits, does not miss who sets it and the event,
/// though that is cleared at once.
///
/// Red when: the load of `wait` is Relaxed.
#[test]
fn a_pulse_is_not_missed() {
    check(3, || {
        let shared = Arc::new((Event::new(false), AtomicBool::new(false)));
        let setter = spawn({
            let shared = shared.clone();
            move || {
                shared.1.store(true, Relaxed);
                shared.0.set();
                shared.0.clear();
            }
        });
        loop {
            let wait = shared.0.wait();
            if shared.1.load(Relaxed) {
                break;
            }
            block_on(wait);
        }
        setter.join().unwrap();
    });
}

/// Who comes after it was cleared is not let through by a `set` that is under way, in its second
/// batch or at all.
///
/// Red when: mutant "who came after it was cleared is let through".
#[test]
fn who_comes_after_it_was_cleared_waits() {
    check(3, || {
        let event = Arc::new(Event::new(false));
        let mut all = [(); 2].map(|()| Box::pin(event.wait()));
        for wait in &mut all {
            assert!(poll(wait.as_mut()).is_pending());
        }
        let setter = spawn({
            let event = event.clone();
            move || event.set()
        });
        let is_through = poll(all[0].as_mut()).is_ready();
        if is_through {
            event.clear();
            let mut newcomer = pin!(event.wait());
            assert!(poll(newcomer.as_mut()).is_pending());
            setter.join().unwrap();
            assert!(poll(newcomer.as_mut()).is_pending());
            assert!(poll(all[1].as_mut()).is_ready());
            event.set();
            assert!(poll(newcomer.as_mut()).is_ready());
        }
    });
}

/// Who leaves while it is set takes nobody along.
///
/// Red when: `stepped_out` or `send_off` clears `WAITERS` with somebody in line.
#[test]
fn who_leaves_keeps_nobody() {
    check(3, || {
        let event = Arc::new(Event::new(false));
        let quitter = spawn({
            let event = event.clone();
            move || poll_and_cancel(event.wait())
        });
        let stayer = spawn({
            let event = event.clone();
            move || block_on(event.wait())
        });
        event.set();
        quitter.join().unwrap();
        stayer.join().unwrap();
        assert_eq!(event.statistics().waiting, 0);
    });
}
