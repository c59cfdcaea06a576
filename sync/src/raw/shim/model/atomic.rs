//! loom's atomics, with each ordering open to weakening at one place in the code.
//!
//! In a [failed model](doomed) they do nothing and answer zero: the destructors that run then
//! are anybody's, and a second panic would abort the test.

use core::panic::Location;

pub use core::sync::atomic::Ordering;

use super::{doomed, rt, weakened};

/// A fence, unless it is the one that is weakened.
#[track_caller]
pub fn fence(ordering: Ordering) {
    if weakened(ordering, Location::caller()) != Ordering::Relaxed && !doomed() {
        rt::sync::atomic::fence(ordering);
    }
}

macro_rules! atomics {
    ($($name:ident($value:ty, $zero:expr) $(<$t:ident>)?: $([$op:ident])*;)*) => {$(
        #[doc = concat!("loom's `", stringify!($name), "`.")]
        #[derive(Debug)]
        pub struct $name $(<$t>)?(rt::sync::atomic::$name $(<$t>)?);

        impl $(<$t>)? $name $(<$t>)? {
            /// Wraps `value`.
            #[track_caller]
            pub fn new(value: $value) -> Self {
                Self(rt::sync::atomic::$name::new(value))
            }

            /// As `core`'s.
            #[track_caller]
            pub fn load(&self, ordering: Ordering) -> $value {
                if doomed() {
                    return $zero;
                }
                self.0.load(weakened(ordering, Location::caller()))
            }

            /// As `core`'s.
            #[track_caller]
            pub fn store(&self, value: $value, ordering: Ordering) {
                if doomed() {
                    return;
                }
                self.0.store(value, weakened(ordering, Location::caller()));
            }

            /// As `core`'s.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                if doomed() {
                    return Ok(old);
                }
                let site = Location::caller();
                let (success, failure) = (weakened(success, site), weakened(failure, site));
                self.0.compare_exchange(old, new, success, failure)
            }

            /// As `core`'s; loom's never fails without a reason.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(old, new, success, failure)
            }

            atomics!(@op $value, $zero, swap);
            $(atomics!(@op $value, $zero, $op);)*
        }
    )*};
    (@op $value:ty, $zero:expr, $op:ident) => {
        /// As `core`'s.
        #[track_caller]
        pub fn $op(&self, value: $value, ordering: Ordering) -> $value {
            if doomed() {
                return $zero;
            }
            self.0.$op(value, weakened(ordering, Location::caller()))
        }
    };
}

atomics! {
    AtomicBool(bool, false): [fetch_and] [fetch_or] [fetch_xor];
    AtomicU8(u8, 0): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
    AtomicU32(u32, 0): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
    AtomicU64(u64, 0): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
    AtomicUsize(usize, 0): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
    AtomicPtr(*mut T, core::ptr::null_mut()) <T>: ;
}
