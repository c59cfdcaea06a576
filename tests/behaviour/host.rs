//! Timers on the runtimes' own.

use std::{
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex, mpsc},
    task::{Poll, Wake, Waker},
    time::{Duration, Instant},
};

use selvedge::{
    context::{CancellationToken, decorate::op},
    time::{
        AsyncIoTimer, Elapsed, Sleep, Timer, TimerError, TokioTimer, interval_on, never, sleep,
        sleep_on, sleep_until_on, timeout_on,
    },
};
use tokio::runtime::{Builder, Runtime};

use crate::harness::{Meddler, PollWith, Spy, Watched, panics, poll};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

/// One thread, and time that jumps.
fn paused() -> (Runtime, TokioTimer) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let timer = TokioTimer::new(runtime.handle().clone()).unwrap();
    (runtime, timer)
}

/// Lets the runtime's time pass.
fn pass(runtime: &Runtime, length: Duration) {
    runtime.block_on(async { tokio::time::sleep(length).await });
}

fn threads() -> (Runtime, TokioTimer) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let timer = TokioTimer::new(runtime.handle().clone()).unwrap();
    (runtime, timer)
}

/// Tells how it was woken.
struct Tell(mpsc::Sender<Instant>);

impl Wake for Tell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(Instant::now());
    }
}

fn telling() -> (Waker, mpsc::Receiver<Instant>) {
    let (tell, told) = mpsc::channel();
    (Waker::from(Arc::new(Tell(tell))), told)
}

#[test]
fn outside_of_a_runtime_is_an_error() {
    assert_eq!(TokioTimer::current().err(), Some(TimerError));
    let timeless = Builder::new_current_thread().build().unwrap();
    assert!(TokioTimer::new(timeless.handle().clone()).is_err(), "it was built without time");
    let (runtime, _timer) = paused();
    let inside = runtime.block_on(async { TokioTimer::current().unwrap() });
    assert_eq!(inside.handle().id(), runtime.handle().id());
    assert!(inside.is_same(&inside.clone()));
    assert!(format!("{inside:?}").starts_with("TokioTimer { waiting: 0"));
}

/// Its time is tokio's, which stands still and jumps here.
#[test]
fn it_goes_by_the_time_of_its_runtime() {
    let (runtime, timer) = paused();
    let start = timer.now();
    runtime.block_on(async {
        sleep_on(&timer, 3600 * SECOND).await;
        assert_eq!(timer.now() - start, 3600 * SECOND);
        assert_eq!(timeout_on(&timer, SECOND, pending::<()>()).await, Err(Elapsed));
        let mut beat = interval_on(&timer, 10 * SECOND);
        for n in 0..4 {
            assert_eq!(beat.tick().await - start, (3601 + n * 10) * SECOND);
        }
        // Beside tokio's own, whichever ends first.
        tokio::time::sleep(SECOND).await;
    });
    assert_eq!(timer.now() - start, 3632 * SECOND);
    assert_eq!(timer.waiting(), 0);
}

/// In order of deadlines and, where these are equal, of creation; on the nanosecond or later.
#[test]
fn tokio_wakes_in_order_and_never_early() {
    let (runtime, timer) = paused();
    let (start, order) = (timer.now(), Arc::new(Mutex::new(Vec::new())));
    let mut sleeps = Vec::new();
    for n in 0..300_u32 {
        let after = Duration::from_micros(u64::from(n % 3) * 1100);
        let (order, clock) = (order.clone(), timer.clone());
        let wake = move || {
            assert!(clock.now() >= start + SECOND + after, "early");
            order.lock().unwrap().push(n);
        };
        let mut sleep = Box::pin(sleep_until_on(timer.clone(), start + SECOND + after));
        assert!(sleep.as_mut().poll_with(&Meddler::waker(wake, || ())).is_pending());
        sleeps.push(sleep);
    }
    drop(sleeps.swap_remove(4));
    pass(&runtime, 2 * SECOND);
    let expected: Vec<_> =
        (0..3).flat_map(|rest| (0..300).filter(move |n| n % 3 == rest && *n != 4)).collect();
    assert_eq!(*order.lock().unwrap(), expected);
    drop(sleeps);
    assert_eq!(timer.waiting(), 0);
}

/// Semantics 104, and 14: earlier, later, past and never; another waker at each poll.
#[test]
fn a_sleep_on_tokio_can_be_moved() {
    let (runtime, timer) = paused();
    let start = timer.now();
    let watched: Vec<_> = (0..4).map(|_| Watched::new()).collect();
    let mut sleep = pin!(sleep_on(timer.clone(), 10 * SECOND));
    let turn = |to: u32| {
        let left = (start + to * SECOND).saturating_duration_since(timer.now());
        pass(&runtime, left);
    };
    for watched in &watched {
        assert!(watched.poll(sleep.as_mut()).is_pending());
    }
    let kept: Vec<_> = watched.iter().map(Watched::kept).collect();
    assert_eq!(kept, [0, 0, 0, 1]);
    let last = &watched[3];
    sleep.as_mut().reset(start + 20 * SECOND);
    turn(11);
    assert_eq!(last.woken(), 0);
    sleep.as_mut().reset(start + 12 * SECOND);
    turn(13);
    assert_eq!(last.woken(), 1);
    assert!(last.poll(sleep.as_mut()).is_ready());
    sleep.as_mut().reset(never());
    assert!(last.poll(sleep.as_mut()).is_pending());
    turn(1_000_000);
    assert_eq!(last.woken(), 1);
    sleep.as_mut().reset(start);
    assert_eq!(last.woken(), 2, "the past is due at once");
    assert!(last.poll(sleep.as_mut()).is_ready());
    let woken: usize = watched[..3].iter().map(Watched::woken).sum();
    assert_eq!((woken, last.kept(), timer.waiting()), (0, 0, 0));
}

/// Whatever a waker does when it is touched, no lock is held, and nothing is polled twice at once.
#[test]
fn a_waker_may_use_the_timer_whenever_it_is_touched() {
    let (runtime, timer) = paused();
    meddle(timer.clone(), || pass(&runtime, 3 * SECOND), SECOND);
    assert_eq!(timer.waiting(), 0);
    // The waker that is woken tells, the real time passes.
    let (tell, told) = mpsc::channel();
    let wait = move || told.recv_timeout(60 * SECOND).expect("woken");
    meddle_with(AsyncIoTimer, wait, 100 * MILLI, move || {
        let _ = tell.send(());
    });
}

fn meddle<T: Timer + Clone + Send + Sync + 'static>(timer: T, pass: impl Fn(), length: Duration) {
    meddle_with(timer, pass, length, || ());
}

fn meddle_with<T: Timer + Clone + Send + Sync + 'static>(
    timer: T,
    pass: impl Fn(),
    length: Duration,
    woken: impl Fn() + Send + Sync + 'static,
) {
    let inside = timer.clone();
    let (spy, waker) = Spy::new(move |touch| {
        let mut passing = pin!(sleep_on(&inside, Duration::MAX));
        assert!(poll(passing.as_mut()).is_pending());
        if touch == crate::harness::Touch::Wake {
            woken();
        }
    });
    let mut sleep = pin!(sleep_on(timer.clone(), Duration::MAX));
    assert!(sleep.as_mut().poll_with(&waker).is_pending());
    sleep.as_mut().reset(timer.now() + length);
    pass();
    assert_eq!(spy.seen(), [1, 1, 0]);
    assert!(poll(sleep.as_mut()).is_ready());

    // One that panics is its task's trouble.
    let panicking = Meddler::waker(|| panic!("on purpose"), || ());
    let mut first = pin!(sleep_on(timer.clone(), Duration::MAX));
    let mut second = pin!(sleep_on(timer.clone(), Duration::MAX));
    assert!(first.as_mut().poll_with(&panicking).is_pending());
    assert!(second.as_mut().poll_with(&waker).is_pending());
    let at = timer.now() + length;
    // Whoever sets one that has passed already hears of the panic.
    let _ = panics(|| first.as_mut().reset(at));
    second.as_mut().reset(at);
    pass();
    assert_eq!(spy.seen(), [2, 2, 0]);
    assert!(poll(second).is_ready());
}

/// All who wait are woken when the runtime goes, and are told, as is who comes later: nobody sleeps
/// for ever, and nobody is told that the time has come.
#[test]
fn a_runtime_that_is_gone_is_told_of() {
    for start_first in [true, false] {
        let (runtime, timer) = threads();
        let watched = Watched::new();
        let mut waiting: Vec<_> =
            (0..100).map(|n| Box::pin(sleep_on(timer.clone(), (100 + n) * SECOND))).collect();
        let mut ended = Box::pin(sleep_on(timer.clone(), SECOND));
        if start_first {
            for sleep in &mut waiting {
                assert!(watched.poll(sleep.as_mut()).is_pending());
            }
            assert!(!timer.has_stopped());
        }
        runtime.shutdown_timeout(60 * SECOND);
        let woken = if start_first { 100 } else { 0 };
        assert_eq!(watched.woken(), woken);
        for sleep in &mut waiting {
            assert!(panics(|| _ = watched.poll(sleep.as_mut())));
        }
        assert_eq!(watched.woken(), woken);
        assert!(panics(|| _ = poll(ended.as_mut())));
        assert_eq!(timer.register(timer.now() + SECOND, Waker::noop()), Err(TimerError));
        assert!(timer.has_stopped());
        // What has passed needs no runtime, and moving what does is an error.
        ended.as_mut().reset(timer.now());
        if start_first {
            assert!(panics(|| waiting[0].as_mut().reset(never())));
        }
        drop((waiting, ended));
        assert_eq!((timer.waiting(), watched.kept()), (0, 0));
    }
}

/// The task that wakes ends with the last who could be woken.
#[test]
fn nothing_is_left_in_the_runtime() {
    let (runtime, timer) = paused();
    let tasks = || runtime.metrics().num_alive_tasks();
    let turn = || runtime.block_on(tokio::task::yield_now());
    assert_eq!(tasks(), 0, "nobody sleeps yet");
    let mut sleep = Box::pin(sleep_on(timer.clone(), SECOND));
    assert!(poll(sleep.as_mut()).is_pending());
    turn();
    assert_eq!(tasks(), 1);
    drop(timer);
    turn();
    assert_eq!(tasks(), 1);
    drop(sleep);
    turn();
    turn();
    assert_eq!(tasks(), 0);
}

/// On threads of the runtime's, on others, and where a runtime of one thread has something else to
/// do meanwhile.
#[test]
fn many_tasks_sleep_in_real_time() {
    let (runtime, timer) = threads();
    let sleeps = |n: u32| {
        let timer = timer.clone();
        async move {
            for round in 0..5 {
                let start = Instant::now();
                let length = Duration::from_micros(u64::from(n * 37 + round * 211) % 3000);
                let _ = poll(pin!(sleep_on(&timer, length / 2)));
                sleep_on(&timer, length).await;
                assert!(start.elapsed() >= length);
            }
        }
    };
    let tasks: Vec<_> = (0..50).map(|n| runtime.spawn(sleeps(n))).collect();
    std::thread::scope(|scope| {
        for n in 50..54 {
            scope.spawn(move || pollster::block_on(sleeps(n)));
        }
    });
    for task in tasks {
        pollster::block_on(task).unwrap();
    }
    assert_eq!(timer.waiting(), 0);
}

async fn stuck(never: ()) -> Result<(), Elapsed> {
    pending::<()>().await;
    Ok(never)
}

/// As the current timer, and for decorators and contexts.
#[test]
fn hosts_serve_whoever_takes_a_timer() {
    let (runtime, timer) = paused();
    let start = timer.now();
    runtime.block_on(async {
        let _entered = timer.enter();
        sleep(SECOND).await;
        assert_eq!(timer.now() - start, SECOND);
        // One that names none goes by it, too.
        let limited = op(stuck).timeout(5 * SECOND);
        assert_eq!(limited.call(()).await, Err(Elapsed));
        assert_eq!(timer.now() - start, 6 * SECOND);
        let token = CancellationToken::new();
        let child = token.child_until(timer.now() + SECOND);
        child.cancelled().await;
        assert_eq!(timer.now() - start, 7 * SECOND);
    });
    let limited = op(stuck).on(timer.clone()).timeout(5 * SECOND);
    assert_eq!(runtime.block_on(limited.call(())), Err(Elapsed));
    assert_eq!(timer.now() - start, 12 * SECOND);
    let limited = op(stuck).on(AsyncIoTimer).timeout(MILLI);
    assert_eq!(smol::block_on(limited.call(())), Err(Elapsed));
}

/// Semantics 104, in real time: on smol, and on no runtime at all.
#[test]
fn async_io_wakes() {
    let start = Instant::now();
    smol::block_on(async {
        sleep_on(AsyncIoTimer, 2 * MILLI).await;
        assert_eq!(timeout_on(AsyncIoTimer, MILLI, pending::<()>()).await, Err(Elapsed));
        let task = smol::spawn(sleep_on(AsyncIoTimer, MILLI));
        task.await;
    });
    assert!(start.elapsed() >= 4 * MILLI);
    {
        let _entered = AsyncIoTimer.enter();
        pollster::block_on(sleep(MILLI));
    }
    assert_eq!(TimerError.to_string(), "the timer cannot run");
    assert!(!AsyncIoTimer.has_stopped());

    // Never, and then soon: the task is woken though nobody polls it, and not early.
    let (waker, told) = telling();
    let mut sleep: Pin<Box<Sleep<AsyncIoTimer>>> = Box::pin(sleep_on(AsyncIoTimer, Duration::MAX));
    assert!(sleep.as_mut().poll_with(&waker).is_pending());
    let at = Instant::now() + 2 * MILLI;
    sleep.as_mut().reset(at);
    assert!(told.recv_timeout(60 * SECOND).expect("woken") >= at);
    // An earlier one is not held up by a later one, and leaves nothing behind.
    let watched = Watched::new();
    let mut later = Box::pin(sleep_on(AsyncIoTimer, 3600 * SECOND));
    assert!(watched.poll(later.as_mut()).is_pending());
    pollster::block_on(sleep_on(AsyncIoTimer, MILLI));
    assert!(watched.poll(later.as_mut()).is_pending());
    drop(later);
    assert_eq!((watched.woken(), watched.kept()), (0, 0));
}

#[test]
fn async_io_wakes_in_order_and_never_early() {
    let (tell, told) = mpsc::channel();
    let at = Instant::now() + 5 * MILLI;
    let (mut sleeps, mut waiting) = (Vec::new(), Vec::new());
    for n in 0..200_u32 {
        let tell = tell.clone();
        let due = at + (n % 2) * MILLI;
        let waker = Meddler::waker(move || _ = tell.send((n, Instant::now() >= due)), || ());
        let mut sleep = Box::pin(sleep_until_on(AsyncIoTimer, due));
        // On a machine that is slow some have passed already.
        if sleep.as_mut().poll_with(&waker).is_pending() {
            waiting.push(n);
        }
        sleeps.push(sleep);
    }
    let mut seen = Vec::new();
    while seen.len() < waiting.len() {
        let (n, in_time) = told.recv_timeout(60 * SECOND).expect("woken");
        assert!(in_time, "early");
        if waiting.contains(&n) {
            seen.push(n);
        }
    }
    waiting.sort_by_key(|n| n % 2);
    seen.sort_by_key(|n| n % 2);
    assert_eq!(seen, waiting, "equal ones as they were set");
}

/// Sleeps of many threads, some cancelled: all wake, and none early.
#[test]
fn many_threads_sleep_by_async_io() {
    std::thread::scope(|scope| {
        for thread in 0..6_u64 {
            scope.spawn(move || {
                for n in 0..30 {
                    let start = Instant::now();
                    let length = Duration::from_micros(13 * ((n * 7 + thread) % 40) + 1);
                    let _ = poll(pin!(sleep_on(AsyncIoTimer, length / 2)));
                    let mut moved = pin!(sleep_until_on(AsyncIoTimer, start + length / 3));
                    let _ = poll(moved.as_mut());
                    moved.as_mut().reset(start + length);
                    pollster::block_on(moved);
                    assert!(start.elapsed() >= length);
                }
            });
        }
    });
}

/// A sleep that was polled by a runtime's task is woken in another's.
#[test]
fn a_sleep_moves_from_runtime_to_runtime() {
    let (one, timer) = threads();
    let (two, _) = threads();
    let mut moving = Box::pin(sleep_on(timer, 5 * MILLI));
    let mut first = Some(moving.as_mut());
    one.block_on(poll_fn(|cx| {
        let _ = first.take().expect("polled once").poll(cx);
        Poll::Ready(())
    }));
    two.block_on(moving);
}
