//! One program text, on three executors: a pool of one's own, a thread a task, and the caller's.

use std::{cell::RefCell, pin::Pin, rc::Rc, sync::mpsc, thread};

use selvedge_context::{Execute, Remote, Threads, join_all, spawn_on};

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Two threads that run whatever comes.
struct Pool(Vec<mpsc::Sender<Job>>, RefCell<usize>);

impl Pool {
    fn new() -> Self {
        let lanes = (0..2).map(|_| {
            let (send, jobs) = mpsc::channel::<Job>();
            thread::spawn(move || jobs.into_iter().for_each(pollster::block_on));
            send
        });
        Self(lanes.collect(), RefCell::new(0))
    }
}

impl<F: Future<Output = ()> + Send + 'static> Execute<F> for Pool {
    fn execute(&self, future: F) {
        let turn = self.1.replace_with(|turn| *turn + 1);
        // A pool whose threads are gone drops the future: whoever waits for it is told.
        let _ = self.0[turn % self.0.len()].send(Box::pin(future));
    }
}

async fn squares<X: Execute<Remote<Pin<Box<dyn Future<Output = u64> + Send>>>>>(on: &X) -> u64 {
    let square = |n: u64| Box::pin(async move { n * n }) as Pin<Box<dyn Future<Output = _> + Send>>;
    let handles = (1..=10).map(|n| spawn_on(on, square(n)));
    join_all(handles).await.into_iter().map(|output| output.expect("it ends")).sum()
}

fn main() {
    let pool = pollster::block_on(squares(&Pool::new()));
    let threads = pollster::block_on(squares(&Threads));
    // A closure is an executor for one type of future; this one keeps them for later.
    let later = Rc::new(RefCell::new(Vec::new()));
    let keep = |future| later.borrow_mut().push(future);
    let handle = spawn_on(&keep, async { 385 });
    later.borrow_mut().drain(..).for_each(pollster::block_on);
    let here = pollster::block_on(handle).expect("it ends");
    println!("pool {pool}, threads {threads}, here {here}");
    assert_eq!([pool, threads, here], [385; 3]);
}
