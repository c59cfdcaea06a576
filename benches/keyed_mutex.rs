//! A mutex a key: one key, and a thousand in turn.

use std::{
    collections::HashMap,
    hint::black_box,
    sync::{Arc, Mutex},
};

use selvedge_benches::{Group, Run, at_once, timed};

/// What people write in its place: a map of mutexes, which keeps every key for ever.
#[derive(Default)]
struct ByHand(Mutex<HashMap<u64, Arc<tokio::sync::Mutex<()>>>>);

impl ByHand {
    async fn lock(&self, key: u64) -> tokio::sync::OwnedMutexGuard<()> {
        let mutex = self.0.lock().expect("no panic").entry(key).or_default().clone();
        mutex.lock_owned().await
    }
}

pub(crate) fn groups() -> Vec<Group> {
    [1, 1000]
        .map(|keys| {
            let ours: Run = {
                let locks = selvedge_sync::KeyedMutex::new();
                Box::new(move |n| {
                    timed(|| {
                        for key in 0..n {
                            drop(black_box(at_once(black_box(&locks).lock(key % keys))));
                        }
                    })
                })
            };
            let by_hand: Run = {
                let locks = ByHand::default();
                Box::new(move |n| {
                    timed(|| {
                        for key in 0..n {
                            drop(black_box(at_once(black_box(&locks).lock(key % keys))));
                        }
                    })
                })
            };
            Group {
                name: format!("keyed_mutex/{keys}"),
                contestants: vec![("selvedge", ours), ("kept for ever*", by_hand)],
            }
        })
        .into()
}
