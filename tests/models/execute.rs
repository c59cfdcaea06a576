//! What must hold of an executor in every interleaving: what it takes, it runs or tells of.

use std::sync::Arc;

use loom::sync::Mutex;
use selvedge::context::{Execute, JoinError, Threads, spawn_on};

use crate::runner::{block_on, check, spawn};

type Job = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Its tasks run on a thread that may be gone: then it drops them.
#[derive(Clone)]
struct Shared(Arc<Mutex<(Vec<Job>, bool)>>);

impl<F: Future<Output = ()> + Send + 'static> Execute<F> for Shared {
    fn execute(&self, future: F) {
        let future: Job = Box::pin(future);
        let mut state = self.0.lock().unwrap();
        let refused = if state.1 {
            Some(future)
        } else {
            state.0.push(future);
            None
        };
        drop(state);
        drop(refused);
    }
}

/// An executor that goes while something is spawned on it: the handle ends all the same.
///
/// Red when: mutant "a dropped task does not tell".
#[test]
fn spawn_against_the_end_of_the_executor() {
    check(3, || {
        let executor = Shared(Arc::new(Mutex::new((Vec::new(), false))));
        let other = executor.clone();
        let runs = spawn(move || {
            let jobs = std::mem::take(&mut other.0.lock().unwrap().0);
            for job in jobs {
                block_on(job);
            }
            let mut state = other.0.lock().unwrap();
            state.1 = true;
            let late = std::mem::take(&mut state.0);
            drop(state);
            drop(late);
        });
        match block_on(spawn_on(&executor, async { 7 })) {
            Ok(output) => assert_eq!(output, 7),
            Err(error) => assert!(matches!(error, JoinError::Lost)),
        }
        runs.join().unwrap();
    });
}

/// The adapter for threads is a value of no size.
#[test]
fn adapters_cost_nothing() {
    assert_eq!(size_of::<Threads>(), 0);
}
