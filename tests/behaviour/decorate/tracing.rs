//! Calls as spans.

use std::{
    fmt,
    future::pending,
    pin::pin,
    sync::{Arc, Mutex},
};

use selvedge::context::decorate::op;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    info, info_span,
    span::{Attributes, Id, Record},
    subscriber::with_default,
};

use super::{MS, Turned};
use crate::harness::{panics, poll, ready};

/// Writes down what happens in which span.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    lines: Vec<String>,
    spans: Vec<&'static str>,
    entered: Vec<u64>,
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write as _;
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.0.push_str(&text),
            name => write!(self.0, " {name}={text}").unwrap(),
        }
    }
}

impl Subscriber for Seen {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut state = self.0.lock().unwrap();
        state.spans.push(span.metadata().name());
        Id::from_u64(state.spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let mut state = self.0.lock().unwrap();
        let span = state.entered.last().map_or("nowhere", |id| state.spans[*id as usize - 1]);
        let line = format!("{span}: {} {}", event.metadata().level(), line.0);
        state.lines.push(line);
    }

    fn enter(&self, span: &Id) {
        self.0.lock().unwrap().entered.push(span.into_u64());
    }

    fn exit(&self, span: &Id) {
        assert_eq!(self.0.lock().unwrap().entered.pop(), Some(span.into_u64()));
    }
}

#[test]
fn each_way_to_end_is_an_event_of_the_calls_span() {
    struct Says;
    impl Drop for Says {
        fn drop(&mut self) {
            info!("dropped");
        }
    }
    let time = Turned::new();
    let turned = time.clone();
    let call = op(async |what: &str| {
        info!("works");
        turned.turn(2 * MS);
        match what {
            "well" => Ok(()),
            "badly" => Err(()),
            "never" => {
                let _says = Says;
                pending().await
            }
            _ => panic!("on purpose"),
        }
    })
    .with_time(time)
    .traced(|| info_span!("fetch"));
    let seen = Seen::default();
    with_default(seen.clone(), || {
        drop(call.call("not polled"));
        assert_eq!(ready(pin!(call.call("well"))), Ok(()));
        assert_eq!(ready(pin!(call.call("badly"))), Err(()));
        let mut cancelled = Box::pin(call.call("never"));
        assert!(poll(cancelled.as_mut()).is_pending());
        info!("outside");
        drop(cancelled);
        assert!(panics(|| assert_eq!(ready(pin!(call.call("else"))), Ok(()))));
    });
    let state = seen.0.lock().unwrap();
    let expected = [
        "fetch: DEBUG start",
        "fetch: INFO works",
        "fetch: DEBUG done took=2ms",
        "fetch: DEBUG start",
        "fetch: INFO works",
        "fetch: WARN failed took=2ms",
        "fetch: DEBUG start",
        "fetch: INFO works",
        "nowhere: INFO outside",
        "fetch: INFO dropped",
        "fetch: DEBUG cancelled took=2ms",
        "fetch: DEBUG start",
        "fetch: INFO works",
        "fetch: ERROR panicked took=2ms",
    ];
    assert_eq!(state.lines, expected);
    assert_eq!(state.spans.len(), 5, "a span a call");
}
