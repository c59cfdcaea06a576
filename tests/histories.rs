//! Whether what threads saw could have happened one after the other: of channels and locks.
//!
//! As a test, with histories of twelve operations on real threads; `cargo xtask models histories`
//! takes small ones through every schedule.

use std::{collections::VecDeque, sync::Arc};

use selvedge::{
    channel::{mpmc, mpsc, queue::Queue, watch},
    model::{Check, Design, History, block_on},
    sync::{Mutex, RwLock, Semaphore},
};

/// How many operations a thread performs, of two or three threads.
const EACH: usize = if cfg!(selvedge_loom) { 2 } else { 4 };

#[track_caller]
fn check(design: impl Fn(&mut Design) + Send + Sync + 'static) {
    Check::new().rounds(400).run(design).unwrap();
}

/// One of `0..n`: of all of them by chance, or in turn where every schedule is tried.
fn pick(d: &mut Design, at: usize, n: usize) -> usize {
    if cfg!(selvedge_loom) { at % n } else { d.choose(n) }
}

/// What is done to a channel, and what came of it.
#[derive(Clone, Copy, Debug)]
enum Op {
    Send(usize),
    TrySend(usize),
    Recv,
    TryRecv,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Done(bool),
    Got(Option<usize>),
    /// It would have waited: no order has it here.
    Waits,
}

/// A list of at most so many.
fn channel(capacity: usize) -> impl Fn(&mut VecDeque<usize>, &Op) -> Told + Send + 'static {
    move |list, op| {
        let has_place = list.len() < capacity;
        match *op {
            Op::Send(_) if !has_place => Told::Waits,
            Op::TrySend(_) if !has_place => Told::Done(false),
            Op::Send(message) | Op::TrySend(message) => {
                list.push_back(message);
                Told::Done(true)
            }
            Op::Recv if list.is_empty() => Told::Waits,
            Op::Recv | Op::TryRecv => Told::Got(list.pop_front()),
        }
    }
}

/// Tries of everybody, in every order.
fn tries(
    d: &mut Design,
    capacity: usize,
    names: &[&str],
    perform: impl Fn(usize, Op) -> Told + Clone + Send + Sync + 'static,
) {
    let history = d.linearizable(VecDeque::new(), channel(capacity));
    for (who, name) in names.iter().enumerate() {
        let ops: Vec<_> = (0..EACH)
            .map(|at| match pick(d, who + at, 2) {
                0 => Op::TrySend(who * EACH + at),
                _ => Op::TryRecv,
            })
            .collect();
        let (history, perform) = (history.clone(), perform.clone());
        d.thread(*name, move || {
            for op in ops {
                history.call(op, || perform(who, op));
            }
        });
    }
}

/// Red when: mutant "a full channel takes one more".
#[test]
fn tries_of_a_bounded_channel() {
    check(|d| {
        let (tx, rx) = mpmc::bounded(1);
        tries(d, 1, &["one", "two", "three"][..if cfg!(selvedge_loom) { 2 } else { 3 }], {
            move |_, op| match op {
                Op::TrySend(message) => Told::Done(tx.try_send(message).is_ok()),
                _ => Told::Got(rx.try_recv().ok()),
            }
        });
    });
}

/// Red when: a receiver passes over a block that is being filled.
#[test]
fn tries_of_an_unbounded_channel() {
    check(|d| {
        let (tx, rx) = mpmc::unbounded();
        tries(
            d,
            usize::MAX,
            &["one", "two", "three"][..if cfg!(selvedge_loom) { 2 } else { 3 }],
            {
                move |_, op| match op {
                    Op::TrySend(message) => Told::Done(tx.try_send(message).is_ok()),
                    _ => Told::Got(rx.try_recv().ok()),
                }
            },
        );
    });
}

/// The tries of a queue are not among these: while a put or a get is under way, both kinds may be
/// refused, which no order explains (`Queue::put_nowait` says so). Those that wait are.
///
/// Red when: a permit comes before its item.
#[test]
fn puts_and_gets_of_a_queue() {
    let (pairs, each) = if cfg!(selvedge_loom) { (1, 2) } else { (2, 3) };
    check(move |d| {
        let queue = Arc::new(Queue::<usize>::new(1));
        let history = d.linearizable(VecDeque::new(), channel(1));
        for pair in 0..pairs {
            let (putter, put) = (queue.clone(), history.clone());
            d.thread(format!("putter {pair}"), move || {
                for item in pair * each..(pair + 1) * each {
                    put.call(Op::Send(item), || Told::Done(putter.blocking_put(item).is_ok()));
                }
            });
            let (getter, got) = (queue.clone(), history.clone());
            d.thread(format!("getter {pair}"), move || {
                for _ in 0..each {
                    got.call(Op::Recv, || Told::Got(getter.blocking_get().ok()));
                }
            });
        }
    });
}

/// Senders and receivers that wait; as many messages as there are receptions.
fn waits(d: &mut Design, capacity: usize, (tx, rx): (mpmc::Sender<usize>, mpmc::Receiver<usize>)) {
    let pairs = if cfg!(selvedge_loom) { 1 } else { 2 };
    let each = if cfg!(selvedge_loom) { 2 } else { 3 };
    let history = d.linearizable(VecDeque::new(), channel(capacity));
    for pair in 0..pairs {
        let (tx, sent) = (tx.clone(), history.clone());
        d.thread(format!("sender {pair}"), move || {
            for at in 0..each {
                let message = pair * each + at;
                let send = || Told::Done(tx.send_blocking(message).is_ok());
                sent.call(Op::Send(message), send);
            }
        });
        let (rx, received) = (rx.clone(), history.clone());
        d.thread(format!("receiver {pair}"), move || {
            for _ in 0..each {
                received.call(Op::Recv, || Told::Got(rx.recv_blocking().ok()));
            }
        });
    }
}

/// Red when: mutant "a full channel takes one more".
#[test]
fn waits_of_a_bounded_channel() {
    check(|d| waits(d, 1, mpmc::bounded(1)));
}

/// Red when: a receiver passes over a block that is being filled.
#[test]
fn waits_of_an_unbounded_channel() {
    check(|d| waits(d, usize::MAX, mpmc::unbounded()));
}

/// Several senders, and the one receiver.
///
/// Red when: a message is taken before the one that was sent before it.
#[test]
fn one_receiver() {
    check(|d| {
        let (tx, mut rx) = mpsc::channel(2);
        let senders = if cfg!(selvedge_loom) { 1 } else { 2 };
        let history = d.linearizable(VecDeque::new(), channel(2));
        for who in 0..senders {
            let waits: Vec<_> = (0..EACH).map(|at| pick(d, at, 2) == 0).collect();
            let (tx, sent) = (tx.clone(), history.clone());
            d.thread(format!("sender {who}"), move || {
                for (at, waits) in waits.into_iter().enumerate() {
                    let message = who * EACH + at;
                    if waits {
                        let send = || Told::Done(tx.blocking_send(message).is_ok());
                        sent.call(Op::Send(message), send);
                    } else {
                        let send = || Told::Done(tx.try_send(message).is_ok());
                        sent.call(Op::TrySend(message), send);
                    }
                }
            });
        }
        drop(tx);
        d.thread("receiver", move || {
            for _ in 0..EACH {
                history.call(Op::TryRecv, || Told::Got(rx.try_recv().ok()));
            }
            // Who waits to send is let in, to the end.
            while history.call(Op::TryRecv, || Told::Got(block_on(rx.recv()))) != Told::Got(None) {}
        });
    });
}

/// A watch is a register.
///
/// Red when: a value is shown before it is there for all.
#[test]
fn a_watch_is_a_register() {
    #[derive(Clone, Copy, Debug)]
    enum Op {
        Replace(usize),
        Look,
    }
    check(|d| {
        let (tx, rx) = watch::channel(0);
        let tx = Arc::new(tx);
        let history = d.linearizable(0, |value: &mut usize, op: &Op| match *op {
            Op::Replace(next) => std::mem::replace(value, next),
            Op::Look => *value,
        });
        for who in 0..if cfg!(selvedge_loom) { 2 } else { 3 } {
            let ops: Vec<_> = (0..EACH)
                .map(|at| match pick(d, who + at, 2) {
                    0 => Op::Replace(1 + who * EACH + at),
                    _ => Op::Look,
                })
                .collect();
            let (tx, rx, history) = (tx.clone(), rx.clone(), history.clone());
            d.thread(format!("task {who}"), move || {
                for op in ops {
                    history.call(op, || match op {
                        Op::Replace(next) => tx.send_replace(next),
                        Op::Look => *rx.borrow(),
                    });
                }
            });
        }
        // How many hold it is counted by std's Arc, whose order a model does not see: the last goes here.
        d.after(move || drop((tx, rx)));
    });
}

/// What is done to a lock.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Waits for so many.
    Take(usize),
    Try(usize),
    Give(usize),
}

/// `free` of something, taken and given back.
fn turns(free: &mut usize, turn: &Turn) -> Option<bool> {
    match *turn {
        // It would have waited.
        Turn::Take(n) if *free < n => return None,
        Turn::Try(n) if *free < n => return Some(false),
        Turn::Take(n) | Turn::Try(n) => *free -= n,
        Turn::Give(n) => *free += n,
    }
    Some(true)
}

/// Threads that take and give back, two operations a turn.
fn take_turns<G>(
    d: &mut Design,
    (all, weights): (usize, usize),
    take: impl Fn(usize) -> G + Clone + Send + Sync + 'static,
    attempt: impl Fn(usize) -> Option<G> + Clone + Send + Sync + 'static,
) {
    let history: Arc<History<_, _>> = d.linearizable(all, turns);
    for who in 0..if cfg!(selvedge_loom) { 2 } else { 3 } {
        let plan: Vec<_> =
            (0..EACH / 2).map(|at| (pick(d, who + at, 2) == 0, 1 + pick(d, at, weights))).collect();
        let (history, take, attempt) = (history.clone(), take.clone(), attempt.clone());
        d.thread(format!("task {who}"), move || {
            for (tries, n) in plan {
                let mut held = None;
                let turn = if tries { Turn::Try(n) } else { Turn::Take(n) };
                history.call(turn, || {
                    held = if tries { attempt(n) } else { Some(take(n)) };
                    Some(held.is_some())
                });
                if let Some(held) = held {
                    history.call(Turn::Give(n), || {
                        drop(held);
                        Some(true)
                    });
                }
            }
        });
    }
}

/// Red when: mutant "no re-grant on cancel" leaves it locked, or an unlock is not seen.
#[test]
fn turns_of_a_mutex() {
    check(|d| {
        let mutex = Arc::new(Mutex::new(()));
        let other = mutex.clone();
        take_turns(
            d,
            (1, 1),
            move |_| block_on(mutex.clone().lock_owned()),
            move |_| other.clone().try_lock_owned().ok(),
        );
    });
}

/// Red when: as above; and when a turn that is handed over can be overtaken.
#[test]
fn turns_of_a_fair_mutex() {
    check(|d| {
        let mutex = Arc::new(Mutex::fair(()));
        let other = mutex.clone();
        take_turns(
            d,
            (1, 1),
            move |_| block_on(mutex.clone().lock_owned()),
            move |_| other.clone().try_lock_owned().ok(),
        );
    });
}

/// Who tries may be refused a permit that is put aside for the head of the line, so nobody tries.
///
/// Red when: more permits are handed out than there are.
#[test]
fn turns_of_a_semaphore() {
    check(|d| {
        let semaphore = Arc::new(Semaphore::new(3));
        let take = move |n: usize| {
            let n = u32::try_from(n).unwrap();
            block_on(semaphore.clone().acquire_many_owned(n)).unwrap()
        };
        take_turns(d, (3, 2), take.clone(), move |n| Some(take(n)));
    });
}

/// A writer takes all, a reader one.
///
/// Red when: a writer is let in beside a reader.
#[test]
fn turns_of_a_rwlock() {
    use selvedge::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard};

    #[expect(dead_code, reason = "held")]
    enum Either {
        Read(OwnedRwLockReadGuard<()>),
        Write(OwnedRwLockWriteGuard<()>),
    }

    check(|d| {
        let lock = Arc::new(RwLock::new(()));
        // Of three, so that a reader's one and a writer's all are the weights 1 and 3.
        let history: Arc<History<_, _>> = d.linearizable(3, turns);
        for who in 0..if cfg!(selvedge_loom) { 2 } else { 3 } {
            let writes: Vec<_> = (0..EACH / 2).map(|at| pick(d, who + at, 2) == 0).collect();
            let (lock, history) = (lock.clone(), history.clone());
            d.thread(format!("task {who}"), move || {
                for writes in writes {
                    let mut held = None;
                    let n = if writes { 3 } else { 1 };
                    history.call(Turn::Take(n), || {
                        held = Some(if writes {
                            Either::Write(block_on(lock.clone().write_owned()))
                        } else {
                            Either::Read(block_on(lock.clone().read_owned()))
                        });
                        Some(true)
                    });
                    history.call(Turn::Give(n), || {
                        drop(held);
                        Some(true)
                    });
                }
            });
        }
    });
}
