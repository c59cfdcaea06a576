//! Waiting for all, or for the first that fails.

use std::future::{pending, ready};

use futures_lite::future::yield_now;
use selvedge::context::try_join_all;

use crate::{
    handle::Drops,
    harness::{poll, ready as now},
    scope::finish,
};

#[test]
fn try_join_all_ends_with_the_first_error() {
    let drops = Drops::default();
    let child = |at: u8| {
        let guard = drops.guard();
        async move {
            let _guard = guard;
            yield_now().await;
            if at == 2 { Err(at) } else { pending().await }
        }
    };
    let mut all = Box::pin(try_join_all::<_, (), _>((0..5).map(child)));
    assert!(poll(all.as_mut()).is_pending());
    assert_eq!(now(all.as_mut()), Err(2));
    assert_eq!(drops.count(), 5, "the others went before the error is seen");
    assert_eq!(finish(try_join_all([ready(Ok::<_, ()>(1)), ready(Ok(2))])), Ok(vec![1, 2]));
}
