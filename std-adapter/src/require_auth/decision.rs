//! What the app's own hooks are told.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, StatusCode};
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
    /// That of a [`Denied`](super::Denied) with one.
    pub(super) own: Option<StatusCode>,
}

impl Refused {
    /// For tests of a function of yours.
    #[must_use]
    pub const fn new(reason: Reason) -> Self {
        Self { reason, scheme: None, own: None }
    }

    /// As after [`Denied::status`](super::Denied::status), for tests of a function of yours.
    #[must_use]
    pub const fn with_status(self, status: StatusCode) -> Self {
        Self { own: Some(status), ..self }
    }

    /// Why: for the log, the client is told less.
    #[must_use]
    pub const fn reason(self) -> Reason {
        self.reason
    }

    /// What it comes down to; for a [`Denied`](super::Denied) with a status of its own, the nearest of Sallet's.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        self.reason.refusal()
    }

    /// The status that Sallet answers with, or that a [`Denied`](super::Denied) asks for.
    #[must_use]
    pub fn status(self) -> StatusCode {
        let ours = || StatusCode::from_u16(self.refusal().status()).unwrap_or(StatusCode::UNAUTHORIZED);
        self.own.unwrap_or_else(ours)
    }

    /// One sentence for the client, which JSON escapes nothing of: Sallet's, or the name of a status of the app's own.
    #[must_use]
    pub fn detail(self) -> &'static str {
        self.own.map_or(self.refusal().detail(), |status| status.canonical_reason().unwrap_or("Not admitted"))
    }

    /// Of which of several schemes the credential was. With one scheme it is that one, whatever was sent.
    #[must_use]
    pub const fn scheme(self) -> Option<AuthScheme> {
        self.scheme
    }
}

/// For the log.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.own {
            Some(status) => write!(f, "the app's own function refused it: {status}"),
            None => fmt::Display::fmt(&self.reason, f),
        }
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
