//! What a verifier of the app's own answers to a credential that it does not take.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use sallet_core::auth::{Reason, Refusal};

/// Why a verifier of your own admits nobody, and what the client is told.
///
/// A [`Refusal`] is one, with Sallet's answer to it. Here are those with a status, a body or a `Retry-After` of your own:
///
/// ```
/// use std::time::Duration;
///
/// use http::{HeaderValue, StatusCode};
/// use sallet_core::auth::Refusal;
/// use sallet_hyper::Denied;
///
/// let bad = Denied::from(Refusal::InvalidToken);
/// let many = Denied::status(StatusCode::TOO_MANY_REQUESTS).retry_after(Duration::from_secs(30));
/// let json = HeaderValue::from_static("application/problem+json");
/// let away = Denied::from(Refusal::Unavailable).body(json, r#"{"title":"the database is away"}"#);
/// # let _ = (bad, many, away);
/// ```
///
/// `Debug` shows no body.
#[derive(Clone)]
#[must_use = "a denial denies nothing until it is returned"]
pub struct Denied {
    refusal: Refusal,
    /// Apart, so that a verdict stays small: few denials have one.
    own: Option<Box<Own>>,
}

/// What is the app's own in an answer.
#[derive(Clone, Default)]
pub(super) struct Own {
    pub(super) status: Option<StatusCode>,
    pub(super) retry_after: Option<HeaderValue>,
    pub(super) body: Option<(HeaderValue, Bytes)>,
}

impl Denied {
    /// Answers with this status: 401 with a challenge, any other without one, because no other credential would help.
    ///
    /// It is one of 400 to 599. Any other would be no refusal, so that a 401 is sent. The sentence in the body is the status's own name,
    /// such as `Forbidden`; [`body`](Self::body) says more. Hooks and layers further out see the status by
    /// [`Refused::status`](super::Refused::status).
    pub fn status(status: StatusCode) -> Self {
        let refusal = match status {
            StatusCode::FORBIDDEN => Refusal::InsufficientScope,
            StatusCode::TOO_MANY_REQUESTS => Refusal::Throttled,
            _ if status.is_server_error() => Refusal::Unavailable,
            _ => Refusal::InvalidToken,
        };
        let is_refusal = status.is_client_error() || status.is_server_error();
        let status = is_refusal.then_some(status).filter(|&status| status != StatusCode::UNAUTHORIZED);
        let mut denied = Self::from(refusal);
        denied.change().status = status;
        denied
    }

    /// Says when the client may come again (`Retry-After`, RFC 9110 section 10.2.3), in whole seconds, rounded up.
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.change().retry_after = Some(seconds(after));
        self
    }

    /// Sends this body instead of Sallet's sentence.
    pub fn body(mut self, content_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        self.change().body = Some((content_type, body.into()));
        self
    }

    fn change(&mut self) -> &mut Own {
        self.own.get_or_insert_default()
    }

    pub(super) fn own(&self) -> Option<&Own> {
        self.own.as_deref()
    }

    /// What it comes down to: the nearest of Sallet's own.
    #[must_use]
    pub const fn refusal(&self) -> Refusal {
        self.refusal
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, own: None }
    }
}

/// As [`Denied::status`]: `Err(StatusCode::FORBIDDEN)`.
impl From<StatusCode> for Denied {
    fn from(status: StatusCode) -> Self {
        Self::status(status)
    }
}

/// What a function that verifies may return in `Err`: a [`Denied`], or what becomes one, as a [`Refusal`] and a [`StatusCode`] do.
///
/// ```
/// use http::StatusCode;
/// use sallet_hyper::{Bearer, PresentedToken, Principal};
///
/// // The same as Denied::status: no challenge, and {"detail":"Forbidden"}.
/// Bearer::from_fn(async |_: PresentedToken| Err::<Principal, _>(StatusCode::FORBIDDEN));
/// ```
///
/// An error of a database is none, because only you know whether the client may try again:
///
/// ```compile_fail,E0277
/// use sallet_hyper::{Bearer, PresentedToken, Principal};
///
/// Bearer::from_fn(async |_: PresentedToken| Err::<Principal, std::io::Error>(std::io::Error::other("away")));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what a client is answered",
    label = "not a `Refusal`, a `Denied` or a `StatusCode`",
    note = "say which it is: `.map_err(|_| Refusal::Unavailable)?` for a database that is away, `Err(Refusal::InvalidToken)` for a bad token"
)]
pub trait IntoDenied {
    #[doc(hidden)]
    fn into_denied(self) -> Denied;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Denied>> IntoDenied for E {
    fn into_denied(self) -> Denied {
        self.into()
    }
}

impl fmt::Debug for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denied")
            .field("refusal", &self.refusal)
            .field("status", &self.own().and_then(|own| own.status))
            .finish_non_exhaustive()
    }
}

/// Rounded up, so that nobody comes too early.
fn seconds(wait: Duration) -> HeaderValue {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).into()
}

/// Why a request is not admitted.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub enum No {
    // As Sallet has found.
    Found(Reason),
    // As a verifier of the app's own says.
    Said(Denied),
    // Not looked at, for so long.
    Throttled(Duration),
}

impl No {
    pub(super) const fn reason(&self) -> Reason {
        match self {
            Self::Found(reason) => *reason,
            Self::Said(denied) => Reason::App(denied.refusal),
            Self::Throttled(_) => Reason::Throttled,
        }
    }

    /// What is the app's own in the answer.
    pub(super) fn own(&self) -> Option<&Own> {
        match self {
            Self::Said(denied) => denied.own(),
            Self::Found(_) | Self::Throttled(_) => None,
        }
    }

    pub(super) fn status(&self) -> Option<StatusCode> {
        self.own()?.status
    }

    /// When the client may come again.
    pub(super) fn retry_after(&self) -> Option<HeaderValue> {
        match self {
            Self::Throttled(wait) => Some(seconds(*wait)),
            Self::Found(_) | Self::Said(_) => self.own()?.retry_after.clone(),
        }
    }
}
