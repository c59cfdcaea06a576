//! Waiting for the first of a few futures of different types.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

macro_rules! selects {
    ($($make:ident $select:ident $one:ident: $count:literal $($f:ident $F:ident $Which:ident)+;)*) => {$(
        /// Waits for the first of its futures that is ready.
        ///
        /// The others are dropped before the output is seen. Lend a future (`&mut future`) to keep
        /// it.
        ///
        /// # Fairness
        ///
        /// Each poll begins with a branch that is drawn by lot, and goes round from there: in a
        /// loop over branches that are always ready, each gets its share. `biased` has them
        /// polled in their order instead.
        ///
        /// # Cancel safety
        ///
        /// Dropping the future drops its branches, and loses what dropping those loses.
        ///
        /// # Panics
        ///
        /// The future panics if polled after completion.
        ///
        /// # Examples
        ///
        /// ```
        /// # pollster::block_on(async {
        /// use std::future::{pending, ready};
        ///
        #[doc = concat!("use selvedge_context::{", stringify!($one), ", ", stringify!($make), "};")]
        ///
        #[doc = concat!("let first = ", stringify!($make), "(", $count, ").await;")]
        #[doc = concat!("assert!(matches!(first, ", stringify!($one), "::First(1)));")]
        /// # });
        /// ```
        pub fn $make<$($F: Future),+>($($f: $F),+) -> $select<$($F),+> {
            $select { $($f: Some($f),)+ biased: false }
        }

        pin_project! {
            #[doc = concat!("The future of [`", stringify!($make), "`].")]
            #[must_use = "futures do nothing unless polled"]
            pub struct $select<$($F),+> {
                $(#[pin] $f: Option<$F>,)+
                biased: bool,
            }
        }

        #[doc = concat!("What [`", stringify!($make), "`] has waited for.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $one<$($F),+> {
            $(
                #[doc = concat!("The ", stringify!($Which), " future was ready.")]
                $Which($F),
            )+
        }

        impl<$($F),+> $select<$($F),+> {
            /// Polls the futures in their order, every time: the first one that is ready wins, and
            /// those behind one that is always ready never have a turn.
            pub fn biased(mut self) -> Self {
                self.biased = true;
                self
            }
        }

        impl<$($F: Future),+> Future for $select<$($F),+> {
            type Output = $one<$($F::Output),+>;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                const BRANCHES: usize = [$(stringify!($f)),+].len();
                let mut this = self.project();
                let first = if *this.biased { 0 } else { fastrand::usize(..BRANCHES) };
                let mut output = None;
                for turn in 0..BRANCHES {
                    let mut skip = (first + turn) % BRANCHES;
                    $(
                        if skip == 0 {
                            let future = this.$f.as_mut().as_pin_mut();
                            let future = future.expect("a future was polled after completion");
                            output = match future.poll(cx) {
                                Poll::Ready(ready) => Some($one::$Which(ready)),
                                Poll::Pending => None,
                            };
                        }
                        skip = skip.wrapping_sub(1);
                    )+
                    let _ = skip;
                    if output.is_some() {
                        break;
                    }
                }
                let Some(output) = output else { return Poll::Pending };
                $(this.$f.set(None);)+
                Poll::Ready(output)
            }
        }

        impl<$($F),+> fmt::Debug for $select<$($F),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($select))
                    .field("biased", &self.biased)
                    .finish_non_exhaustive()
            }
        }
    )*};
}

selects! {
    select Select OneOf2: "ready(1), pending::<()>()" a A First b B Second;
    select3 Select3 OneOf3: "ready(1), pending::<()>(), pending::<u8>()"
        a A First b B Second c C Third;
    select4 Select4 OneOf4: "ready(1), pending::<()>(), pending::<u8>(), pending::<()>()"
        a A First b B Second c C Third d D Fourth;
}
