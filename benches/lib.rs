//! What the benches share: a small executor, and contestants that take turns.
//!
//! | how                                        | what                                              |
//! |--------------------------------------------|---------------------------------------------------|
//! | `cargo xtask bench`                        | criterion's groups                                |
//! | `cargo xtask bench paired [FILTER]`        | contestants interleaved round by round, as ratios |
//! | `cargo xtask bench fairness`               | how tasks share a mutex                           |
//! | `cargo xtask bench lateness`               | how late a lone sleep is, and what idling costs   |
//! | `benches/instructions.sh`                  | instructions an operation, by callgrind           |
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

/// Interleaves the contestants and prints the median of the ratios to ours.
pub fn paired(group: &mut Group) {
    const ROUNDS: usize = 15;
    const SAMPLE: Duration = Duration::from_millis(5);
    let operations: Vec<u64> = group
        .contestants
        .iter_mut()
        .map(|(_, run)| {
            let took = run(2000).max(Duration::from_nanos(1));
            ((2000.0 * SAMPLE.as_secs_f64() / took.as_secs_f64()) as u64).clamp(2000, 10_000_000)
        })
        .collect();
    let mut nanos = vec![Vec::new(); group.contestants.len()];
    for _ in 0..ROUNDS {
        for (at, (_, run)) in group.contestants.iter_mut().enumerate() {
            let took = run(operations[at]);
            nanos[at].push(took.as_secs_f64() * 1e9 / operations[at] as f64);
        }
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!("{}", group.name);
    let mut best = ("nobody", f64::INFINITY);
    for (at, (name, _)) in group.contestants.iter().enumerate() {
        let ratios = nanos[at].iter().zip(&nanos[0]).map(|(peer, ours)| peer / ours).collect();
        let ratio = median(ratios);
        println!("  {name:<14} {:>9.1} ns {ratio:>7.2}x", median(nanos[at].clone()));
        if at > 0 && !name.ends_with('*') && ratio < best.1 {
            best = (name, ratio);
        }
    }
    println!("  against the best peer that counts, {}: {:.2}x", best.0, best.1);
}
