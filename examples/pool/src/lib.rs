//! A pool of connections: at most so many at a time, each tried before it is lent out.
//!
//! `tests/model.rs` checks the design; `src/main.rs` is a web service that uses it.

use std::{
    future::Future,
    ops::Deref,
    sync::{Mutex, PoisonError},
};

use selvedge::sync::{Semaphore, SemaphorePermit};

/// What is pooled.
pub trait Connection: Send + Sized {
    /// Opens a new one.
    fn open() -> impl Future<Output = Self> + Send;

    /// Whether it still works: a round trip to the other side.
    fn is_alive(&mut self) -> impl Future<Output = bool> + Send;
}

/// Lends out connections.
pub struct Pool<C> {
    /// One permit a connection that may be lent out.
    free: Semaphore,
    /// Held for a push or a pop, and never across an `.await`.
    idle: Mutex<Vec<C>>,
}

impl<C: Connection> Pool<C> {
    /// With at most `most` connections, none of them open yet.
    pub fn new(most: usize) -> Self {
        Self { free: Semaphore::new(most), idle: Mutex::new(Vec::new()) }
    }

    /// Waits for a connection that works.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the place in line up. A connection that was being tried is closed,
    /// and its place in the pool is free again.
    pub async fn get(&self) -> Lease<'_, C> {
        let permit = self.free.acquire().await.expect("the pool is never closed");
        if cfg!(feature = "bug") {
            // "Whoever drops the lease gives the permit back": but there is no lease yet.
            permit.forget();
            let connection = Some(self.connect().await);
            return Lease { pool: self, connection, permit: None };
        }
        let mut lease = Lease { pool: self, connection: None, permit: Some(permit) };
        lease.connection = Some(self.connect().await);
        lease
    }

    /// How many could be had at once.
    pub fn free(&self) -> usize {
        self.free.available_permits()
    }

    async fn connect(&self) -> C {
        while let Some(mut connection) = self.pop() {
            if connection.is_alive().await {
                return connection;
            }
        }
        C::open().await
    }

    fn pop(&self) -> Option<C> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// A connection for as long as it is needed.
pub struct Lease<'a, C: Connection> {
    pool: &'a Pool<C>,
    connection: Option<C>,
    permit: Option<SemaphorePermit<'a>>,
}

impl<C: Connection> Deref for Lease<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.connection.as_ref().expect("there until it is dropped")
    }
}

impl<C: Connection> Drop for Lease<'_, C> {
    fn drop(&mut self) {
        // First the connection, then the permit: whoever gets it finds the connection.
        self.pool
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(self.connection.take());
        if self.permit.take().is_none() {
            self.pool.free.add_permits(1);
        }
    }
}
