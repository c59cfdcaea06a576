//! A question with its answer: each request brings the channel that its answer goes to.

use std::{sync::mpsc, thread};

use selvedge_channel::oneshot;

fn main() {
    let (requests, inbox) = mpsc::channel::<(u32, oneshot::Sender<u32>)>();
    let server = thread::spawn(move || {
        let mut unwanted = 0;
        for (question, answer) in inbox {
            // Whoever does not wait any more gives the answer back.
            unwanted += usize::from(answer.send(question * question).is_err());
        }
        unwanted
    });

    let ask = |question| {
        let (tx, rx) = oneshot::channel();
        requests.send((question, tx)).expect("the server runs");
        rx
    };
    let (three, four) = (ask(3), ask(4));
    drop(ask(5));
    let sum = pollster::block_on(async { three.await.unwrap() + four.await.unwrap() });
    println!("3² + 4² = {sum}");
    assert_eq!(sum, 25);

    drop(requests);
    assert!(server.join().expect("the server has no reason to panic") <= 1);
}
