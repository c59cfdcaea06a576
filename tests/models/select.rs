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

/// The end of one arm meets a message of the other: both are seen.
///
/// Red when: mutant "the last sender leaves without a word".
#[test]
fn the_end_of_one_arm_meets_a_message_of_another() {
    check(2, || {
        let (one, first) = mpmc::bounded::<u8>(1);
        let (two, second) = mpmc::bounded(1);
        let ends = spawn(move || drop(one));
        let sends = spawn(move || two.try_send(1).unwrap());
        match block_on(Select::new().next((first.recv(), second.recv()))) {
            Of2::First(end) => {
                assert!(end.is_err());
                assert_eq!(block_on(second.recv()), Ok(1));
            }
            Of2::Second(message) => {
                assert_eq!(message, Ok(1));
                assert!(block_on(first.recv()).is_err());
            }
        }
        ends.join().unwrap();
        sends.join().unwrap();
    });
}
