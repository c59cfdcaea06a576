//! What the named guards have in common, written once.

/// What every named guard does, beside what its lock adds: `Deref`, `Debug`, `Display`, and for one
/// that writes `DerefMut`.
///
/// `guard! { [generics] Name<arguments>: Target, writes }`, the name being a struct around a
/// `Lent` in its field `lent`.
macro_rules! guard {
    ([$($generics:tt)*] $name:ty: $target:ty) => {
        impl<$($generics)*> core::ops::Deref for $name {
            type Target = $target;

            #[inline]
            fn deref(&self) -> &$target {
                self.lent.get()
            }
        }

        impl<$($generics)*> core::fmt::Debug for $name
        where
            $target: core::fmt::Debug,
        {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($generics)*> core::fmt::Display for $name
        where
            $target: core::fmt::Display,
        {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                (**self).fmt(f)
            }
        }
    };
    ([$($generics:tt)*] $name:ty: $target:ty, writes) => {
        guard! { [$($generics)*] $name: $target }

        impl<$($generics)*> core::ops::DerefMut for $name {
            #[inline]
            fn deref_mut(&mut self) -> &mut $target {
                self.lent.get_mut()
            }
        }
    };
}
pub(crate) use guard;

/// The two ways in which a guard narrows itself, inside its `impl` block.
///
/// `map! { [U, F] &mut Whole => Mapped<Part>, |lent| wrap }`: first the type arguments, in tokio's
/// order for this guard; the last argument of `Mapped` is the part, by whatever name; `wrap` makes
/// the mapped guard of a `Lent`, as the guard's own `of` does.
macro_rules! map {
    ($order:tt &mut $whole:ty => $mapped:ident<$($kept:tt),*>, |$lent:ident| $wrap:expr) => {
        map! { @ $order [&mut] try_map_unique $whole => $mapped<$($kept),*>, |$lent| $wrap }
    };
    ($order:tt & $whole:ty => $mapped:ident<$($kept:tt),*>, |$lent:ident| $wrap:expr) => {
        map! { @ $order [&] try_map_shared $whole => $mapped<$($kept),*>, |$lent| $wrap }
    };
    (@ [$($order:ident),+] [$($by:tt)+] $method:ident $whole:ty => $mapped:ident<$a:tt, $u:ident>, |$lent:ident| $wrap:expr) => {
        /// Narrows the guard to a part of the value.
        ///
        /// An associated function, so that it does not hide a method of the value's.
        pub fn map<$($order),+>(this: Self, f: F) -> $mapped<$a, $u>
        where
            $u: ?Sized,
            F: FnOnce($($by)+ $whole) -> $($by)+ $u,
        {
            match Self::try_map(this, |whole| Some(f(whole))) {
                Ok(mapped) => mapped,
                Err(_) => unreachable!("`f` always finds a part"),
            }
        }

        /// As [`map`](Self::map), where there may be no such part.
        ///
        /// # Errors
        ///
        /// The guard, unchanged, if `f` returns `None`.
        pub fn try_map<$($order),+>(this: Self, f: F) -> Result<$mapped<$a, $u>, Self>
        where
            $u: ?Sized,
            F: FnOnce($($by)+ $whole) -> Option<$($by)+ $u>,
        {
            match this.lent.$method(f) {
                Ok($lent) => Ok($wrap),
                Err(lent) => Err(Self::of(lent)),
            }
        }
    };
}
pub(crate) use map;
