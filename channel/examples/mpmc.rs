//! A pool of weavers on one channel of orders: each order goes to one of them.

use std::thread;

use selvedge_channel::mpmc;

fn main() {
    let (orders, inbox) = mpmc::bounded(2);
    let (finished, goods) = mpmc::unbounded();
    let weavers: Vec<_> = (0..3)
        .map(|_| {
            let (inbox, finished) = (inbox.clone(), finished.clone());
            thread::spawn(move || {
                while let Ok(metres) = inbox.recv_blocking() {
                    finished.try_send(metres).expect("somebody collects the goods");
                }
            })
        })
        .collect();
    drop((inbox, finished));

    pollster::block_on(async {
        for metres in 1..=10_u32 {
            orders.send(metres).await.expect("the weavers are there");
        }
        orders.close();
        let mut sum = 0;
        while let Ok(metres) = goods.recv().await {
            sum += metres;
        }
        println!("{sum} metres woven");
        assert_eq!(sum, 55);
    });
    for weaver in weavers {
        weaver.join().expect("a weaver has no reason to panic");
    }
}
