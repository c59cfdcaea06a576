//! What must hold of a channel of many senders and receivers in every interleaving.

use std::{collections::VecDeque, pin::pin};

use selvedge::{
    channel::mpmc::{self, RecvError, SendError, TryRecvError},
    model::{Arc, History},
};

use crate::runner::{block_on, block_on_moved, check, is_pending, poll_and_cancel, spawn};

/// A message reaches a receiver that waits, or is about to.
///
/// Red when: mutant "a value that is sent calls nobody".
#[test]
fn what_is_sent_is_received() {
    check(3, || {
        let (sender, receiver) = mpmc::bounded(2);
        let other = receiver.clone();
        let receivers = [receiver, other]
            .map(|receiver| spawn(move || block_on(receiver.recv()).expect("there are two")));
        sender.try_send(1).unwrap();
        sender.try_send(2).unwrap();
        let [one, two] = receivers.map(|receiver| receiver.join().unwrap());
        assert_eq!(one + two, 3);
    });
}

/// A place that is freed reaches a sender that waits, or is about to.
///
/// Red when: mutant "a value that is received calls nobody".
#[test]
fn a_place_that_is_freed_is_used() {
    check(3, || {
        let (sender, receiver) = mpmc::bounded(1);
        let senders = [sender.clone(), sender]
            .map(|sender| spawn(move || block_on(sender.send(1)).expect("somebody receives")));
        assert_eq!(block_on(receiver.recv()), Ok(1));
        assert_eq!(block_on(receiver.recv()), Ok(1));
        for sender in senders {
            sender.join().unwrap();
        }
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}

/// A receiver that cancels, called or not, passes the call on and takes nothing along.
///
/// Red when: mutants "a call is not passed on", "who leaves a channel lets nobody in".
#[test]
fn a_receiver_that_cancels_passes_its_call_on() {
    check(3, || {
        let (sender, receiver) = mpmc::bounded(1);
        let quitting = receiver.clone();
        let quitter = spawn(move || poll_and_cancel(quitting.recv()));
        let staying = receiver.clone();
        let stayer = spawn(move || staying.recv_blocking());
        sender.try_send(1).unwrap();
        if quitter.join().unwrap().is_some() {
            sender.try_send(1).unwrap();
        }
        assert_eq!(stayer.join().unwrap(), Ok(1));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    });
}

/// A sender that cancels, called or not, sends nothing and passes the call on.
///
/// Red when: mutants "a call is not passed on", "who leaves a channel lets nobody in".
#[test]
fn a_sender_that_cancels_passes_its_call_on() {
    check(3, || {
        let (sender, receiver) = mpmc::bounded(1);
        sender.try_send(0).unwrap();
        let quitting = sender.clone();
        let quitter = spawn(move || poll_and_cancel(quitting.send(1)).is_some());
        let stayer = spawn(move || sender.send_blocking(2));
        assert_eq!(receiver.try_recv(), Ok(0));
        let quitter_sent = quitter.join().unwrap();
        let mut seen = Vec::new();
        while let Ok(message) = block_on(receiver.recv()) {
            seen.push(message);
        }
        assert_eq!(stayer.join().unwrap(), Ok(()));
        seen.sort_unstable();
        assert_eq!(seen, if quitter_sent { vec![1, 2] } else { vec![2] });
    });
}

/// A waiter that moves to another task is woken there.
///
/// Red when: mutant "a channel's waker is not replaced".
#[test]
fn a_moved_waiter_is_woken_where_it_is() {
    check(3, || {
        let (sender, receiver) = mpmc::bounded(1);
        let mover = spawn(move || {
            assert_eq!(block_on_moved(receiver.recv()), Ok(1));
            assert_eq!(block_on_moved(receiver.recv()), Ok(2));
        });
        block_on_moved(sender.send(1)).unwrap();
        block_on_moved(sender.send(2)).unwrap();
        mover.join().unwrap();
    });
}

/// The last sender's going wakes all receivers, and loses no message.
///
/// Red when: mutant "the last sender leaves without a word".
#[test]
fn the_last_sender_ends_it_for_all() {
    check(2, || {
        let (sender, receiver) = mpmc::bounded(1);
        let receivers = [(); 2].map(|()| {
            let receiver = receiver.clone();
            spawn(move || block_on(receiver.recv()))
        });
        let other = sender.clone();
        let sends = spawn(move || other.try_send(1).unwrap());
        drop(sender);
        sends.join().unwrap();
        let mut seen = receivers.map(|receiver| receiver.join().unwrap());
        seen.sort_by_key(|seen| seen.is_err());
        assert_eq!(seen, [Ok(1), Err(RecvError)]);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}

/// The last sender goes while a receiver tries: what was sent is there, and then the end.
///
/// Red when: mutant "the last sender leaves without a word".
#[test]
fn the_last_sender_goes_while_a_receiver_tries() {
    check(3, || {
        let (sender, receiver) = mpmc::unbounded();
        let goes = spawn(move || sender.try_send(1).unwrap());
        let early = receiver.try_recv();
        goes.join().unwrap();
        if early == Err(TryRecvError::Empty) {
            assert_eq!(receiver.try_recv(), Ok(1));
        } else {
            assert_eq!(early, Ok(1));
        }
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}

/// The last receiver's going sends all senders away, with their messages, and drops what is left.
///
/// Red when: mutant "the last receiver leaves what is in the channel".
#[test]
fn the_last_receiver_sends_all_away() {
    check(2, || {
        let (sender, receiver) = mpmc::bounded(1);
        let token = Arc::new(());
        let senders = [(); 2].map(|()| {
            let (sender, token) = (sender.clone(), token.clone());
            spawn(move || block_on(sender.send(token)))
        });
        drop(receiver);
        let failed = senders
            .map(|sender| sender.join().unwrap())
            .into_iter()
            .filter(|sent| matches!(sent, Err(SendError(_))))
            .count();
        assert!(failed >= 1, "there is one place");
        assert!(sender.is_empty() && sender.try_send(token.clone()).is_err());
        assert_eq!(Arc::strong_count(&token), 1, "nothing is kept");
    });
}

/// Closing meets a send and a receive: either it was sent and is received, or it comes back.
///
/// Red when: mutant "closing tells nobody who waits for it".
#[test]
fn closing_meets_a_send_and_a_receive() {
    check(2, || {
        let (sender, receiver) = mpmc::bounded(1);
        sender.try_send(0).unwrap();
        let closer = receiver.clone();
        let sends = spawn(move || {
            let watched = sender.clone();
            let sent = block_on(sender.send(1)).is_ok();
            drop(sender);
            block_on(watched.closed());
            sent
        });
        let receives = spawn(move || {
            let mut seen = Vec::new();
            while let Ok(message) = block_on(receiver.recv()) {
                seen.push(message);
            }
            seen
        });
        closer.close();
        let (sent, seen) = (sends.join().unwrap(), receives.join().unwrap());
        assert_eq!(seen, if sent { vec![0, 1] } else { vec![0] });
    });
}

/// A permit that comes back after closing, used or not, lets every receiver see the end.
///
/// Red when: mutants "a permit that comes back after the end tells nobody", "the end is told to
/// one", "a value that is sent calls nobody".
#[test]
fn a_permit_comes_back_after_closing() {
    for sends in [false, true] {
        let model = move || {
            let (sender, receiver) = mpmc::bounded(2);
            let receivers = [(); 2].map(|()| {
                let receiver = receiver.clone();
                spawn(move || block_on(receiver.recv()))
            });
            let permit = sender.try_reserve().unwrap();
            sender.close();
            if sends {
                permit.send(1)
            } else {
                drop(permit)
            }
            let got = receivers.map(|receiver| receiver.join().unwrap());
            let messages = got.into_iter().filter(|got| got.is_ok()).count();
            assert_eq!(messages, usize::from(sends));
        };
        check(2, model);
    }
}

/// A rendezvous: a message is received once, or comes back to a sender that may cancel.
///
/// Red when: mutants "a value that is sent calls nobody", "the last sender leaves without a word".
#[test]
fn a_rendezvous_passes_each_message_once() {
    check(3, || {
        let (sender, receiver) = mpmc::rendezvous();
        let other = sender.clone();
        let quitter = spawn(move || _ = poll_and_cancel(other.send(1)));
        let stayer = spawn(move || block_on(sender.send(2)).unwrap());
        let first = block_on(receiver.recv()).unwrap();
        if first == 1 {
            assert_eq!(block_on(receiver.recv()), Ok(2));
        }
        quitter.join().unwrap();
        stayer.join().unwrap();
        // The quitter may have found this receiver waiting, too.
        if first == 2 {
            assert!(matches!(receiver.try_recv(), Ok(1) | Err(TryRecvError::Closed)));
        }
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}

/// A rendezvous whose receivers cancel: what was handed to one is the next one's.
///
/// Red when: mutant "a call is not passed on".
#[test]
fn a_rendezvous_survives_receivers_that_cancel() {
    check(3, || {
        let (sender, receiver) = mpmc::rendezvous();
        let other = receiver.clone();
        let quitter = spawn(move || poll_and_cancel(other.recv()).is_some());
        let stayer = spawn(move || block_on(receiver.recv()));
        block_on(sender.send(1)).unwrap();
        if quitter.join().unwrap() {
            block_on(sender.send(1)).unwrap();
        }
        assert_eq!(stayer.join().unwrap(), Ok(1));
    });
}

/// Who was called and found nothing is in its old place, and after a few times is not overtaken.
///
/// Red when: mutants "who looks in vain goes to the end", "who looks in vain stays patient".
#[test]
fn who_looks_in_vain_keeps_its_place() {
    check(1, || {
        let (sender, receiver) = mpmc::bounded(1);
        let (mut one, mut two) = (pin!(receiver.recv()), pin!(receiver.recv()));
        assert!(is_pending(one.as_mut()) && is_pending(two.as_mut()));
        let mut vain = 0;
        sender.try_send(0).unwrap();
        while receiver.try_recv().is_ok() {
            assert!(is_pending(one.as_mut()));
            vain += 1;
            assert!(vain < 9, "it is overtaken for ever");
            sender.try_send(vain).unwrap();
        }
        assert!(is_pending(two.as_mut()), "it comes second");
        assert_eq!(block_on(one), Ok(vain));
    });
}

/// A rendezvous is closed while one sends and another receives: both get through, or neither.
///
/// Red when: mutant "the end is told to one".
#[test]
fn a_rendezvous_is_closed_meanwhile() {
    check(2, || {
        let (sender, receiver) = mpmc::rendezvous();
        let closer = sender.clone();
        let sends = spawn(move || block_on(sender.send(1)).is_ok());
        let receivers = [receiver.clone(), receiver];
        let receives = receivers.map(|receiver| spawn(move || block_on(receiver.recv()).is_ok()));
        closer.close();
        let got = receives.map(|receive| receive.join().unwrap());
        assert_eq!(sends.join().unwrap(), got[0] || got[1]);
    });
}

/// The last receiver of a rendezvous goes: all senders get their messages back.
///
/// Red when: mutant "closing a channel sends one away".
#[test]
fn the_last_receiver_of_a_rendezvous_goes() {
    check(2, || {
        let (sender, receiver) = mpmc::rendezvous();
        let token = Arc::new(());
        let senders = [(); 2].map(|()| {
            let (sender, token) = (sender.clone(), token.clone());
            spawn(move || assert!(block_on(sender.send(token)).is_err()))
        });
        drop(receiver);
        for thread in senders {
            thread.join().unwrap();
        }
        assert_eq!((Arc::strong_count(&token), sender.is_closed()), (1, true));
    });
}

/// The last sender of a rendezvous goes, having found a receiver or not.
///
/// Red when: mutant "the last sender leaves without a word".
#[test]
fn the_last_sender_of_a_rendezvous_goes() {
    check(3, || {
        let (sender, receiver) = mpmc::rendezvous();
        let sends = spawn(move || sender.try_send(1).is_ok());
        let got = block_on(receiver.recv());
        assert_eq!(sends.join().unwrap(), got.is_ok());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}

/// A message that is sent by force meets a receive: each is received or handed back, once.
///
/// Red when: mutant "what is displaced is not handed out".
#[test]
fn a_message_by_force_meets_a_receive() {
    check(3, || {
        let (sender, receiver) = mpmc::bounded(1);
        sender.try_send(0).unwrap();
        let forces = spawn(move || sender.force_send(1).unwrap());
        let first = block_on(receiver.recv()).unwrap();
        let second = block_on(receiver.recv());
        let displaced = forces.join().unwrap();
        match displaced {
            None => assert_eq!((first, second), (0, Ok(1))),
            Some(oldest) => assert_eq!((oldest, first, second), (0, 1, Err(RecvError))),
        }
    });
}

/// A weak receiver is upgraded while the last one goes: either it is one, or nothing is kept.
///
/// Red when: mutant "the last receiver leaves what is in the channel".
#[test]
fn a_weak_receiver_meets_the_end() {
    check(3, || {
        let (sender, receiver) = mpmc::bounded(1);
        let token = Arc::new(());
        sender.try_send(token.clone()).unwrap();
        let weak = receiver.downgrade();
        let upgrades = spawn(move || weak.upgrade().map(|receiver| receiver.try_recv().is_ok()));
        drop(receiver);
        assert_ne!(upgrades.join().unwrap(), Some(false));
        assert_eq!((Arc::strong_count(&token), sender.is_closed()), (1, true));
    });
}

/// What an operation of a history was.
#[derive(Clone, Copy, Debug)]
enum Op {
    TrySend(u8),
    TryRecv,
    Send(u8),
    Recv,
}

/// Short histories of tries, on one place, have an order that explains them.
///
/// Red when: mutant "a full channel takes one more".
#[test]
fn tries_are_linearizable() {
    check(2, || {
        let (sender, receiver) = mpmc::bounded(1);
        let history = std::sync::Arc::new(History::new());
        let all = [(Op::TrySend(1), Op::TryRecv), (Op::TryRecv, Op::TrySend(2))];
        let run = |(first, second)| {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            let history = history.clone();
            move || {
                for op in [first, second] {
                    history.call(op, || match op {
                        Op::TrySend(message) => sender.try_send(message).ok().map(|()| message),
                        _ => receiver.try_recv().ok(),
                    });
                }
            }
        };
        let threads = all.map(|ops| spawn(run(ops)));
        run((Op::TrySend(3), Op::TryRecv))();
        for thread in threads {
            thread.join().unwrap();
        }
        history.assert_linearizable(None, |place: &mut Option<u8>, op| match op {
            Op::TrySend(message) if place.is_none() => {
                *place = Some(*message);
                *place
            }
            Op::TrySend(_) => None,
            _ => place.take(),
        });
    });
}

/// Short histories of waits, on one place, have an order that explains them.
///
/// Red when: mutant "a value that is received calls nobody".
#[test]
fn waits_are_linearizable() {
    check(2, || {
        let (sender, receiver) = mpmc::bounded(1);
        let history = std::sync::Arc::new(History::new());
        let senders = [1, 2].map(|message| {
            let (sender, history) = (sender.clone(), history.clone());
            spawn(move || {
                history.call(Op::Send(message), || {
                    block_on(sender.send(message)).unwrap();
                    message
                })
            })
        });
        for _ in 0..2 {
            history.call(Op::Recv, || block_on(receiver.recv()).unwrap());
        }
        for sender in senders {
            sender.join().unwrap();
        }
        history.assert_linearizable(VecDeque::new(), |queue: &mut VecDeque<u8>, op| match op {
            Op::Send(message) if queue.is_empty() => {
                queue.push_back(*message);
                *message
            }
            Op::Recv => queue.pop_front().unwrap_or(0),
            _ => 0,
        });
    });
}

/// Short histories of a rendezvous have an order that explains them.
///
/// Red when: mutant "a value that is sent calls nobody".
#[test]
fn a_rendezvous_is_linearizable() {
    check(2, || {
        let (sender, receiver) = mpmc::rendezvous();
        let history = std::sync::Arc::new(History::new());
        let senders = [1, 2].map(|message| {
            let (sender, history) = (sender.clone(), history.clone());
            spawn(move || {
                history.call(Op::Send(message), || {
                    block_on(sender.send(message)).unwrap();
                    message
                })
            })
        });
        for _ in 0..2 {
            history.call(Op::Recv, || block_on(receiver.recv()).unwrap());
        }
        for sender in senders {
            sender.join().unwrap();
        }
        history.assert_linearizable(VecDeque::new(), |queue: &mut VecDeque<u8>, op| match op {
            Op::Send(message) => {
                queue.push_back(*message);
                *message
            }
            _ => queue.pop_front().unwrap_or(0),
        });
    });
}
