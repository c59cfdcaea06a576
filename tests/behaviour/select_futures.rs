//! `selvedge::context::select`: the first of a few futures of different types.

use std::{
    future::{pending, ready},
    pin::pin,
};

use futures_lite::future::yield_now;
use selvedge::context::{OneOf2, OneOf3, select, select3};

use crate::{
    handle::Drops,
    harness::{panics, poll, ready as now},
};

#[test]
fn select_drops_the_losers() {
    let drops = Drops::default();
    let loser = || {
        let guard = drops.guard();
        async move {
            let _guard = guard;
            pending::<()>().await;
        }
    };
    let mut selected = Box::pin(select(loser(), async {
        yield_now().await;
        7
    }));
    assert!(poll(selected.as_mut()).is_pending());
    assert_eq!(now(selected.as_mut()), OneOf2::Second(7));
    assert_eq!(drops.count(), 1);
    assert!(panics(|| assert!(poll(selected.as_mut()).is_pending())));
    // A future that is lent stays.
    let mut lent = pin!(async {
        yield_now().await;
        "kept"
    });
    assert_eq!(now(pin!(select(lent.as_mut(), ready(1)).biased())), OneOf2::Second(1));
    assert_eq!(now(lent), "kept");
}

#[test]
fn select_is_fair_unless_it_is_biased() {
    let mut counts = [0; 3];
    for _ in 0..3000 {
        match now(pin!(select3(ready(()), ready(()), ready(())))) {
            OneOf3::First(()) => counts[0] += 1,
            OneOf3::Second(()) => counts[1] += 1,
            OneOf3::Third(()) => counts[2] += 1,
        }
    }
    assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    for _ in 0..100 {
        let first = now(pin!(select3(ready(1), ready(2), ready(3)).biased()));
        assert_eq!(first, OneOf3::First(1));
    }
}
