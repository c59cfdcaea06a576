//! Signals and meetings: whoever sleeps at rest waits for what has not come.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Waker},
};

use parking_lot::Mutex;
use selvedge::sync::{
    AutoResetEvent, Barrier, Completer, Completion, CyclicBarrier, Event, Latch, Notify, Phaser,
    WaitGroup,
};

use crate::driver::{Arena, Family, Job, Rng, pause};

pub(crate) const ALL: &[Family] = &[
    ("notify", || {
        let notify = Notify::new();
        notify.notify_one();
        Arc::new(Baton(notify))
    }),
    ("auto_reset_event", || Arc::new(Reset(AutoResetEvent::new(true), AtomicUsize::new(0)))),
    ("event", || Arc::new(Signal(Event::new(false)))),
    ("latch", || Arc::new(Countdown(Latch::new(500)))),
    ("wait_group", || Arc::new(Handles(Mutex::new(Some(WaitGroup::new()))))),
    ("barrier", || Arc::new(Threes(Barrier::new(3)))),
    ("cyclic_barrier", || Arc::new(Cycles(CyclicBarrier::new(3)))),
    ("phaser", || Arc::new(Phases(Phaser::new(0)))),
    ("completion", || Arc::new(Outcomes(Mutex::default()))),
];

/// One notification that is handed on for ever, also by those who are cancelled.
struct Baton(Notify);

struct HandOn<'a>(&'a Notify);

impl Drop for HandOn<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Arena for Baton {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..32), random.u8(..3));
        Box::pin(async move {
            match kind {
                0 => self.0.notify_waiters(),
                1 => {
                    self.0.notified().await;
                    self.0.notify_last();
                }
                _ => {
                    let mut notified = pin!(self.0.notified());
                    if kind % 2 == 0 {
                        notified.as_mut().enable();
                    }
                    notified.await;
                    let _baton = HandOn(&self.0);
                    pause(times).await;
                }
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = self.0.statistics();
        assert_eq!((sleeping, seen.waiting, seen.kept), (0, 0, true));
    }
}

/// As the baton, and only one has it.
struct Reset(AutoResetEvent, AtomicUsize);

struct SetAgain<'a>(&'a Reset);

impl Drop for SetAgain<'_> {
    fn drop(&mut self) {
        self.0.1.fetch_sub(1, SeqCst);
        self.0.0.set();
    }
}

impl Arena for Reset {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let times = random.u8(..3);
        Box::pin(async move {
            self.0.wait().await;
            assert_eq!(self.1.fetch_add(1, SeqCst), 0);
            let _again = SetAgain(&self);
            pause(times).await;
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = self.0.statistics();
        assert_eq!((sleeping, seen.waiting, self.0.is_set()), (0, 0, true));
    }
}

struct Signal(Event);

impl Arena for Signal {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let kind = random.u8(..10);
        Box::pin(async move {
            match kind {
                0 => self.0.set(),
                1 | 2 => self.0.clear(),
                _ => self.0.wait().await,
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert!(sleeping == 0 || !self.0.is_set(), "{sleeping} sleep, and it is set");
        assert_eq!(self.0.statistics().waiting, sleeping);
    }

    fn finish(&self) {
        self.0.set();
    }
}

struct Countdown(Latch);

impl Arena for Countdown {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let counts = random.u8(..4) == 0;
        Box::pin(async move {
            if counts {
                if self.0.count() > 0 {
                    self.0.count_down();
                }
            } else {
                self.0.wait().await;
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert!(sleeping == 0 || self.0.count() > 0, "{sleeping} sleep, and it is open");
        assert_eq!(self.0.waiters(), sleeping);
    }

    fn finish(&self) {
        self.0.arrive(self.0.count());
    }
}

/// The handle that keeps the group open.
struct Handles(Mutex<Option<WaitGroup>>);

impl Arena for Handles {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (waits, times) = (random.bool(), random.u8(..3));
        Box::pin(async move {
            let Some(handle) = self.0.lock().clone() else { return };
            if waits {
                handle.await;
            } else {
                pause(times).await;
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let group = self.0.lock().take().unwrap();
        assert_eq!((group.handles(), group.waiters()), (1, sleeping));
        drop(group);
    }
}

struct Threes(Barrier);

impl Arena for Threes {
    fn act(self: Arc<Self>, _: &mut Rng) -> Job {
        Box::pin(async move {
            self.0.wait().await;
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = self.0.statistics();
        assert_eq!((seen.waiting, seen.arrived < 3), (sleeping, true));
        assert!(sleeping < 3);
    }

    /// Who arrives and leaves has arrived.
    fn finish(&self) {
        while self.0.statistics().waiting > 0 {
            let _ = pin!(self.0.wait()).poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}

struct Cycles(CyclicBarrier);

impl Arena for Cycles {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let kind = random.u8(..64);
        Box::pin(async move {
            match kind {
                0 => self.0.abort(),
                1..4 => self.0.reset(),
                _ => drop(self.0.wait().await.map(|index| assert!(index < 3))),
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert_eq!((self.0.waiting(), sleeping < 3), (sleeping, true));
        assert!(sleeping == 0 || !self.0.is_broken());
    }

    fn finish(&self) {
        self.0.abort();
    }
}

struct Phases(Phaser);

impl Arena for Phases {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (rounds, times) = (random.u8(..4), random.u8(..3));
        Box::pin(async move {
            let mut party = self.0.register_one();
            for _ in 0..rounds {
                pause(times).await;
                party.wait().await.unwrap();
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = self.0.statistics();
        // Whoever is there has arrived, so nobody waits for anybody.
        assert_eq!((sleeping, seen.parties, seen.waiting), (0, 0, 0));
    }
}

/// Values that are still to come.
#[derive(Default)]
struct Outcomes(Mutex<Vec<(Completer<usize>, Completion<usize>)>>);

impl Arena for Outcomes {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, pick) = (random.u8(..4), random.usize(..));
        Box::pin(async move {
            let completion = {
                let mut open = self.0.lock();
                if open.len() < 4 {
                    open.push(Completion::new());
                }
                let pick = pick % open.len();
                if kind == 0 {
                    let (completer, _) = open.swap_remove(pick);
                    drop(open);
                    if pick % 2 == 0 {
                        completer.complete(7);
                    }
                    return;
                }
                open[pick].1.clone()
            };
            assert!(completion.wait().await.is_ok_and(|value| *value == 7) || kind > 0);
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let open = self.0.lock();
        assert_eq!(
            open.iter().map(|(_, completion)| completion.waiters()).sum::<usize>(),
            sleeping
        );
    }

    fn finish(&self) {
        let open = std::mem::take(&mut *self.0.lock());
        drop(open);
    }
}
