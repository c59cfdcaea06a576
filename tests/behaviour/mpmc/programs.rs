//! Random programs of one thread, held against a plain model: whoever is woken is polled, in any
//! order, and then nobody may sleep who could go on.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use selvedge::channel::mpmc::{self, Permit, Receiver, Recv, Reserve, Send, Sender};

/// xorshift64*, by Vigna.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n
    }
}

/// Whether a waiter was woken since it was last polled.
#[derive(Default)]
struct Flag(std::sync::atomic::AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

enum Wait<'a> {
    Send(Pin<Box<Send<'a, u32>>>, u32),
    Reserve(Pin<Box<Reserve<'a, u32>>>),
    Recv(Pin<Box<Recv<'a, u32>>>),
}

struct Program<'a> {
    sender: &'a Sender<u32>,
    receiver: &'a Receiver<u32>,
    waits: Vec<(Wait<'a>, Arc<Flag>)>,
    permits: Vec<Permit<'a, u32>>,
    /// What was sent and not yet received, in order.
    inside: VecDeque<u32>,
    next: u32,
    capacity: usize,
}

impl<'a> Program<'a> {
    fn step(&mut self, random: &mut Random) {
        let message = self.next;
        self.next += 1;
        match random.below(12) {
            0 | 1 if self.sender.try_send(message).is_ok() => self.inside.push_back(message),
            0 | 1 => {}
            2 | 3 => {
                if let Ok(received) = self.receiver.try_recv() {
                    assert_eq!(Some(received), self.inside.pop_front());
                }
            }
            4 | 5 => self.wait(Wait::Send(Box::pin(self.sender.send(message)), message)),
            6 | 7 => self.wait(Wait::Recv(Box::pin(self.receiver.recv()))),
            8 => self.wait(Wait::Reserve(Box::pin(self.sender.reserve()))),
            9 if !self.permits.is_empty() => {
                let permit = self.permits.swap_remove(random.below(self.permits.len()));
                if random.below(2) == 0 {
                    permit.send(message);
                    self.inside.push_back(message);
                }
            }
            10 if !self.waits.is_empty() => {
                drop(self.waits.swap_remove(random.below(self.waits.len())));
            }
            _ if !self.waits.is_empty() => {
                let at = random.below(self.waits.len());
                self.poll(at);
            }
            _ => {}
        }
        assert_eq!(self.sender.len(), self.inside.len());
        assert!(self.inside.len() + self.permits.len() <= self.capacity);
    }

    fn wait(&mut self, wait: Wait<'a>) {
        self.waits.push((wait, Arc::default()));
        self.poll(self.waits.len() - 1);
    }

    fn poll(&mut self, at: usize) {
        let (wait, flag) = &mut self.waits[at];
        flag.0.store(false, std::sync::atomic::Ordering::SeqCst);
        let waker = Waker::from(flag.clone());
        let cx = &mut Context::from_waker(&waker);
        match wait {
            Wait::Send(send, message) => match send.as_mut().poll(cx) {
                Poll::Ready(sent) => {
                    sent.unwrap();
                    self.inside.push_back(*message);
                }
                Poll::Pending => return,
            },
            Wait::Reserve(reserve) => match reserve.as_mut().poll(cx) {
                Poll::Ready(permit) => self.permits.push(permit.unwrap()),
                Poll::Pending => return,
            },
            Wait::Recv(recv) => match recv.as_mut().poll(cx) {
                Poll::Ready(received) => {
                    assert_eq!(received.ok(), self.inside.pop_front());
                }
                Poll::Pending => return,
            },
        }
        drop(self.waits.swap_remove(at));
    }

    /// Polls all who were woken, until nobody is.
    fn settle(&mut self, random: &mut Random) {
        for _ in 0..10_000 {
            let woken: Vec<_> = (0..self.waits.len())
                .filter(|at| self.waits[*at].1.0.load(std::sync::atomic::Ordering::SeqCst))
                .collect();
            if woken.is_empty() {
                let senders = self.waits.iter().any(|(wait, _)| !matches!(wait, Wait::Recv(_)));
                let receivers = self.waits.iter().any(|(wait, _)| matches!(wait, Wait::Recv(_)));
                assert!(!receivers || self.inside.is_empty(), "a receiver sleeps");
                assert!(!senders || self.sender.is_full(), "a sender sleeps");
                return;
            }
            self.poll(woken[random.below(woken.len())]);
        }
        panic!("they wake each other for ever");
    }
}

#[test]
fn random_programs_go_on() {
    let rounds = if cfg!(debug_assertions) { 400 } else { 20_000 };
    for seed in 1..=rounds {
        let mut random = Random(seed);
        let capacity = [1, 1, 2, 3, 10, usize::MAX][random.below(6)];
        let (sender, receiver) =
            if capacity == usize::MAX { mpmc::unbounded() } else { mpmc::bounded(capacity) };
        let mut program = Program {
            sender: &sender,
            receiver: &receiver,
            waits: Vec::new(),
            permits: Vec::new(),
            inside: VecDeque::new(),
            next: 0,
            capacity,
        };
        for _ in 0..1 + random.below(200) {
            program.step(&mut random);
            if random.below(8) == 0 {
                program.settle(&mut random);
            }
        }
        program.settle(&mut random);
    }
}
