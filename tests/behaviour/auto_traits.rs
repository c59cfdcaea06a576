//! Who may cross threads, move and unwind; and how large it is.

use std::{
    cell::Cell,
    error::Error,
    marker::{PhantomData, PhantomPinned},
    mem::size_of,
    panic::{RefUnwindSafe, UnwindSafe},
    rc::Rc,
};

use selvedge::sync::{
    Acquire, AcquireError, AcquireOwned, Lock, LockOwned, MappedMutexGuard, Mutex, MutexGuard,
    OwnedMappedMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, SemaphorePermit,
    TryAcquireError, TryLockError,
};

/// Neither Send nor Sync; Send alone; both; Sync alone.
type NN = Rc<u8>;
type YN = Cell<u8>;
type YY = u8;
type NY = std::sync::MutexGuard<'static, u8>;

trait No {
    const IS: bool = false;
}
impl<T: ?Sized> No for T {}

macro_rules! probes {
    ($($probe:ident: $bound:path;)*) => {$(
        struct $probe<T: ?Sized>(PhantomData<T>);
        impl<T: ?Sized + $bound> $probe<T> {
            const IS: bool = true;
        }
    )*};
}
probes! { IsSend: Send; IsSync: Sync; IsUnpin: Unpin; }

macro_rules! table {
    ($($type:ty: $send:literal $sync:literal $unpin:literal;)*) => {$(
        assert_eq!(
            [<IsSend<$type>>::IS, <IsSync<$type>>::IS, <IsUnpin<$type>>::IS].map(u8::from),
            [$send, $sync, $unpin],
            "Send, Sync and Unpin of {}",
            stringify!($type),
        );
    )*};
}

#[test]
fn send_sync_and_unpin() {
    table! {
        Mutex<NN>: 0 0 1; Mutex<YN>: 1 1 1; Mutex<YY>: 1 1 1; Mutex<NY>: 0 0 1;
        Mutex<PhantomPinned>: 1 1 0;
        MutexGuard<'static, NN>: 0 0 1; MutexGuard<'static, YN>: 1 0 1;
        MutexGuard<'static, YY>: 1 1 1; MutexGuard<'static, NY>: 0 0 1;
        MutexGuard<'static, PhantomPinned>: 1 1 1;
        MappedMutexGuard<'static, NN>: 0 0 1; MappedMutexGuard<'static, YN>: 1 0 1;
        MappedMutexGuard<'static, YY>: 1 1 1; MappedMutexGuard<'static, NY>: 0 1 1;
        OwnedMutexGuard<NN>: 0 0 1; OwnedMutexGuard<YN>: 1 0 1; OwnedMutexGuard<YY>: 1 1 1;
        OwnedMutexGuard<NY>: 0 0 1; OwnedMutexGuard<PhantomPinned>: 1 1 1;
        OwnedMappedMutexGuard<NN, YY>: 0 0 1; OwnedMappedMutexGuard<YN, YY>: 1 0 1;
        OwnedMappedMutexGuard<YY, NN>: 0 0 1; OwnedMappedMutexGuard<YY, YN>: 1 0 1;
        OwnedMappedMutexGuard<YY, YY>: 1 1 1;
        Lock<'static, NN>: 0 0 0; Lock<'static, YN>: 1 1 0; Lock<'static, YY>: 1 1 0;
        LockOwned<NN>: 0 0 0; LockOwned<YN>: 1 1 0; LockOwned<YY>: 1 1 0;
        Semaphore: 1 1 1; SemaphorePermit<'static>: 1 1 1; OwnedSemaphorePermit: 1 1 1;
        Acquire<'static>: 1 1 0; AcquireOwned: 1 1 0;
        AcquireError: 1 1 1; TryAcquireError: 1 1 1; TryLockError: 1 1 1;
    }
}

#[test]
fn everything_unwinds_whose_data_do() {
    fn unwinds<T: UnwindSafe + RefUnwindSafe>() {}
    unwinds::<Mutex<u8>>();
    unwinds::<MutexGuard<'static, u8>>();
    unwinds::<OwnedMutexGuard<u8>>();
    unwinds::<Semaphore>();
    unwinds::<SemaphorePermit<'static>>();
}

#[test]
fn errors_are_errors() {
    fn is_error<E: Error + Send + Sync + Clone + Eq + 'static>() {}
    is_error::<AcquireError>();
    is_error::<TryAcquireError>();
    is_error::<TryLockError>();
}

#[test]
fn sizes() {
    const WORD: usize = size_of::<usize>();
    assert!(size_of::<Mutex<()>>() <= 4 * WORD);
    assert!(size_of::<Semaphore>() <= 6 * WORD);
    assert_eq!(size_of::<MutexGuard<'static, u8>>(), 2 * WORD);
    assert_eq!(size_of::<Option<MappedMutexGuard<'static, dyn Send>>>(), 3 * WORD);
    assert_eq!(size_of::<OwnedMutexGuard<u8>>(), 2 * WORD);
    assert!(size_of::<SemaphorePermit<'static>>() <= 3 * WORD);
    assert!(size_of::<Lock<'static, u8>>() <= 11 * WORD, "{}", size_of::<Lock<'static, u8>>());
    assert!(size_of::<Acquire<'static>>() <= 15 * WORD, "{}", size_of::<Acquire<'static>>());
}
