//! What must hold of an event that clears itself in every interleaving. What it shares with
//! `Notify` is in the models of that.

use std::sync::Arc;

use selvedge::{
    model::{
        Cell,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    sync::AutoResetEvent,
};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// One signal lets one through; who leaves hands it on.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn a_signal_is_for_one_and_goes_on() {
    check(3, || {
        let event = Arc::new(AutoResetEvent::new(false));
        let quitter = spawn({
            let event = event.clone();
            move || poll_and_cancel(event.wait()).is_some()
        });
        let stayer = spawn({
            let event = event.clone();
            move || block_on(event.wait())
        });
        event.set();
        if quitter.join().unwrap() {
            event.set();
        }
        stayer.join().unwrap();
        let seen = event.statistics();
        assert_eq!((seen.waiting, seen.is_set), (0, false));
    });
}

/// Whoever finds it set sees what was before.
///
/// Red when: the load of `is_kept` is Relaxed.
#[test]
fn a_look_sees() {
    check(3, || {
        let shared = Arc::new((AutoResetEvent::new(false), Cell::new(0)));
        let touch = |cell: &Cell<i32>| {
            #[expect(unsafe_code, reason = "the value is shared on purpose")]
            // SAFETY: who finds it set comes after who has set it; if that is not enough, the model
            // turns red.
            unsafe {
                cell.with(|value| *value += 1);
            }
        };
        let looker = spawn({
            let shared = shared.clone();
            move || {
                if shared.0.is_set() {
                    touch(&shared.1);
                }
            }
        });
        touch(&shared.1);
        shared.0.set();
        looker.join().unwrap();
    });
}

/// Whoever takes the signal back sees what its setter has left.
///
/// Red when: the CAS of `take_back` is Relaxed.
#[test]
fn who_takes_it_back_sees() {
    check(3, || {
        let shared = Arc::new((AutoResetEvent::new(false), AtomicBool::new(false)));
        let setter = spawn({
            let shared = shared.clone();
            move || {
                shared.1.store(true, Relaxed);
                shared.0.set();
            }
        });
        loop {
            shared.0.reset();
            if shared.1.load(Relaxed) {
                break;
            }
            block_on(shared.0.wait());
        }
        setter.join().unwrap();
    });
}
