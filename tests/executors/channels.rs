//! What is sent is received, once and in order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_lite::{AsyncReadExt, AsyncWriteExt, future::yield_now};
use selvedge::{
    channel::{
        broadcast::{self, Overflow},
        mpmc, mpsc, oneshot, pipe,
        queue::Queue,
        select::{Of2, Select},
        watch,
    },
    time::{Elapsed, timeout},
};

use crate::{Crew, ROUNDS, TASKS, hosts::Tasks};

/// Messages of one task arrive in the order in which it sent them.
#[derive(Default)]
struct InOrder([usize; TASKS]);

impl InOrder {
    fn take(&mut self, (task, number): (usize, usize)) {
        assert_eq!(std::mem::replace(&mut self.0[task], number + 1), number);
    }

    fn is_complete(&self) -> bool {
        self.0.iter().all(|count| *count == ROUNDS)
    }
}

pub(crate) async fn an_mpsc_channel_delivers(tasks: Tasks) {
    let ((tx, mut rx), mut crew) = (mpsc::channel(3), Crew::new(&tasks));
    for task in 0..TASKS {
        let tx = tx.clone();
        crew.add(async move {
            for number in 0..ROUNDS {
                match number % 2 {
                    0 => tx.send((task, number)).await.unwrap(),
                    _ => tx.reserve().await.unwrap().send((task, number)),
                }
            }
        });
    }
    drop(tx);
    let mut seen = InOrder::default();
    while let Some(message) = rx.recv().await {
        seen.take(message);
    }
    crew.end().await;
    assert!(seen.is_complete());
}

pub(crate) async fn an_unbounded_mpsc_channel_delivers(tasks: Tasks) {
    let ((tx, mut rx), mut crew) = (mpsc::unbounded_channel(), Crew::new(&tasks));
    for task in 0..TASKS {
        let tx = tx.clone();
        crew.add(async move {
            for number in 0..ROUNDS {
                tx.send((task, number)).unwrap();
                yield_now().await;
            }
        });
    }
    drop(tx);
    let (mut seen, mut batch) = (InOrder::default(), Vec::new());
    while rx.recv_many(&mut batch, 8).await > 0 {
        batch.drain(..).for_each(|message| seen.take(message));
    }
    crew.end().await;
    assert!(seen.is_complete());
}

pub(crate) async fn an_mpmc_channel_delivers_each_once(tasks: Tasks) {
    delivers_each_once(tasks, mpmc::bounded(3)).await;
}

pub(crate) async fn a_rendezvous_delivers_each_once(tasks: Tasks) {
    delivers_each_once(tasks, mpmc::rendezvous()).await;
}

async fn delivers_each_once(tasks: Tasks, (tx, rx): (mpmc::Sender<usize>, mpmc::Receiver<usize>)) {
    let sum = Arc::new(AtomicUsize::new(0));
    let (mut senders, mut receivers) = (Crew::new(&tasks), Crew::new(&tasks));
    for task in 0..TASKS {
        let (tx, rx, sum) = (tx.clone(), rx.clone(), sum.clone());
        senders.add(async move {
            for number in 0..ROUNDS {
                tx.send(task * ROUNDS + number).await.unwrap();
            }
        });
        receivers.add(async move {
            while let Ok(number) = rx.recv().await {
                sum.fetch_add(number, SeqCst);
            }
        });
    }
    drop((tx, rx));
    senders.end().await;
    receivers.end().await;
    assert_eq!(sum.load(SeqCst), (0..TASKS * ROUNDS).sum());
}

pub(crate) async fn a_oneshot_answers(tasks: Tasks) {
    let mut crew = Crew::new(&tasks);
    for task in 0..TASKS {
        let (ask, asked) = oneshot::channel::<oneshot::Sender<usize>>();
        crew.add(async move { asked.await.unwrap().send(task + 1).unwrap() });
        crew.add(async move {
            let (answer, answered) = oneshot::channel();
            ask.send(answer).unwrap();
            assert_eq!(answered.await, Ok(task + 1));
        });
        let (sender, receiver) = oneshot::channel::<()>();
        crew.add(async move { assert!(receiver.await.is_err()) });
        crew.add(async move { drop(sender) });
    }
    crew.end().await;
}

pub(crate) async fn a_broadcast_reaches_everybody(tasks: Tasks) {
    let (tx, rx) = broadcast::with_overflow(4, Overflow::Wait);
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let mut rx = rx.resubscribe();
        crew.add(async move {
            for number in 0..ROUNDS {
                assert_eq!(rx.recv().await, Ok(number));
            }
            assert_eq!(rx.recv().await, Err(broadcast::error::RecvError::Closed));
        });
    }
    drop(rx);
    for number in 0..ROUNDS {
        tx.broadcast(number).await.unwrap();
    }
    drop(tx);
    crew.end().await;
}

pub(crate) async fn a_watch_shows_the_last_value(tasks: Tasks) {
    let ((tx, rx), mut crew) = (watch::channel(0), Crew::new(&tasks));
    for task in 0..TASKS {
        let mut rx = rx.clone();
        crew.add(async move {
            if task % 2 == 0 {
                assert_eq!(*rx.wait_for(|value| *value == ROUNDS).await.unwrap(), ROUNDS);
                return;
            }
            let mut last = 0;
            while rx.changed().await.is_ok() {
                let value = *rx.borrow_and_update();
                assert!(value > last);
                last = value;
            }
            assert_eq!(last, ROUNDS);
        });
    }
    drop(rx);
    for value in 1..=ROUNDS {
        tx.send(value).unwrap();
        yield_now().await;
    }
    // Whoever waits for the value looks at it once it is woken, so it must stay.
    while tx.receiver_count() > TASKS / 2 {
        yield_now().await;
    }
    drop(tx);
    crew.end().await;
}

pub(crate) async fn a_queue_is_worked_off(tasks: Tasks) {
    let (queue, done) = (Arc::new(Queue::<usize>::new(3)), Arc::new(AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let (queue, done) = (queue.clone(), done.clone());
        crew.add(async move {
            while let Ok(item) = queue.get().await {
                yield_now().await;
                done.fetch_add(item, SeqCst);
                queue.task_done().unwrap();
            }
        });
    }
    for item in 0..TASKS * ROUNDS {
        queue.put(item).await.unwrap();
    }
    queue.join().await;
    assert_eq!(done.load(SeqCst), (0..TASKS * ROUNDS).sum());
    queue.shutdown(false);
    crew.end().await;
}

pub(crate) async fn a_pipe_carries_bytes(tasks: Tasks) {
    let ((mut reader, mut writer), mut crew) = (pipe::simplex(7), Crew::new(&tasks));
    let sent: Vec<u8> = (0..=u8::MAX).cycle().take(3000).collect();
    let expected = sent.clone();
    crew.add(async move {
        writer.write_all(&sent).await.unwrap();
        writer.close().await.unwrap();
    });
    crew.add(async move {
        let mut heard = Vec::new();
        reader.read_to_end(&mut heard).await.unwrap();
        assert!(heard == expected);
    });
    crew.end().await;
}

pub(crate) async fn a_selection_loses_nothing(tasks: Tasks) {
    let ((left, lefts), (right, rights)) = (mpmc::bounded(1), mpmc::bounded(1));
    let mut crew = Crew::new(&tasks);
    for (task, tx) in [left, right].into_iter().enumerate() {
        crew.add(async move {
            for number in 0..ROUNDS {
                tx.send(task * ROUNDS + number).await.unwrap();
            }
        });
    }
    let (mut select, mut sum) = (Select::new(), 0);
    loop {
        let (Of2::First(taken) | Of2::Second(taken)) =
            select.next((lefts.recv(), rights.recv())).await;
        // One of the two has ended.
        let Ok(number) = taken else { break };
        sum += number;
    }
    while let Ok(number) = lefts.recv().await {
        sum += number;
    }
    while let Ok(number) = rights.recv().await {
        sum += number;
    }
    crew.end().await;
    assert_eq!(sum, (0..2 * ROUNDS).sum());
}

/// Receivers lose patience, and come back.
pub(crate) async fn a_cancelled_reception_loses_nothing(tasks: Tasks) {
    let ((tx, rx), sum) = (mpmc::bounded(2), Arc::new(AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for task in 0..TASKS {
        let (tx, rx, sum) = (tx.clone(), rx.clone(), sum.clone());
        crew.add(async move {
            for number in 0..ROUNDS {
                tx.send(task * ROUNDS + number).await.unwrap();
                yield_now().await;
            }
        });
        crew.add(async move {
            loop {
                match timeout(Duration::from_micros(20), rx.recv()).await {
                    Ok(Ok(number)) => drop(sum.fetch_add(number, SeqCst)),
                    Ok(Err(_)) => return,
                    Err(Elapsed) => {}
                }
            }
        });
    }
    drop((tx, rx));
    crew.end().await;
    assert_eq!(sum.load(SeqCst), (0..TASKS * ROUNDS).sum());
}
