//! Who may cross threads, move and unwind; and how large it is.

use std::{
    cell::Cell,
    error::Error,
    fmt::Debug,
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
    unwinds::<MappedMutexGuard<'static, u8>>();
    unwinds::<OwnedMutexGuard<u8>>();
    unwinds::<OwnedMappedMutexGuard<u8, u8>>();
    unwinds::<Semaphore>();
    unwinds::<SemaphorePermit<'static>>();
    unwinds::<OwnedSemaphorePermit>();
    unwinds::<(AcquireError, TryAcquireError, TryLockError)>();
}

#[test]
fn errors_are_errors() {
    fn is_error<E: Error + Debug + Send + Sync + Clone + Eq + 'static>() {}
    is_error::<AcquireError>();
    is_error::<TryAcquireError>();
    is_error::<TryLockError>();
}

/// A change of a size is a change to be seen: `cargo test sizes -- --nocapture` prints them.
#[test]
fn sizes() {
    const WORD: usize = size_of::<usize>();
    macro_rules! at_most {
        ($($type:ty: $words:literal;)*) => {$(
            let (size, most) = (size_of::<$type>(), $words * WORD);
            println!("{:<50} {size:>4} of {most:>4} bytes", stringify!($type));
            assert!(size <= most, "{} has {size} bytes", stringify!($type));
        )*};
    }
    at_most! {
        Mutex<()>: 4; Semaphore: 6;
        MutexGuard<'static, u8>: 2; Option<MutexGuard<'static, u8>>: 2;
        MutexGuard<'static, [u8]>: 4; MutexGuard<'static, dyn Send>: 4;
        MappedMutexGuard<'static, u8>: 2; Option<MappedMutexGuard<'static, dyn Send>>: 3;
        OwnedMutexGuard<u8>: 2; OwnedMappedMutexGuard<u8, u8>: 2; OwnedMappedMutexGuard<u8, str>: 3;
        SemaphorePermit<'static>: 3; OwnedSemaphorePermit: 3;
        Lock<'static, u8>: 11; LockOwned<u8>: 11; Acquire<'static>: 15; AcquireOwned: 15;
        AcquireError: 0; TryLockError: 0; TryAcquireError: 1;
    }
}
