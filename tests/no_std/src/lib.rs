//! Keeps selvedge-sync and selvedge-channel usable without `std`: that they build, and that a program
//! on an executor of its own runs.
#![no_std]

extern crate alloc;

pub mod executor;
pub mod program;

use selvedge_sync::{
    AcquireError, BoundedSemaphore, CapacityLimiter, KeyedMutex, Latch, Lazy, Mutex, Once,
    OnceCell, OnceMap, Phaser, RwLock, Semaphore, SetOnce,
};

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

/// Every `new` is `const`.
pub static CELL: OnceCell<u32> = OnceCell::new();
/// As above.
pub static ONCE: Once = Once::new();
/// As above; its initialiser boxes its future.
pub static LAZY: Lazy<u32> = Lazy::new(|| alloc::boxed::Box::pin(async { 7 }));
/// As above.
pub static SET: SetOnce<u32> = SetOnce::new();
/// As above.
pub static LATCH: Latch = Latch::new(1);
/// As above.
pub static PHASER: Phaser = Phaser::new(1);
/// As above.
pub static BOUNDED: BoundedSemaphore = BoundedSemaphore::new(1);
/// As above.
pub static LIMITER: CapacityLimiter = CapacityLimiter::new(1);
/// As above.
pub static KEYS: KeyedMutex<u32> = KeyedMutex::new();
/// As above.
pub static MAP: OnceMap<u32, u32> = OnceMap::new();
