//! A queue of jobs for several workers, which ends in good order: no new jobs, the old ones done,
//! and every worker told.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use selvedge::sync::Semaphore;

/// Jobs that wait for a worker.
pub struct WorkQueue<J> {
    /// One permit a job.
    ready: Semaphore,
    /// Held for a push or a pop, and never across an `.await`.
    state: Mutex<State<J>>,
}

struct State<J> {
    jobs: VecDeque<J>,
    open: bool,
}

impl<J> WorkQueue<J> {
    /// Open, and empty.
    pub fn new() -> Self {
        let state = State { jobs: VecDeque::new(), open: true };
        Self { ready: Semaphore::new(0), state: Mutex::new(state) }
    }

    /// Puts a job at the end.
    ///
    /// # Errors
    ///
    /// The job, after [`shutdown`](Self::shutdown).
    pub fn push(&self, job: J) -> Result<(), J> {
        {
            let mut state = self.state();
            if !state.open {
                return Err(job);
            }
            state.jobs.push_back(job);
        }
        self.ready.add_permits(1);
        Ok(())
    }

    /// Waits for the next job; `None` once the queue is shut down and empty.
    ///
    /// # Cancel safety
    ///
    /// No job is lost: it is taken out in the poll that returns it.
    pub async fn next(&self) -> Option<J> {
        if let Ok(permit) = self.ready.acquire().await {
            permit.forget();
        }
        self.state().jobs.pop_front()
    }

    /// Takes no new jobs, and sends the workers home once the old ones are taken.
    pub fn shutdown(&self) {
        self.state().open = false;
        if cfg!(feature = "bug") {
            // One worker is woken, finds nothing and goes home; the others are not told.
            self.ready.add_permits(1);
        } else {
            self.ready.close();
        }
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Default for WorkQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}
