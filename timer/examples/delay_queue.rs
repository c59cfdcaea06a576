//! A cache whose entries expire a minute after they were last used: in virtual time, at once.

use std::{collections::HashMap, future::poll_fn, time::Duration};

use selvedge_timer::{DelayQueue, VirtualClock, delay_queue::Key, sleep_on};

const MINUTE: Duration = Duration::from_secs(60);

struct Cache<'a> {
    entries: HashMap<&'static str, (u32, Key)>,
    expiry: DelayQueue<&'static str, &'a VirtualClock>,
}

impl Cache<'_> {
    fn put(&mut self, name: &'static str, value: u32) {
        let key = self.expiry.insert(name, MINUTE);
        self.entries.insert(name, (value, key));
    }

    fn get(&mut self, name: &'static str) -> Option<u32> {
        let (value, key) = self.entries.get(name)?;
        self.expiry.reset(key, MINUTE);
        Some(*value)
    }

    async fn expire(&mut self) -> Option<&'static str> {
        let expired = poll_fn(|cx| self.expiry.poll_expired(cx)).await?.into_inner();
        self.entries.remove(expired);
        Some(expired)
    }
}

fn main() {
    let clock = VirtualClock::new();
    let mut cache = Cache { entries: HashMap::new(), expiry: DelayQueue::new_on(&clock) };
    pollster::block_on(clock.auto_advance(async {
        cache.put("warp", 1);
        cache.put("weft", 2);
        sleep_on(&clock, MINUTE / 2).await;
        assert_eq!(cache.get("warp"), Some(1));
        assert_eq!(cache.expire().await, Some("weft"));
        assert_eq!((cache.get("warp"), cache.get("weft")), (Some(1), None));
        assert_eq!(cache.expire().await, Some("warp"));
        assert_eq!(cache.expire().await, None);
    }));
    println!("both expired, two minutes later");
}
