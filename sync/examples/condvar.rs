//! A bounded shelf between a weaver and two carriers: who finds it full, or empty, waits.

use std::{collections::VecDeque, sync::Arc, thread};

use selvedge_sync::{Condvar, Mutex};

const ROOM: usize = 2;
const BOLTS: u32 = 10;

#[derive(Default)]
struct Shelf {
    bolts: Mutex<(VecDeque<u32>, bool)>,
    there: Condvar,
    room: Condvar,
}

impl Shelf {
    async fn put(&self, bolt: u32) {
        let bolts = self.bolts.lock().await;
        let mut bolts = self.room.wait_while(bolts, |(bolts, _)| bolts.len() == ROOM).await;
        bolts.0.push_back(bolt);
        self.there.notify_one();
    }

    async fn take(&self) -> Option<u32> {
        let bolts = self.bolts.lock().await;
        let empty = |(bolts, over): &mut (VecDeque<u32>, bool)| bolts.is_empty() && !*over;
        let mut bolts = self.there.wait_while(bolts, empty).await;
        self.room.notify_one();
        bolts.0.pop_front()
    }
}

fn main() {
    let shelf = Arc::new(Shelf::default());
    let carriers: Vec<_> = (0..2)
        .map(|_| {
            let shelf = shelf.clone();
            thread::spawn(move || {
                pollster::block_on(async {
                    let mut carried = 0;
                    while let Some(bolt) = shelf.take().await {
                        carried += bolt;
                    }
                    carried
                })
            })
        })
        .collect();
    pollster::block_on(async {
        for bolt in 1..=BOLTS {
            shelf.put(bolt).await;
        }
        shelf.bolts.lock().await.1 = true;
        shelf.there.notify_all();
    });
    let carried: u32 =
        carriers.into_iter().map(|carrier| carrier.join().expect("no reason to panic")).sum();
    assert_eq!(carried, BOLTS * (BOLTS + 1) / 2);
    println!("{BOLTS} bolts were carried away");
}
