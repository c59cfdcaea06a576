//! What the benches share: a small executor, and contestants that take turns.
//!
//! | how                                        | what                                              |
//! |--------------------------------------------|---------------------------------------------------|
//! | `cargo xtask bench`                        | all rows, into the tables and charts of `report/` |
//! | `cargo xtask bench --full`                 | the same, for longer                              |
//! | `cargo xtask bench paired [FILTER]`        | contestants interleaved round by round, as ratios |
//! | `cargo xtask bench criterion [FILTER]`     | criterion's groups, one contestant after another  |
//! | `cargo xtask bench fairness`               | how tasks share a mutex                           |
//! | `cargo xtask bench cancelled`              | what dropped sends and receives do to a channel   |
//! | `cargo xtask bench lateness`               | how late a lone sleep is, and what idling costs   |
//!
//! Machines are noisy: the paired mode runs all contestants in each round and takes the median of
//! the rounds' ratios. One-thread rows are settled by instruction counts, which repeat.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

/// A task of a bench.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs for a number of operations; how long that took.
pub type Run = Box<dyn FnMut(u64) -> Duration>;

/// A group of contestants on one workload; a peer whose name ends in `*` gives a weaker guarantee.
pub struct Group {
    /// What is measured.
    pub name: String,
    /// Who takes part, ours first.
    pub contestants: Vec<(&'static str, Run)>,
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How long `f` takes.
pub fn timed(f: impl FnOnce()) -> Duration {
    let start = Instant::now();
    f();
    start.elapsed()
}

/// The output of a future that is ready when first polled: no executor is in the count.
///
/// # Panics
///
/// If it is not.
#[inline(always)]
pub fn at_once<F: Future>(future: F) -> F::Output {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it has to wait"),
    }
}

/// Lets others run once.
pub async fn yield_now() {
    let mut first = true;
    std::future::poll_fn(|cx| {
        if !std::mem::take(&mut first) {
            // Woken only when it gives way: an executor that polls once for each wake-up would get two
            // for one otherwise, and twice as many from yield to yield.
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs tasks on this thread in the order of their wake-ups; how long that took.
///
/// # Panics
///
/// If a task sleeps for ever.
pub fn on_one_thread(tasks: Vec<Task>) -> Duration {
    struct Index(usize, Arc<Mutex<Vec<usize>>>);
    impl Wake for Index {
        fn wake(self: Arc<Self>) {
            self.wake_by_ref();
        }
        fn wake_by_ref(self: &Arc<Self>) {
            self.1.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
        }
    }
    let queue = Arc::new(Mutex::new((0..tasks.len()).collect::<Vec<_>>()));
    let wakers: Vec<_> =
        (0..tasks.len()).map(|at| Waker::from(Arc::new(Index(at, queue.clone())))).collect();
    let mut tasks: Vec<_> = tasks.into_iter().map(Some).collect();
    let mut woken = Vec::new();
    timed(|| {
        loop {
            // Swapped, so that the executor does not allocate while it is measured.
            std::mem::swap(&mut woken, &mut *queue.lock().unwrap_or_else(PoisonError::into_inner));
            if woken.is_empty() {
                assert!(tasks.iter().all(Option::is_none), "a task sleeps for ever");
                return;
            }
            for at in woken.drain(..) {
                let mut cx = Context::from_waker(&wakers[at]);
                if tasks[at].as_mut().is_some_and(|task| task.as_mut().poll(&mut cx).is_ready()) {
                    tasks[at] = None;
                }
            }
        }
    })
}

/// Runs tasks on two workers of tokio's; how long that took.
///
/// # Panics
///
/// If tokio cannot be started.
pub fn on_two_workers(tasks: Vec<Task>) -> Duration {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).build().expect("tokio starts")
    });
    let left = Arc::new(AtomicUsize::new(tasks.len()));
    let (done, ended) = mpsc::channel();
    timed(|| {
        for task in tasks {
            let (left, done) = (left.clone(), done.clone());
            runtime.spawn(async move {
                task.await;
                if left.fetch_sub(1, SeqCst) == 1 {
                    let _ = done.send(());
                }
            });
        }
        let _ = ended.recv();
    })
}

/// How long contestants are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    /// How often each has its turn.
    pub rounds: usize,
    /// How long a turn is.
    pub turn: Duration,
    /// When no further round begins, if each had some: a turn of a slow workload takes as long as it
    /// takes.
    pub most: Duration,
}

impl Length {
    /// Long enough for a look.
    pub const QUICK: Self =
        Self { rounds: 15, turn: Duration::from_millis(5), most: Duration::from_secs(2) };
    /// Long enough for a claim.
    pub const FULL: Self =
        Self { rounds: 61, turn: Duration::from_millis(15), most: Duration::from_secs(60) };
}

/// What a contestant did on a workload.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Who it is.
    pub name: &'static str,
    /// Nanoseconds an operation, the median of the rounds.
    pub nanos: f64,
    /// What it took, by what ours took in the same round: above 1 ours is faster. The quarter, the
    /// half and the three quarters of the rounds.
    pub ratio: [f64; 3],
}

/// Lets the contestants of a group take turns.
pub fn measure(group: &mut Group, length: Length) -> Vec<Figures> {
    let turn = length.turn.as_secs_f64();
    let operations: Vec<u64> = group
        .contestants
        .iter_mut()
        .map(|(_, run)| {
            let took = run(2000).max(Duration::from_nanos(1));
            ((2000.0 * turn / took.as_secs_f64()) as u64).clamp(2000, 50_000_000)
        })
        .collect();
    let mut nanos = vec![Vec::new(); group.contestants.len()];
    let start = Instant::now();
    for round in 0..length.rounds {
        if round >= 5 && start.elapsed() > length.most {
            break;
        }
        for (at, (_, run)) in group.contestants.iter_mut().enumerate() {
            let took = run(operations[at]);
            nanos[at].push(took.as_secs_f64() * 1e9 / operations[at] as f64);
        }
    }
    let quarters = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
    };
    let of = |at: usize| {
        let ratios = nanos[at].iter().zip(&nanos[0]).map(|(peer, ours)| peer / ours).collect();
        let [_, nanos, _] = quarters(nanos[at].clone());
        Figures { name: group.contestants[at].0, nanos, ratio: quarters(ratios) }
    };
    (0..nanos.len()).map(of).collect()
}

/// Interleaves the contestants and prints the median of the ratios to ours.
pub fn paired(group: &mut Group) {
    println!("{}", group.name);
    let mut best = ("nobody", f64::INFINITY);
    for (at, Figures { name, nanos, ratio: [_, ratio, _] }) in
        measure(group, Length::QUICK).into_iter().enumerate()
    {
        println!("  {name:<14} {nanos:>9.1} ns {ratio:>7.2}x");
        if at > 0 && !name.ends_with('*') && ratio < best.1 {
            best = (name, ratio);
        }
    }
    println!("  against the best peer that counts, {}: {:.2}x", best.0, best.1);
}

/// What callgrind counts, one call a dump: `--dump-after` names it.
#[inline(never)]
pub fn counted(run: &mut Run, operations: u64) {
    std::hint::black_box(run(operations));
}
