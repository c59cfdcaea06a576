//! Each call is a span, and how it ends is an event.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use selvedge_context::decorate::op;
use tracing::{
    Event, Metadata, Subscriber, info_span,
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

static EVENTS: AtomicU32 = AtomicU32::new(0);

/// A subscriber that prints; a program takes one of tracing-subscriber's.
struct Prints;

impl Subscriber for Prints {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        println!("span {}", span.metadata().name());
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        EVENTS.fetch_add(1, Relaxed);
        println!("  {event:?}");
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

async fn fetch(url: &str) -> Result<usize, &'static str> {
    if url.is_empty() { Err("where?") } else { Ok(url.len()) }
}

fn main() {
    let fetch = op(fetch).traced(|| info_span!("fetch"));
    with_default(Prints, || {
        assert_eq!(pollster::block_on(fetch.call("a page")), Ok(6));
        assert_eq!(pollster::block_on(fetch.call("")), Err("where?"));
    });
    assert_eq!(EVENTS.load(Relaxed), 4, "each starts, and ends");
}
