//! Locks and limits: at rest nobody sleeps, since nobody holds anything.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use selvedge::sync::{
    CapacityLimiter, Condvar, KeyedMutex, Mutex, OnceCell, OnceMap, RwLock,
    RwLockUpgradableReadGuard, RwLockWriteGuard, Semaphore,
};

use crate::driver::{Arena, Family, Inside, Job, Rng, pause};

pub(crate) const ALL: &[Family] = &[
    ("mutex", || Arc::new(Locked(Mutex::new(0), AtomicUsize::new(0), AtomicUsize::new(0)))),
    ("mutex, fair", || Arc::new(Locked(Mutex::fair(0), AtomicUsize::new(0), AtomicUsize::new(0)))),
    ("rwlock", || Arc::new(Shared(RwLock::new(0), AtomicUsize::new(0)))),
    ("rwlock, fair", || Arc::new(Shared(RwLock::fair(0), AtomicUsize::new(0)))),
    ("semaphore", || Arc::new(Limited(Semaphore::new(4), AtomicUsize::new(0)))),
    ("capacity_limiter", || Arc::new(Borrowed(CapacityLimiter::new(2), AtomicUsize::new(0)))),
    ("keyed_mutex", || Arc::new(Keyed(KeyedMutex::new(), [const { AtomicUsize::new(0) }; 3]))),
    ("condvar", || Arc::new(Tickets(Mutex::new(0), Condvar::new()))),
    ("once_cell", || Arc::new(Once(OnceCell::new(), AtomicUsize::new(0)))),
    ("once_map", || Arc::new(Computed(OnceMap::new(), AtomicUsize::new(0)))),
];

/// A count, who is inside, and how often the count went up.
struct Locked(Mutex<usize>, AtomicUsize, AtomicUsize);

impl Arena for Locked {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..4), random.u8(..3));
        Box::pin(async move {
            if kind == 0 {
                let Ok(mut count) = self.0.try_lock() else { return };
                let _inside = Inside::enter(&self.1, 1, 1);
                *count += 1;
                self.2.fetch_add(1, SeqCst);
                return;
            }
            let mut count = match kind {
                1 => {
                    let _guard = self.0.lock().await;
                    let _inside = Inside::enter(&self.1, 1, 1);
                    pause(times).await;
                    return;
                }
                _ => self.0.lock().await,
            };
            let _inside = Inside::enter(&self.1, 1, 1);
            let seen = *count;
            pause(times).await;
            *count = seen + 1;
            self.2.fetch_add(1, SeqCst);
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = self.0.statistics();
        assert_eq!((sleeping, seen.locked, seen.waiting), (0, false, 0));
        assert_eq!(self.0.try_lock().map(|count| *count), Ok(self.2.load(SeqCst)));
    }
}

/// A lock, and the readers (1 each) and writers (1000 each) inside.
struct Shared(RwLock<usize>, AtomicUsize);

impl Arena for Shared {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        const ALL: usize = 1000;
        let (kind, times) = (random.u8(..7), random.u8(..3));
        Box::pin(async move {
            match kind {
                0..3 => {
                    let _guard = self.0.read().await;
                    let _inside = Inside::enter(&self.1, 1, ALL);
                    pause(times).await;
                }
                3 => {
                    let guard = self.0.write().await;
                    let inside = Inside::enter(&self.1, ALL, ALL);
                    pause(times).await;
                    drop(inside);
                    // Whoever is dropped here leaves the count before the lock.
                    let _guard = RwLockWriteGuard::downgrade(guard);
                    let _inside = Inside::enter(&self.1, 1, ALL);
                    pause(times).await;
                }
                4 => {
                    let guard = self.0.upgradable_read().await;
                    let inside = Inside::enter(&self.1, 1, ALL);
                    pause(times).await;
                    drop(inside);
                    let mut guard = RwLockUpgradableReadGuard::upgrade(guard).await;
                    let _inside = Inside::enter(&self.1, ALL, ALL);
                    pause(times).await;
                    *guard += 1;
                }
                5 => {
                    let Ok(_guard) = self.0.try_write() else { return };
                    let _inside = Inside::enter(&self.1, ALL, ALL);
                    pause(times).await;
                }
                _ => {
                    let Ok(_guard) = self.0.try_read() else { return };
                    let _inside = Inside::enter(&self.1, 1, ALL);
                    pause(times).await;
                }
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = self.0.statistics();
        assert_eq!((sleeping, seen.waiting, seen.readers, seen.writer), (0, 0, 0, false));
        assert!(self.0.try_write().is_ok());
    }
}

struct Limited(Semaphore, AtomicUsize);

impl Arena for Limited {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (weight, kind, times) = (random.usize(1..=4), random.u8(..6), random.u8(..3));
        Box::pin(async move {
            let n = u32::try_from(weight).unwrap();
            match kind {
                0 => {
                    let Ok(_permit) = self.0.try_acquire_many(n) else { return };
                    let _inside = Inside::enter(&self.1, weight, 4);
                    pause(times).await;
                }
                1 => {
                    // Taken for good, and given again.
                    let permit = self.0.acquire_many(n).await.unwrap();
                    permit.forget();
                    self.0.add_permits(weight);
                }
                2 => {
                    let mut permit = self.0.acquire_many(4).await.unwrap();
                    let part = permit.split(weight);
                    pause(times).await;
                    drop(permit);
                    pause(times).await;
                    drop(part);
                }
                _ => {
                    let _permit = self.0.acquire_many(n).await.unwrap();
                    let _inside = Inside::enter(&self.1, weight, 4);
                    pause(times).await;
                }
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = self.0.statistics();
        assert_eq!((sleeping, seen.available, seen.waiting), (0, 4, 0));
    }
}

struct Borrowed(CapacityLimiter, AtomicUsize);

impl Arena for Borrowed {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..8), random.u8(..3));
        Box::pin(async move {
            if kind == 0 {
                // What is borrowed above a new limit comes back, so the place has no bound of its own.
                self.0.set_total(usize::from(1 + times));
                return;
            }
            let _token = self.0.acquire().await;
            let _inside = Inside::enter(&self.1, 1, 3);
            pause(times).await;
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = self.0.statistics();
        assert_eq!((sleeping, seen.borrowed, seen.waiting), (0, 0, 0));
    }
}

struct Keyed(KeyedMutex<usize>, [AtomicUsize; 3]);

impl Arena for Keyed {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (key, kind, times) = (random.usize(..3), random.u8(..4), random.u8(..3));
        Box::pin(async move {
            if kind == 0 {
                let Ok(_guard) = self.0.try_lock(key) else { return };
                let _inside = Inside::enter(&self.1[key], 1, 1);
                pause(times).await;
            } else {
                let _guard = self.0.lock(key).await;
                let _inside = Inside::enter(&self.1[key], 1, 1);
                pause(times).await;
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert_eq!((sleeping, self.0.len()), (0, 0));
    }
}

/// Tickets that are made and taken.
struct Tickets(Mutex<usize>, Condvar);

impl Arena for Tickets {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (makes, all) = (random.bool(), random.u8(..8) == 0);
        Box::pin(async move {
            let tickets = self.0.lock().await;
            if makes {
                let mut tickets = tickets;
                *tickets += 1;
                if all { self.1.notify_all() } else { self.1.notify_one() }
            } else {
                let mut tickets = self.1.wait_while(tickets, |tickets| *tickets == 0).await;
                *tickets -= 1;
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let tickets = self.0.try_lock().map(|tickets| *tickets).unwrap();
        assert!(tickets == 0 || sleeping == 0, "{sleeping} sleep beside {tickets} tickets");
        assert_eq!(self.1.statistics().waiting, sleeping);
    }

    fn finish(&self) {
        *self.0.try_lock().unwrap() += 1_000_000;
        self.1.notify_all();
    }
}

struct Once(OnceCell<usize>, AtomicUsize);

impl Arena for Once {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..20), random.u8(..4));
        Box::pin(async move {
            // Most fail or are cancelled, so that others take over.
            let made = self.0.get_or_try_init(async || {
                pause(times).await;
                if kind > 0 { Err(()) } else { Ok(self.1.fetch_add(1, SeqCst)) }
            });
            if let Ok(made) = made.await {
                assert_eq!(*made, 0);
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert_eq!((sleeping, self.1.load(SeqCst) <= 1), (0, true));
        assert_eq!(self.0.initialized(), self.1.load(SeqCst) == 1);
    }
}

struct Computed(OnceMap<usize, usize>, AtomicUsize);

impl Arena for Computed {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (key, kind, times) = (random.usize(..3), random.u8(..4), random.u8(..4));
        Box::pin(async move {
            if kind == 0 {
                self.0.remove(&key);
                return;
            }
            let made = self.0.try_compute(key, async || {
                pause(times).await;
                if kind == 1 { Err(()) } else { Ok(key) }
            });
            if let Ok(made) = made.await {
                assert_eq!(made, key);
                self.1.fetch_add(1, SeqCst);
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert_eq!((sleeping, self.0.len() <= 3), (0, true));
        for key in 0..3 {
            self.0.remove(&key);
        }
        assert!(self.0.is_empty());
    }
}
