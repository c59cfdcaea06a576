//! Sleeps: many that are set and cancelled, many that end, and how late a lone one is.

use std::{
    future::Future,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Waker},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use selvedge_benches::{Group, Run};
use tokio::runtime::Runtime;

use crate::delay_queue;

/// How many sleeps are pending at once; primes, so that a stride visits all.
pub(crate) const MANY: [usize; 3] = [1009, 100_003, 1_000_003];
/// Cancelled in another order than set.
pub(crate) const STRIDE: usize = 7919;

/// Deadlines over a minute, from half a minute on.
pub(crate) fn deadlines(many: usize) -> Vec<Duration> {
    let mut random = 88_172_645_463_325_252_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        Duration::from_micros(30_000_000 + random % 60_000_000)
    };
    (0..many).map(|_| next()).collect()
}

/// tokio on this thread alone.
pub(crate) fn tokio_alone() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("tokio starts")
}

/// Sets `many` sleeps and cancels them, each where it lies: a task has them among its variables.
fn insert_cancel<F: Future + 'static>(
    many: usize,
    sleep_until: impl Fn(Instant) -> F + 'static,
) -> Run {
    let deadlines = deadlines(many);
    let mut sleeps: Vec<_> = (0..many).map(|_| MaybeUninit::uninit()).collect();
    let round = move || {
        let mut cx = Context::from_waker(Waker::noop());
        let start = Instant::now();
        for (sleep, after) in sleeps.iter_mut().zip(&deadlines) {
            let sleep = sleep.write(sleep_until(start + *after));
            #[expect(unsafe_code, reason = "a box each would be measured too")]
            // SAFETY: a sleep stays in its place until it is dropped there.
            let sleep = unsafe { Pin::new_unchecked(sleep) };
            assert!(sleep.poll(&mut cx).is_pending());
        }
        let mut at = 0;
        for _ in 0..many {
            at = (at + STRIDE) % many;
            #[expect(unsafe_code, reason = "moving it out would be measured too")]
            // SAFETY: each was written above, and a stride that is prime to `many` meets it once.
            unsafe {
                sleeps[at].assume_init_drop();
            }
        }
        start.elapsed()
    };
    in_rounds(many, round)
}

/// `round` does `many` operations: as many rounds as that takes, and the time that belongs to them.
pub(crate) fn in_rounds(many: usize, mut round: impl FnMut() -> Duration + 'static) -> Run {
    Box::new(move |n| {
        let rounds = (n / many as u64).max(1);
        let took: Duration = (0..rounds).map(|_| round()).sum();
        took.mul_f64(n as f64 / (rounds * many as u64) as f64)
    })
}

/// What the process has computed so far.
pub(crate) fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// `run` waits for all of `many` deadlines, which come over 50 ms: the time that it computes.
pub(crate) fn fire(many: usize, mut run: impl FnMut(Vec<Instant>) + 'static) -> Run {
    in_rounds(many, move || {
        let before = cpu();
        let start = Instant::now() + Duration::from_millis(150);
        let spread = |after: Duration| Duration::from_nanos(after.as_nanos() as u64 % 50_000_000);
        run(deadlines(many).into_iter().map(|after| start + spread(after)).collect());
        cpu() - before
    })
}

/// A task a deadline, on tokio's one thread.
fn fire_tasks<F: Future<Output: Send> + Send + 'static>(
    many: usize,
    sleep_until: fn(Instant) -> F,
) -> Run {
    let runtime = tokio_alone();
    fire(many, move |deadlines| {
        runtime.block_on(async {
            let sleep = |at| tokio::spawn(async move { drop(sleep_until(at).await) });
            let tasks: Vec<_> = deadlines.into_iter().map(sleep).collect();
            for task in tasks {
                task.await.expect("it ends");
            }
        });
    })
}

/// How late a lone sleep of 10 ms is, and what the process computes while nothing is due.
pub(crate) fn lateness() {
    const TIMES: usize = 41;
    let runtime = tokio_alone();
    type Sleep<'a> = Box<dyn Fn(Instant) + 'a>;
    let contestants: [(&str, Sleep<'_>); 4] = [
        ("selvedge", Box::new(|at| pollster::block_on(selvedge_timer::sleep_until(at)))),
        (
            "tokio",
            Box::new(|at| runtime.block_on(async { tokio::time::sleep_until(at.into()).await })),
        ),
        ("async-io", Box::new(|at| _ = pollster::block_on(async_io::Timer::at(at)))),
        ("std floor", Box::new(|at| std::thread::sleep(at - Instant::now()))),
    ];
    let mut late = contestants.each_ref().map(|_| Vec::new());
    for _ in 0..TIMES {
        for ((_, sleep), late) in contestants.iter().zip(&mut late) {
            let at = Instant::now() + Duration::from_millis(10);
            sleep(at);
            late.push(Instant::now() - at);
        }
    }
    for ((name, _), late) in contestants.iter().zip(&mut late) {
        late.sort();
        println!(
            "  {name:<12} late by {:>9.1?} in the median, {:>9.1?} at most",
            late[TIMES / 2],
            late[TIMES - 1]
        );
    }
    let mut pending = Box::pin(selvedge_timer::sleep(Duration::from_secs(3600)));
    assert!(pending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    std::thread::sleep(Duration::from_millis(50));
    let before = cpu();
    std::thread::sleep(Duration::from_secs(1));
    println!(
        "  while an hour is waited for, the process computes {:?} in a second",
        cpu() - before
    );
}

pub(crate) fn groups() -> Vec<Group> {
    const DUE: usize = 100_003;
    let pending = MANY.into_iter().map(|many| Group {
        name: format!("sleep/insert_cancel/{many}"),
        contestants: vec![
            ("selvedge", insert_cancel(many, selvedge_timer::sleep_until)),
            ("tokio", {
                let runtime = tokio_alone();
                let mut run = insert_cancel(many, |at| tokio::time::sleep_until(at.into()));
                Box::new(move |n| runtime.block_on(async { run(n) }))
            }),
            ("async-io", insert_cancel(many, async_io::Timer::at)),
            // A structure of one task: no lock, no waker. `delay_queue` has it against ours.
            ("DelayQueue*", delay_queue::tokio_insert_remove(many)),
        ],
    });
    let fire = Group {
        name: format!("sleep/fire_cpu/{DUE}"),
        contestants: vec![
            ("selvedge", fire_tasks(DUE, selvedge_timer::sleep_until)),
            ("tokio", fire_tasks(DUE, |at| tokio::time::sleep_until(at.into()))),
            ("async-io", fire_tasks(DUE, async_io::Timer::at)),
        ],
    };
    pending.chain([fire]).collect()
}
