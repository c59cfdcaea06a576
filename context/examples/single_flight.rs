//! Ten who want the same page cause one request; the next who comes causes another.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use selvedge_context::{
    decorate::{Flight, op},
    join_all,
};

/// By the names of the pages; what is shared has to be cheap to clone.
static FLIGHT: Flight<String, &str> = Flight::new();
static REQUESTS: AtomicU32 = AtomicU32::new(0);

async fn fetch(_name: &str) -> Result<&'static str, std::io::Error> {
    REQUESTS.fetch_add(1, Relaxed);
    selvedge_timer::sleep(Duration::from_millis(20)).await;
    Ok("over and under")
}

fn main() {
    let fetch = op(fetch).single_flight(&FLIGHT, |(name,): &(&str,)| (*name).to_owned()).flagged();
    pollster::block_on(async {
        for (page, shared) in join_all((0..10).map(|_| fetch.call("weft")))
            .await
            .into_iter()
            .map(|page| page.expect("it does not fail"))
        {
            assert_eq!((page, shared), ("over and under", true));
        }
        println!("ten pages of {} request", REQUESTS.load(Relaxed));
        assert_eq!(REQUESTS.load(Relaxed), 1);
        // Nothing is kept: that is what a cache is for.
        assert!(FLIGHT.is_empty());
        assert_eq!(fetch.call("weft").await.ok(), Some(("over and under", false)));
    });
    assert_eq!(REQUESTS.load(Relaxed), 2);
}
