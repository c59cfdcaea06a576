//! Workers on the embedded executor share the squares of a thousand numbers, and go home.

use std::sync::Arc;

use work_queue::WorkQueue;

fn main() {
    let queue = Arc::new(WorkQueue::<u64>::new());
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let queue = queue.clone();
            selvedge::spawn(async move {
                let (mut jobs, mut sum) = (0, 0);
                while let Some(number) = queue.next().await {
                    jobs += 1;
                    sum += number * number;
                }
                (jobs, sum)
            })
        })
        .collect();
    for number in 1..=1000 {
        queue.push(number).expect("still open");
    }
    queue.shutdown();
    assert_eq!(queue.push(1001), Err(1001));
    let (mut all, mut total) = (0, 0);
    for worker in workers {
        let (jobs, sum) = selvedge::block_on(worker);
        println!("a worker did {jobs} jobs");
        (all, total) = (all + jobs, total + sum);
    }
    assert_eq!((all, total), (1000, 333_833_500));
    println!("{all} jobs, {total} in all");
}
