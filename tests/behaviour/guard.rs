//! Guards: the table of exits, cell by cell, and the reaper behind them.

use std::{
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use futures_lite::future::yield_now;
use selvedge::context::{Exit, Guard, LocalReaper, Reaper, ThreadReaper, WithError, with};

use crate::{
    harness::{Watched, growth, panics, poll, ready},
    sweep::{Report, Swept},
};

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn push(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// How many handles of it there are: one for each resource that is alive.
    pub(crate) fn handles(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

/// A resource that tells of its cleanup, which takes two polls more than its first.
struct Conn(Log);

impl Conn {
    async fn query(&mut self, answer: u32) -> Result<u32, String> {
        yield_now().await;
        if answer == 0 { Err("bad".into()) } else { Ok(answer) }
    }

    async fn close(self, exit: Exit) -> Result<(), String> {
        self.0.push(format!("closing {exit:?}"));
        yield_now().await;
        yield_now().await;
        self.0.push("closed");
        if exit == Exit::Failed { Err("close".into()) } else { Ok(()) }
    }
}

/// Runs it on tokio, on the embedded executor, and on a bare thread.
pub(crate) fn everywhere<F: Future<Output = ()> + Send + 'static>(test: impl Fn() -> F) {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    tokio.block_on(async { tokio::spawn(test()).await }).unwrap();
    selvedge::block_on(selvedge::spawn(test()));
    let future = test();
    thread::spawn(|| pollster::block_on(future)).join().unwrap();
}

/// Polls it `polls` times with a waker of its own, and drops it. Whether it was pending to the end.
pub(crate) fn quit_after<F: Future>(future: F, polls: usize) -> bool {
    let mut future = Box::pin(future);
    (0..polls).all(|_| poll(future.as_mut()).is_pending())
}

pub(crate) fn sweep(report: Report<'_>) {
    for (name, until_empty) in [("guard::drain", true), ("guard::run", false)] {
        // The shapes ask for one name a future, not for its kind: `run` ends with its handles.
        if until_empty {
            swept_drain(name).sweep(report);
        } else {
            report(name, "1 cancel at every poll", runs_end_with_the_last_handle());
        }
    }
    report("guard::close", "1 cancel at every poll", close_is_cancelled_at_every_poll());
    report("guard::with", "1 cancel at every poll", with_is_cancelled_at_every_poll());
    report("guard::close", "6 nothing grows", nothing_is_kept());
}

/// A reaper with one cleanup, that ends when it is told to.
pub(crate) struct Gated {
    reaper: Reaper,
    gate: Arc<(AtomicBool, Mutex<Option<Waker>>)>,
}

fn swept_drain(name: &'static str) -> Swept<Gated> {
    Swept {
        name,
        make: || {
            let reaper = Reaper::new();
            let gate = Arc::new((AtomicBool::new(false), Mutex::new(None)));
            let inner = gate.clone();
            drop(reaper.guard((), move |(), _| {
                poll_fn(move |cx| {
                    // Cloned and dropped with no lock of the test's held.
                    let fresh = Some(cx.waker().clone());
                    let old = std::mem::replace(&mut *inner.1.lock().unwrap(), fresh);
                    drop(old);
                    if inner.0.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
                })
            }));
            Gated { reaper, gate }
        },
        wait: |gated| {
            let gated = gated.clone();
            Box::pin(async move { gated.reaper.drain().await.left == 0 })
        },
        free: |gated| {
            gated.gate.0.store(true, SeqCst);
            let waker = gated.gate.1.lock().unwrap().take();
            if let Some(waker) = waker {
                waker.wake();
            }
        },
        waiting: |gated| gated.reaper.drivers(),
        is_free: |gated| {
            ready(pin!(gated.reaper.drain()));
            gated.reaper.report().left == 0
        },
        close: None,
    }
}

fn runs_end_with_the_last_handle() -> usize {
    for polls in 0..3 {
        let (reaper, log) = (Reaper::new(), Log::default());
        let mut run = Box::pin(reaper.run());
        let watched = Watched::new();
        assert!(watched.poll(run.as_mut()).is_pending());
        drop(reaper.guard(Conn(log.clone()), Conn::close));
        assert_eq!(watched.woken(), 1);
        drop(reaper);
        for _ in 0..polls {
            assert!(watched.poll(run.as_mut()).is_pending());
        }
        if polls == 2 {
            assert_eq!(ready(run.as_mut()).done, 1);
        }
        drop(run);
        assert_eq!((log.handles(), watched.kept()), (1, 0), "after {polls} polls");
    }
    3
}

/// Whenever it is cancelled, the cleanup runs once, as a whole, and what is left is driven on.
fn close_is_cancelled_at_every_poll() -> usize {
    for polls in 0..4 {
        let (reaper, log) = (Reaper::new(), Log::default());
        let closing = reaper.guard(Conn(log.clone()), Conn::close).close();
        let pending = quit_after(closing, polls);
        assert_eq!((pending, reaper.report().taken), (polls < 3, usize::from(polls < 3)));
        // Its driver is cancelled as well, at each poll.
        for _ in 0..2 {
            let _ = poll(pin!(reaper.drain()));
        }
        let report = ready_in_the_end(reaper.drain());
        assert_eq!((report.done, report.left), (usize::from(polls < 3), 0));
        assert_eq!((log.take(), log.handles()), (vec!["closing Done".into(), "closed".into()], 1));
    }
    4
}

/// Polls until it is ready.
pub(crate) fn ready_in_the_end<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
}

fn with_is_cancelled_at_every_poll() -> usize {
    for polls in 0..5 {
        let (reaper, log) = (Reaper::new(), Log::default());
        let body = async |conn: &mut Conn| conn.query(7).await;
        let pending = quit_after(with(&reaper, Conn(log.clone()), body, Conn::close), polls);
        assert_eq!(pending, polls < 4);
        ready_in_the_end(reaper.drain());
        let exit = if polls < 2 { "closing Dropped" } else { "closing Done" };
        assert_eq!((log.take(), log.handles()), (vec![exit.into(), "closed".into()], 1));
    }
    5
}

/// A thousand of each way out; not an allocation is left, but for the queue's room.
fn nothing_is_kept() -> usize {
    let reaper = Reaper::new();
    let round = || {
        let guard = || reaper.guard((), |(), _| yield_now());
        drop(guard());
        guard().disarm();
        ready_in_the_end(guard().close());
        assert!(quit_after(guard().close(), 1));
        assert!(quit_after(reaper.drain(), 1));
        ready_in_the_end(reaper.drain());
    };
    round();
    assert_eq!(growth(|| (0..1000).for_each(|_| round())), 0);
    5000
}

// The table of exits, by its rows. Semantics 125 throughout: what remains goes to the reaper.

#[test]
fn normal() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let run = with(&reaper, Conn(log.clone()), async |conn| conn.query(7).await, Conn::close);
        assert_eq!(run.await, Ok(7));
        assert_eq!(log.take(), ["closing Done", "closed"]);

        let mut guard = reaper.guard(Conn(log.clone()), Conn::close);
        assert_eq!(guard.query(7).await, Ok(7));
        assert_eq!(guard.close().await, Ok(()));
        assert_eq!(log.take(), ["closing Done", "closed"]);
        assert_eq!(reaper.report().taken, 0);

        drop(reaper.guard(Conn(log.clone()), Conn::close));
        assert_eq!(log.take(), [""; 0], "a drop runs nothing");
        assert_eq!(reaper.drain().await.done, 1);
        assert_eq!(log.take(), ["closing Dropped", "closed"]);
    });
}

#[test]
fn early_return() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let body = async |conn: &mut Conn| {
            let answer = conn.query(0).await?;
            Ok::<_, String>(answer + 1)
        };
        let run = with(&reaper, Conn(log.clone()), body, Conn::close).await;
        assert_eq!(run, Err(WithError::Both { body: "bad".into(), close: "close".into() }));
        assert_eq!((log.take(), reaper.report().taken), (texts(["closing Failed", "closed"]), 0));

        let use_it = async || {
            let mut guard = reaper.guard(Conn(log.clone()), Conn::close);
            guard.query(0).await?;
            guard.close().await
        };
        assert_eq!(use_it().await, Err("bad".into()));
        assert_eq!(reaper.drain().await.done, 1);
        assert_eq!(log.take(), ["closing Dropped", "closed"]);
    });
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(String::from).into()
}

/// A future whose panic is its output, so that a test goes on behind it.
async fn caught<F: Future>(future: F) -> bool {
    let mut future = Box::pin(future);
    poll_fn(|cx| {
        let poll = std::panic::AssertUnwindSafe(|| future.as_mut().poll(cx));
        match std::panic::catch_unwind(poll) {
            Ok(poll) => poll.map(|_| false),
            Err(_) => Poll::Ready(true),
        }
    })
    .await
}

#[test]
fn panic_in_the_body() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let body = async |conn: &mut Conn| {
            conn.query(1).await?;
            if true {
                panic!("on purpose")
            }
            Ok::<(), String>(())
        };
        assert!(caught(with(&reaper, Conn(log.clone()), body, Conn::close)).await);
        assert_eq!((log.take(), reaper.report().taken), (texts(["closing Panicked", "closed"]), 0));

        let guard = reaper.guard(Conn(log.clone()), Conn::close);
        assert!(
            caught(async move {
                let _guard = guard;
                panic!("on purpose");
            })
            .await
        );
        assert_eq!(reaper.drain().await.done, 1);
        assert_eq!(log.take(), ["closing Panicked", "closed"]);
    });
}

#[test]
fn dropped_in_the_body() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        struct Told(Log);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.push("body dropped");
            }
        }
        let told = log.clone();
        let body = async move |_: &mut Conn| {
            let _told = Told(told);
            pending::<Result<(), String>>().await
        };
        assert!(quit_after(with(&reaper, Conn(log.clone()), body, Conn::close), 2));
        assert_eq!(reaper.report().left, 1);
        assert_eq!(reaper.drain().await.done, 1);
        assert_eq!(log.take(), ["body dropped", "closing Dropped", "closed"]);

        let guard = reaper.guard(Conn(log.clone()), Conn::close);
        assert!(quit_after(
            async move {
                let _guard = guard;
                pending::<()>().await;
            },
            1
        ));
        assert_eq!(reaper.drain().await.done, 2);
        assert_eq!(log.take(), ["closing Dropped", "closed"]);
    });
}

#[test]
fn dropped_in_the_cleanup() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        let body = async |_: &mut Conn| Ok::<_, String>(());
        assert!(quit_after(with(&reaper, Conn(log.clone()), body, Conn::close), 2));
        assert_eq!((log.take(), reaper.drain().await.done), (texts(["closing Done"]), 1));
        assert_eq!(log.take(), ["closed"], "from where it was, and once");

        assert!(quit_after(reaper.guard(Conn(log.clone()), Conn::close).close(), 1));
        assert_eq!((log.take(), reaper.drain().await.done), (texts(["closing Done"]), 2));
        assert_eq!(log.take(), ["closed"]);
    });
}

/// Each of the three ways into the reaper.
fn hand_over(reaper: &Reaper, log: &Log) {
    let body = async |_: &mut Conn| pending::<Result<(), String>>().await;
    assert!(quit_after(with(reaper, Conn(log.clone()), body, Conn::close), 1));
    assert!(quit_after(reaper.guard(Conn(log.clone()), Conn::close).close(), 1));
    drop(reaper.guard(Conn(log.clone()), Conn::close));
}

#[test]
fn the_reaper_is_never_run_and_the_runtime_is_gone() {
    type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
    let on_each: [fn(Task); 3] = [
        |future| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async { tokio::spawn(future).await.unwrap() });
        },
        |future| selvedge::block_on(selvedge::spawn(future)),
        |future| thread::spawn(|| pollster::block_on(future)).join().unwrap(),
    ];
    for first in on_each {
        let (reaper, log) = (Reaper::new(), Log::default());
        let (inner, told) = (reaper.clone(), log.clone());
        first(Box::pin(async move { hand_over(&inner, &told) }));
        assert_eq!((reaper.report().left, log.handles()), (3, 4));
        let report = thread::spawn(move || pollster::block_on(reaper.drain())).join().unwrap();
        assert_eq!((report.taken, report.done, report.left, log.handles()), (3, 3, 0, 1));
    }
}

#[test]
fn the_last_handle_is_dropped() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        hand_over(&reaper, &log);
        assert!(quit_after(reaper.drain(), 1), "some have been polled here");
        assert_eq!(log.handles(), 4);
        drop(reaper);
        assert_eq!(log.handles(), 1, "their own drops have run");
        assert!(log.take().iter().all(|what| what.starts_with("closing")));
    });
}

/// Half of it on tokio, the rest on the embedded executor, after tokio has been shut down.
#[test]
fn a_cleanup_goes_on_where_its_first_executor_was_shut_down() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    runtime.spawn({
        let (reaper, log) = (reaper.clone(), log.clone());
        async move {
            tokio::spawn(reaper.run());
            let close =
                |log: Log, exit| async move {
                    log.push(format!("begun {exit:?}"));
                    tell.send(()).unwrap();
                    // Woken by nobody: the next driver polls it all the same.
                    let mut first = true;
                    poll_fn(|_| {
                        if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
                    })
                    .await;
                    log.push("ended");
                };
            drop(reaper.guard(log, close));
            pending::<()>().await;
        }
    });
    told.recv().unwrap();
    runtime.shutdown_timeout(Duration::from_secs(60));
    assert_eq!((log.take(), reaper.report().left), (texts(["begun Dropped"]), 1));
    let report = selvedge::block_on(selvedge::spawn(reaper.drain()));
    assert_eq!((report.done, report.left), (1, 0));
    assert_eq!((log.take(), log.handles()), (texts(["ended"]), 1));
}

async fn fails() {
    panic!("on purpose");
}

#[test]
fn panics_of_cleanups_end_with_them() {
    let reaper = Reaper::new();
    drop(reaper.guard((), |(), _| fails()));
    drop(reaper.guard((), |(), _| -> Pin<Box<dyn Future<Output = ()> + Send>> {
        panic!("before it begins")
    }));
    drop(reaper.guard((), |(), _| async {
        yield_now().await;
        Err::<(), _>("failed")
    }));
    drop(reaper.guard((), |(), _| async {}));
    let report = ready_in_the_end(reaper.drain());
    assert_eq!((report.taken, report.done, report.failed, report.panicked), (4, 1, 1, 2));
    assert_eq!(report.last_error.as_deref(), Some("failed"));

    // Inline, it is the caller's, and the reaper hears nothing of it.
    let closing = reaper.guard((), |(), _| fails()).close();
    assert!(panics(|| pollster::block_on(closing)));
    // The body's panic comes first.
    let both = with(
        &reaper,
        (),
        async |()| -> Result<(), String> { panic!("body") },
        |(), _| async {
            if true {
                panic!("close")
            }
            Ok::<(), String>(())
        },
    );
    let payload =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pollster::block_on(both)));
    assert_eq!(payload.unwrap_err().downcast_ref::<&str>(), Some(&"body"));
    assert_eq!(reaper.report().taken, 4);
}

/// Drops never panic, whatever they drop and wake.
#[test]
fn drops_never_panic() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let reaper = Reaper::new();
    let mut run = Box::pin(reaper.run());
    let waker = crate::harness::Meddler::waker(|| panic!("on purpose"), || ());
    assert!(run.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert!(!panics(|| drop(reaper.guard(Loud, |loud, _| async { drop(loud) }))));
    assert_eq!(ready_in_the_end(reaper.drain()).panicked, 1);
    drop(reaper.guard(Loud, |_loud, _| pending::<()>()));
    drop(reaper.guard(Loud, |_loud, _| async {}));
    assert!(!panics(|| drop((run, reaper))), "the last handle drops what is left");
}

/// A guard that is made and dropped by a destructor while a panic runs was not panicked in.
#[test]
fn a_guard_of_a_destructor_is_dropped_and_not_panicked() {
    struct UsesOne(Reaper, Log);
    impl Drop for UsesOne {
        fn drop(&mut self) {
            let log = self.1.clone();
            drop(self.0.guard((), move |(), exit| async move { log.push(format!("{exit:?}")) }));
        }
    }
    let (reaper, log) = (Reaper::new(), Log::default());
    let uses = UsesOne(reaper.clone(), log.clone());
    assert!(panics(move || {
        let _uses = uses;
        panic!("on purpose");
    }));
    ready_in_the_end(reaper.drain());
    assert_eq!(log.take(), ["Dropped"]);
}

/// Semantics 126.
#[test]
fn a_wrapped_function_can_be_called_again_and_from_within() {
    async fn walk(reaper: &Reaper, log: &Log, depth: u32) -> Result<u32, String> {
        let body = async |_: &mut Log| match depth {
            0 => Err("the bottom".to_string()),
            _ => Box::pin(walk(reaper, log, depth - 1)).await,
        };
        let close = move |log: Log, exit| async move {
            log.push(format!("{depth} {exit:?}"));
            Ok::<(), String>(())
        };
        with(reaper, log.clone(), body, close).await.map_err(|error| error.to_string())
    }
    let (reaper, log) = (Reaper::new(), Log::default());
    for _ in 0..2 {
        let ended = ready_in_the_end(walk(&reaper, &log, 2));
        assert_eq!(ended, Err("the bottom".into()));
        assert_eq!(log.take(), ["0 Failed", "1 Failed", "2 Failed"]);
    }
}

/// A job is polled when it is woken, and not with the others.
#[test]
fn a_wake_up_costs_the_poll_of_one_job() {
    const JOBS: usize = 100;
    let reaper = Reaper::new();
    let polls = Arc::new(AtomicUsize::new(0));
    let wakers = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..JOBS {
        let (polls, wakers) = (polls.clone(), wakers.clone());
        drop(reaper.guard((), move |(), _| {
            poll_fn(move |cx| {
                polls.fetch_add(1, SeqCst);
                wakers.lock().unwrap().push(cx.waker().clone());
                Poll::<()>::Pending
            })
        }));
    }
    let watched = Watched::new();
    let mut run = Box::pin(reaper.run());
    assert!(watched.poll(run.as_mut()).is_pending());
    assert_eq!(polls.load(SeqCst), JOBS);
    let mine = wakers.lock().unwrap()[40].clone();
    for _ in 0..10 {
        mine.wake_by_ref();
    }
    assert_eq!(watched.woken(), 1);
    assert!(watched.poll(run.as_mut()).is_pending());
    assert_eq!(polls.load(SeqCst), JOBS + 1);
    drop((run, reaper));
    mine.wake_by_ref();
    let all = std::mem::take(&mut *wakers.lock().unwrap());
    all.into_iter().for_each(Waker::wake);
    assert_eq!(polls.load(SeqCst), JOBS + 1);
}

/// A job that wakes itself does not keep its driver's thread.
#[test]
fn a_driver_returns_between_rounds() {
    let reaper = Reaper::new();
    drop(reaper.guard((), |(), _| {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        })
    }));
    let watched = Watched::new();
    let mut run = Box::pin(reaper.run());
    for round in 1..=3 {
        assert!(watched.poll(run.as_mut()).is_pending());
        assert_eq!(watched.woken(), round);
    }
}

/// What one driver leaves, the others hear of.
#[test]
fn a_driver_that_goes_wakes_the_others() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let (first, second) = (Watched::new(), Watched::new());
    let mut runs = [reaper.run(), reaper.drain()].map(Box::pin);
    drop(reaper.guard(Conn(log.clone()), Conn::close));
    assert!(first.poll(runs[0].as_mut()).is_pending());
    assert_eq!(first.woken(), 1, "its job yields: there is more to do");
    let [run, mut drain] = runs;
    assert!(second.poll(drain.as_mut()).is_pending());
    assert!(second.poll(drain.as_mut()).is_ready());
    drop(run);
    assert_eq!((first.kept(), second.kept(), log.handles()), (0, 0, 1));
}

#[test]
fn a_cleanup_may_use_its_reaper_weakly() {
    let (reaper, log) = (Reaper::new(), Log::default());
    let guard = |outer: Log| {
        let weak = reaper.downgrade();
        reaper.guard(outer, move |log, _| async move {
            drop(Guard::new(log, |log: Log, _| async move { log.push("inner") }, weak));
        })
    };
    drop(guard(log.clone()));
    assert_eq!(ready_in_the_end(reaper.drain()).done, 2);
    assert_eq!(log.take(), ["inner"]);
    // Queue, job, queue: not a cycle.
    let weak = reaper.downgrade();
    drop(guard(log.clone()));
    drop(reaper);
    assert_eq!((weak.upgrade().is_none(), log.handles()), (true, 1));
    drop(Guard::new(log.clone(), |_: Log, _| async {}, weak));
    assert_eq!(log.handles(), 1);
}

#[test]
fn what_is_forgotten_is_forgotten() {
    let (reaper, log) = (Reaper::new(), Log::default());
    std::mem::forget(reaper.guard(Conn(log.clone()), Conn::close));
    let mut run = Box::pin(reaper.drain());
    drop(reaper.guard(Conn(log.clone()), Conn::close));
    assert!(poll(run.as_mut()).is_pending());
    std::mem::forget(run);
    assert_eq!(ready_in_the_end(reaper.drain()).done, 1);
    assert_eq!(log.handles(), 2);
}

#[test]
fn a_local_reaper_takes_what_stays_on_its_thread() {
    let (reaper, count) = (LocalReaper::new(), Rc::new(()));
    let close = |count: Rc<()>, _| async move {
        yield_now().await;
        drop(count);
        Ok::<_, String>(())
    };
    let name = String::from("borrowed");
    let ended = ready_in_the_end(with(
        reaper.clone(),
        count.clone(),
        async |_: &mut Rc<()>| Ok::<_, String>(name.len()),
        close,
    ));
    assert_eq!(ended, Ok(8));
    drop(reaper.guard(count.clone(), close));
    assert_eq!((Rc::strong_count(&count), reaper.report().left), (2, 1));
    assert_eq!(ready_in_the_end(reaper.drain()).done, 1);
    assert_eq!(Rc::strong_count(&count), 1);
}

#[test]
fn a_thread_reaper_needs_nobody() {
    let (reaper, log) = (ThreadReaper::start().unwrap(), Log::default());
    let (tell, told) = std::sync::mpsc::channel();
    drop(reaper.guard(log.clone(), |log: Log, _| async move {
        yield_now().await;
        log.push(thread::current().name().unwrap_or_default());
        tell.send(()).unwrap();
    }));
    told.recv().unwrap();
    assert_eq!(log.take(), ["selvedge-reaper"]);
    assert_eq!(pollster::block_on(reaper.drain()).done, 1);
    // The thread finishes what it has when the last handle goes.
    let (tell, told) = std::sync::mpsc::channel();
    drop(reaper.guard((), |(), _| async move { tell.send(()).unwrap() }));
    drop(reaper);
    told.recv().unwrap();
}

#[test]
fn many_threads_hand_over_while_many_drive() {
    const GUARDS: usize = 500;
    let reaper = Reaper::new();
    let count = Arc::new(AtomicUsize::new(0));
    let drivers = [(); 2].map(|()| {
        let run = reaper.run();
        thread::spawn(|| pollster::block_on(run))
    });
    let givers = [(); 2].map(|()| {
        let (reaper, count) = (reaper.clone(), count.clone());
        thread::spawn(move || {
            for at in 0..GUARDS {
                let count = count.clone();
                let guard = reaper.guard((), move |(), _| async move {
                    yield_now().await;
                    count.fetch_add(1, SeqCst);
                });
                if at % 2 == 0 { drop(guard) } else { assert!(quit_after(guard.close(), 1)) }
            }
        })
    });
    for giver in givers {
        giver.join().unwrap();
    }
    assert_eq!(pollster::block_on(reaper.drain()).left, 0);
    drop(reaper);
    for driver in drivers {
        assert_eq!(driver.join().unwrap().done, 2 * GUARDS);
    }
    assert_eq!(count.load(SeqCst), 2 * GUARDS);
}

fn is_send<T: Send>(_: &T) {}

#[test]
fn what_is_guarded_decides_whether_it_is_send() {
    let (reaper, log) = (Reaper::new(), Log::default());
    is_send(&with(&reaper, Conn(log), async |conn| conn.query(7).await, Conn::close));
    is_send(&reaper.guard((), |(), _| pending::<()>()).close());
}
