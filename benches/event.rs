//! Events: already set, and a thousand who wait. No peer has one that clears by hand and waits in
//! place but tokio's watch channel of a bool, and event-listener with a flag.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Waker},
};

use selvedge_benches::{Group, Run, at_once, timed};

#[derive(Default)]
struct Flagged {
    flag: AtomicBool,
    event: event_listener::Event,
}

impl Flagged {
    fn set(&self) {
        self.flag.store(true, SeqCst);
        self.event.notify(usize::MAX);
    }

    fn clear(&self) {
        self.flag.store(false, SeqCst);
    }

    async fn wait(&self) {
        while !self.flag.load(SeqCst) {
            event_listener::listener!(self.event => listener);
            if self.flag.load(SeqCst) {
                return;
            }
            listener.await;
        }
    }
}

struct Nothing;

impl std::task::Wake for Nothing {
    fn wake(self: Arc<Self>) {}
}

/// `waiters` line up, are let through, and the event is cleared; `n` in all.
fn rounds<S: 'static, F: Future + 'static>(
    shared: S,
    waiters: usize,
    wait: fn(&'static S) -> F,
    set: fn(&S),
    clear: fn(&S),
) -> Run {
    let shared: &'static S = Box::leak(Box::new(shared));
    let mut room: Vec<_> = (0..waiters).map(|_| Box::pin(None)).collect();
    Box::new(move |n| {
        let waker = Waker::from(Arc::new(Nothing));
        let mut cx = Context::from_waker(&waker);
        timed(|| {
            for _ in 0..n.div_ceil(waiters as u64) {
                for place in &mut room {
                    place.set(Some(wait(shared)));
                    let future = place.as_mut().as_pin_mut().expect("just put there");
                    assert!(future.poll(&mut cx).is_pending());
                }
                set(shared);
                for place in &mut room {
                    let future = place.as_mut().as_pin_mut().expect("it waits");
                    assert!(future.poll(&mut cx).is_ready());
                    place.set(None);
                }
                clear(shared);
            }
        })
    })
}

type Watch = (tokio::sync::watch::Sender<bool>, tokio::sync::watch::Receiver<bool>);

async fn watched(watch: &Watch) {
    let _ = watch.1.clone().wait_for(|set| *set).await;
}

pub(crate) fn groups() -> Vec<Group> {
    let ours = || selvedge_sync::Event::new(false);
    let tokio = || tokio::sync::watch::channel(false);
    let mut groups = vec![Group {
        name: "event/set".into(),
        contestants: vec![
            ("selvedge", {
                let event = selvedge_sync::Event::new(true);
                Box::new(move |n| {
                    timed(|| (0..n).for_each(|_| at_once(std::hint::black_box(&event).wait())))
                })
            }),
            ("event-listener", {
                let event = Flagged::default();
                event.set();
                Box::new(move |n| {
                    timed(|| (0..n).for_each(|_| at_once(std::hint::black_box(&event).wait())))
                })
            }),
            ("tokio", {
                let watch = tokio::sync::watch::channel(true);
                Box::new(move |n| {
                    timed(|| (0..n).for_each(|_| at_once(watched(std::hint::black_box(&watch)))))
                })
            }),
        ],
    }];
    for waiters in [1, 1000] {
        groups.push(Group {
            name: format!("event/all_{waiters}"),
            contestants: vec![
                ("selvedge", rounds(ours(), waiters, |e| e.wait(), |e| e.set(), |e| e.clear())),
                (
                    "event-listener",
                    rounds(Flagged::default(), waiters, |e| e.wait(), Flagged::set, Flagged::clear),
                ),
                (
                    "tokio",
                    rounds(
                        tokio(),
                        waiters,
                        watched,
                        |watch: &Watch| _ = watch.0.send(true),
                        |watch: &Watch| _ = watch.0.send(false),
                    ),
                ),
            ],
        });
    }
    groups
}
