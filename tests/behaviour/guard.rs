//! Guards: the table of exits, cell by cell, and the reaper behind them.

use std::{
    future::{Future, pending, poll_fn},
    pin::pin,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Poll, Waker},
    thread,
};

use futures_lite::future::yield_now;
use selvedge::context::{Exit, Guard, LocalReaper, Reaper, ThreadReaper, with};

use crate::harness::{Watched, poll};

mod exits;
mod sweep;

pub(crate) use sweep::sweep;

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

/// Polls until it is ready.
pub(crate) fn ready_in_the_end<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
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
