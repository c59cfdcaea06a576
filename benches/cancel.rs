//! Tokens: a child, a cancel of one waiter and of a thousand, and a look.

use std::{
    future::Future,
    hint::black_box,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use selvedge_benches::{Group, Run, timed};

/// The contestants of one workload: the same text for both types.
macro_rules! contestants {
    (|$token:ident, $n:ident| $body:block) => {{
        let ours: Run = {
            type $token = selvedge_context::CancellationToken;
            Box::new(move |$n| $body)
        };
        let tokio_util: Run = {
            type $token = tokio_util::sync::CancellationToken;
            Box::new(move |$n| $body)
        };
        vec![("selvedge", ours), ("tokio-util", tokio_util)]
    }};
}

/// Polls one of an array.
#[expect(unsafe_code, reason = "a thousand futures in an array, pinned where it stands")]
fn poll<F: Future>(future: &mut F, cx: &mut Context<'_>) -> Poll<F::Output> {
    // SAFETY: the array below stays where it is until it is dropped.
    unsafe { Pin::new_unchecked(future) }.poll(cx)
}

/// One round: all wait, the token is cancelled, all see it. An operation is one waiter.
macro_rules! cancel {
    ($waiters:literal) => {
        contestants!(|Token, n| {
            let cx = &mut Context::from_waker(Waker::noop());
            timed(|| {
                for _ in 0..n.div_ceil($waiters) {
                    let token = Token::new();
                    let mut waits: [_; $waiters] = std::array::from_fn(|_| token.cancelled());
                    for wait in &mut waits {
                        assert!(poll(wait, cx).is_pending());
                    }
                    black_box(&token).cancel();
                    for wait in &mut waits {
                        assert!(poll(wait, cx).is_ready());
                    }
                }
            })
        })
    };
}

pub(crate) fn groups() -> Vec<Group> {
    let child = contestants!(|Token, n| {
        let parent = Token::new();
        timed(|| {
            for _ in 0..n {
                drop(black_box(black_box(&parent).child_token()));
            }
        })
    });
    // A server's: a thousand requests, each with a token and one that waits for it.
    let requests = contestants!(|Token, n| {
        let cx = &mut Context::from_waker(Waker::noop());
        timed(|| {
            for _ in 0..n.div_ceil(1000) {
                let server = Token::new();
                let mut requests: Vec<_> =
                    (0..1000).map(|_| Box::pin(server.child_token().cancelled_owned())).collect();
                for request in &mut requests {
                    assert!(request.as_mut().poll(cx).is_pending());
                }
                black_box(&server).cancel();
                for request in &mut requests {
                    assert!(request.as_mut().poll(cx).is_ready());
                }
            }
        })
    });
    let is_cancelled = contestants!(|Token, n| {
        let token = Token::new();
        timed(|| {
            for _ in 0..n {
                black_box(black_box(&token).is_cancelled());
            }
        })
    });
    [
        ("child", child),
        ("cancel_1", cancel!(1)),
        ("cancel_1000", cancel!(1000)),
        ("cancel_1000_children", requests),
        ("is_cancelled", is_cancelled),
    ]
    .map(|(name, contestants)| Group { name: format!("context/{name}"), contestants })
    .into()
}
