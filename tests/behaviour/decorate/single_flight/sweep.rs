//! Each wait, in the six shapes.

use std::{
    future::{Future, pending},
    pin::Pin,
    sync::{Arc, Mutex},
};

use selvedge::context::decorate::Flight;

use crate::{
    harness::poll,
    sweep::{Report, Swept},
};

pub(crate) fn sweep(report: Report<'_>) {
    type Leader = Pin<Box<dyn Future<Output = ()> + Send>>;
    struct Flying {
        flight: Arc<Flight<u8, u8>>,
        leader: Mutex<Option<Leader>>,
    }
    let flying = |name, wait| Swept {
        name,
        make: || {
            let flight = Arc::new(Flight::new());
            let leads = flight.clone();
            let mut leader: Leader = Box::pin(async move {
                leads.run(7, pending).await;
            });
            assert!(poll(leader.as_mut()).is_pending());
            Flying { flight, leader: Mutex::new(Some(leader)) }
        },
        wait,
        free: |flying: &Flying| {
            let leader = flying.leader.lock().unwrap().take();
            drop(leader);
        },
        waiting: |flying| flying.flight.len(),
        is_free: |flying| flying.flight.is_empty(),
        close: None,
    };
    flying("Flight::run", |flying| {
        let flight = flying.flight.clone();
        Box::pin(async move { flight.run(7, || std::future::ready(7)).await == 7 })
    })
    .sweep(report);
    flying("Flight::try_run", |flying| {
        let flight = flying.flight.clone();
        Box::pin(async move {
            flight.try_run(7, || std::future::ready(Ok::<_, ()>(7))).flagged().await.is_ok()
        })
    })
    .sweep(report);
}
