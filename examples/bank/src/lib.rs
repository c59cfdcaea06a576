//! A bank: each account has a lock of its own, and a transfer needs two.

use std::fmt;

use selvedge::sync::Mutex;

/// Accounts by their numbers, from 0.
pub struct Bank(Vec<Mutex<u64>>);

/// Why nothing was transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// There is less on the account.
    Short,
    /// There is no such account.
    Unknown,
}

impl Bank {
    /// With these balances.
    pub fn new(balances: impl IntoIterator<Item = u64>) -> Self {
        Self(balances.into_iter().map(Mutex::new).collect())
    }

    /// Moves `amount` from one account to another.
    ///
    /// # Cancel safety
    ///
    /// Nothing is moved before both accounts are locked, and all of it then.
    ///
    /// # Errors
    ///
    /// If there is no such account, or not so much on it; nothing is moved then.
    pub async fn transfer(&self, from: usize, to: usize, amount: u64) -> Result<(), TransferError> {
        let account = |number: usize| self.0.get(number).ok_or(TransferError::Unknown);
        let (source, target) = (account(from)?, account(to)?);
        if from == to {
            return if *source.lock().await < amount { Err(TransferError::Short) } else { Ok(()) };
        }
        // The lower number first, whichever way the money goes: so nobody who holds one lock waits
        // for somebody who waits for that lock.
        let (mut source, mut target) = if cfg!(feature = "bug") || from < to {
            let source = source.lock().await;
            (source, target.lock().await)
        } else {
            let target = target.lock().await;
            (source.lock().await, target)
        };
        *source = source.checked_sub(amount).ok_or(TransferError::Short)?;
        *target += amount;
        Ok(())
    }

    /// All that is in the bank.
    pub async fn total(&self) -> u64 {
        let mut guards = Vec::new();
        for account in &self.0 {
            guards.push(account.lock().await);
        }
        guards.iter().map(|balance| **balance).sum()
    }
}

impl fmt::Display for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "the account does not cover it",
            Self::Unknown => "there is no such account",
        })
    }
}

impl std::error::Error for TransferError {}
