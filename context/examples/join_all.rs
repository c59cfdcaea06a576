//! Two pages from two mirrors at once, in the order in which they were asked for.

use std::{
    cell::Cell,
    future::Future,
    task::{Context, Poll},
};

use futures_lite::future::yield_now;
use selvedge_context::join_all;

async fn fetch(page: u64, inside: &Cell<usize>) -> Result<u64, &'static str> {
    inside.set(inside.get() + 1);
    // The later a page, the sooner it is there.
    for _ in page..5 {
        yield_now().await;
    }
    if page == 3 { Err("away") } else { Ok(page * page) }
}

fn main() {
    let inside = Cell::new(0);
    let pages = join_all((1..=4).map(|page| fetch(page, &inside)));
    let mut pages = std::pin::pin!(pages);
    let first = pages.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()));
    assert!(matches!(first, Poll::Pending));
    assert_eq!(inside.get(), 4, "all are asked for at once");
    let pages = pollster::block_on(pages);
    println!("{pages:?}");
    assert_eq!(pages, [Ok(1), Ok(4), Err("away"), Ok(16)]);
}
