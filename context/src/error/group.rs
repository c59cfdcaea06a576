//! Everything that went wrong in a group.

use alloc::{borrow::Cow, vec::Vec};
use core::{error::Error, fmt};

use super::Panic;
use crate::Reason;

/// Who did something in a group: stands in a [`GroupError`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Who {
    /// The child that was spawned as the so many'th, from 0; and its name, if it was given one.
    Child(usize, Option<Cow<'static, str>>),
    /// The group's body.
    Body,
}

impl Who {
    /// The name that was given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Child(_, name) => name.as_deref(),
            Self::Body => None,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Child(_, Some(name)) => write!(f, "child {name:?}"),
            Self::Child(number, None) => write!(f, "child {number}"),
            Self::Body => f.write_str("the body"),
        }
    }
}

/// What a failure is: [`GroupError::into_failures`] has them.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure<E> {
    /// It ended with an error.
    Failed(E),
    /// It panicked, when it was polled or when it was dropped.
    Panicked(Panic),
    /// Its executor dropped it before its end.
    Lost,
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Panicked(panic) => write!(f, "{panic}"),
            Self::Lost => f.write_str("was dropped by its executor"),
        }
    }
}

/// Why a group did not end well: everything that went wrong in it.
///
/// The failures stand in the order in which they came, the body's last.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{TaskGroup, Threads};
///
/// let group: TaskGroup<_, &str> = TaskGroup::new(Threads);
/// group.spawn_named("weft", async { Err("torn") });
/// let error = group.join().await.unwrap_err();
/// assert_eq!(error.to_string(), "child \"weft\" failed: torn");
/// assert_eq!(error.errors().collect::<Vec<_>>(), [&"torn"]);
/// assert!(error.cancelled().is_none() && error.unfinished().is_empty());
/// # });
/// ```
#[derive(Debug)]
pub struct GroupError<E> {
    pub(crate) failures: Vec<(Who, Failure<E>)>,
    pub(crate) cancelled: Option<Reason>,
    pub(crate) unfinished: Vec<Who>,
}

impl<E> GroupError<E> {
    pub(crate) const fn new() -> Self {
        Self { failures: Vec::new(), cancelled: None, unfinished: Vec::new() }
    }

    /// What failed, and how. Empty if the group was cancelled, and nothing failed.
    #[must_use]
    pub fn failures(&self) -> &[(Who, Failure<E>)] {
        &self.failures
    }

    /// What failed, and how.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{Failure, TaskGroup, Threads};
    ///
    /// let group: TaskGroup<_, &str> = TaskGroup::new(Threads).supervise();
    /// group.spawn_named("warp", async { Err("torn") });
    /// group.spawn_named("weft", async { panic!("tangled") });
    /// let report = group.join().await.unwrap_err();
    /// // By value: an error goes to whoever mends it, a panic goes on.
    /// for (who, failure) in report.into_failures() {
    ///     match failure {
    ///         Failure::Failed(error) => assert_eq!((who.name(), error), (Some("warp"), "torn")),
    ///         Failure::Panicked(panic) => assert_eq!(panic.message(), Some("tangled")),
    ///         _ => unreachable!("no executor went away"),
    ///     }
    /// }
    /// # });
    /// ```
    #[must_use]
    pub fn into_failures(self) -> Vec<(Who, Failure<E>)> {
        self.failures
    }

    /// The errors among the failures.
    pub fn errors(&self) -> impl Iterator<Item = &E> {
        self.failures.iter().filter_map(|(_, failure)| match failure {
            Failure::Failed(error) => Some(error),
            _ => None,
        })
    }

    /// The errors among the failures; panics go on.
    ///
    /// # Panics
    ///
    /// If somebody in the group panicked, with the first panic.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{TaskGroup, Threads};
    ///
    /// let group: TaskGroup<_, std::io::Error> = TaskGroup::new(Threads).supervise();
    /// group.spawn(async { Err(std::io::Error::other("no route")) });
    /// group.spawn(async { Ok(()) });
    /// // A panic of a child would go on here; what is left are errors, and they are ours to keep.
    /// let errors: Vec<_> = group.join().await.unwrap_err().into_errors().collect();
    /// assert_eq!(errors.len(), 1);
    /// # });
    /// ```
    #[cfg(feature = "std")]
    pub fn into_errors(self) -> impl Iterator<Item = E> {
        let mut errors = Vec::new();
        for (_, failure) in self.failures {
            match failure {
                Failure::Failed(error) => errors.push(error),
                Failure::Panicked(panic) => panic.resume(),
                Failure::Lost => {}
            }
        }
        errors.into_iter()
    }

    /// The reason with which the group was cancelled, if it was.
    #[must_use]
    pub fn cancelled(&self) -> Option<&Reason> {
        self.cancelled.as_ref()
    }

    /// Who was dropped before the end: because somebody failed, or the group was cancelled.
    #[must_use]
    pub fn unfinished(&self) -> &[Who] {
        &self.unfinished
    }

    /// Whether nothing went wrong.
    pub(crate) fn is_good(&self) -> bool {
        self.failures.is_empty() && self.cancelled.is_none()
    }

    /// The report of a group that is over; the body's failure comes last.
    pub(crate) fn end<T>(mut self, body: Result<T, Option<Failure<E>>>) -> Result<T, Self> {
        match body {
            Ok(output) if self.is_good() => return Ok(output),
            Ok(_) => {}
            Err(None) => self.unfinished.push(Who::Body),
            Err(Some(failure)) => self.failures.push((Who::Body, failure)),
        }
        Err(self)
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = 0;
        let mut comma = |f: &mut fmt::Formatter<'_>| {
            parts += 1;
            if parts > 1 { f.write_str("; ") } else { Ok(()) }
        };
        for (who, failure) in &self.failures {
            comma(f)?;
            write!(f, "{who} {failure}")?;
        }
        if let Some(reason) = &self.cancelled {
            comma(f)?;
            write!(f, "the group was cancelled: {reason}")?;
        }
        if !self.unfinished.is_empty() {
            comma(f)?;
            write!(f, "{} did not finish", self.unfinished.len())?;
        }
        Ok(())
    }
}

impl<E: fmt::Debug + fmt::Display> Error for GroupError<E> {}

/// A child ended, or was not taken, before it said that it had started: see
/// [`Started`](crate::Started).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotStarted;

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the child ended before it had started")
    }
}

impl Error for NotStarted {}
