//! Transfers in all directions on the embedded executor, and an audit between them.

use std::sync::Arc;

use bank::Bank;

fn main() {
    let bank = Arc::new(Bank::new([100; 4]));
    let clerks: Vec<_> = (0..4)
        .map(|clerk| {
            let bank = bank.clone();
            selvedge::spawn(async move {
                let mut done = 0;
                for round in 0..1000 {
                    let (from, to) = ((clerk + round) % 4, (clerk + 3 * round + 1) % 4);
                    done += u32::from(bank.transfer(from, to, 7).await.is_ok());
                }
                done
            })
        })
        .collect();
    selvedge::block_on(async {
        assert_eq!(bank.total().await, 400);
        for clerk in clerks {
            println!("a clerk made {} transfers", clerk.await);
        }
        println!("{} in the bank", bank.total().await);
    });
}
