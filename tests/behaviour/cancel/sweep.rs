//! Each wait, in the six shapes.

use std::{future::pending, sync::Arc};

use selvedge::{
    context::{CancellationToken, Deadline},
    sync::Event,
};

use crate::{
    harness::{Watched, growth, poll},
    sweep::{Report, Swept},
};

pub(crate) fn sweep(report: Report<'_>) {
    let swept = |name, wait| Swept {
        name,
        make: CancellationToken::new,
        wait,
        free: CancellationToken::cancel,
        waiting: CancellationToken::waiters,
        is_free: CancellationToken::is_cancelled,
        close: None,
    };
    swept("cancel::cancelled", |token| {
        let token = token.clone();
        Box::pin(async move {
            token.cancelled().await;
            true
        })
    })
    .sweep(report);
    swept("cancel::cancelled_owned", |token| {
        let token = CancellationToken::clone(token);
        Box::pin(async move {
            token.cancelled_owned().await;
            true
        })
    })
    .sweep(report);
    swept("cancel::run_until_cancelled", |token| {
        let token = token.clone();
        Box::pin(async move { token.run_until_cancelled(pending::<()>()).await.is_none() })
    })
    .sweep(report);
    swept("cancel::run_until_cancelled_o.", |token| {
        let token = CancellationToken::clone(token);
        Box::pin(async move { token.run_until_cancelled_owned(pending::<()>()).await.is_none() })
    })
    .sweep(report);
    // Through a child, and through a token of several parents.
    swept("cancel::child_token", |token| {
        let token = token.child_token();
        Box::pin(async move {
            token.cancelled().await;
            true
        })
    })
    .sweep_children(report);
    swept("cancel::any_of", |token| {
        let token = CancellationToken::any_of([&**token, &CancellationToken::new()]);
        Box::pin(async move {
            token.cancelled().await;
            true
        })
    })
    .sweep_children(report);
    Swept {
        name: "cancel::Deadline::scope",
        make: || Event::new(false),
        wait: |event| {
            let event = event.clone();
            Box::pin(async move { Deadline::NEVER.scope(event.wait()).await.is_ok() })
        },
        free: Event::set,
        waiting: |event| event.statistics().waiting,
        is_free: Event::is_set,
        close: None,
    }
    .sweep(report);
}

impl Swept<CancellationToken> {
    /// The shapes that do not count who waits for the parent itself.
    fn sweep_children(&self, report: Report<'_>) {
        let token = Arc::new((self.make)());
        let watched = Watched::new();
        let mut cases = 0;
        let mut line: Vec<_> = (0..100).map(|_| (self.wait)(&token)).collect();
        for waiting in &mut line {
            assert!(watched.poll(waiting.as_mut()).is_pending());
        }
        line.truncate(70);
        assert_eq!(watched.kept(), 70, "{}", self.name);
        (self.free)(&token);
        assert_eq!((watched.woken(), watched.kept()), (70, 0), "{}", self.name);
        for waiting in &mut line {
            assert!(poll(waiting.as_mut()).is_ready(), "{}", self.name);
            cases += 1;
        }
        report(self.name, "1 cancel at every poll", cases);
        report(self.name, "6 nothing grows", self.children_grow_nothing());
    }

    fn children_grow_nothing(&self) -> usize {
        let token = Arc::new((self.make)());
        let keeps = (self.wait)(&token);
        let grown = growth(|| {
            for _ in 0..10_000 {
                let mut waiting = (self.wait)(&token);
                assert!(poll(waiting.as_mut()).is_pending());
            }
        });
        assert!(grown <= 1, "{}: {grown}", self.name);
        drop(keeps);
        10_000
    }
}
