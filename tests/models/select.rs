//! What must hold of a selection in every interleaving.

use selvedge::channel::{
    mpmc, mpsc,
    select::{Of2, Select},
};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// Each message is received once, whichever arm wins, and none is lost with those not taken.
///
/// Red when: mutant "a value that is sent calls nobody".
#[test]
fn nothing_is_lost_with_the_arms_not_taken() {
    check(2, || {
        let (one, first) = mpmc::bounded(1);
        let (two, second) = mpmc::bounded(1);
        let senders = [one, two].map(|sender| {
            spawn(move || {
                sender.try_send(1).unwrap();
                sender
            })
        });
        let mut select = Select::new();
        let mut seen = [0, 0];
        while seen != [1, 1] {
            match block_on(select.next((first.recv(), second.recv()))) {
                Of2::First(message) => seen[0] += message.unwrap(),
                Of2::Second(message) => seen[1] += message.unwrap(),
            }
        }
        for sender in senders {
            drop(sender.join().unwrap());
        }
    });
}

/// A selection that is cancelled passes its calls on.
///
/// Red when: mutants "a call is not passed on", "who leaves a channel lets nobody in".
#[test]
fn a_selection_that_cancels_passes_its_calls_on() {
    check(2, || {
        let (one, first) = mpmc::bounded(1);
        let (_two, mut second) = mpsc::channel::<u8>(1);
        let other = first.clone();
        let quitter = spawn(move || {
            let won = poll_and_cancel(Select::new().next((other.recv(), second.recv())));
            matches!(won, Some(Of2::First(Ok(1))))
        });
        let stayer = spawn(move || block_on(first.recv()));
        one.try_send(1).unwrap();
        if quitter.join().unwrap() {
            block_on(one.send(1)).unwrap();
        }
        assert_eq!(stayer.join().unwrap(), Ok(1));
    });
}
