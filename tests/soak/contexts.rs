//! Time, and who may still run.

use std::{
    future::{pending, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use selvedge::{
    context::{
        CancellationToken, Exit, Handle, Reaper, Remote, Scope, TaskTracker,
        decorate::{Breaker, CallError, RateLimit, SendCall, op},
        remote, scope, with,
    },
    sync::Semaphore,
    time::{Deadline, DelayQueue, sleep, sleep_until, timeout},
};

use crate::driver::{Arena, Family, Inside, Job, Rng, pause};

pub(crate) const ALL: &[Family] = &[
    ("timer", || Arc::new(Time(Semaphore::new(1), Deadline::never()))),
    ("cancel", || Arc::new(Tokens(CancellationToken::new(), Mutex::default()))),
    ("tracker", || Arc::new(Tracked(TaskTracker::new()))),
    ("handle", || Arc::new(Handles::default())),
    ("scope", || Arc::new(Scopes(AtomicUsize::new(0)))),
    ("guard", || Arc::new(Guards(Reaper::new(), Default::default()))),
    ("decorate", || Arc::new(Calls::new())),
];

struct Time(Semaphore, Deadline);

impl Arena for Time {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..8), random.u8(..3));
        let wait = Duration::from_micros(random.u64(..300));
        Box::pin(async move {
            let at = Instant::now() + wait;
            match kind {
                0 => {
                    let cut = timeout(wait, pending::<()>()).await;
                    assert!(cut.is_err() && Instant::now() >= at);
                }
                1 | 2 => {
                    let permit = timeout(wait, self.0.acquire()).await;
                    if let Ok(Ok(_permit)) = permit {
                        pause(times).await;
                    }
                }
                3 => {
                    let mut queue = DelayQueue::new();
                    for part in 0..3 {
                        queue.insert_at(part, at + wait * part);
                    }
                    for part in 0..3 {
                        let due = poll_fn(|cx| queue.poll_expired(cx)).await.unwrap();
                        assert!(Instant::now() >= due.deadline());
                        assert!(wait.is_zero() || due.into_inner() == part);
                    }
                }
                4 => {
                    let _ = self.1.limit(sleep_until(at)).await;
                    self.1.reschedule_after(Duration::from_millis(2));
                }
                5 => {
                    let mut sleep = Box::pin(sleep(Duration::from_secs(3600)));
                    poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx).is_pending())).await;
                    sleep.as_mut().reset(at);
                    sleep.await;
                    assert!(Instant::now() >= at);
                }
                _ => {
                    sleep_until(at).await;
                    assert!(Instant::now() >= at);
                }
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert_eq!((sleeping, self.0.available_permits()), (0, 1));
    }

    fn has_timers(&self) -> bool {
        true
    }
}

/// A root, and tokens below it.
struct Tokens(CancellationToken, Mutex<Vec<CancellationToken>>);

impl Arena for Tokens {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, pick, times) = (random.u8(..12), random.usize(..), random.u8(..4));
        Box::pin(async move {
            let token = {
                let mut tokens = self.1.lock();
                match tokens.len() {
                    0 => tokens.push(self.0.child_token()),
                    len if len < 8 => {
                        let child = tokens[pick % len].child_token();
                        tokens.push(child);
                    }
                    _ => {}
                }
                let pick = pick % tokens.len();
                if kind == 0 { tokens.swap_remove(pick) } else { tokens[pick].clone() }
            };
            match kind {
                0 => token.cancel_with("enough"),
                1 => drop(token.child_token().drop_guard()),
                2 => {
                    let token = CancellationToken::any_of([&token, &self.0]);
                    token.cancelled().await;
                }
                3 => {
                    let called = Arc::new(AtomicUsize::new(0));
                    let count = called.clone();
                    let registered = token.on_cancel(move || {
                        count.fetch_add(1, SeqCst);
                    });
                    pause(times).await;
                    drop(registered);
                    assert!(called.load(SeqCst) <= 1);
                }
                4..7 => drop(token.run_until_cancelled(pause(times)).await),
                7 => token.cancelled_owned().await,
                8 => token.child_token().cancelled().await,
                _ => token.cancelled().await,
            }
        })
    }

    fn at_rest(&self, _: usize) {
        assert!(!self.0.is_cancelled());
        self.1.lock().retain(|token| !token.is_cancelled());
    }

    fn finish(&self) {
        self.1.lock().clear();
        self.0.cancel();
    }

    fn ended(&self) {
        assert_eq!(self.0.waiters(), 0);
    }
}

struct Tracked(TaskTracker);

impl Arena for Tracked {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..16), random.u8(..3));
        Box::pin(async move {
            match kind {
                0 => drop(self.0.reopen()),
                1..4 => drop(self.0.close()),
                4..8 => self.0.wait().await,
                _ => self.0.track_future(pause(times)).await,
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert_eq!((self.0.len(), self.0.waiters()), (0, sleeping));
        assert!(sleeping == 0 || !self.0.is_closed(), "{sleeping} sleep");
    }

    fn finish(&self) {
        self.0.close();
    }
}

/// Tasks that wait for somebody who runs them.
#[derive(Default)]
struct Handles(Mutex<Vec<Remote<Job>>>, Mutex<Vec<Handle<()>>>);

impl Arena for Handles {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..8), random.u8(..3));
        Box::pin(async move {
            match kind {
                0..4 => {
                    let (task, handle) = remote(Box::pin(pause(times)) as Job);
                    self.0.lock().push(task);
                    match kind {
                        0 => self.1.lock().push(handle),
                        1 => handle.detach(),
                        // Dropped, it aborts.
                        _ => drop(handle.await),
                    }
                }
                4 => {
                    let handle = self.1.lock().pop();
                    if let Some(handle) = handle {
                        handle.abort();
                        drop(handle.await);
                    }
                }
                _ => {
                    let task = self.0.lock().pop();
                    if let Some(task) = task {
                        task.await;
                    }
                }
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let tasks = self.0.lock().len();
        assert!(sleeping <= tasks, "{sleeping} sleep for {tasks} tasks");
    }

    fn finish(&self) {
        let tasks = std::mem::take(&mut *self.0.lock());
        drop(tasks);
        let handles = std::mem::take(&mut *self.1.lock());
        assert!(handles.iter().all(Handle::is_finished));
    }
}

struct Scopes(AtomicUsize);

impl Arena for Scopes {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..8), random.u8(..4));
        Box::pin(async move {
            let count = &self.0;
            let ended = scope(move |scope: Scope<'_, &'static str>| async move {
                for child in 0..3 {
                    scope.spawn(async move {
                        let _inside = Inside::enter(count, 1, usize::MAX);
                        pause(times).await;
                        if kind == 0 && child == 1 { Err("unlucky") } else { Ok(()) }
                    });
                }
                Ok(())
            })
            .await;
            assert_eq!(ended.is_err(), kind == 0);
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert_eq!((sleeping, self.0.load(SeqCst)), (0, 0));
    }
}

/// A reaper, and what was opened and closed.
struct Guards(Reaper, Arc<[AtomicUsize; 2]>);

impl Arena for Guards {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..8), random.u8(..3));
        Box::pin(async move {
            if kind == 0 {
                self.0.drain().await;
                return;
            }
            let counts = self.1.clone();
            counts[0].fetch_add(1, SeqCst);
            let close = move |counts: Arc<[AtomicUsize; 2]>, _: Exit| async move {
                pause(times).await;
                counts[1].fetch_add(1, SeqCst);
                Ok::<(), &str>(())
            };
            let body = async |_: &mut Arc<[AtomicUsize; 2]>| {
                pause(times).await;
                Ok::<_, &str>(())
            };
            drop(with(self.0.clone(), counts, body, close).await);
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert_eq!(sleeping, 0);
        let mut rest = Box::pin(self.0.drain());
        while rest.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {}
        assert_eq!(self.1[0].load(SeqCst), self.1[1].load(SeqCst), "opened and closed");
    }
}

type Answer = Result<(), CallError<&'static str>>;

struct Calls {
    breaker: Breaker,
    rate: RateLimit,
    limit: Semaphore,
    inside: AtomicUsize,
}

impl Calls {
    fn new() -> Self {
        Self {
            breaker: Breaker::new(16).wait(Duration::from_micros(50)).probes(2),
            rate: RateLimit::new(1000, Duration::from_millis(1)).burst(1000),
            limit: Semaphore::new(3),
            inside: AtomicUsize::new(0),
        }
    }
}

impl Arena for Calls {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (fails, times) = (random.u8(..4) == 0, random.u8(..3));
        Box::pin(async move {
            let me = &*self;
            let call = op(move |(): ()| async move {
                let _inside = Inside::enter(&me.inside, 1, 3);
                pause(times).await;
                if fails { Answer::Err(CallError::Inner("no answer")) } else { Ok(()) }
            })
            .limit(&me.limit)
            .breaker(&me.breaker)
            .rate_limit(&me.rate);
            let answer: Pin<Box<dyn Future<Output = Answer> + Send + '_>> =
                Box::pin(call.send_call(((),)));
            let _ = answer.await;
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert_eq!((sleeping, self.limit.available_permits()), (0, 3));
        assert_eq!(self.inside.load(SeqCst), 0);
    }

    fn has_timers(&self) -> bool {
        true
    }
}
