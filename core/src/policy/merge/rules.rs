//! How a policy meets an app's own fields.

use core::ops::Deref;

use crate::headers::{PolicyError, removable};

/// Who wins where the app has set a header of the policy's itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precedence {
    /// The app's stays as it is.
    #[default]
    App,
    /// The policy's replaces it.
    Policy,
    /// The app's stays, and the policy's `Content-Security-Policy` and `Content-Security-Policy-Report-Only` are sent next to the
    /// app's own: browsers enforce every such policy (CSP3 section 8.1). For any other header two lines are a mistake, so there the
    /// app's wins. The policy of a layer of Sallet further in is not added to: the two layers are one app's set-up.
    Add,
}

/// How a policy meets an app's own fields: who wins, and what the app may not send at all.
///
/// `R` is where the names are: `&'static [&'static str]`, `Vec<String>`, anything that dereferences to a slice of strings.
#[derive(Debug, Clone, Copy)]
pub struct MergeRules<R = &'static [&'static str]> {
    precedence: Precedence,
    remove: R,
}

impl MergeRules {
    /// What is removed from every response by default: it helps nobody but an attacker.
    pub const REMOVED: &'static [&'static str] = &["server", "x-powered-by"];

    /// The app wins, and [`REMOVED`](Self::REMOVED) is removed.
    pub const DEFAULT: Self = Self { precedence: Precedence::App, remove: Self::REMOVED };
}

impl<R, N> MergeRules<R>
where
    R: Deref<Target = [N]>,
    N: AsRef<str>,
{
    /// Rules that remove other names, in lower case.
    ///
    /// # Errors
    /// What [`removable`] says of the first bad name.
    pub fn try_new(precedence: Precedence, remove: R) -> Result<Self, PolicyError> {
        for name in remove.iter() {
            removable(name.as_ref())?;
        }
        Ok(Self { precedence, remove })
    }

    /// Whether fields of this name are removed, whatever its case.
    pub fn removes(&self, name: &[u8]) -> bool {
        self.remove.iter().any(|removed| removed.as_ref().as_bytes().eq_ignore_ascii_case(name))
    }
}

impl<R> MergeRules<R> {
    /// Who wins.
    pub const fn precedence(&self) -> Precedence {
        self.precedence
    }

    /// The names that are removed.
    pub const fn remove(&self) -> &R {
        &self.remove
    }
}
