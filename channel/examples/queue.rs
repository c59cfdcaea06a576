//! Workers and their work: everything that was put is done, and then they go home.

use std::{sync::Arc, thread};

use selvedge_channel::queue::{Priority, Queue};

fn main() {
    let queue = Arc::new(Queue::<(u32, &str), Priority>::new(4));
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let queue = queue.clone();
            thread::spawn(move || {
                let mut done = 0;
                while let Ok((_urgency, _task)) = queue.blocking_get() {
                    done += 1;
                    queue.task_done().expect("one for each that was got");
                }
                done
            })
        })
        .collect();

    pollster::block_on(async {
        for task in [(3, "sweep"), (1, "answer the door"), (2, "cook"), (9, "sleep"), (2, "eat")] {
            queue.put(task).await.expect("not shut down");
        }
        queue.join().await;
    });
    assert_eq!((queue.qsize(), queue.statistics().unfinished), (0, 0));

    queue.shutdown(false);
    let done: u32 = workers.into_iter().map(|worker| worker.join().expect("no panic")).sum();
    println!("{done} tasks done, {} at a time at most", queue.statistics().peak);
    assert_eq!(done, 5);
}
