//! Three mirrors are asked; the first good answer counts, and the others are aborted.

use std::{future::pending, thread, time::Duration};

use selvedge_context::{Handle, JoinError, Threads, Until, spawn_on, wait};

fn ask(mirror: &'static str) -> Handle<&'static str> {
    spawn_on(&Threads, async move {
        match mirror {
            "torn" => panic!("{mirror} is torn"),
            "silent" => pending().await,
            _ => {
                thread::sleep(Duration::from_millis(10));
                mirror
            }
        }
    })
}

fn main() {
    let mut asked: Vec<_> = ["torn", "silent", "near"].map(ask).into();
    let answer = pollster::block_on(async {
        loop {
            let waited = wait(asked, Until::FirstCompleted).await;
            for (_, outcome) in waited.done {
                match outcome {
                    Ok(answer) => return Ok(answer),
                    Err(JoinError::Panicked(panic)) => println!("a mirror {panic}"),
                    Err(error) => return Err(error),
                }
            }
            // The others are still at it; dropped, they are aborted.
            asked = waited.pending.into_iter().map(|(_, handle)| handle).collect();
        }
    });
    println!("{answer:?}");
    assert_eq!(answer.unwrap(), "near");
}
