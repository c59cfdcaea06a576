//! The executors, each as a function that runs one suite to its end.

use std::{
    cell::RefCell,
    env,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    rc::Rc,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use futures::{executor::LocalPool, task::LocalSpawnExt};
use selvedge::context::Execute;

pub(crate) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;
pub(crate) type LocalJob = Pin<Box<dyn Future<Output = ()>>>;

/// Runs tasks on the executor of the cell.
#[derive(Clone)]
pub(crate) struct Tasks(Arc<dyn Fn(Job) + Send + Sync>);

impl<F: Future<Output = ()> + Send + 'static> Execute<F> for Tasks {
    fn execute(&self, future: F) {
        (self.0)(Box::pin(future));
    }
}

/// As [`Tasks`], for those that stay on their thread.
#[derive(Clone)]
pub(crate) struct LocalTasks(Rc<dyn Fn(LocalJob)>);

impl<F: Future<Output = ()> + 'static> Execute<F> for LocalTasks {
    fn execute(&self, future: F) {
        (self.0)(Box::pin(future));
    }
}

/// The body of a suite.
pub(crate) type Body<S> = Box<dyn FnOnce(S) -> LocalJob + Send>;

/// A suite whose tasks are `Send`.
pub(crate) fn suite<F: Future<Output = ()> + 'static>(
    f: impl FnOnce(Tasks) -> F + Send + 'static,
) -> Body<Tasks> {
    Box::new(|tasks| Box::pin(f(tasks)))
}

/// A suite whose tasks are not.
pub(crate) fn local_suite<F: Future<Output = ()> + 'static>(
    f: impl FnOnce(LocalTasks) -> F + Send + 'static,
) -> Body<LocalTasks> {
    Box::new(|tasks| Box::pin(f(tasks)))
}

/// A cell that takes longer has a task in it that sleeps for ever, or one that waits by yielding on
/// an executor that gives it its turn again before the others: it must not.
const STUCK: Duration = Duration::from_secs(120);

/// Runs one cell on a thread of its own, and gives up on it when it sleeps for ever.
pub(crate) fn run<S: 'static>(host: fn(Body<S>), body: Body<S>) {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        let _ = done.send(catch_unwind(AssertUnwindSafe(|| host(body))));
    });
    match ended.recv_timeout(STUCK) {
        Ok(Ok(())) => {}
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => panic!("a task sleeps for ever"),
    }
}

fn tasks(spawn: impl Fn(Job) + Send + Sync + 'static) -> Tasks {
    Tasks(Arc::new(spawn))
}

fn local_tasks(spawn: impl Fn(LocalJob) + 'static) -> LocalTasks {
    LocalTasks(Rc::new(spawn))
}

/// The embedded default.
pub(crate) fn embedded(body: Body<Tasks>) {
    selvedge::block_on(body(tasks(|job| selvedge::spawn(job).detach())));
}

pub(crate) fn tokio_on_many_threads(body: Body<Tasks>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(body(tasks(|job| drop(tokio::spawn(job)))));
}

pub(crate) fn tokio_on_one_thread(body: Body<Tasks>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(body(tasks(|job| drop(tokio::spawn(job)))));
}

/// smol's global executor.
pub(crate) fn smol(body: Body<Tasks>) {
    ::smol::block_on(body(tasks(|job| ::smol::spawn(job).detach())));
}

/// An executor that three threads run.
pub(crate) fn async_executor(body: Body<Tasks>) {
    let executor = Arc::new(::async_executor::Executor::new());
    let (stop, stopped) = async_channel::bounded::<()>(1);
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| futures_lite::future::block_on(executor.run(stopped.recv())));
        }
        let spawn = executor.clone();
        // Dropped on a panic as well, so that the threads end.
        let _stop = stop;
        futures_lite::future::block_on(body(tasks(move |job| spawn.spawn(job).detach())));
    });
}

pub(crate) fn futures_thread_pool(body: Body<Tasks>) {
    let pool = futures::executor::ThreadPool::builder().pool_size(3).create().unwrap();
    futures::executor::block_on(body(tasks(move |job| pool.spawn_ok(job))));
}

/// The local pool, with tasks that could go anywhere.
pub(crate) fn futures_local_pool(body: Body<Tasks>) {
    // What spawns must be `Send`, and the pool's spawner is not: jobs go through a list.
    let (jobs, inbox) = async_channel::unbounded();
    let mut pool = LocalPool::new();
    let spawner = pool.spawner();
    pool.spawner()
        .spawn_local(async move {
            while let Ok(job) = inbox.recv().await {
                spawner.spawn_local(job).unwrap();
            }
        })
        .unwrap();
    pool.run_until(body(tasks(move |job: Job| jobs.try_send(job).unwrap())));
}

/// No executor at all: a thread a task, each blocked on by pollster.
pub(crate) fn pollster(body: Body<Tasks>) {
    ::pollster::block_on(body(tasks(|job| drop(thread::spawn(|| ::pollster::block_on(job))))));
}

/// Polls whichever task it likes, woken or not, in an order that a generator makes up.
pub(crate) fn random_order(body: Body<Tasks>) {
    let inbox = Arc::new(Mutex::new(Vec::<Job>::new()));
    let jobs = inbox.clone();
    let main = body(tasks(move |job| jobs.lock().unwrap().push(job)));
    poll_at_random(main, move |live| {
        live.extend(inbox.lock().unwrap().drain(..).map(|job| job as LocalJob));
    });
}

pub(crate) fn tokio_local(body: Body<LocalTasks>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let main = body(local_tasks(|job| drop(tokio::task::spawn_local(job))));
    tokio::task::LocalSet::new().block_on(&runtime, main);
}

pub(crate) fn async_executor_local(body: Body<LocalTasks>) {
    let executor = Rc::new(::async_executor::LocalExecutor::new());
    let spawn = executor.clone();
    let main = body(local_tasks(move |job| spawn.spawn(job).detach()));
    futures_lite::future::block_on(executor.run(main));
}

pub(crate) fn smol_local(body: Body<LocalTasks>) {
    let executor = Rc::new(::smol::LocalExecutor::new());
    let spawn = executor.clone();
    let main = body(local_tasks(move |job| spawn.spawn(job).detach()));
    ::smol::block_on(executor.run(main));
}

pub(crate) fn futures_local(body: Body<LocalTasks>) {
    let mut pool = LocalPool::new();
    let spawner = pool.spawner();
    pool.run_until(body(local_tasks(move |job| spawner.spawn_local(job).unwrap())));
}

/// All tasks in one future, which pollster blocks on: a wake-up of one polls it alone.
pub(crate) fn pollster_local(body: Body<LocalTasks>) {
    use futures::stream::{FuturesUnordered, Stream};

    let inbox = Rc::new(RefCell::new(Vec::<LocalJob>::new()));
    let jobs = inbox.clone();
    let mut main = body(local_tasks(move |job| jobs.borrow_mut().push(job)));
    let mut live = FuturesUnordered::<LocalJob>::new();
    ::pollster::block_on(std::future::poll_fn(|cx| {
        if main.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            live.extend(inbox.borrow_mut().drain(..));
            let ended = Pin::new(&mut live).poll_next(cx);
            if inbox.borrow().is_empty() && matches!(ended, Poll::Pending | Poll::Ready(None)) {
                return Poll::Pending;
            }
        }
    }));
}

pub(crate) fn random_order_local(body: Body<LocalTasks>) {
    let inbox = Rc::new(RefCell::new(Vec::<LocalJob>::new()));
    let jobs = inbox.clone();
    let main = body(local_tasks(move |job| jobs.borrow_mut().push(job)));
    poll_at_random(main, move |live| live.append(&mut inbox.borrow_mut()));
}

/// Where the order starts: `SELVEDGE_SEED`, or by chance.
fn seed() -> u64 {
    let given = env::var("SELVEDGE_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| fastrand::u64(..))
}

fn poll_at_random(mut main: LocalJob, mut add: impl FnMut(&mut Vec<LocalJob>)) {
    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let seed = seed();
    // Shown if the cell fails.
    println!("this order again: SELVEDGE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut live = Vec::new();
    loop {
        add(&mut live);
        let pick = random.usize(..=live.len());
        // A waker of its own for each poll: whoever keeps an old one is not heard.
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let cx = &mut Context::from_waker(&waker);
        if pick == live.len() {
            let main = pin!(&mut main);
            if main.poll(cx).is_ready() {
                return;
            }
        } else if live[pick].as_mut().poll(cx).is_ready() {
            drop(live.swap_remove(pick));
        }
    }
}
