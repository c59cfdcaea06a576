//! A latch: those who wait, and the step that lets them all through.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

use event_listener::Event;
use selvedge_benches::{Group, Run, Task, at_once, on_one_thread, timed, yield_now};

/// What a latch is on event-listener, with its own wait on the stack.
struct Listened {
    count: AtomicU32,
    event: Event,
}

impl Listened {
    fn new(count: u32) -> Self {
        Self { count: AtomicU32::new(count), event: Event::new() }
    }

    fn count_down(&self) {
        if self.count.fetch_sub(1, SeqCst) == 1 {
            self.event.notify(usize::MAX);
        }
    }

    async fn wait(&self) {
        while self.count.load(SeqCst) > 0 {
            event_listener::listener!(self.event => listener);
            if self.count.load(SeqCst) > 0 {
                listener.await;
            }
        }
    }

    /// As `wait`, with the listener on the heap, as a named future would have it.
    async fn wait_boxed(&self) {
        while self.count.load(SeqCst) > 0 {
            let listener = self.event.listen();
            if self.count.load(SeqCst) > 0 {
                listener.await;
            }
        }
    }
}

/// `tasks` wait for one step of a fresh latch. Counted by the task.
macro_rules! herd {
    ($latch:ty, $wait:ident, $tasks:expr) => {{
        let run: Run = Box::new(|n| {
            let rounds = n.div_ceil($tasks);
            (0..rounds)
                .map(|_| {
                    let latch = Arc::new(<$latch>::new(1));
                    let one = || -> Task {
                        let latch = latch.clone();
                        Box::pin(async move { latch.$wait().await })
                    };
                    let mut tasks: Vec<_> = (0..$tasks).map(|_| one()).collect();
                    tasks.push(Box::pin({
                        let latch = latch.clone();
                        async move {
                            yield_now().await;
                            latch.count_down();
                        }
                    }));
                    on_one_thread(tasks)
                })
                .sum()
        });
        run
    }};
}

/// Waits for an open latch.
macro_rules! open {
    ($latch:ty) => {{
        let latch = <$latch>::new(0);
        let run: Run = Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    at_once(black_box(&latch).wait());
                }
            })
        });
        run
    }};
}

pub(crate) fn groups() -> Vec<Group> {
    let mut groups = vec![Group {
        name: "latch/open".into(),
        contestants: vec![
            ("selvedge", open!(selvedge_sync::Latch)),
            ("mea", open!(mea::latch::Latch)),
            ("event-listener", open!(Listened)),
        ],
    }];
    macro_rules! herds {
        ($($tasks:literal)*) => {$(
            groups.push(Group {
                name: format!("latch/herd/{}", $tasks),
                contestants: vec![
                    ("selvedge", herd!(selvedge_sync::Latch, wait, $tasks)),
                    ("mea", herd!(mea::latch::Latch, wait, $tasks)),
                    ("event-listener", herd!(Listened, wait, $tasks)),
                    ("e-l boxed", herd!(Listened, wait_boxed, $tasks)),
                ],
            });
        )*};
    }
    herds! { 1 64 1000 }
    groups
}
