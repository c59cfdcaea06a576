//! `broadcast`, `watch` and `queue` against lists.

use std::collections::{BTreeSet, VecDeque};

use selvedge::channel::{
    broadcast::{self, error::TryRecvError},
    queue::{Fifo, Lifo, Order, Priority, Queue},
    watch,
};

use crate::steps;

/// A receiver sees what is kept, in order, and is told how many it missed.
///
/// # Panics
///
/// If the channel differs from the oracle.
pub fn broadcast(bytes: &[u8]) {
    let Some((capacity, program)) = bytes.split_first() else { return };
    // As in tokio, the capacity is a power of two.
    let capacity = 1 << (capacity % 4);
    let (tx, rx) = broadcast::channel(capacity);
    let mut readers = vec![(rx, 0)];
    let mut sent = 0_usize;
    for (what, which) in steps(program) {
        let at = which % readers.len().max(1);
        match what % 6 {
            0 | 1 => match tx.send(sent) {
                Ok(count) => {
                    assert_eq!(count, readers.len());
                    sent += 1;
                }
                Err(back) => assert!(readers.is_empty() && back.0 == sent),
            },
            2 if readers.len() < 4 => readers.push((tx.subscribe(), sent)),
            3 if !readers.is_empty() => drop(readers.swap_remove(at)),
            _ if !readers.is_empty() => {
                let (rx, next) = &mut readers[at];
                let oldest = sent.saturating_sub(capacity);
                assert_eq!(rx.len(), sent - *next);
                match rx.try_recv() {
                    Ok(message) => {
                        assert_eq!(message, *next);
                        assert!(*next >= oldest);
                        *next += 1;
                    }
                    Err(TryRecvError::Lagged(missed)) => {
                        assert_eq!(usize::try_from(missed), Ok(oldest - *next));
                        *next = oldest;
                    }
                    Err(TryRecvError::Empty) => assert_eq!(*next, sent),
                    Err(TryRecvError::Closed) => panic!("a sender lives"),
                }
            }
            _ => {}
        }
    }
}

/// A receiver sees the last value, and whether it has seen it.
///
/// # Panics
///
/// If the channel differs from the oracle.
pub fn watch(bytes: &[u8]) {
    let (tx, rx) = watch::channel(0);
    let mut readers = vec![(rx, true)];
    let mut value = 0;
    for (what, which) in steps(bytes) {
        let at = which % readers.len().max(1);
        match what % 7 {
            0 => {
                let sent = tx.send(value + 1);
                assert_eq!(sent.is_ok(), !readers.is_empty());
                if sent.is_ok() {
                    value += 1;
                    readers.iter_mut().for_each(|(_, seen)| *seen = false);
                }
            }
            1 => {
                let modifies = which % 2 == 0;
                let told = tx.send_if_modified(|value| {
                    *value += usize::from(modifies);
                    modifies
                });
                assert_eq!(told, modifies);
                if modifies {
                    value += 1;
                    readers.iter_mut().for_each(|(_, seen)| *seen = false);
                }
            }
            2 if readers.len() < 4 => readers.push((tx.subscribe(), true)),
            3 if !readers.is_empty() => drop(readers.swap_remove(at)),
            4 if !readers.is_empty() => {
                let (rx, seen) = &readers[at];
                let copy = (rx.clone(), *seen);
                if readers.len() < 4 {
                    readers.push(copy);
                }
            }
            _ if !readers.is_empty() => {
                let (rx, seen) = &mut readers[at];
                assert_eq!(rx.has_changed(), Ok(!*seen));
                if which % 3 == 0 {
                    assert_eq!(*rx.borrow(), value);
                } else {
                    assert_eq!(*rx.borrow_and_update(), value);
                    *seen = true;
                }
            }
            _ => {}
        }
        assert_eq!(tx.receiver_count(), readers.len());
    }
}

/// Each order hands out what it says.
///
/// # Panics
///
/// If the queue differs from the oracle.
pub fn queue(bytes: &[u8]) {
    let Some((kind, program)) = bytes.split_first() else { return };
    let maxsize = usize::from(kind / 3 % 4);
    match kind % 3 {
        0 => in_order::<Fifo>(maxsize, program, |items| items.pop_front()),
        1 => in_order::<Lifo>(maxsize, program, |items| items.pop_back()),
        _ => {
            let smallest = |items: &mut VecDeque<(usize, usize)>| {
                let set: BTreeSet<_> = items.iter().copied().collect();
                let first = set.first()?;
                items.retain(|item| item != first);
                Some(*first)
            };
            in_order::<Priority>(maxsize, program, smallest);
        }
    }
}

fn in_order<O>(
    maxsize: usize,
    program: &[u8],
    next: impl Fn(&mut VecDeque<(usize, usize)>) -> Option<(usize, usize)>,
) where
    O: Order<(usize, usize)>,
{
    let queue = Queue::<(usize, usize), O>::new(maxsize);
    let (mut items, mut unfinished, mut is_over) = (VecDeque::new(), 0, false);
    for (number, (what, which)) in steps(program).enumerate() {
        match what % 5 {
            0 | 1 => {
                let is_full = maxsize > 0 && items.len() >= maxsize;
                let put = queue.put_nowait((which, number));
                assert_eq!(put.is_ok(), !is_full && !is_over);
                if put.is_ok() {
                    items.push_back((which, number));
                    unfinished += 1;
                }
            }
            2 => assert_eq!(queue.get_nowait().ok(), next(&mut items)),
            3 => {
                assert_eq!(queue.task_done().is_ok(), unfinished > 0);
                unfinished = usize::saturating_sub(unfinished, 1);
            }
            _ if which > 250 => {
                let immediate = which % 2 == 0;
                queue.shutdown(immediate);
                is_over = true;
                if immediate {
                    // As far as there is work to finish.
                    unfinished = usize::saturating_sub(unfinished, items.len());
                    items.clear();
                }
            }
            _ => {}
        }
        let seen = queue.statistics();
        assert_eq!(
            (seen.size, seen.unfinished, seen.is_shut_down),
            (items.len(), unfinished, is_over)
        );
    }
}
