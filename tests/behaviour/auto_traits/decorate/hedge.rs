use std::{future::Ready, time::Duration};

use selvedge::context::decorate::{Budget, Hedge, IfErr, Latency, hedge};

use super::*;

/// The future that `hedge` makes of a policy and attempts of type `F`.
fn of<F>(policy: Hedge<Duration>, make: fn() -> F) -> impl Future<Output = Result<u8, u8>> + Send
where
    F: Future<Output = Result<u8, u8>> + Send,
{
    hedge(policy, make)
}

#[test]
fn traits() {
    send_sync_unpin! {
        Latency: 1 1 1;
        Hedge<Duration>: 1 1 1;
        Hedge<Duration, 3, IfErr, &'static Budget>: 1 1 1;
        Hedge<Duration, 2, YN>: 1 0 1;
        Hedge<Duration, 2, NN>: 0 0 1;
    }
    let policy = Hedge::after(Duration::ZERO);
    drop(of(policy, || std::future::ready(Ok(1))));
    unwinds::<Latency>();
}

#[test]
fn sizes() {
    type Attempt = Ready<Result<u8, u8>>;
    fn size<F>(_: &F) -> usize {
        size_of::<F>()
    }
    at_most! { Hedge<Duration>: 2; Latency: 132; }
    let policy = Hedge::after(Duration::ZERO);
    let attempt = || -> Attempt { std::future::ready(Ok(1)) };
    let two = size(&hedge(policy, attempt));
    let three = size(&hedge(policy.attempts::<3>(), attempt));
    println!("{two} bytes with two attempts, {three} with three");
    assert!(three - two <= size_of::<usize>());
    assert!(two <= size_of::<[usize; 26]>());
}
