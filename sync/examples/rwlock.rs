//! A price list: many look something up, one corrects it, and nobody reads half a correction.

use std::{sync::Arc, thread};

use selvedge_sync::{OwnedRwLockUpgradableReadGuard, RwLock};

fn main() {
    let prices = Arc::new(RwLock::new(vec![("linen", 12), ("wool", 15)]));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let prices = prices.clone();
            thread::spawn(move || {
                pollster::block_on(async {
                    let prices = prices.read().await;
                    prices.iter().map(|(_, price)| price).sum::<u32>()
                })
            })
        })
        .collect();
    let clerk = thread::spawn({
        let prices = prices.clone();
        move || {
            pollster::block_on(async {
                // Others read on while it looks, and until there is something to correct.
                let list = prices.upgradable_read_owned().await;
                if !list.iter().any(|(cloth, _)| *cloth == "silk") {
                    let mut list = OwnedRwLockUpgradableReadGuard::upgrade(list).await;
                    list.push(("silk", 40));
                }
            });
        }
    });
    for reader in readers {
        let sum = reader.join().expect("a reader has no reason to panic");
        assert!([27, 67].contains(&sum), "{sum} is a price list that never was");
    }
    clerk.join().expect("the clerk has no reason to panic");
    println!("{:?}", prices.blocking_read());
    assert_eq!(prices.blocking_read().len(), 3);
}
