//! Drives one family after the other: epochs of noise, each followed by rest.
//!
//! 1. Every worker keeps a few operations open, polls those that were woken, some that were not, and
//!    drops some.
//! 2. Nothing new begins, and whoever was woken is polled until nobody is: at rest. Whoever sleeps
//!    now must have a reason.
//! 3. The family gives those who sleep what they wait for: nobody sleeps any more.
//! 4. Everything is dropped: no waker is left.

use std::{
    future::Future,
    panic,
    pin::Pin,
    process,
    sync::{
        Arc, Barrier, Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

pub(crate) use fastrand::Rng;

pub(crate) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A primitive, and what is done to it.
pub(crate) trait Arena: Send + Sync {
    /// One operation, chosen by chance; it may be dropped at any poll.
    fn act(self: Arc<Self>, random: &mut Rng) -> Job;

    /// Nobody runs: whether `sleeping` operations may sleep.
    fn at_rest(&self, sleeping: usize);

    /// Gives those who sleep what they wait for.
    fn finish(&self) {}

    /// Every operation has ended.
    fn ended(&self) {}

    /// Whether time wakes as well: then rest is when all operations have ended.
    fn has_timers(&self) -> bool {
        false
    }
}

/// A name, and what makes an arena.
pub(crate) type Family = (&'static str, fn() -> Arc<dyn Act>);

/// [`Arena`] as an object.
pub(crate) trait Act: Send + Sync {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job;
    fn arena(&self) -> &dyn Rest;
}

/// The part of [`Arena`] that needs no `Arc`.
pub(crate) trait Rest {
    fn at_rest(&self, sleeping: usize);
    fn finish(&self);
    fn ended(&self);
    fn has_timers(&self) -> bool;
}

impl<A: Arena> Rest for A {
    fn at_rest(&self, sleeping: usize) {
        Arena::at_rest(self, sleeping);
    }
    fn finish(&self) {
        Arena::finish(self);
    }
    fn ended(&self) {
        Arena::ended(self);
    }
    fn has_timers(&self) -> bool {
        Arena::has_timers(self)
    }
}

impl<A: Arena> Act for A {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        Arena::act(self, random)
    }
    fn arena(&self) -> &dyn Rest {
        self
    }
}

/// How many operations a worker has open, and how many steps of noise there are in an epoch.
const SLOTS: usize = 16;
const STEPS: usize = 3000;

/// An epoch that takes longer has something in it that never comes to rest.
const STUCK: Duration = Duration::from_secs(120);

/// Wakers that live.
static WAKERS: AtomicUsize = AtomicUsize::new(0);

/// What is told if something fails.
static WHERE: Mutex<String> = Mutex::new(String::new());

struct Flag(AtomicBool);

impl Flag {
    fn new() -> Arc<Self> {
        WAKERS.fetch_add(1, Relaxed);
        Arc::new(Self(AtomicBool::new(true)))
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Drop for Flag {
    fn drop(&mut self) {
        WAKERS.fetch_sub(1, Relaxed);
    }
}

struct Open {
    job: Job,
    flag: Arc<Flag>,
    waker: Waker,
}

impl Open {
    fn new(job: Job) -> Self {
        let flag = Flag::new();
        Self { job, waker: Waker::from(flag.clone()), flag }
    }

    fn is_woken(&self) -> bool {
        self.flag.0.swap(false, SeqCst)
    }

    fn poll(&mut self) -> Poll<()> {
        self.job.as_mut().poll(&mut Context::from_waker(&self.waker))
    }
}

pub(crate) fn soak(families: &[Family], limit: Duration, seed: u64) {
    println!("soak: this order again: --seed {seed}");
    let told = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        told(panic);
        eprintln!("{}", WHERE.lock().unwrap_or_else(PoisonError::into_inner));
        // The other workers wait for this one.
        process::exit(101);
    }));
    // More than cores, so that one is preempted now and then where it hurts.
    let workers = thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2) * 2;
    let share = limit / u32::try_from(families.len()).unwrap_or(1);
    let mut random = Rng::with_seed(seed);
    for (name, make) in families {
        let (start, mut epochs, mut actions) = (Instant::now(), 0, 0);
        let seeds = random.u64(..);
        while epochs == 0 || start.elapsed() < share {
            let here = format!("soak: family {name}, epoch {epochs}, --seed {seed}");
            WHERE.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&here);
            let (done, ended) = mpsc::channel();
            let (arena, seed) = (make(), seeds.wrapping_add(epochs));
            thread::spawn(move || {
                let _ = done.send(epoch(&arena, workers, seed));
            });
            match ended.recv_timeout(STUCK) {
                Ok(count) => actions += count,
                Err(_) => panic!("it never comes to rest"),
            }
            let left = WAKERS.load(SeqCst);
            assert_eq!(left, 0, "wakers are left");
            epochs += 1;
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("soak: {name:<24} {actions:>9} operations, {epochs:>4} epochs, {seconds:.2} s");
    }
}

fn epoch(arena: &Arc<dyn Act>, workers: usize, seed: u64) -> usize {
    let meet = Barrier::new(workers);
    let [polls, open, actions] = [const { AtomicUsize::new(0) }; 3];
    thread::scope(|threads| {
        let work = |worker: usize| {
            let (meet, polls, open, actions) = (&meet, &polls, &open, &actions);
            let mut random = Rng::with_seed(seed.wrapping_mul(31).wrapping_add(worker as u64));
            threads.spawn(move || {
                let mut slots: Vec<_> = (0..SLOTS).map(|_| None).collect();
                actions.fetch_add(noise(arena, &mut slots, &mut random), Relaxed);
                rest(arena, &mut slots, meet, polls, open);
                if meet.wait().is_leader() {
                    arena.arena().at_rest(open.load(SeqCst));
                    arena.arena().finish();
                }
                meet.wait();
                rest(arena, &mut slots, meet, polls, open);
                if meet.wait().is_leader() {
                    let open = open.load(SeqCst);
                    assert_eq!(open, 0, "operations sleep for ever");
                    arena.arena().ended();
                }
            })
        };
        // Joined one by one: ThreadSanitizer does not see how a scope ends.
        let workers: Vec<_> = (0..workers).map(work).collect();
        for worker in workers {
            worker.join().expect("a panic ends the program");
        }
    });
    actions.load(SeqCst)
}

/// Begins, polls and drops operations.
fn noise(arena: &Arc<dyn Act>, slots: &mut [Option<Open>], random: &mut Rng) -> usize {
    let mut begun = 0;
    for _ in 0..STEPS {
        let slot = &mut slots[random.usize(..SLOTS)];
        let Some(open) = slot else {
            *slot = Some(Open::new(arena.clone().act(random)));
            begun += 1;
            continue;
        };
        let is_cancelled = random.u8(..) < 16;
        let is_polled = !is_cancelled && (open.is_woken() || random.u8(..) < 16);
        if is_cancelled || (is_polled && open.poll().is_ready()) {
            *slot = None;
        }
    }
    begun
}

/// Polls whoever is woken until nobody is; leaves in `open` how many operations sleep.
fn rest(
    arena: &Arc<dyn Act>,
    slots: &mut [Option<Open>],
    meet: &Barrier,
    polls: &AtomicUsize,
    open: &AtomicUsize,
) {
    loop {
        if meet.wait().is_leader() {
            polls.store(0, SeqCst);
            open.store(0, SeqCst);
        }
        meet.wait();
        for slot in slots.iter_mut() {
            let Some(task) = slot else { continue };
            if task.is_woken() {
                polls.fetch_add(1, SeqCst);
                if task.poll().is_ready() {
                    *slot = None;
                    continue;
                }
            }
            open.fetch_add(1, SeqCst);
        }
        meet.wait();
        // Everybody reads the same: the next round begins behind a meeting.
        let (polled, sleeping) = (polls.load(SeqCst), open.load(SeqCst));
        if polled == 0 && (sleeping == 0 || !arena.arena().has_timers()) {
            return;
        }
    }
}

/// Goes to the end of the line, so many times.
pub(crate) async fn pause(times: u8) {
    for _ in 0..times {
        futures_lite::future::yield_now().await;
    }
}

/// Counts those who are in a place, also when they are dropped there.
pub(crate) struct Inside<'a>(&'a AtomicUsize, usize);

impl<'a> Inside<'a> {
    /// Comes in with a weight; at most `most` may be inside.
    pub(crate) fn enter(count: &'a AtomicUsize, weight: usize, most: usize) -> Self {
        let before = count.fetch_add(weight, SeqCst);
        assert!(before + weight <= most, "{before} and {weight} are inside, of {most}");
        Self(count, weight)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, SeqCst);
    }
}
