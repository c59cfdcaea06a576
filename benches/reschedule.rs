//! A deadline that is put off again and again while a task waits.

use std::{
    future::{Future, pending},
    pin::pin,
    task::{Context, Waker},
    time::{Duration, Instant},
};

use selvedge_benches::{Group, timed};
use selvedge_timer::Deadline;

use crate::sleep::tokio_alone;

const LIMIT: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_micros(10);

pub(crate) fn groups() -> Vec<Group> {
    let runtime = tokio_alone();
    vec![Group {
        name: "reschedule/put_off".into(),
        contestants: vec![
            (
                "selvedge",
                Box::new(|n| {
                    let mut at = Instant::now() + LIMIT;
                    let deadline = Deadline::at(at);
                    let mut limited = pin!(deadline.limit(pending::<()>()));
                    assert!(
                        limited.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
                    );
                    timed(|| {
                        for _ in 0..n {
                            at += STEP;
                            deadline.reschedule(at);
                        }
                    })
                }),
            ),
            (
                "tokio",
                Box::new(move |n| {
                    let _entered = runtime.enter();
                    let mut at = Instant::now() + LIMIT;
                    let mut sleep = pin!(tokio::time::sleep_until(at.into()));
                    assert!(
                        sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
                    );
                    timed(|| {
                        for _ in 0..n {
                            at += STEP;
                            sleep.as_mut().reset(at.into());
                        }
                    })
                }),
            ),
        ],
    }]
}
