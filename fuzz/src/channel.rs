//! `mpmc` and `mpsc` against a list: a message is in the channel from the poll at which its `send`
//! completes to the poll at which a `recv` does.

use std::collections::VecDeque;

use selvedge::channel::{mpmc, mpsc};

use crate::{Waiting, steps};

/// What is waiting.
enum Wait<'a> {
    Send(u32, Waiting<'a, bool>),
    Recv(Waiting<'a, Option<u32>>),
}

impl Wait<'_> {
    fn is_woken(&self) -> bool {
        match self {
            Self::Send(_, waiting) => waiting.is_woken(),
            Self::Recv(waiting) => waiting.is_woken(),
        }
    }
}

/// The oracle.
struct List {
    messages: VecDeque<u32>,
    capacity: Option<usize>,
    is_closed: bool,
}

impl List {
    fn has_place(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.messages.len() < capacity)
    }

    fn sent(&mut self, message: u32, took: bool) {
        assert_eq!(took, !self.is_closed, "whether {message} was sent");
        if took {
            assert!(self.has_place(), "one too many");
            self.messages.push_back(message);
        }
    }

    fn received(&mut self, message: Option<u32>) {
        assert_eq!(message, self.messages.pop_front());
        assert!(message.is_some() || self.is_closed, "the end came early");
    }
}

/// Polls `wait`, tells the oracle, and hands it out if it still waits.
fn poll<'a>(list: &mut List, wait: Wait<'a>) -> Option<Wait<'a>> {
    match wait {
        Wait::Send(message, waiting) => match waiting.poll() {
            Ok(took) => list.sent(message, took),
            Err(waiting) => return Some(Wait::Send(message, waiting)),
        },
        Wait::Recv(waiting) => match waiting.poll() {
            Ok(message) => list.received(message),
            Err(waiting) => return Some(Wait::Recv(waiting)),
        },
    }
    None
}

/// Polls whoever was woken, until nobody is: then nobody waits for what is there.
fn settle<'a>(list: &mut List, waiting: &mut Vec<Wait<'a>>) {
    while let Some(at) = waiting.iter().position(Wait::is_woken) {
        let wait = waiting.remove(at);
        if let Some(wait) = poll(list, wait) {
            waiting.insert(at, wait);
        }
    }
    for wait in waiting {
        match wait {
            Wait::Send(..) => assert!(!list.has_place() && !list.is_closed, "a sender sleeps"),
            Wait::Recv(_) => {
                assert!(list.messages.is_empty() && !list.is_closed, "a receiver sleeps");
            }
        }
    }
}

/// Many ends.
///
/// # Panics
///
/// If the channel differs from the oracle.
pub fn many(bytes: &[u8]) {
    let Some((capacity, program)) = bytes.split_first() else { return };
    let capacity = Some(usize::from(capacity % 5)).filter(|capacity| *capacity > 0);
    let (tx, rx) = capacity.map_or_else(mpmc::unbounded, mpmc::bounded);
    let mut list = List { messages: VecDeque::new(), capacity, is_closed: false };
    let mut waiting: Vec<Wait<'_>> = Vec::new();
    let mut next = 0;
    for (what, which) in steps(program) {
        next += 1;
        match what % 10 {
            0 | 1 => {
                let tx = &tx;
                let send = async move { tx.send(next).await.is_ok() };
                match Waiting::start(send) {
                    Ok(took) => list.sent(next, took),
                    Err(wait) => waiting.push(Wait::Send(next, wait)),
                }
            }
            2 | 3 => {
                let rx = &rx;
                match Waiting::start(async move { rx.recv().await.ok() }) {
                    Ok(message) => list.received(message),
                    Err(wait) => waiting.push(Wait::Recv(wait)),
                }
            }
            4 => match tx.try_send(next) {
                Ok(()) => list.sent(next, true),
                Err(mpmc::TrySendError::Closed(_)) => list.sent(next, false),
                // Full, or the places are promised to those who wait.
                Err(mpmc::TrySendError::Full(back)) => {
                    assert!(back == next && (!list.has_place() || !waiting.is_empty()));
                }
            },
            5 => match rx.try_recv() {
                Ok(message) => list.received(Some(message)),
                Err(mpmc::TryRecvError::Closed) => {
                    list.received(None);
                }
                Err(mpmc::TryRecvError::Empty) => {
                    assert!(list.messages.is_empty() || !waiting.is_empty());
                }
            },
            6 | 7 if !waiting.is_empty() => drop(waiting.remove(which % waiting.len())),
            8 if !waiting.is_empty() => {
                // Woken or not.
                let wait = waiting.remove(which % waiting.len());
                waiting.extend(poll(&mut list, wait));
            }
            9 if which > 250 => {
                assert_eq!(tx.close(), !list.is_closed);
                list.is_closed = true;
            }
            _ => settle(&mut list, &mut waiting),
        }
        assert_eq!((tx.len(), rx.is_closed()), (list.messages.len(), list.is_closed));
    }
    settle(&mut list, &mut waiting);
}

/// One receiver.
///
/// # Panics
///
/// If the channel differs from the oracle.
pub fn one(bytes: &[u8]) {
    let Some((capacity, program)) = bytes.split_first() else { return };
    let capacity = usize::from(capacity % 4) + 1;
    let (tx, mut rx) = mpsc::channel(capacity);
    let mut list = List { messages: VecDeque::new(), capacity: Some(capacity), is_closed: false };
    let mut waiting: Vec<Wait<'_>> = Vec::new();
    let mut next = 0;
    for (what, which) in steps(program) {
        next += 1;
        match what % 9 {
            0..3 => {
                let tx = &tx;
                let send = async move {
                    match which % 2 {
                        0 => tx.send(next).await.is_ok(),
                        _ => tx.reserve().await.map(|place| place.send(next)).is_ok(),
                    }
                };
                match Waiting::start(send) {
                    Ok(took) => list.sent(next, took),
                    Err(wait) => waiting.push(Wait::Send(next, wait)),
                }
            }
            3 | 4 => {
                // Polled a few times, and dropped.
                let mut receive = Waiting::start(rx.recv());
                for _ in 0..which % 3 {
                    receive = receive.or_else(Waiting::poll);
                }
                if let Ok(message) = receive {
                    list.received(message);
                }
            }
            5 => match rx.try_recv() {
                Ok(message) => list.received(Some(message)),
                Err(mpsc::error::TryRecvError::Disconnected) => list.received(None),
                Err(mpsc::error::TryRecvError::Empty) => {
                    assert!(list.messages.is_empty() || !waiting.is_empty());
                }
            },
            6 if !waiting.is_empty() => drop(waiting.remove(which % waiting.len())),
            7 => match tx.try_send(next) {
                Ok(()) => list.sent(next, true),
                Err(mpsc::error::TrySendError::Closed(_)) => list.sent(next, false),
                Err(mpsc::error::TrySendError::Full(_)) => {
                    assert!(!list.has_place() || !waiting.is_empty());
                }
            },
            8 if which > 250 => {
                rx.close();
                list.is_closed = true;
            }
            _ => settle(&mut list, &mut waiting),
        }
        assert_eq!(rx.len(), list.messages.len());
    }
    settle(&mut list, &mut waiting);
}
