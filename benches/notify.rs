//! Notifications: kept for one, for nobody, for one and for a thousand who wait; to and fro; and
//! what it costs to poll again.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Waker},
};

use selvedge_benches::{Group, Run, Task, at_once, on_one_thread, on_two_workers, timed};

/// Registers `waiters`, notifies them all, and completes them; `n` in all.
fn all<S: 'static, F: Future + 'static>(
    shared: S,
    waiters: usize,
    wait: fn(&'static S) -> F,
    all: fn(&S),
) -> Run {
    let shared: &'static S = Box::leak(Box::new(shared));
    let mut room: Vec<_> = (0..waiters).map(|_| Box::pin(None)).collect();
    Box::new(move |n| {
        // The cheapest waker that an executor could have.
        let waker = Waker::from(Arc::new(Nothing));
        let mut cx = Context::from_waker(&waker);
        timed(|| {
            for _ in 0..n.div_ceil(waiters as u64) {
                for place in &mut room {
                    place.set(Some(wait(shared)));
                    let future = place.as_mut().as_pin_mut().expect("just put there");
                    assert!(future.poll(&mut cx).is_pending());
                }
                all(shared);
                for place in &mut room {
                    let future = place.as_mut().as_pin_mut().expect("it waits");
                    assert!(future.poll(&mut cx).is_ready());
                    place.set(None);
                }
            }
        })
    })
}

struct Nothing;

impl std::task::Wake for Nothing {
    fn wake(self: Arc<Self>) {}
}

/// Notifies one with nobody there, and takes it.
macro_rules! kept {
    ($new:expr, $one:ident, $wait:ident) => {{
        let shared = $new;
        let run: Run = Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    let shared = std::hint::black_box(&shared);
                    shared.$one();
                    let _ = std::hint::black_box(at_once(shared.$wait()));
                }
            })
        });
        run
    }};
}

/// A call, and nothing else.
macro_rules! call {
    ($new:expr, |$shared:ident| $call:expr) => {{
        let shared = $new;
        let run: Run = Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    let $shared = std::hint::black_box(&shared);
                    let _ = std::hint::black_box($call);
                }
            })
        });
        run
    }};
}

/// Two tasks hand a turn to and fro.
macro_rules! ping_pong {
    ($new:expr, $run:expr, $one:ident, $wait:ident) => {{
        let run: Run = Box::new(move |n| {
            let shared = Arc::new(($new, $new));
            let (here, there) = (shared.clone(), shared);
            let tasks: Vec<Task> = vec![
                Box::pin(async move {
                    for _ in 0..n {
                        here.0.$one();
                        let _ = here.1.$wait().await;
                    }
                }),
                Box::pin(async move {
                    for _ in 0..n {
                        let _ = there.0.$wait().await;
                        there.1.$one();
                    }
                }),
            ];
            $run(tasks)
        });
        run
    }};
}

/// A pending future is polled again, with the same waker.
macro_rules! again {
    ($new:expr, |$shared:ident| $wait:expr) => {{
        let $shared: &'static _ = Box::leak(Box::new($new));
        let mut future = Box::pin($wait);
        let run: Run = Box::new(move |n| {
            let waker = Waker::from(Arc::new(Nothing));
            let mut cx = Context::from_waker(&waker);
            timed(|| {
                for _ in 0..n {
                    assert!(std::hint::black_box(&mut future).as_mut().poll(&mut cx).is_pending());
                }
            })
        });
        run
    }};
}

/// What stands in for a notification with event-listener: a flag and an event.
#[derive(Default)]
struct Flagged {
    flag: AtomicBool,
    event: event_listener::Event,
}

impl Flagged {
    fn one(&self) {
        self.flag.store(true, SeqCst);
        self.event.notify(1);
    }

    async fn wait(&self) {
        while !self.flag.swap(false, SeqCst) {
            event_listener::listener!(self.event => listener);
            if self.flag.swap(false, SeqCst) {
                return;
            }
            listener.await;
        }
    }
}

pub(crate) fn groups() -> Vec<Group> {
    let tokio = tokio::sync::Notify::new;
    let maitake = maitake_sync::WaitQueue::new;
    let ours = selvedge_sync::Notify::new;
    let event = event_listener::Event::<()>::new;
    let mut groups = vec![
        Group {
            name: "notify/none".into(),
            contestants: vec![
                ("selvedge", kept!(ours(), notify_one, notified)),
                ("tokio", kept!(tokio(), notify_one, notified)),
                ("maitake", kept!(maitake(), wake, wait)),
                ("event-listener", kept!(Flagged::default(), one, wait)),
            ],
        },
        Group {
            name: "notify/one".into(),
            contestants: vec![
                ("selvedge", all(ours(), 1, |n| n.notified(), |n| n.notify_one())),
                ("tokio", all(tokio(), 1, |n| n.notified(), |n| n.notify_one())),
                ("maitake", all(maitake(), 1, |n| n.wait(), |n| n.wake())),
                ("event-listener", all(event(), 1, |n| n.listen(), |n| _ = n.notify(1))),
            ],
        },
        Group {
            name: "notify/all_0".into(),
            contestants: vec![
                ("selvedge", call!(ours(), |n| n.notify_waiters())),
                ("tokio", call!(tokio(), |n| n.notify_waiters())),
                ("maitake", call!(maitake(), |n| n.wake_all())),
                ("event-listener", call!(event(), |n| n.notify(usize::MAX))),
                (
                    "fence + load*",
                    call!(AtomicBool::new(false), |flag| {
                        std::sync::atomic::fence(SeqCst);
                        flag.load(std::sync::atomic::Ordering::Relaxed)
                    }),
                ),
            ],
        },
    ];
    for waiters in [1, 1000] {
        groups.push(Group {
            name: format!("notify/all_{waiters}"),
            contestants: vec![
                ("selvedge", all(ours(), waiters, |n| n.notified(), |n| n.notify_waiters())),
                ("tokio", all(tokio(), waiters, |n| n.notified(), |n| n.notify_waiters())),
                ("maitake", all(maitake(), waiters, |n| n.wait(), |n| n.wake_all())),
                (
                    "event-listener",
                    all(event(), waiters, |n| n.listen(), |n| _ = n.notify(usize::MAX)),
                ),
            ],
        });
    }
    for (place, run) in
        [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)]
    {
        groups.push(Group {
            name: format!("notify/ping_pong/{place}"),
            contestants: vec![
                ("selvedge", ping_pong!(selvedge_sync::Notify::new(), run, notify_one, notified)),
                ("tokio", ping_pong!(tokio::sync::Notify::new(), run, notify_one, notified)),
                ("maitake", ping_pong!(maitake_sync::WaitQueue::new(), run, wake, wait)),
                ("event-listener", ping_pong!(Flagged::default(), run, one, wait)),
            ],
        });
    }
    groups.push(Group {
        name: "notify/repoll".into(),
        contestants: vec![
            ("selvedge", again!(ours(), |n| n.notified())),
            ("tokio", again!(tokio(), |n| n.notified())),
            ("maitake", again!(maitake(), |n| n.wait())),
            ("event-listener", again!(event(), |n| n.listen())),
        ],
    });
    groups
}
