//! Answers are kept for a while, and a hundred who miss one cause a single request.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use selvedge_context::{
    decorate::{Cache, Flight, op},
    join_all,
};

const TTL: Duration = Duration::from_millis(50);

static ANSWERS: Cache<String, usize> = Cache::new(1000).ttl(TTL);
static FLIGHT: Flight<String, usize> = Flight::new();
static REQUESTS: AtomicU32 = AtomicU32::new(0);

async fn ask(name: &str) -> Result<usize, std::io::Error> {
    REQUESTS.fetch_add(1, Relaxed);
    selvedge_timer::sleep(Duration::from_millis(10)).await;
    Ok(name.len())
}

fn main() {
    let key = |(name,): &(&str,)| (*name).to_owned();
    let ask = op(ask).cache(&ANSWERS, key).single_flight(&FLIGHT, key).cache(&ANSWERS, key);
    pollster::block_on(async {
        for _ in 0..3 {
            for answer in join_all((0..100).map(|_| ask.call("weft"))).await {
                assert_eq!(answer.expect("it does not fail"), 4);
            }
        }
        println!("300 answers, {} request", REQUESTS.load(Relaxed));
        assert_eq!(REQUESTS.load(Relaxed), 1);
        // What is too old is asked for again.
        selvedge_timer::sleep(TTL).await;
        assert_eq!(ask.call("weft").await.expect("it does not fail"), 4);
        assert_eq!(REQUESTS.load(Relaxed), 2);
        // Whoever changes something removes what was made of it.
        FLIGHT.forget("weft");
        ANSWERS.remove(&"weft".to_owned());
        assert_eq!(ask.call("weft").await.expect("it does not fail"), 4);
        assert_eq!(REQUESTS.load(Relaxed), 3);
    });
}
