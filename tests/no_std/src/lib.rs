//! Keeps selvedge-sync usable without `std`.
#![no_std]

use selvedge_sync::{AcquireError, Mutex, RwLock, Semaphore};

static COUNT: Mutex<u32> = Mutex::new(0);
static STEP: RwLock<u32> = RwLock::new(1);
static LIMIT: Semaphore = Semaphore::new(2);

/// Counts, with at most two callers at a time.
///
/// # Errors
///
/// If the semaphore was closed.
pub async fn count() -> Result<u32, AcquireError> {
    let _permit = LIMIT.acquire().await?;
    let mut count = COUNT.lock().await;
    *count += *STEP.read().await;
    Ok(*count)
}
