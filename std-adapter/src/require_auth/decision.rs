//! What the app's own hooks are told.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use sallet_core::auth::{AuthScheme, Reason, Refusal};

/// What was decided about a request: for metrics and for a log of your own.
///
/// No word of it is the credential's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision<'d> {
    /// The credential is good.
    Admitted {
        /// Of which scheme it was.
        scheme: Option<AuthScheme>,
        /// The id of the key, or what [`User::id`](super::User::id) says.
        id: Option<&'d str>,
        /// Whom it belongs to.
        name: Option<&'d str>,
    },
    /// A rule opens the path, and nobody is known to have sent the request.
    Anonymous {
        /// What is wrong with the credential that it has all the same.
        reason: Option<Reason>,
    },
    /// The request was refused.
    Refused(Refused),
}

/// A refusal: in the extensions of its response, for layers further out, and for
/// [`on_refusal`](super::RequireAuthLayer::on_refusal).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    pub(super) reason: Reason,
    pub(super) scheme: Option<AuthScheme>,
}

impl Refused {
    /// For tests of a function of yours.
    #[must_use]
    pub const fn new(reason: Reason) -> Self {
        Self { reason, scheme: None }
    }

    /// Why: for the log, the client is told less.
    #[must_use]
    pub const fn reason(self) -> Reason {
        self.reason
    }

    /// What the client is told, and Sallet's status and sentence for it.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        self.reason.refusal()
    }

    /// Of which of several schemes the credential was. With one scheme it is that one, whatever was sent.
    #[must_use]
    pub const fn scheme(self) -> Option<AuthScheme> {
        self.scheme
    }
}

type OnDecision = dyn Fn(Decision<'_>, &Parts) + Send + Sync;
type OnRefusal = dyn Fn(Refused, &Parts) -> Option<Response<Bytes>> + Send + Sync;

/// Functions of the app's own.
#[derive(Clone, Default)]
pub(super) struct Hooks {
    pub(super) on_decision: Option<Arc<OnDecision>>,
    pub(super) on_refusal: Option<Arc<OnRefusal>>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("on_decision", &self.on_decision.is_some())
            .field("on_refusal", &self.on_refusal.is_some())
            .finish()
    }
}
