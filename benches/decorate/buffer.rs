//! A call that another future makes, both polled in turn.

use std::{
    convert::Infallible,
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Waker},
};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::op;
use tower::Service;

use super::{double, group};

fn buffer() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        let (handle, driver) = selvedge_context::decorate::buffer(op(double), 8, 1);
        let (mut driver, cx) = (pin!(driver), &mut Context::from_waker(Waker::noop()));
        timed(|| {
            for at in 0..n {
                let mut call = pin!(black_box(&handle).call((at,)));
                assert!(call.as_mut().poll(cx).is_pending());
                assert!(driver.as_mut().poll(cx).is_pending());
                assert_eq!(black_box(at_once(call)), Ok(2 * at));
            }
        })
    });
    let tower: Run = Box::new(|n| {
        let service = tower::service_fn(async |n: u64| Ok::<_, Infallible>(2 * n));
        let (mut handle, worker) = tower::buffer::Buffer::pair(service, 8);
        let (mut worker, cx) = (pin!(worker), &mut Context::from_waker(Waker::noop()));
        timed(|| {
            for at in 0..n {
                assert!(handle.poll_ready(cx).is_ready());
                let mut call = pin!(handle.call(at));
                assert!(call.as_mut().poll(cx).is_pending());
                assert!(worker.as_mut().poll(cx).is_pending());
                assert_eq!(black_box(at_once(call)).ok(), Some(2 * at));
            }
        })
    });
    vec![("selvedge", ours), ("tower", tower)]
}

pub(crate) fn groups() -> Vec<Group> {
    Vec::from([group("buffer", buffer())])
}
